"""A call's page: what was heard, how each criterion came out by the program and as it counts, and what a person decides about it.

Every decision is a form of its own that works without scripts; it goes to review/ and comes back to the criterion that it was about. What somebody else
decided since the page was made is told, and what was typed is kept.

One module, though long: a route a decision, each of them short, and the one page that all of them come back to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Query, Request, Response
from markupsafe import Markup, escape

from qa_pipeline.call import Outcome
from qa_pipeline.errors import AccessRefused, Conflict, InputRefused, QaError
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.index import CallLine
from qa_pipeline.reading.sound import has_recording
from qa_pipeline.reading.viewer import Matter, Role
from qa_pipeline.report.call_view import FindingView, Line, view_call
from qa_pipeline.report.clips import Clips
from qa_pipeline.report.data import load_call, report_of
from qa_pipeline.report.redacted import redact_report
from qa_pipeline.report.waveform import find_silences
from qa_pipeline.report.wording import title_of
from qa_pipeline.review.claims import release
from qa_pipeline.review.correcting import Preview, correct_word, preview_swap, preview_word, swap_roles, take_back
from qa_pipeline.review.decide import answer_of, decide
from qa_pipeline.review.decisions import Confirmation, Decision, Note, Override, RoleSwap, TakeBack, What, WordCorrection
from qa_pipeline.review.effective import EffectiveFinding
from qa_pipeline.review.looking import Looked, look_at
from qa_pipeline.review.proposals import Proposal, Teaches, list_proposals, propose
from qa_pipeline.review.record import look
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.web.addresses import came_from, own_address
from qa_pipeline.web.fields import Whole
from qa_pipeline.web.queue import REVIEWING, call_address, next_address, reasons_of
from qa_pipeline.web.render import redirect, render
from qa_pipeline.web.routing import Found, Section
from qa_pipeline.web.signed import AtDesk, Chosen, Signed, Who
from qa_pipeline.web.translations import marked

section = Section("call")
QUALITY = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.TRAINER})
KIND_NAMES: Mapping[str, str] = {
    "override": marked("override"),
    "confirmation": marked("confirmation"),
    "answer": marked("answer"),
    "role_swap": marked("roles swapped"),
    "word_correction": marked("word put right"),
    "announcement": marked("announcement"),
    "dispute": marked("dispute"),
    "ruling": marked("answer to a dispute"),
    "acknowledgement": marked("read by the agent"),
    "note": marked("note"),
    "calibration": marked("calibration"),
    "take_back": marked("taken back"),
}
_SPEEDS = ("0.75", "1", "1.25", "1.5", "1.75", "2")

Version = Annotated[Whole | None, Form()]
Text = Annotated[str, Form(max_length=20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A criterion on the page: what the program found, and what counts. `answers`: a person can give; `words`: its first quote, to be proposed."""

    view: FindingView
    counts: EffectiveFinding | None
    answers: tuple[str, ...]
    is_manual: bool
    words: str

    @property
    def criterion_id(self) -> str:
        """Its id."""
        return str(self.view.row["criterion_id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """What every form of the page brings along. `version`: of the decisions that its sender saw; `back`: where the page was come to from."""

    request: Request
    call_id: str
    who: Signed
    desk: AtDesk
    chosen: Chosen
    criterion_id: str
    reason: str
    version: int | None
    back: str

    def decide(self, what: What) -> None:
        """Decide it, about the criterion that the form is about, or the call. Raises as review/decide.py."""
        decide(
            self.desk, self.who.viewer, self.call_id, what,
            criterion_id=self.criterion_id or None, reason=self.reason, expected_version=self.version,
        )  # fmt: skip

    def carried_out(self, done: Callable[[], Any], *, fragment: str = "") -> Response:
        """Do it, and go back to the place on the page that it was about; where it is refused, the page says why and keeps what was typed."""
        try:
            done()
        except AccessRefused:
            raise
        except InputRefused as error:
            return self.page(error)
        place = f"c-{self.criterion_id}" if self.criterion_id else fragment
        return redirect(call_address(self.call_id, self.back) + (f"#{place}" if place else ""))

    def page(self, refused: InputRefused) -> Response:
        """The page once more, with what is wrong."""
        return _page(
            self.request, self.call_id, self.who, self.desk, self.chosen, self.back,
            refused=refused, about=self.criterion_id, typed=self.reason,
        )  # fmt: skip


def _sent(
    request: Request,
    call_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    criterion_id: Text = "",
    reason: Text = "",
    version: Version = None,
    back: Text = "",
) -> SentForm:
    return SentForm(
        request=request, call_id=call_id, who=who, desk=desk, chosen=chosen,
        criterion_id=criterion_id, reason=reason, version=version, back=_back(who, back),
    )  # fmt: skip


Sent = Annotated[SentForm, Depends(_sent)]


@section.get("/calls/{call_id}", needs=QUALITY, matter=Matter.WORDS)
def show(
    request: Request, call_id: str, who: Who, desk: AtDesk, chosen: Chosen, found: Found, back: Annotated[str, Query(max_length=2_000)] = ""
) -> Response:
    """The page; that somebody looks is put on record."""
    look(desk, who.viewer, call_id)
    return _page(request, call_id, who, desk, chosen, _back(who, back or _list_before(request)), found=found)


@section.post("/calls/{call_id}/override", needs=REVIEWING)
def override(sent: Sent, found: Text = "") -> Response:
    """A criterion came out otherwise; a reason is needed."""

    def done() -> None:
        answer = answer_of(sent.desk, sent.call_id, sent.criterion_id, found)
        sent.decide(Override(outcome=answer.outcome, answer=answer.answer))

    return sent.carried_out(done)


@section.post("/calls/{call_id}/confirm", needs=REVIEWING)
def confirm(sent: Sent) -> Response:
    """Somebody looked, and a criterion is as it stands."""
    return sent.carried_out(lambda: sent.decide(Confirmation()))


@section.post("/calls/{call_id}/answer", needs=REVIEWING)
def answer(sent: Sent, found: Text = "") -> Response:
    """What a person found for a criterion that only people judge."""
    return sent.carried_out(lambda: sent.decide(answer_of(sent.desk, sent.call_id, sent.criterion_id, found)))


@section.post("/calls/{call_id}/note", needs=QUALITY)
def note(sent: Sent, moment: Text = "") -> Response:
    """Something to be remembered about the call, or a moment of it (`m:ss`)."""
    return sent.carried_out(lambda: sent.decide(Note(moment_ms=moment_ms(moment))), fragment="decisions")


@section.post("/calls/{call_id}/take-back", needs=QUALITY)
def undo(sent: Sent, decision_id: Text = "") -> Response:
    """A decision does not hold any more."""
    return sent.carried_out(lambda: take_back(sent.desk, sent.who.viewer, sent.chosen, sent.call_id, decision_id), fragment="decisions")


@section.post("/calls/{call_id}/teach", needs=QUALITY)
def teach(
    sent: Sent, kind: Text = "", words: Text = "", found: Text = "", moment: Text = "", note: Text = "", decision_id: Text = ""
) -> Response:
    """Put a moment on the trainer's desk: as a case, or as words for the criterion's lists."""

    def done() -> None:
        if kind not in set(Teaches):
            raise InputRefused("It is not said what the words are to become.", advice="Choose a case, like or unlike.")
        propose(
            sent.desk,
            sent.who.viewer,
            sent.call_id,
            Teaches(kind),
            criterion_id=sent.criterion_id,
            words=words,
            outcome=Outcome(found) if found in set(Outcome) else None,
            start_ms=moment_ms(moment),
            decision_id=decision_id or None,
            note=note,
        )

    return sent.carried_out(done)


@section.post("/calls/{call_id}/finish", needs=REVIEWING)
def finish(sent: Sent) -> Response:
    """The whole score was looked at: confirm it, let the call go, and go to the next of the list."""
    try:
        decide(sent.desk, sent.who.viewer, sent.call_id, Confirmation(), expected_version=sent.version)
    except AccessRefused:
        raise
    except InputRefused as error:
        return sent.page(error)
    release(sent.desk, sent.who.viewer, sent.call_id)
    return redirect(next_address(sent.who, sent.desk, sent.chosen, sent.back, but=frozenset({sent.call_id})))


@section.get("/calls/{call_id}/swap", needs=QUALITY, matter=Matter.WORDS)
def show_swap(
    request: Request,
    call_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    agent: Annotated[str, Query(max_length=200)] = "",
    back: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """What would change if the other party were the agent; nothing is kept yet."""
    look(desk, who.viewer, call_id)
    return _preview(request, call_id, who, desk, chosen, back, "swap", {"agent": agent}, lambda: preview_swap(desk, who.viewer, chosen, call_id, agent=agent or None))  # fmt: skip


@section.post("/calls/{call_id}/swap", needs=QUALITY)
def swap(sent: Sent, agent: Text = "") -> Response:
    """Make the other party, or the voice named, the agent."""

    def done() -> None:
        swap_roles(
            sent.desk, sent.who.viewer, sent.chosen, sent.call_id, agent=agent or None, reason=sent.reason, expected_version=sent.version
        )

    return sent.carried_out(done, fragment="heard")


@section.get("/calls/{call_id}/word", needs=QUALITY, matter=Matter.WORDS)
def show_word(
    request: Request,
    call_id: str,
    who: Who,
    desk: AtDesk,
    chosen: Chosen,
    at: Whole | None = None,
    before: Annotated[str, Query(max_length=20_000)] = "",
    after: Annotated[str, Query(max_length=20_000)] = "",
    back: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """What would change if something else were said at a moment; nothing is kept yet."""
    look(desk, who.viewer, call_id)
    given = {"at": at, "before": before, "after": after}
    if not after:
        return _preview(request, call_id, who, desk, chosen, back, "word", given, None)
    return _preview(request, call_id, who, desk, chosen, back, "word", given, lambda: preview_word(desk, who.viewer, chosen, call_id, before=before, after=after, moment_ms=at))  # fmt: skip


@section.post("/calls/{call_id}/word", needs=QUALITY)
def word(sent: Sent, at: Version = None, before: Text = "", after: Text = "") -> Response:
    """Put right what was recognised."""

    def done() -> None:
        correct_word(
            sent.desk, sent.who.viewer, sent.chosen, sent.call_id,
            before=before, after=after, moment_ms=at, reason=sent.reason, expected_version=sent.version,
        )  # fmt: skip

    return sent.carried_out(done, fragment="heard")


def _back(who: Signed, back: str) -> str:
    """Where a call's page was come to from; else where its reader begins: the queue is not for everybody who sees calls."""
    return own_address(back, "/queue" if who.viewer.roles & REVIEWING else "/")


def _list_before(request: Request) -> str:
    """The page that led here, unless that is one of a call: its own lists are what one goes back to."""
    came = came_from(request) or ""
    return "" if came.startswith("/calls/") else came


def moment_ms(text: str) -> int | None:
    """A moment as people write it: `1:05`, `1:02:03`; None for nothing. Raises InputRefused."""
    if not text.strip():
        return None
    parts = text.strip().split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        raise InputRefused(f"{text!r} is no moment.", advice="Write it as 1:05.")
    seconds = 0
    for part in parts:
        seconds = 60 * seconds + int(part)
    return seconds * 1000


def _page(
    request: Request,
    call_id: str,
    who: Signed,
    desk: AtDesk,
    chosen: Chosen,
    back: str,
    *,
    found: CallLine | None = None,
    refused: QaError | None = None,
    about: str = "",
    typed: str = "",
) -> Response:
    one = read_call(desk.store, desk.engine, who.viewer, call_id, line=found)
    looked = look_at(desk, who.viewer, call_id, one=one)
    whole = report_of(one, desk.store, chosen, effective=looked.score, language=who.language)
    data = redact_report(whole, load_policy(chosen.privacy_policy).of(who.viewer))
    view = view_call(0, data.calls[0], data, {}, Clips(sounds={}, faults={}), Path("/"))
    counting = {finding.criterion.id: finding for finding in looked.score.findings} if looked.score else {}
    rows = [_row(found, counting.get(found.row["criterion_id"])) for found in view.findings]
    status = 409 if isinstance(refused, Conflict) else 400 if refused else 200
    return render(
        request,
        who,
        "call.html",
        status=status,
        looked=looked,
        call=data.calls[0].call,
        score=data.calls[0].score,
        view=view,
        rows=rows,
        sections=_sections(rows, looked, who),
        titles={row.criterion_id: row.view.title for row in rows},
        heard=has_recording(one),
        words=_words,
        silence_before=_silences(view.lines),
        why=reasons_of(who, looked.line),
        decisions=[_told(who, one, looked) for one in reversed(looked.decisions)],
        proposals=_proposals(desk, who, looked.line),
        may={
            "judge": looked.may(Override) and looked.score is not None,
            "note": looked.may(Note),
            "swap": looked.may(RoleSwap),
            "word": looked.may(WordCorrection),
        },
        outcomes=list(Outcome),
        speeds=_SPEEDS,
        here=call_address(call_id),
        back=back,
        self_address=call_address(call_id, back),
        refused=refused,
        about=about,
        typed=typed,
    )


def _row(found: FindingView, counts: EffectiveFinding | None) -> Row:
    criterion: Criterion | None = counts.criterion if counts else None
    quotes = [quote.row for quote in found.quotes]
    return Row(
        view=found,
        counts=counts,
        answers=tuple(criterion.credits) if criterion else (),
        is_manual=criterion is not None and criterion.check == "manual",
        words=str(quotes[0]["text"]) if quotes else "",
    )


def _words(line: Line) -> Markup:
    """The words of a line, each to be clicked. Put together here: an hour has ten thousand of them, for which a template takes ten times as long."""
    several = []
    for word in line.words:
        kinds = Markup(' class="{}"').format(word.kinds) if word.kinds else ""
        start = f' data-s="{word.start_ms:d}"' if word.start_ms is not None else ""
        note = Markup(' title="{}"').format(word.note) if word.note else ""
        several.append(f"<span{kinds}{start}{note}>{escape(word.text)}</span>")
    # Every part is escaped above.
    return Markup("".join(several))


def _silences(lines: Sequence[Line]) -> dict[int, int]:
    """How long nobody spoke before an utterance, in ms, where it is long enough to be told; by its number."""
    spans = find_silences([line.row for line in lines], 0)
    return {line.row["utterance"]: end - start for line in lines for start, end in spans if line.row["start_ms"] == end}


def _sections(rows: Sequence[Row], looked: Looked, who: Signed) -> list[tuple[str, list[Row]]]:
    """Criteria by the sections of their rubric, in its order, each with its title."""
    named = {section.id: section.title for section in looked.score.standing.rubric.sections} if looked.score else {}
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.view.row["section_id"]), []).append(row)
    return [(title_of(named.get(name, {}), name, who.language)[1], several) for name, several in found.items()]


