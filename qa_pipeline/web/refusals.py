"""What is refused, in the words of a page and in the language of whoever looks.

Rooms raise refusals in the language of the interface, with advice that holds for commands too. Here stand those that people meet at work, by what the rooms say (`{}`: a
name, a number, what was typed), each with what a page says instead: no command, no option. What is not here is shown as it was raised.

One module, though long: two tables, and how they are looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from qa_pipeline.errors import QaError
from qa_pipeline.web.translations import Texts, marked

MESSAGES: Mapping[str, str] = {
    "Call {call} is held back: the caller's consent is not there.": marked("Call {call} is held back: the caller's consent is not there."),
    "There is no call {call} in the results.": marked("There is no call {call} in the results."),
    "{name} may not see {what}.": marked("{name} may not see this."),
    "That is no day.": marked("That is no day."),
    "{text} is no day.": marked("{text} is no day."),
    "{text} is no moment.": marked("{text} is no moment."),
    "{text} is no moment of a call.": marked("{text} is no moment."),
    "There is no dimension {name}.": marked("There is no dimension {name}."),
    "There is no period {name}.": marked("There is no period {name}."),
    "{name} is nothing to choose calls by.": marked("{name} is nothing to choose calls by."),
    "There is no outcome {name}.": marked("There is no outcome {name}."),
    "A session needs a name.": marked("A session needs a name."),
    "No calls are given.": marked("No calls are given."),
    "Call {call} has no score.": marked("Call {call} has no score."),
    "Calls are not judged at all: {calls}.": marked("Calls are not judged at all: {calls}."),
    "There is a session {name} already.": marked("There is a session {name} already."),
    "There is no session {name}.": marked("There is no session {name}."),
    "Session {name} is not over: {who}.": marked("Session {name} is not over: {who}."),
    "Session {name} was begun by {who}.": marked("Session {name} was begun by {who}."),
    "{who} is done with session {name}.": marked("{who} is done with session {name}."),
    "{who} was not asked into session {name}.": marked("{who} was not asked into session {name}."),
    "{who} cannot judge in a session.": marked("{who} cannot judge in a session."),
    "It is not said what the criterion is.": marked("It is not said what the criterion is."),
    "Nobody has judged this criterion yet.": marked("Nobody has judged this criterion yet."),
    "{who} looks at call {call} until {time} UTC.": marked("{who} looks at call {call} until {time} UTC."),
    "No period {name} is closed.": marked("No period {name} is closed."),
    "{who} may not close or open {team} on these days.": marked("{who} may not close or open {team} on these days."),
    "These days are not yours to close.": marked("These days are not yours to close."),
    "It is not confirmed.": marked("It is not confirmed."),
    "Call {call} is another agent's.": marked("Call {call} is another agent's."),
    "Call {call} is {name}'s own.": marked("Call {call} is {name}'s own."),
    "Call {call} could be disputed until {time} UTC.": marked("Call {call} could be disputed until {time} UTC."),
    "The note is empty.": marked("The note is empty."),
    "There is no coaching note {name}.": marked("There is no coaching note {name}."),
    "{who} may not coach {agent}.": marked("No team that you lead has the agent {agent}."),
    "It is not said why.": marked("It is not said why."),
    "It is not said what is decided.": marked("It is not said what is decided."),
    "Nothing would change.": marked("Nothing would change."),
    "{words} does not stand there.": marked("{words} does not stand there."),
    "{words} stands in {count} utterances.": marked("{words} stands in {count} utterances."),
    "An answer says what was found.": marked("An answer says what was found."),
    "Call {call} is being scored again and again.": marked("Call {call} is being scored again and again."),
    "Call {call} was decided about since it was looked at ({what}).": marked(
        "Call {call} was decided about since it was looked at ({what})."
    ),
    "It is not said what the criterion is instead.": marked("It is not said what the criterion is instead."),
    "It is not said which criterion is meant.": marked("It is not said which criterion is meant."),
    "The dispute was answered.": marked("The dispute was answered."),
    "The reason is empty.": marked("The reason is empty."),
    "{name} is no decision in force about this call.": marked("That decision is not in force any more."),
    "{name} is no dispute that waits.": marked("That dispute does not wait any more."),
    "{answer} is no answer to {criterion}.": marked("{answer} is no answer to {criterion}."),
    "{rubric} has no criterion {criterion}.": marked("{rubric} has no criterion {criterion}."),
    "That is no place in the list.": marked("That is no place in the list."),
    "The link was used, or its time is over.": marked("The link was used, or its time is over."),
    "Name and passphrase do not fit, or there were too many wrong ones.": marked(
        "Name and passphrase do not fit, or there were too many wrong ones."
    ),
    "The passphrase is longer than {most} characters.": marked("The passphrase is longer than {most} characters."),
    "The passphrase is one that is easily guessed.": marked("The passphrase is one that is easily guessed."),
    "The passphrase is shorter than {least} characters.": marked("The passphrase is shorter than {least} characters."),
    "{name} is no theme.": marked("{name} is no theme."),
    "{name} is no time zone.": marked("{name} is no time zone."),
    "An account needs a name, of at most 100 characters.": marked("An account needs a name, of at most 100 characters."),
    "It ends on {last}, before it begins on {first}.": marked("It ends on {last}, before it begins on {first}."),
    "It is not clear who is meant.": marked("It is not clear who is meant."),
    "The account {name} is not active.": marked("The account {name} is not active."),
    "There is a team {name} already.": marked("There is a team {name} already."),
    "There is an account {name} already.": marked("There is an account {name} already."),
    "There is no account {name}.": marked("There is no account {name}."),
    "There is no team {name} now.": marked("There is no team {name} now."),
    "{name} has its name since {day}.": marked("{name} has its name since {day}."),
    "{who} is not in {team} now.": marked("{who} is not in {team} now."),
    "A team needs a name.": marked("A team needs a name."),
    "No role is chosen.": marked("No role is chosen."),
    "No role is called {name}.": marked("No role is called {name}."),
    "That would take your own account away from you.": marked("That would take your own account away from you."),
    "Nothing is chosen that still failed.": marked("Nothing is chosen that still failed."),
    "It is not said how the criterion comes out in this case.": marked("It is not said how the criterion comes out in this case."),
    "It is not said what the case is to show.": marked("It is not said what the case is to show."),
    "It is not said what the words are to become.": marked("It is not said what the words are to become."),
    "The proposal is settled already.": marked("The proposal is settled already."),
    "The words are not kept any more.": marked("The words are not kept any more."),
    "The words have {count} characters.": marked("The words have {count} characters."),
    "There is no proposal {name}.": marked("There is no proposal {name}."),
    "{who} has {state} this proposal already.": marked("The proposal is settled already."),
    "{criterion} has no list of examples to take the words.": marked("{criterion} has no list of examples to take the words."),
    "That was decided by somebody else.": marked("That was decided by somebody else."),
    "That was decided by {who}.": marked("That was decided by {who}."),
    "{who} may not decide this about {call}.": marked("{who} may not decide this."),
    "{who} may not decide this.": marked("{who} may not decide this."),
    "Report {name} is not yours.": marked("Report {name} is not yours."),
    "The report has no name.": marked("The report has no name."),
    "There is no report {name}.": marked("There is no report {name}."),
    "{who} is in no group that has a role here.": marked("{who} is in no group that has a role here."),
    "It is not said whether the dispute is right.": marked("It is not said whether the dispute is right."),
    "A token needs a name and a scope.": marked("A token needs a name and a scope."),
    "{text} is no number of days.": marked("{text} is no number of days."),
    "It is not said of what it is told.": marked("It is not said of what it is told."),
    "That is no address of a web service.": marked("That is no address of a web service."),
    "This page is not for {name}.": marked("This page is not for {name}."),
    "The form is of another page, or of a session that has ended.": marked("The form is of another page, or of a session that has ended."),
    "Pages are not shown in {name}.": marked("Pages are not shown in {name}."),
    "No such template or language.": marked("No such template or language."),
    "There is no rubric {name}.": marked("There is no rubric {name}."),
    "Unsaved: {files}.": marked("Unsaved: {files}."),
    "That work is not known any more.": marked("That work is not known any more."),
    "Too much work waits already.": marked("Too much work waits already."),
    "The server is ending.": marked("The server is ending."),
    "That was tried too often from here.": marked("That was tried too often from here."),
    "Single sign-on did not come to its end.": marked("Single sign-on did not come to its end."),
}
"""What was refused."""
ADVICES: Mapping[str, str] = {
    "Whoever leads the team decides (`qa-pipeline consent list`).": marked("Whoever leads the team decides, on the page Consent."),
    "Look at the list of calls that are yours to see.": marked("Look at the list of calls that are yours to see."),
    "`qa-pipeline report` lists the calls; give --results ROOT.": marked("Look at the list of calls that are yours to see."),
    "Ask an operator for the role that does (docs/who-sees-what.md).": marked("Ask an operator for the role that does."),
    "Ask an operator for the role that it is for.": marked("Ask an operator for the role that does."),
    "Write days as 2026-05-31.": marked("Write it as 2026-05-31."),
    "Write it as 2026-05-31.": marked("Write it as 2026-05-31."),
    "Write it as 2026-05-11.": marked("Write it as 2026-05-31."),
    "Write 2026-05-31.": marked("Write it as 2026-05-31."),
    "Write it as 1:05.": marked("Write minutes and seconds, as 1:05."),
    "Write minutes and seconds, as 1:05.": marked("Write minutes and seconds, as 1:05."),
    "There are: none that are theirs to see.": marked("There are: none that are theirs to see."),
    "There are: {names}.": marked("There are: {names}."),
    "There are: {names}": marked("There are: {names}."),
    "Say what it is about.": marked("Say what it is about."),
    "Choose calls that a rubric applies to.": marked("Choose calls that a rubric applies to."),
    "Choose some, or write an id a line, as the lists show them.": marked("Choose some, or write an id a line, as the lists show them."),
    "Judge a criterion of each before you are done.": marked("Judge a criterion of each before you are done."),
    "Choose another name.": marked("Choose another name."),
    "Look at the list of sessions.": marked("Look at the list of sessions."),
    "Whoever began it closes it.": marked("Whoever began it closes it."),
    "Ask whoever began it.": marked("Ask whoever began it."),
    "Take another, or ask them for it.": marked("Take another, or ask them for it."),
    "Look at the list of periods.": marked("Look at the list of periods."),
    "Whoever leads the team on all of them does, or an operator.": marked("Whoever leads the team on all of them does, or an operator."),
    "Choose a team that you lead on all of them.": marked("Choose a team that you lead on all of them."),
    "Tick that scores are to stand as they are.": marked("Tick that scores are to stand as they are."),
    "Tick that the period is to be opened again.": marked("Tick that the period is to be opened again."),
    "Tick that it is to be deleted.": marked("Tick that it is to be deleted."),
    "Write the note about the agent who spoke in it.": marked("Write the note about the agent who spoke in it."),
    "Write what was seen, and what is agreed.": marked("Write what was seen, and what is agreed."),
    "Look at the list of notes that are yours to see.": marked("Look at the list of notes that are yours to see."),
    "Whoever leads the agent's team does.": marked(
        "Choose one of those that the field offers; whoever leads an agent's team writes about them."
    ),
    "Say what the decision rests on; it is kept.": marked("Say what the decision rests on; it is kept."),
    "Choose one of the buttons.": marked("Choose one of the buttons."),
    "Give what was recognised, and what is said instead.": marked("Give what was recognised, and what is said instead."),
    "Copy it from the transcript at that moment.": marked("Copy it from the transcript at that moment."),
    "Leave the item open, or answer met, not_met or not_applicable.": marked("Choose one of the answers, or leave it open."),
    "Choose one of the answers.": marked("Choose one of the answers."),
    "Choose one of the two.": marked("Choose one of the two."),
    "No rubric applies to it; score it first.": marked("No rubric applies to it; score it first."),
    "Try again when the run is over.": marked("Try again when the run is over."),
    "Look at it again, then decide what still is to be.": marked("Look at it again, then decide what still is to be."),
    "Give the outcome that is right.": marked("Give the outcome that is right."),
    "Name it after the call.": marked("Choose a criterion."),
    "Take the answer back first.": marked("Take the answer back first."),
    "Say why with --reason; it is kept with the decision.": marked("Say why: it is kept with the decision."),
    "Say why the proposal is refused; whoever made it sees it.": marked("Say why the proposal is refused; whoever made it sees it."),
    "`qa-pipeline decisions CALL_ID` lists them.": marked("Load the page again: it shows those that are."),
    "Waiting: {names}.": marked("Load the page again: it shows those that are."),
    "Begin with its first page.": marked("Begin with its first page."),
    "Ask an operator for a new one: `qa-pipeline accounts invite NAME`.": marked("Ask an operator for a new one."),
    "Try again, later if it was often, or ask an operator for a new link.": marked(
        "Try again, later if it was often, or ask an operator for a new link."
    ),
    "Take a shorter one.": marked("Take a shorter one."),
    "Take several words that have nothing to do with each other.": marked("Take several words that have nothing to do with each other."),
    "Take several words.": marked("Take several words."),
    "Write one such as Europe/Warsaw.": marked("Write one such as Europe/Warsaw."),
    "Give the name that the person logs in by.": marked("Give the name that the person logs in by."),
    "Give the earlier day first.": marked("Give the earlier day first."),
    "Give an agent id, or a supervisor's account.": marked("Give an agent id, or a supervisor's account."),
    "Ask an operator.": marked("Ask an operator."),
    "Choose another one.": marked("Choose another one."),
    "`qa-pipeline teams list` shows them.": marked("Choose another name."),
    "`qa-pipeline accounts roles` changes its roles.": marked("Change its roles in the list, or choose another name."),
    "`qa-pipeline teams list` shows them; `teams add` makes one.": marked("Load the page again: it shows those that are."),
    "`qa-pipeline teams list` shows who is.": marked("Load the page again: it shows those that are."),
    "Give a later day with --from.": marked("Give a later day."),
    "Give the name that the metadata of its calls have.": marked("Give the name that the metadata of its calls have."),
    "Tick what the person does: without a role no page opens.": marked("Tick what the person does: without a role no page opens."),
    "Let another operator do it.": marked("Let another operator do it."),
    "Choose failures of the list.": marked("Choose failures of the list."),
    "Choose an outcome.": marked("Choose an outcome."),
    "Choose a criterion and an outcome.": marked("Choose a criterion and an outcome."),
    "Choose a case, like or unlike.": marked("Choose what they are to become."),
    "Refuse it, and say so.": marked("Refuse it, and say so."),
    "Look at the list again.": marked("Look at the list again."),
    "It went with its call; look at the list again.": marked("It went with its call; look at the list again."),
    "Mark 1 to 2000 of them.": marked("Mark 1 to 2,000 of them."),
    "Write a phrase or an `unlike` by hand, or refuse it and say so.": marked(
        "Write a phrase or an `unlike` by hand, or refuse it and say so."
    ),
    "Whoever decided it takes it back, or a supervisor.": marked("Whoever decided it takes it back, or a supervisor."),
    "Speak with whoever leads the team.": marked("Speak with whoever leads the team."),
    "Agents dispute and acknowledge their own calls.": marked("Agents dispute and acknowledge their own calls."),
    "Somebody else has to decide about it; dispute it.": marked("Somebody else has to decide about it; dispute it."),
    "It is for a {roles} (docs/review.md).": marked("Somebody of another role does: {roles}."),
    "Whoever made it deletes it.": marked("Whoever made it deletes it."),
    "Give it one that says what it shows.": marked("Give it one that says what it shows."),
    "Look at the list of reports.": marked("Look at the list of reports."),
    "Ask whoever looks after the groups.": marked("Ask whoever looks after the groups."),
    "Look at the list of those that were judged.": marked("Look at the list of those that were judged."),
    "Write 1 to 3650, or nothing.": marked("Write 1 to 3650, or nothing."),
    "Scopes: {names}.": marked("Scopes: {names}."),
    "Write it as https://HOST/PATH, without a user.": marked("Write it as https://HOST/PATH, without a user."),
    "Go back, load the page again, and send it once more.": marked("Go back, load the page again, and send it once more."),
    "Choose from the lists.": marked("Choose from the lists."),
    "Look at the list of rubrics.": marked("Look at the list of rubrics."),
    "Save or discard it first: what is published is the file.": marked("Save or discard it first: what is published is the file."),
    "Start it again.": marked("Start it again."),
    "Try again in a minute.": marked("Try again in a minute."),
    "Try again in {count} minutes.": marked("Try again in {count} minutes."),
    "Try again.": marked("Try again."),
}
"""What to do about it."""

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A refusal as a page tells it."""

    message: str
    advice: str


def told(texts: Texts, error: QaError) -> Told:
    """A refusal in somebody's language."""
    return Told(message=in_words(texts, error.message, MESSAGES), advice=in_words(texts, error.advice, ADVICES))


def in_words(texts: Texts, said: str, table: Mapping[str, str]) -> str:
    """What a page says for what a room said: in somebody's language, with the names and numbers that stand in it; as it was, where the table lacks it."""
    if (known := table.get(said)) is not None:
        return texts.gettext(known)
    for pattern, known in _patterns(tuple(table.items())):
        if found := pattern.fullmatch(said):
            return _PLACE.sub(lambda place, found=found: found[place[1]], texts.gettext(known))  # type: ignore[misc]
    return said


@cache
def _patterns(rows: Sequence[tuple[str, str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Texts with places, as patterns: those with most words of their own first, so that none takes what another says more exactly."""
    several = sorted((row for row in rows if _PLACE.search(row[0])), key=lambda row: -len(_PLACE.sub("", row[0])))
    return tuple((re.compile(_as_pattern(said), re.DOTALL), known) for said, known in several)


def _as_pattern(said: str) -> str:
    parts = _PLACE.split(said)
    return "".join(re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts))
