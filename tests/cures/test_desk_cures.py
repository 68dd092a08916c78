"""What people are refused at the desk: another day, call, name or person by the advice, and it is done. One row, one refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from copies import copy
from desks import DAY, commit, make_rubric, reopen
from stored import heard, make_store

from qa_pipeline.call import Call, Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.privacy.forget import forget
from qa_pipeline.privacy.going import what_goes
from qa_pipeline.privacy.places import Ground
from qa_pipeline.reading.counting import CallFilter
from qa_pipeline.reading.pages import Wanted, find_call, page
from qa_pipeline.reading.runs import list_rubrics, read_rubric
from qa_pipeline.reading.tables import rows
from qa_pipeline.reading.viewer import MACHINE, Matter, Role, Viewer, local_viewer
from qa_pipeline.reading.words import find_words
from qa_pipeline.report.contacts import contact_report
from qa_pipeline.report.export import export as export_table
from qa_pipeline.report.figures import compare, compare_calls, summarise, summarise_calls
from qa_pipeline.report.indices import survey_indices
from qa_pipeline.report.shaped import Shape, make_report
from qa_pipeline.results.lease import Claims
from qa_pipeline.results.periods import close_period, reopen_period
from qa_pipeline.results.versions import Choices, RubricsInForce, freeze, named_rubric
from qa_pipeline.review import (
    calibration,
    closing,
    coaching,
    consent,
    holds,
    invitations,
    people,
    proposals,
    shapes,
    sign_on,
    tokens,
    webhooks,
)
from qa_pipeline.review.claims import claim, release
from qa_pipeline.review.correcting import preview_word
from qa_pipeline.review.decide import answer_of, decide
from qa_pipeline.review.decisions import Acknowledgement, Answer, Confirmation, Dispute, Override, Ruling, TakeBack
from qa_pipeline.review.deliver import _address, _NotSent
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.disputes import list_disputes
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.passphrases import check_passphrase
from qa_pipeline.review.preferences import Preferences, keep_preferences
from qa_pipeline.review.proposals import Teaches
from qa_pipeline.review.standing import known_decision
from qa_pipeline.review.tokens import May
from qa_pipeline.review.webhooks import Event
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.settings import load_settings
from tests.cures.texts import follow
from tests.report.test_indices import surveyed

At = Callable[["Place"], object]
WU = local_viewer("Wu")
MET, NOT = Outcome.MET, Outcome.NOT_MET
SECRET = "seven lamps under the old bridge"


class Place:
    """A desk over three calls, of which one has no score, and the people who work at it."""

    def __init__(self, folder: Path) -> None:
        copy(_begin, folder)
        self.folder = folder
        self.desk: Desk = reopen(folder)
        self.engine, self.store = self.desk.engine, self.desk.store

    def as_(self, name: str) -> Viewer:
        return people.viewer_of(self.engine, name)

    def decide(self, who: str, call_id: str, what: object, criterion: str | None = "long", reason: str | None = "heard it") -> str:
        viewer = WU if who == "wu" else self.as_(who)
        return decide(self.desk, viewer, call_id, what, criterion_id=criterion, reason=reason).decision.decision_id  # type: ignore[arg-type]

    def open(self, name: str = "May", **options: object) -> None:
        calibration.open_session(self.desk, self.as_("sup"), name, **{"calls": ["c1"], "people": ["mei", "rev"], **options})  # type: ignore[arg-type]

    def judge(self, who: str, call_id: str = "c1", name: str = "May") -> None:
        calibration.judge(self.desk, self.as_(who), name, call_id, "long", MET)

    def propose(self, who: str = "mei", call_id: str = "c1", **options: object) -> proposals.Proposal:
        given = {"criterion_id": "long", "words": "hello there", **options}
        return proposals.propose(self.desk, self.as_(who), call_id, Teaches.LIKE, **given)  # type: ignore[arg-type]


def _begin(folder: Path) -> None:
    store = make_store(folder)
    for call_id, agent, customer in (("c1", "a1", "k1"), ("c2", "a2", "k2")):
        commit(store, call_id, agent_id=agent, customer_id=customer)
    spoken = heard("c3-heard", "c3")
    unscored = replace(
        spoken, vectors={}, call=replace(spoken.call, started_at=datetime(2026, 5, 12, 4, tzinfo=UTC), agent_id="a1", team="north")
    )
    store.write_conversations([unscored], run_id="r")
    desk = reopen(folder)
    bring_up_to_date(desk)
    for name, role, agents in (
        ("mei", Role.REVIEWER, []), ("rev", Role.REVIEWER, []), ("piotr", Role.TRAINER, []), ("sup", Role.SUPERVISOR, []), ("sue", Role.SUPERVISOR, []),
        ("anna", Role.AGENT, ["a1"]), ("bo", Role.AGENT, ["a2"]), ("op", Role.OPERATOR, []), ("gone", Role.REVIEWER, []),
    ):  # fmt: skip
        people.add_account(desk.engine, name, roles=[role], agent_ids=agents)
    people.add_account(desk.engine, "lead", roles=[Role.AGENT, Role.SUPERVISOR], agent_ids=["a2"])
    people.deactivate(desk.engine, "gone")
    people.add_team(desk.engine, "north")
    people.add_team(desk.engine, "south")
    people.add_member(desk.engine, "north", supervisor="sup")
    people.add_member(desk.engine, "north", agent_id="a1")
    people.add_member(desk.engine, "north", supervisor="lead")
    people.add_member(desk.engine, "south", supervisor="sue")
    desk.engine.dispose()


def _held(at: Place) -> int:
    return holds.hold(at.desk, WU, call_id="c1", reason="the court asked")


def _disputed(at: Place) -> str:
    return at.decide("anna", "c1", Dispute(), reason="I did")


def _ruled(at: Place) -> tuple[str, str]:
    dispute = _disputed(at)
    return dispute, at.decide("sup", "c1", Ruling(about=dispute, is_upheld=False))


def _closed(at: Place) -> str:
    return close_period(at.store, DAY, DAY, team=None, reason="paid", author="Wu").period_id


def _note(at: Place, who: str = "sup", agent: str = "a1", text: str = "greets well", call_id: str | None = None) -> int:
    return coaching.write_note(at.desk, at.as_(who), agent, text, call_id=call_id)


def _token(at: Place, account: str = "mei", name: str = "board", may: tuple[May, ...] = (May.CALLS,), by: str = "op") -> int:
    return tokens.make_token(at.engine, at.as_(by), name, account=account, may=may)[0].token


def _hook(at: Place, url: str = "https://board.example/calls", events: tuple[Event, ...] = (Event.NIGHT,), by: str = "op") -> int:
    return webhooks.add_webhook(at.engine, at.as_(by), url, account="mei", events=events)[0].webhook


def _shape(**values: object) -> Shape:
    return replace(Shape(by=("team",), columns=()), **values)  # type: ignore[arg-type]


def _report(at: Place, **values: object) -> object:
    return make_report(at.engine, WU, _shape(**values), date(2026, 5, 20)).rows


def _sign_on(at: Place, name: str = "zofia", groups: tuple[str, ...] = ("quality",), subject: str = "own") -> object:
    who = sign_on.Identity(issuer="https://login.example", subject=subject, name=name, groups=frozenset(groups))
    return sign_on.sign_on(at.engine, who, {"quality": Role.REVIEWER}).name


def _passphrase(words: str) -> At:
    return lambda at: check_passphrase(words, name="mei")


def _word(at: Place, before: str = "hello", after: str = "yellow", moment: int | None = None) -> object:
    settings = load_settings(results=at.store.root, cache=at.folder / "cache", rubrics=at.folder / "rubrics")
    return preview_word(at.desk, WU, settings, "c1", before=before, after=after, moment_ms=moment)


def _again(at: Place) -> str:
    """Decided about a call as it is now."""
    at.decide("mei", "c1", Override(outcome=MET))
    return decide(at.desk, WU, "c1", Confirmation(), criterion_id="long", expected_version=1).decision.decision_id


def _stale(at: Place) -> object:
    at.decide("mei", "c1", Override(outcome=MET))
    return decide(at.desk, WU, "c1", Confirmation(), criterion_id="long", expected_version=0)


def _link(at: Place, *, times: int = 1) -> object:
    secret = invitations.make_link(at.engine, "mei", invitations.Purpose.INVITATION)
    return [invitations.use_link(at.engine, secret, SECRET).name for _ in range(times)]


def _forgotten_link(at: Place) -> object:
    invitations.use_link(at.engine, invitations.make_link(at.engine, "mei", invitations.Purpose.INVITATION), SECRET)
    return _link(at)


def _done(at: Place, *, judged: bool) -> object:
    at.open()
    if judged:
        at.judge("mei")
    return calibration.finish(at.desk, at.as_("mei"), "May").name


def _compared(at: Place, *people_done: str) -> object:
    at.open()
    for who in ("mei", "rev"):
        at.judge(who)
    for who in people_done:
        calibration.finish(at.desk, at.as_(who), "May")
    return len(calibration.compare(at.desk, at.as_("mei"), "May"))


def _settled(at: Place, criterion: str) -> object:
    _compared(at, "mei", "rev")
    return calibration.settle(at.desk, at.as_("mei"), "May", "c1", criterion, NOT, reason="heard it").decision.decision_id


def _closed_session(at: Place, who: str = "sup", name: str = "May", *, people: tuple[str, ...] = ("mei",)) -> object:
    at.open(people=people)
    calibration.close_session(at.desk, at.as_(who), name)
    return name


def _unasked(at: Place) -> object:
    at.open(people=())
    at.judge("mei")
    return calibration.finish(at.desk, at.as_("mei"), "May")


def _opened(at: Place, **options: object) -> object:
    at.open(**options)  # type: ignore[arg-type]
    return "open"


def _twice(at: Place, second: str) -> object:
    at.open()
    at.open(second)
    return second


def _settle_proposal(at: Place, number: int | None = None, *, reason: str | None = "too broad", times: int = 1) -> object:
    made = at.propose().proposal
    done = [proposals.settle(at.desk, at.as_("piotr"), number or made, is_accepted=False, reason=reason) for _ in range(times)]
    return len(done)


def _given_up(at: Place) -> str:
    """A message that waited for an address which is told nothing any more."""
    _hook(at, events=(Event.DISPUTED,))
    _disputed(at)
    webhooks.collect(at.desk)
    webhooks.end_webhook(at.engine, at.as_("op"), 1)
    (dead,) = webhooks.list_messages(at.engine, at.as_("op"), is_dead=True)
    return dead.message


def _promising() -> Rubric:
    """A rubric with a promise to call back."""
    data = {
        "id": "promising", "version": 1, "contacts": [{"id": "kept", "counted_from": {"capture": "when"}, "from_hours": 0, "to_hours": 1}],
        "sections": [{"id": "all", "criteria": [{"id": "when", "check": "capture", "capture": "datetime"}]}],
    }  # fmt: skip
    return Rubric.model_validate_json(json.dumps(data))


def _nobodys(at: Place) -> str:
    """A decision of a machine that knows no users."""
    return decide(at.desk, local_viewer(None), "c1", Override(outcome=MET), criterion_id="long", reason="heard it").decision.decision_id


def _forgotten(at: Place, *, is_over: bool) -> object:
    """A call forgotten while a run works on it, or after."""
    settings = load_settings(results=at.store.root, cache=at.folder / "cache")
    going = what_goes(at.store, settings, call_id="c1")
    with nullcontext() if is_over else Claims(at.store.root, "night").hold(["c1"]):
        return forget(Ground(store=at.store, settings=settings, engine=at.engine), going).calls


def _sheet(at: Place, name: str) -> object:
    import pyarrow as pa

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("qa_pipeline.report.export._MOST_XLSX_ROWS", 1)
        export_table(pa.table({"call_id": ["c1", "c2"]}), at.folder / name, timezone="UTC")
    return name


def _called(*, is_allowed: bool) -> str:
    try:
        return _address("127.0.0.1", 443, is_private_allowed=is_allowed)
    except _NotSent as error:
        raise InputRefused(str(error)) from error


def _chosen(*applies: dict[str, str]) -> list[str]:
    """What is warned of a call that rubrics for these calls are to score."""
    body = [{"id": "all", "criteria": [{"id": "a", "check": "manual"}]}]
    data = [{"id": name, "version": 1, "applies_to": to, "sections": body} for name, to in zip(("one", "two"), applies, strict=True)]
    choices = Choices(RubricsInForce(current={one["id"]: Rubric.model_validate_json(json.dumps(one)) for one in data}, older={}))  # type: ignore[misc]
    for call_id in ("c1", "c2"):
        choices.key_for(Call(call_id=call_id, source_uri="c.wav", audio_sha256="0" * 64, direction="outbound", campaign="renewal"))
    return list(choices.warnings)


def _exported(name: str) -> At:
    import pyarrow as pa

    return lambda at: export_table(pa.table({"call_id": ["c1"]}), at.folder / name, timezone="UTC")


def _frozen(at: Place, version: int) -> object:
    freeze([make_rubric(version=version, turns={"weight": 7})], at.store)
    return version


def _kept(name: str) -> At:
    return lambda at: named_rubric(name, {"tested": make_rubric()}, at.store).version


ROWS: tuple[tuple[str, At, At], ...] = (
    ("A hold needs its reason.", lambda at: holds.hold(at.desk, WU, call_id="c1", reason=" "), _held),
    ("It is not said what to hold.", lambda at: holds.hold(at.desk, WU, reason="the court asked"), _held),
    ("There is no call {call_id} in the results.", lambda at: holds.hold(at.desk, WU, call_id="c9", reason="asked"), lambda at: holds.hold(at.desk, WU, customer_id="k9", reason="asked")),
    ("It is not said why the hold is released.", lambda at: holds.release(at.desk, WU, _held(at), reason=""), lambda at: holds.release(at.desk, WU, _held(at), reason="the court").hold),
    ("No hold {number} is in force.", lambda at: holds.release(at.desk, WU, _held(at) + 1, reason="x"), lambda at: holds.release(at.desk, WU, (_held(at), holds.list_holds(at.engine)[0].hold)[1], reason="x").hold),
    ("{name} may not hold calls.", lambda at: holds.hold(at.desk, at.as_("mei"), call_id="c1", reason="asked"), lambda at: holds.hold(at.desk, at.as_("op"), call_id="c1", reason="asked")),
    ("Held and not to be deleted: {lines}.", lambda at: (_held(at), holds.refuse_held(at.engine, ["c1"]))[1], lambda at: (holds.release(at.desk, WU, _held(at), reason="x"), holds.refuse_held(at.engine, ["c1"]))[1]),
    ("A page of {size} rows cannot be given.", lambda at: page(at.engine, WU, size=501), lambda at: len(page(at.engine, WU, size=500).lines)),
    ("A session needs a name.", lambda at: _opened(at, name=" "), lambda at: _opened(at, name="May")),
    ("There is a session {name} already.", lambda at: _twice(at, "May"), lambda at: _twice(at, "June")),
    ("Call {call_id} has no score.", lambda at: _opened(at, calls=["c3"]), lambda at: _opened(at, calls=["c2"])),
    ("{who} cannot judge in a session.", lambda at: _opened(at, people=["anna"]), lambda at: _opened(at, people=["mei"])),
    ("{name} takes part in no calibration.", lambda at: calibration.sessions(at.desk, at.as_("anna")), lambda at: calibration.sessions(at.desk, at.as_("mei"))),
    ("There is no session {name}.", lambda at: calibration.session_of(at.desk, at.as_("mei"), "Mai"), lambda at: (at.open(), calibration.session_of(at.desk, at.as_("mei"), "May"))[1].name),
    ("There is no session {session}.", lambda at: calibration.session_numbered(at.desk, at.as_("mei"), 9), lambda at: (at.open(), calibration.session_numbered(at.desk, at.as_("mei"), 1))[1].name),
    ("No session {name} is open.", lambda at: (_closed_session(at), at.judge("mei"))[1], lambda at: (_closed_session(at), at.open("June"), at.judge("mei", name="June"))[2]),
    ("Session {name} was begun by {author}.", lambda at: _closed_session(at, "sue"), lambda at: _closed_session(at, "sup")),
    ("Call {call_id} is not in session {name}.", lambda at: (at.open(), at.judge("mei", "c2"))[1], lambda at: (at.open(), at.judge("mei", "c1"))[1]),
    ("{name} was not asked into session {name}.", lambda at: (at.open(), at.judge("piotr"))[1], lambda at: (at.open(people=["piotr"]), at.judge("piotr"))[1]),
    ("Calls are not judged at all: ….", lambda at: _done(at, judged=False), lambda at: _done(at, judged=True)),
    ("Session {name} ends when it is closed.", _unasked, lambda at: _closed_session(at, people=())),
    ("Session {name} is not over: ….", lambda at: _compared(at, "mei"), lambda at: _compared(at, "mei", "rev")),
    ("{criterion_id} of {call_id} was not judged in session {name}.", lambda at: _settled(at, "turns"), lambda at: _settled(at, "long")),
    ("A token needs a name and a scope.", lambda at: _token(at, may=()), _token),
    ("The account {account} is not active.", lambda at: _token(at, "gone"), _token),
    ("There is no token {token} in use.", lambda at: tokens.revoke_token(at.engine, at.as_("op"), 9), lambda at: tokens.revoke_token(at.engine, at.as_("op"), _token(at))),
    ("{name} does not look after accounts.", lambda at: _token(at, by="mei"), _token),
    ("That is no address of a web service.", lambda at: _hook(at, "board.example"), _hook),
    ("That is no address of a web service: {error}.", lambda at: _hook(at, "https://board.example:port/x"), _hook),
    ("It is not said of what it is told.", lambda at: _hook(at, events=()), _hook),
    ("There is no webhook {webhook} in use.", lambda at: webhooks.end_webhook(at.engine, at.as_("op"), 9), lambda at: webhooks.end_webhook(at.engine, at.as_("op"), _hook(at))),
    ("{name} does not look after webhooks.", lambda at: _hook(at, by="mei"), _hook),
    ("An account needs a name, of at most 100 characters.", lambda at: people.add_account(at.engine, "", roles=[Role.REVIEWER]), lambda at: people.add_account(at.engine, "lin", roles=[Role.REVIEWER]).name),
    ("There is an account {name} already.", lambda at: people.add_account(at.engine, "mei", roles=[Role.TRAINER]), lambda at: people.set_roles(at.engine, "mei", roles=[Role.TRAINER], agent_ids=[]).name),
    ("There is no account {name}.", lambda at: people.account_of(at.engine, "me"), lambda at: people.account_of(at.engine, "mei").name),
    ("The account {name} is not active.", lambda at: at.as_("gone"), lambda at: (people.activate(at.engine, "gone"), at.as_("gone"))[1].name),
    ("The account {name} is not active.", lambda at: invitations.make_link(at.engine, "gone", invitations.Purpose.INVITATION),
     lambda at: (people.activate(at.engine, "gone"), invitations.make_link(at.engine, "gone", invitations.Purpose.INVITATION))[0]),
    ("There is a team {name} already.", lambda at: people.add_team(at.engine, "north"), lambda at: people.add_team(at.engine, "west")),
    ("There is a team {new} already.", lambda at: people.rename_team(at.engine, "north", "south", first=DAY), lambda at: people.rename_team(at.engine, "north", "west", first=DAY)),
    ("{name} has its name since {began}.", lambda at: (people.rename_team(at.engine, "north", "west", first=DAY), people.rename_team(at.engine, "west", "east", first=DAY))[1],
     lambda at: (people.rename_team(at.engine, "north", "west", first=DAY), people.rename_team(at.engine, "west", "east", first=date(2026, 6, 1)))[1]),
    ("There is no team {name} now.", lambda at: people.add_member(at.engine, "west", agent_id="a2"), lambda at: (people.add_team(at.engine, "west"), people.add_member(at.engine, "west", agent_id="a2"))[1]),
    ("It is not clear who is meant.", lambda at: people.add_member(at.engine, "north"), lambda at: people.add_member(at.engine, "north", agent_id="a2")),
    ("It ends on {last}, before it begins on {first}.", lambda at: people.add_member(at.engine, "north", agent_id="a2", first=DAY, last=date(2026, 1, 1)),
     lambda at: people.add_member(at.engine, "north", agent_id="a2", first=date(2026, 1, 1), last=DAY)),
    ("{who} is not in {team_name} now.", lambda at: people.end_membership(at.engine, "north", "a2", last=DAY), lambda at: people.end_membership(at.engine, "north", "a1", last=DAY)),
    ("An answer says what was found.", lambda at: at.decide("mei", "c1", Answer(outcome=Outcome.UNDETERMINED), "tone"), lambda at: at.decide("mei", "c1", Answer(outcome=MET), "tone")),
    ("{answer} is no answer to {id}.", lambda at: at.decide("mei", "c1", Override(outcome=MET, answer="hot"), "tone"), lambda at: at.decide("mei", "c1", Override(outcome=MET, answer="warm"), "tone")),
    ("{found} is no answer to {criterion_id}.", lambda at: answer_of(at.desk, "c1", "tone", "hot"), lambda at: answer_of(at.desk, "c1", "tone", "warm").answer),
    ("{id} has no criterion {criterion_id}.", lambda at: at.decide("mei", "c1", Override(outcome=MET), "lnog"), lambda at: at.decide("mei", "c1", Override(outcome=MET))),
    ("It is not said which criterion is meant.", lambda at: at.decide("mei", "c1", Override(outcome=MET), None), lambda at: at.decide("mei", "c1", Override(outcome=MET))),
    ("The reason is empty.", lambda at: at.decide("mei", "c1", Override(outcome=MET), reason=""), lambda at: at.decide("mei", "c1", Override(outcome=MET))),
    ("It is not said what the criterion is instead.", lambda at: at.decide("sup", "c1", Ruling(about=_disputed(at), is_upheld=True)), lambda at: at.decide("sup", "c1", Ruling(about=_disputed(at), is_upheld=True, outcome=MET))),
    ("{about} is no dispute that waits.", lambda at: at.decide("sup", "c1", Ruling(about="x", is_upheld=False)), lambda at: _ruled(at)[1]),
    ("{about} is no decision in force about this call.", lambda at: at.decide("mei", "c1", TakeBack(about="x"), None), lambda at: at.decide("mei", "c1", TakeBack(about=at.decide("mei", "c1", Override(outcome=MET))), None)),
    ("The dispute was answered.", lambda at: at.decide("anna", "c1", TakeBack(about=_ruled(at)[0]), None), lambda at: _taken_back_in_turn(at)),
    ("That was decided by ….", lambda at: at.decide("rev", "c1", TakeBack(about=at.decide("mei", "c1", Override(outcome=MET))), None), lambda at: at.decide("sup", "c1", TakeBack(about=at.decide("mei", "c1", Override(outcome=MET))), None)),
    ("Call {call_id} was decided about since it was looked at", _stale, _again),
    ("Call {call_id} is another agent's.", lambda at: at.decide("lead", "c1", Acknowledgement(), None), lambda at: at.decide("lead", "c2", Acknowledgement(), None)),
    ("{name} may not decide this.", lambda at: at.decide("mei", "c1", Ruling(about=_disputed(at), is_upheld=False)), lambda at: _ruled(at)[1]),
    ("… decisions about {call_id} begin with {beginning}.", lambda at: known_decision(at.desk, "c1", "zz"), lambda at: known_decision(at.desk, "c1", at.decide("mei", "c1", Override(outcome=MET))[:8])),
    ("That is no place in the list.", lambda at: list_disputes(at.engine, WU, after="x"), lambda at: len(list_disputes(at.engine, WU)[0])),
    ("{who} looks at call {call_id} until … UTC.", lambda at: (claim(at.desk, at.as_("mei"), "c1"), claim(at.desk, at.as_("rev"), "c1"))[1], lambda at: (claim(at.desk, at.as_("mei"), "c1"), claim(at.desk, at.as_("rev"), "c2"))[1].call_id),
    ("{who} looks at call {call_id} until … UTC.", lambda at: (claim(at.desk, at.as_("mei"), "c1"), claim(at.desk, at.as_("rev"), "c1"))[1],
     lambda at: (claim(at.desk, at.as_("mei"), "c1"), release(at.desk, at.as_("mei"), "c1"), claim(at.desk, at.as_("rev"), "c1"))[2].call_id),
    ("The note is empty.", lambda at: _note(at, text=" "), _note),
    ("{name} may not coach {agent_id}.", lambda at: _note(at, "sue"), _note),
    ("Call {call_id} is another agent's.", lambda at: _note(at, call_id="c2"), lambda at: _note(at, call_id="c1")),
    ("There is no coaching note {note}.", lambda at: coaching.read_note(at.desk, at.as_("sup"), 9), lambda at: coaching.read_note(at.desk, at.as_("sup"), _note(at)).note),
    ("It is not said why.", lambda at: consent.rule(at.desk, WU, ["c1"], consent.Ruled.HELD_BACK, reason=" "), lambda at: consent.rule(at.desk, WU, ["c1"], consent.Ruled.HELD_BACK, reason="no word of it")),
    ("There is no call {name} in the results.", lambda at: consent.rule(at.desk, WU, ["c9"], consent.Ruled.HELD_BACK, reason="x"), lambda at: (consent.rule(at.desk, WU, ["c1"], consent.Ruled.HELD_BACK, reason="x"), consent.rule(at.desk, WU, [consent.list_register(at.desk, WU).entries[0].call_id], consent.Ruled.RELEASED, reason="x"))[1]),
    ("Nothing is held of {customer_id}.", lambda at: consent.calls_of(at.desk, WU, "k9"), lambda at: consent.calls_of(at.desk, WU, "k1")),
    ("{name} may not decide about consent.", lambda at: consent.calls_of(at.desk, at.as_("mei"), "k1"), lambda at: consent.calls_of(at.desk, at.as_("sup"), "k1")),
    ("Call {call_id} is held back", lambda at: (consent.rule(at.desk, WU, ["c1"], consent.Ruled.HELD_BACK, reason="x"), find_call(at.engine, at.as_("mei"), "c1"))[1],
     lambda at: (consent.rule(at.desk, WU, ["c1"], consent.Ruled.HELD_BACK, reason="x"), consent.rule(at.desk, at.as_("sup"), ["c1"], consent.Ruled.RELEASED, reason="said on another line"), find_call(at.engine, at.as_("mei"), "c1"))[2].call_id),
    ("There is no call {call_id} in the results.", lambda at: find_call(at.engine, at.as_("mei"), "c9"), lambda at: find_call(at.engine, at.as_("mei"), page(at.engine, at.as_("mei")).lines[0].call_id).call_id),
    ("{name} may not see {value}.", lambda at: at.as_("anna").require(Matter.PEOPLE), lambda at: at.as_("op").require(Matter.PEOPLE)),
    ("Nothing is held of {call_id}.", lambda at: what_goes(at.store, load_settings(results=at.store.root), call_id="c9"),
     lambda at: what_goes(at.store, load_settings(results=at.store.root), call_id=rows(at.store, "select call_id, customer_id from calls")[0]["call_id"]).calls),
    ("The words have … characters.", lambda at: at.propose(words=" "), lambda at: at.propose().proposal),
    ("It is not said how the criterion comes out in this case.", lambda at: proposals.propose(at.desk, at.as_("mei"), "c1", Teaches.CASE, criterion_id="long", words="hello"),
     lambda at: proposals.propose(at.desk, at.as_("mei"), "c1", Teaches.CASE, criterion_id="long", words="hello", outcome=MET).proposal),
    ("{name} may not {what}.", lambda at: proposals.list_proposals(at.desk, at.as_("mei")), lambda at: proposals.list_proposals(at.desk, at.as_("piotr"))),
    ("The reason is empty.", lambda at: _settle_proposal(at, reason=""), _settle_proposal),
    ("… has {state} this proposal already.", lambda at: _settle_proposal(at, times=2), _settle_proposal),
    ("There is no proposal {number}.", lambda at: _settle_proposal(at, 99), _settle_proposal),
    ("The period ends on {last}, before it begins on {first}.", lambda at: close_period(at.store, DAY, date(2026, 1, 1), team=None, reason="paid", author="Wu"), _closed),
    ("The reason is empty.", lambda at: close_period(at.store, DAY, DAY, team=None, reason="", author="Wu"), _closed),
    ("No period {period_id} is closed.", lambda at: reopen_period(at.store, "x", reason="wrong", author="Wu"), lambda at: reopen_period(at.store, _closed(at), reason="wrong", author="Wu").period_id),
    ("No period {period_id} is closed.", lambda at: closing.reopen(at.desk, WU, "x", reason="wrong"), lambda at: closing.reopen(at.desk, WU, (_closed(at), closing.list_periods(at.desk, WU)[0].period.period_id)[1], reason="wrong").period_id),
    ("{name} may not close or open {team} on these days.", lambda at: closing.close(at.desk, at.as_("sue"), DAY, DAY, team="north", reason="paid"), lambda at: closing.close(at.desk, at.as_("sup"), DAY, DAY, team="north", reason="paid").period_id),
    ("The report has no name.", lambda at: shapes.save_shape(at.desk, at.as_("sup"), " ", _shape(), is_shared=False), lambda at: shapes.save_shape(at.desk, at.as_("sup"), "Teams", _shape(), is_shared=False)),
    ("Report {number} is not yours.", lambda at: shapes.delete_shape(at.desk, at.as_("sue"), shapes.save_shape(at.desk, at.as_("sup"), "Teams", _shape(), is_shared=True)),
     lambda at: shapes.delete_shape(at.desk, at.as_("sup"), shapes.save_shape(at.desk, at.as_("sup"), "Teams", _shape(), is_shared=True))),
    ("There is no report {number}.", lambda at: shapes.read_shape(at.desk, at.as_("sup"), 9), lambda at: shapes.read_shape(at.desk, at.as_("sup"), shapes.save_shape(at.desk, at.as_("sup"), "Teams", _shape(), is_shared=True)).name),
    ("There is no dimension {name}.", lambda at: _report(at, by=("planet",)), lambda at: _report(at, by=("team",))),
    ("{name} is nothing to choose calls by.", lambda at: _report(at, where={"planet": "x"}), lambda at: _report(at, where={"team": "north"})),
    ("There is no period {period}.", lambda at: _report(at, period="fortnight"), lambda at: _report(at, period="last_30_days")),
    ("That is no day.", lambda at: _report(at, period="days", since="soon"), lambda at: _report(at, period="days", since="2026-05-01")),
    ("There is no dimension {name}.", lambda at: summarise_calls(at.engine, WU, ["planet"]), lambda at: len(summarise_calls(at.engine, WU, ["team"]))),
    ("… chooses no calls here.", lambda at: summarise_calls(at.engine, WU, ["team"], CallFilter(where=(("planet", "x"),))), lambda at: len(summarise_calls(at.engine, WU, ["team"], CallFilter(where=(("team", "north"),))))),
    ("There is no dimension {name}.", lambda at: summarise(at.store, MACHINE, ["planet"]), lambda at: len(summarise(at.store, MACHINE, ["team"]))),
    ("{name} is nothing to choose calls by.", lambda at: summarise(at.store, MACHINE, ["team"], CallFilter(where=(("planet", "x"),))), lambda at: len(summarise(at.store, MACHINE, ["team"], CallFilter(where=(("team", "north"),))))),
    ("The first group has no scored calls.", lambda at: compare(at.store, MACHINE, CallFilter(where=(("team", "west"),)), CallFilter()), lambda at: compare(at.store, MACHINE, CallFilter(where=(("team", "north"),)), CallFilter()) is not None),
    ("The second group has no scored calls.", lambda at: compare(at.store, MACHINE, CallFilter(), CallFilter(where=(("team", "west"),))), lambda at: compare(at.store, MACHINE, CallFilter(), CallFilter(where=(("team", "north"),))) is not None),
    ("{name} may see some calls only.", lambda at: summarise(at.store, at.as_("anna"), ["team"]), lambda at: len(page(at.engine, at.as_("anna")).lines)),
    ("{name} has no ending of a known form.", _exported("calls.doc"), _exported("calls.csv")),
    ("Rubric {id} has no indices.", lambda at: survey_indices(at.store, MACHINE, make_rubric()), lambda at: survey_indices(at.store, MACHINE, surveyed())),
    ("No call has a column ….", lambda at: survey_indices(at.store, MACHINE, surveyed(), by=["planet"]), lambda at: survey_indices(at.store, MACHINE, surveyed(), by=["team"])),
    ("Rubric {id} has no contacts.", lambda at: contact_report(at.store, MACHINE, make_rubric()), lambda at: contact_report(at.store, MACHINE, _promising())),
    ("The {name} group has no scored calls.", lambda at: compare_calls(at.engine, WU, Wanted(team="west"), Wanted()), lambda at: compare_calls(at.engine, WU, Wanted(team="north"), Wanted()) is not None),
    ("There is no call {after} in the results.", lambda at: consent.list_register(at.desk, WU, after="c9"), lambda at: consent.list_register(at.desk, WU).entries),
    ("Version {version} of {rubric_id} is not kept here.", lambda at: read_rubric(at.store, WU, "tested", 9), lambda at: read_rubric(at.store, WU, "tested", list_rubrics(at.store, WU)[0].version)["id"]),
    ("Call {call_id} could be disputed until", lambda at: decide(replace(at.desk, dispute_days=0), at.as_("anna"), "c1", Dispute(), criterion_id="long", reason="I did"), lambda at: at.decide("sup", "c1", Override(outcome=MET))),
    ("That was decided by somebody else.", lambda at: at.decide("rev", "c1", TakeBack(about=_nobodys(at)), None), lambda at: at.decide("sup", "c1", TakeBack(about=_nobodys(at)), None)),
    ("A run works on … now.", lambda at: _forgotten(at, is_over=False), lambda at: _forgotten(at, is_over=True)),
    ("… rows are more than a sheet holds.", lambda at: _sheet(at, "calls.xlsx"), lambda at: _sheet(at, "calls.csv")),
    ("the address is in our own network", lambda _: _called(is_allowed=False), lambda _: _called(is_allowed=True)),
    ("… call… left unscored", lambda _: _chosen({"direction": "outbound"}, {"direction": "outbound"}), lambda _: _chosen({"direction": "outbound", "campaign": "renewal"}, {"direction": "outbound"})),
    ("The query cannot be answered: {error}", lambda at: rows(at.store, "select at from decisions"), lambda at: rows(at.store, 'select "at" from decisions')),
    ("The query cannot be answered: {error}", lambda at: rows(at.store, "select colour from calls"), lambda at: rows(at.store, "select call_id from calls")),
    ("No words are given.", lambda at: find_words(at.store, at.engine, WU, " "), lambda at: len(find_words(at.store, at.engine, WU, "hello"))),
    ("The passphrase is shorter than", _passphrase("lamps"), _passphrase(SECRET)),
    ("The passphrase is longer than", _passphrase("lamp bridge " * 400), _passphrase(SECRET)),
    ("The passphrase is one that is easily guessed.", _passphrase("meimeimeimeimei"), _passphrase(SECRET)),
    ("The link was used, or its time is over.", lambda at: _link(at, times=2), _forgotten_link),
    ("Somebody can sign in already.", lambda at: (_link(at), invitations.make_set_up_link(at.engine))[1], lambda at: (_link(at), invitations.make_link(at.engine, "rev", invitations.Purpose.INVITATION))[0]),
    ("oidc_groups: {one} gives no role.", lambda _: sign_on.read_groups(["quality"]), lambda _: sorted(sign_on.read_groups(["quality=reviewer"]))),
    ("{name} is in no group that has a role here.", lambda at: _sign_on(at, groups=("guests",)), _sign_on),
    ("The account {name} is not active.", lambda at: (_sign_on(at), people.deactivate(at.engine, "zofia"), _sign_on(at))[2], lambda at: (_sign_on(at), people.deactivate(at.engine, "zofia"), people.activate(at.engine, "zofia"), _sign_on(at))[3]),
    ("{theme} is no theme.", lambda at: keep_preferences(at.engine, 1, Preferences(theme="pink")), lambda at: keep_preferences(at.engine, 1, Preferences(theme="dark"))),
    ("{zone} is no time zone.", lambda at: keep_preferences(at.engine, 1, Preferences(zone="Mars/Olympus")), lambda at: keep_preferences(at.engine, 1, Preferences(zone="Europe/Warsaw"))),
    ("Nothing would change.", lambda at: _word(at, "hello", "hello"), _word),
    ("{before} does not stand there.", lambda at: _word(at, "hi", "hey", 100), lambda at: _word(at, "hello", "yellow", 100)),
    ("{before} stands in … utterances.", lambda at: _word(at, "goodbye"), _word),
    ("Call {call_id} is {name}'s own.", lambda at: at.decide("lead", "c2", Override(outcome=MET)), lambda at: at.decide("lead", "c2", Dispute())),
    ("The account {name} is somebody's already.", lambda at: (_sign_on(at), _sign_on(at, subject="other"))[1], lambda at: (_sign_on(at), _sign_on(at, "zofia2", subject="other"))[1]),
    ("{name} is done with session {name}.", lambda at: (_done(at, judged=True), at.judge("mei"))[1], lambda at: _done(at, judged=True)),
    ("No message {message} was given up.", lambda at: webhooks.send_again(at.engine, at.as_("op"), "x"), lambda at: webhooks.send_again(at.engine, at.as_("op"), _given_up(at))),
    ("Call {call_id} has no score.", lambda at: at.decide("mei", "c3", Override(outcome=MET)), lambda at: at.decide("mei", "c1", Override(outcome=MET))),
    ("Call {call_id} has no score.", lambda at: at.propose(call_id="c3"), lambda at: at.propose().proposal),
    ("No stored call has a customer_id and a start.", lambda at: contact_report(make_store(at.folder / "other"), MACHINE, _promising()), lambda at: contact_report(at.store, MACHINE, _promising())),
    ("There is no conversation {conversation_id} in {root}.", lambda at: at.store.load_one("x", day=None), lambda at: at.store.load_one(rows(at.store, "select conversation_id from calls where call_id = 'c1'")[0]["conversation_id"], day=DAY).conversation_id),
    ("Version {version} of {id} is kept in {root} with other content.", lambda at: _frozen(at, 1), lambda at: _frozen(at, 2)),
    ("Version {version} of {rubric_id} is not kept in {root}.", _kept("tested@9"), _kept("tested@1")),
    ("No rubric is called {rubric_id}.", _kept("testde"), _kept("tested")),
)  # fmt: skip


def _taken_back_in_turn(at: Place) -> str:
    dispute, ruling = _ruled(at)
    at.decide("sup", "c1", TakeBack(about=ruling), None)
    return at.decide("anna", "c1", TakeBack(about=dispute), None)


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)])
def test_what_the_advice_names_is_done(tmp_path: Path, text: str, slip: At, cured: At) -> None:
    follow(text, lambda folder: slip(Place(folder)), lambda folder: cured(Place(folder)), tmp_path)


ALL_TEXTS = tuple(row[0] for row in ROWS)
