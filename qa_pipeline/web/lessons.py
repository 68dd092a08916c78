"""What calls teach a trainer: what reviewers propose, calls found by what was said in them, and the cases and words that come of either.

Whatever is accepted becomes a draft of the file that it belongs to (trainer.py): the trainer sees it there before anything is saved.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Form, Request, Response

from qa_pipeline.call import Outcome
from qa_pipeline.call import Role as Speaker
from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.pages import Wanted, find_call
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.criteria import known_criteria, titles_in
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.proposals import Proposal, State, Teaches, find_proposal, list_proposals, settle
from qa_pipeline.review.record import ASKED, noted
from qa_pipeline.rubric.load import load_rubric, rubric_paths
from qa_pipeline.running.jobs import Job
from qa_pipeline.settings import Settings
from qa_pipeline.trainer import work
from qa_pipeline.trainer.additions import case_of, with_case, with_words
from qa_pipeline.trainer.drafts import keep_draft, open_file
from qa_pipeline.trainer.explain import moment
from qa_pipeline.trainer.overview import overview
from qa_pipeline.web.fields import Skipped, Whole, as_count
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.working import AtWork, answer, owner_of, shows

section = Section("lessons", examples={"proposal": lambda desk, line: "1"})
_SIZE = 50


@section.get("/lessons", needs=Role.TRAINER)
def show_proposals(
    request: Request, who: Who, desk: AtDesk, rubric: str = "", state: str = State.WAITING.value, skip: Skipped = 0
) -> Response:
    """Proposals, those that wait first."""
    chosen = State(state) if state in set(State) else State.WAITING
    found = list_proposals(desk, who.viewer, state=chosen, rubric_id=rubric or None, skip=max(skip, 0), size=_SIZE + 1)
    return render(
        request, who, "lessons.html", proposals=found[:_SIZE], rubric=rubric, state=chosen.value, skip=max(skip, 0), size=_SIZE,
        has_more=len(found) > _SIZE,
    )  # fmt: skip


@section.post("/lessons/{proposal}/accept", needs=Role.TRAINER)
def accept(who: Who, desk: AtDesk, settings: Chosen, proposal: Whole) -> Response:
    """Take a proposal over into a draft, and on to the file."""
    found = find_proposal(desk, who.viewer, proposal)
    if found.state is not State.WAITING:
        raise InputRefused("The proposal is settled already.", advice="Look at the list again.")
    file = _take_case(desk, settings, who, found) if found.kind is Teaches.CASE else _take_words(desk, settings, who, found)
    settle(desk, who.viewer, proposal, is_accepted=True)
    return redirect(f"/rubrics/file/{file}")


@section.post("/lessons/{proposal}/refuse", needs=Role.TRAINER)
def refuse(who: Who, desk: AtDesk, proposal: Whole, reason: Annotated[str, Form()] = "") -> Response:
    """Refuse a proposal with a word why."""
    settle(desk, who.viewer, proposal, is_accepted=False, reason=reason)
    return redirect("/lessons")


# --- what was said ----------------------------------------------------------------------------------------------------------------------


@section.get("/lessons/words", needs=Role.TRAINER)
def show_search(request: Request, who: Who, settings: Chosen) -> Response:
    """What to look for, and where."""
    return render(request, who, "lessons_words.html", rubrics=[line.rubric_id for line in overview(settings.rubrics) if line.version])


@section.post("/lessons/words", needs=Role.TRAINER)
def search(
    request: Request,
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    jobs: AtWork,
    words: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    rubric: Annotated[str, Form()] = "",
    since: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
) -> Response:
    """Look for it, the newest calls first."""
    wanted = Wanted(rubric_id=rubric or None, since=_day(since), until=_day(until))
    speaker = Speaker(role) if role in set(Speaker) else None
    # What was looked for may itself be a customer's: the record holds who looked where, and the calls that were found.
    noted(desk, who.viewer, ASKED, f"words said, {rubric or 'all rubrics'}, {since or '…'} to {until or '…'}")
    return answer(request, who, jobs.start(owner_of(who), "words", work.search_words, settings, who.viewer, words, wanted, speaker, _SIZE))


@shows("words")
def _found(request: Request, who: Signed, job: Job) -> tuple[str, dict[str, Any]]:
    settings: Settings = request.app.state.settings
    criteria = {line.rubric_id: line.criteria for line in overview(settings.rubrics)}
    titles = titles_in(known_criteria(request.app.state.desk.store), who.language)
    return "lessons_found.html", {"found": job.result, "criteria": criteria, "titles": titles, "most": _SIZE}


@section.post("/lessons/case/{call_id}", needs=Role.TRAINER, matter=Matter.WORDS)
def make_case(
    who: Who,
    desk: AtDesk,
    settings: Chosen,
    call_id: str,
    criterion: Annotated[str, Form()] = "",
    outcome: Annotated[str, Form()] = "",
    utterance: Annotated[str, Form()] = "",
    whole: Annotated[bool, Form()] = False,
) -> Response:
    """Make a case of a stored call, or of what was said around a moment of it. `criterion`: RUBRIC.CRITERION."""
    rubric, _, name = criterion.partition(".")
    if not name or outcome not in set(Outcome):
        raise InputRefused("It is not said what the case is to show.", advice="Choose a criterion and an outcome.")
    around = None if whole else as_count(utterance)
    file = _add_case(desk, settings, who, call_id, rubric, {name: Outcome(outcome)}, around)
    return redirect(f"/rubrics/file/{file}")


def _take_case(desk: Desk, settings: Settings, who: Signed, found: Proposal) -> str:
    if found.outcome is None:
        raise InputRefused("It is not said how the criterion comes out in this case.", advice="Refuse it, and say so.")
    return _add_case(desk, settings, who, found.call_id, found.rubric_id, {found.criterion_id: found.outcome}, found.utterance)


def _add_case(
    desk: Desk, settings: Settings, who: Signed, call_id: str, rubric: str, expected: dict[str, Outcome], around: int | None
) -> str:
    file = f"{rubric}.cases.yaml"
    line = find_call(desk.engine, who.viewer, call_id, matter=Matter.WORDS)
    heard = desk.store.load_one(line.conversation_id, day=line.call_date)
    at = next((u.start_ms for u in heard.utterances if u.utterance == around), None)
    case = case_of(heard, f"{call_id} {moment(at)}" if at is not None else call_id, expected, around=around)
    opened = open_file(desk.engine, settings, who.account.account, file)
    keep_draft(desk.engine, who.account.account, file, with_case(opened.text, case), based_on=opened.based_on)
    return file


def _take_words(desk: Desk, settings: Settings, who: Signed, found: Proposal) -> str:
    """Words into the list of examples of the criterion that they are about."""
    line = find_call(desk.engine, who.viewer, found.call_id, matter=Matter.WORDS)
    # An id of the database, and a file's name only if there is such a file.
    path = next((path for path in rubric_paths(settings.rubrics) if path.stem == found.rubric_id), None)
    criteria = load_rubric(path).criteria if path else ()
    criterion = next((one for one in criteria if one.id == found.criterion_id), None)
    meaning = getattr(criterion, "meaning", None)
    if meaning is None:
        raise InputRefused(
            f"{found.criterion_id} has no list of examples to take the words.",
            advice="Write a phrase or an `unlike` by hand, or refuse it and say so.",
        )
    if found.words is None or line.language is None:
        raise InputRefused("The words are not kept any more.", advice="Refuse it, and say so.")
    opened = open_file(desk.engine, settings, who.account.account, meaning.list)
    words = " ".join(found.words.split())
    text, _ = with_words(
        opened.text, [(line.language, found.kind.value, words)], list_id=meaning.list.removeprefix("lists/").removesuffix(".yaml")
    )
    keep_draft(desk.engine, who.account.account, meaning.list, text, based_on=opened.based_on)
    return str(meaning.list)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputRefused(f"{text!r} is no day.", advice="Write 2026-05-31.") from error