def _told(who: Signed, decision: Decision, looked: Looked) -> dict[str, Any]:
    """A decision as the page lists it."""
    what = decision.what
    named = next((looked_at for looked_at in looked.decisions if looked_at.decision_id == getattr(what, "about", None)), None)
    return {
        "id": decision.decision_id,
        "at": decision.at,
        "who": decision.author or "?",
        "did": who.gettext(KIND_NAMES[decision.kind]),
        "criterion": decision.criterion_id,
        "is_of_all": decision.criterion_id is None and isinstance(what, Confirmation),
        "outcome": getattr(what, "outcome", None),
        "answer": getattr(what, "answer", None),
        "before": getattr(what, "before", None),
        "after": getattr(what, "after", None),
        "moment_ms": getattr(what, "moment_ms", None),
        "about": who.gettext(KIND_NAMES[named.kind]) if named else None,
        "reason": decision.reason,
        "is_take_back": isinstance(what, TakeBack),
        "holds": decision.decision_id in looked.holding,
        "may_take_back": (
            decision.decision_id in looked.holding
            and looked.may(TakeBack)
            and (Role.SUPERVISOR in who.viewer.roles or decision.account == who.viewer.account)
        ),
    }


def _proposals(desk: AtDesk, who: Signed, line: CallLine) -> dict[str, list[Proposal]]:
    """What was proposed of the call, by criterion."""
    found: dict[str, list[Proposal]] = {}
    for one in list_proposals(desk, who.viewer, state=None, call=line):
        found.setdefault(one.criterion_id, []).append(one)
    return found


