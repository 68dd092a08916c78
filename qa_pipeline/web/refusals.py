"""What is refused, in the words of a page and in the language of whoever looks.

Rooms raise refusals in the language of the interface, with advice that holds for commands too. Here stand those that people meet at work, by what the rooms say (`{}`: a
name, a number, what was typed), each with what a page says instead: no command, no option. What is not here is shown as it was raised.

One module, though long: two tables, looked up by wording.py. What is wrong with rubric files stands in fault_texts.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from qa_pipeline.errors import QaError
from qa_pipeline.review.decisions import from_text
from qa_pipeline.web.fault_texts import CURES, FAULTS
from qa_pipeline.web.translations import Texts, marked
from qa_pipeline.web.wording import as_raised, in_words
from qa_pipeline.web.written import time_text

_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
MESSAGES: Mapping[str, str] = {
    **as_raised(
        marked("Call {call} is held back: the caller's consent is not there."),
        marked("There is no call {call} in the results."),
        marked("That is no day."),
        marked("{text} is no day."),
        marked("{text} is no moment."),
        marked("There is no dimension {name}."),
        marked("There is no period {name}."),
        marked("{name} is nothing to choose calls by."),
        marked("There is no outcome {name}."),
        marked("A session needs a name."),
        marked("No calls are given."),
        marked("Call {call} has no score."),
        marked("Calls are not judged at all: {calls}."),
        marked("There is a session {name} already."),
        marked("There is no session {name}."),
        marked("Session {name} is not over: {who}."),
        marked("Session {name} was begun by {who}."),
        marked("{who} is done with session {name}."),
        marked("{who} was not asked into session {name}."),
        marked("{who} cannot judge in a session."),
        marked("It is not said what the criterion is."),
        marked("Nobody has judged this criterion yet."),
        marked("No period {name} is closed."),
        marked("{who} may not close or open {team} on these days."),
        marked("These days are not yours to close."),
        marked("It is not confirmed."),
        marked("Call {call} is another agent's."),
        marked("Call {call} is {name}'s own."),
        marked("The note is empty."),
        marked("There is no coaching note {name}."),
        marked("It is not said why."),
        marked("It is not said what is decided."),
        marked("Nothing would change."),
        marked("{words} does not stand there."),
        marked("{words} stands in {count} utterances."),
        marked("An answer says what was found."),
        marked("Call {call} is being scored again and again."),
        marked("Call {call} was decided about since it was looked at ({what})."),
        marked("It is not said what the criterion is instead."),
        marked("It is not said which criterion is meant."),
        marked("The dispute was answered."),
        marked("The reason is empty."),
        marked("{answer} is no answer to {criterion}."),
        marked("{rubric} has no criterion {criterion}."),
        marked("That is no place in the list."),
        marked("The link was used, or its time is over."),
        marked("Name and passphrase do not fit, or there were too many wrong ones."),
        marked("The passphrase is longer than {most} characters."),
        marked("The passphrase is one that is easily guessed."),
        marked("The passphrase is shorter than {least} characters."),
        marked("{name} is no theme."),
        marked("{name} is no time zone."),
        marked("An account needs a name, of at most 100 characters."),
        marked("It ends on {last}, before it begins on {first}."),
        marked("It is not clear who is meant."),
        marked("The account {name} is not active."),
        marked("There is a team {name} already."),
        marked("There is an account {name} already."),
        marked("There is no account {name}."),
        marked("There is no team {name} now."),
        marked("{name} has its name since {day}."),
        marked("{who} is not in {team} now."),
        marked("A team needs a name."),
        marked("No role is chosen."),
        marked("No role is called {name}."),
        marked("That would take your own account away from you."),
        marked("Nothing is chosen that still failed."),
        marked("It is not said how the criterion comes out in this case."),
        marked("It is not said what the case is to show."),
        marked("It is not said what the words are to become."),
        marked("The proposal is settled already."),
        marked("The words are not kept any more."),
        marked("The words have {count} characters."),
        marked("There is no proposal {name}."),
        marked("{criterion} has no list of examples to take the words."),
        marked("That was decided by somebody else."),
        marked("That was decided by {who}."),
        marked("{who} may not decide this."),
        marked("Report {name} is not yours."),
        marked("The report has no name."),
        marked("There is no report {name}."),
        marked("{who} is in no group that has a role here."),
        marked("It is not said whether the dispute is right."),
        marked("A token needs a name and a scope."),
        marked("{text} is no number of days."),
        marked("It is not said of what it is told."),
        marked("That is no address of a web service."),
        marked("This page is not for {name}."),
        marked("The form is of another page, or of a session that has ended."),
        marked("Pages are not shown in {name}."),
        marked("No such template or language."),
        marked("There is no rubric {name}."),
        marked("Unsaved: {files}."),
        marked("That work is not known any more."),
        marked("Too much work waits already."),
        marked("The server is ending."),
        marked("That was tried too often from here."),
        marked("Single sign-on did not come to its end."),
    ),
    "{who} looks at call {call} until {time} UTC.": marked("{who} looks at call {call} until {time}."),
    "Call {call} could be disputed until {time} UTC.": marked("Call {call} could be disputed until {time}."),
    "{name} may not see {what}.": marked("{name} may not see this."),
    "{text} is no moment of a call.": marked("{text} is no moment."),
    "{who} may not coach {agent}.": marked("No team that you lead has the agent {agent}."),
    "{name} is no decision in force about this call.": marked("That decision is not in force any more."),
    "{name} is no dispute that waits.": marked("That dispute does not wait any more."),
    "{who} has {state} this proposal already.": marked("The proposal is settled already."),
    "{who} may not decide this about {call}.": marked("{who} may not decide this."),
}
"""What was refused."""
ADVICES: Mapping[str, str] = {
    **as_raised(
        marked("Look at the list of calls that are yours to see."),
        marked("Write it as 2026-05-31."),
        marked("Write minutes and seconds, as 1:05."),
        marked("There are: none that are theirs to see."),
        marked("There are: {names}."),
        marked("Say what it is about."),
        marked("Choose calls that a rubric applies to."),
        marked("Choose some, or write an id a line, as the lists show them."),
        marked("Judge a criterion of each before you are done."),
        marked("Choose another name."),
        marked("Look at the list of sessions."),
        marked("Whoever began it closes it."),
        marked("Ask whoever began it."),
        marked("Take another, or ask them for it."),
        marked("Look at the list of periods."),
        marked("Whoever leads the team on all of them does, or an operator."),
        marked("Choose a team that you lead on all of them."),
        marked("Tick that scores are to stand as they are."),
        marked("Tick that the period is to be opened again."),
        marked("Tick that it is to be deleted."),
        marked("Write the note about the agent who spoke in it."),
        marked("Write what was seen, and what is agreed."),
        marked("Look at the list of notes that are yours to see."),
        marked("Say what the decision rests on; it is kept."),
        marked("Choose one of the buttons."),
        marked("Give what was recognised, and what is said instead."),
        marked("Copy it from the transcript at that moment."),
        marked("Choose one of the answers."),
        marked("Choose one of the two."),
        marked("No rubric applies to it; score it first."),
        marked("Try again when the run is over."),
        marked("Look at it again, then decide what still is to be."),
        marked("Give the outcome that is right."),
        marked("Take the answer back first."),
        marked("Say why the proposal is refused; whoever made it sees it."),
        marked("Begin with its first page."),
        marked("Try again, later if it was often, or ask an operator for a new link."),
        marked("Take a shorter one."),
        marked("Take several words that have nothing to do with each other."),
        marked("Take several words."),
        marked("Write one such as Europe/Warsaw."),
        marked("Give the name that the person logs in by."),
        marked("Give the earlier day first."),
        marked("Give an agent id, or a supervisor's account."),
        marked("Ask an operator."),
        marked("Choose another one."),
        marked("Give the name that the metadata of its calls have."),
        marked("Tick what the person does: without a role no page opens."),
        marked("Let another operator do it."),
        marked("Choose failures of the list."),
        marked("Choose an outcome."),
        marked("Choose a criterion and an outcome."),
        marked("Refuse it, and say so."),
        marked("Look at the list again."),
        marked("It went with its call; look at the list again."),
        marked("Write a phrase or an `unlike` by hand, or refuse it and say so."),
        marked("Whoever decided it takes it back, or a supervisor."),
        marked("Speak with whoever leads the team."),
        marked("Agents dispute and acknowledge their own calls."),
        marked("Somebody else has to decide about it; dispute it."),
        marked("Whoever made it deletes it."),
        marked("Give it one that says what it shows."),
        marked("Look at the list of reports."),
        marked("Ask whoever looks after the groups."),
        marked("Look at the list of those that were judged."),
        marked("Write 1 to 3650, or nothing."),
        marked("Scopes: {names}."),
        marked("Write it as https://HOST/PATH, without a user."),
        marked("Go back, load the page again, and send it once more."),
        marked("Choose from the lists."),
        marked("Look at the list of rubrics."),
        marked("Save or discard it first: what is published is the file."),
        marked("Start it again."),
        marked("Try again in a minute."),
        marked("Try again in {count} minutes."),
        marked("Try again."),
    ),
    "Whoever leads the team decides (`qa-pipeline consent list`).": marked("Whoever leads the team decides, on the page Consent."),
    "`qa-pipeline report` lists the calls; give --results ROOT.": marked("Look at the list of calls that are yours to see."),
    "Ask an operator for the role that does (docs/who-sees-what.md).": marked("Ask an operator for the role that does."),
    "Ask an operator for the role that it is for.": marked("Ask an operator for the role that does."),
    "Write days as 2026-05-31.": marked("Write it as 2026-05-31."),
    "Write it as 2026-05-11.": marked("Write it as 2026-05-31."),
    "Write 2026-05-31.": marked("Write it as 2026-05-31."),
    "Write it as 1:05.": marked("Write minutes and seconds, as 1:05."),
    "There are: {names}": marked("There are: {names}."),
    "Whoever leads the agent's team does.": marked(
        "Choose one of those that the field offers; whoever leads an agent's team writes about them."
    ),
    "Leave the item open, or answer met, not_met or not_applicable.": marked("Choose one of the answers, or leave it open."),
    "Name it after the call.": marked("Choose a criterion."),
    "Say why with --reason; it is kept with the decision.": marked("Say why: it is kept with the decision."),
    "`qa-pipeline decisions CALL_ID` lists them.": marked("Load the page again: it shows those that are."),
    "Waiting: {names}.": marked("Load the page again: it shows those that are."),
    "Ask an operator for a new one: `qa-pipeline accounts invite NAME`.": marked("Ask an operator for a new one."),
    "`qa-pipeline teams list` shows them.": marked("Choose another name."),
    "`qa-pipeline accounts roles` changes its roles.": marked("Change its roles in the list, or choose another name."),
    "`qa-pipeline teams list` shows them; `teams add` makes one.": marked("Load the page again: it shows those that are."),
    "`qa-pipeline teams list` shows who is.": marked("Load the page again: it shows those that are."),
    "Give a later day with --from.": marked("Give a later day."),
    "Choose a case, like or unlike.": marked("Choose what they are to become."),
    "Mark 1 to 2000 of them.": marked("Mark 1 to 2,000 of them."),
    "It is for a {roles} (docs/review.md).": marked("Somebody of another role does: {roles}."),
}
"""What to do about it."""

# What the trainer's desk refuses is told beside its faults.
_MESSAGES = {**FAULTS, **MESSAGES}
_ADVICES = {**CURES, **ADVICES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A refusal as a page tells it."""

    message: str
    advice: str


def told(texts: Texts, error: QaError, zone: ZoneInfo) -> Told:
    """A refusal in somebody's language, its times by their clock."""
    places = {"time": partial(_by_their_clock, texts, zone), "what": partial(_times_by_their_clock, texts, zone)}
    message = in_words(texts, error.message, _MESSAGES, places=places)
    return Told(message=message, advice=in_words(texts, error.advice, _ADVICES))


def _times_by_their_clock(texts: Texts, zone: ZoneInfo, said: str) -> str:
    """What was decided, each with its time as the database has it."""
    return _STORED_TIME.sub(lambda time: time_text(from_text(time[0]), zone, texts.locale), said)


def _by_their_clock(texts: Texts, zone: ZoneInfo, said: str) -> str:
    """A time that a room tells in UTC, to the minute."""
    return time_text(datetime.strptime(said, "%Y-%m-%d %H:%M").replace(tzinfo=UTC), zone, texts.locale)