def _voices(desk: AtDesk, who: Signed, chosen: Chosen, call_id: str) -> list[Mapping[str, Any]]:
    """The first thing that each voice or track says, in order: by its words a person knows it."""
    whole = load_call(desk.store, desk.engine, chosen, who.viewer, call_id, language=who.language)
    data = redact_report(whole, load_policy(chosen.privacy_policy).of(who.viewer))
    first: dict[str, Mapping[str, Any]] = {}
    for said in data.calls[0].utterances:
        first.setdefault(str(said["speaker"]), said)
    return list(first.values())


def _preview(
    request: Request,
    call_id: str,
    who: Signed,
    desk: AtDesk,
    chosen: Chosen,
    back: str,
    action: str,
    given: Mapping[str, Any],
    ask: Callable[[], Preview] | None,
) -> Response:
    refused: InputRefused | None = None
    preview: Preview | None = None
    try:
        preview = ask() if ask else None
    except AccessRefused:
        raise
    except InputRefused as error:
        refused = error
    changed_lines = (
        [
            (one, other)
            for one, other in zip(preview.before.utterances, preview.after.utterances, strict=True)
            if (one.text, one.role) != (other.text, other.role)
        ]
        if preview
        else []
    )
    hiding = load_policy(chosen.privacy_policy).of(who.viewer)
    # Somebody from whom words are hidden puts no others right by guessing at them.
    shown_lines = [] if hiding.words else changed_lines[:12]
    looked = look_at(desk, who.viewer, call_id)
    return render(
        request,
        who,
        "preview.html",
        status=400 if refused else 200,
        looked=looked,
        action=action,
        voices=_voices(desk, who, chosen, call_id) if action == "swap" else [],
        given=given,
        preview=preview,
        title=lambda criterion: title_of(criterion.title, criterion.id, who.language)[1],
        lines=shown_lines,
        more_lines=len(changed_lines) - len(shown_lines),
        refused=refused,
        here=call_address(call_id),
        back=_back(who, back),
        self_address=call_address(call_id, _back(who, back)),
        query=urlencode({name: value for name, value in given.items() if value is not None}),
    )
