"""What a trainer's desk refuses or warns of: publishing, trying, files and drafts, lists to import; and the same with the cure followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import openpyxl
import pytest
from bare import unset
from sqlalchemy import Engine

from qa_pipeline.call import Outcome
from qa_pipeline.phrases.grammar import check_phrase
from qa_pipeline.phrases.regular import Pattern, compile_regular, find_regular
from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.viewer import MACHINE, Role
from qa_pipeline.results.versions import freeze
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.opening import open_desk, open_lists
from qa_pipeline.review.people import add_account
from qa_pipeline.review.trust import Trust
from qa_pipeline.rubric.cases import load_cases
from qa_pipeline.rubric.load import choose_rubric, load_rubric, load_rubrics
from qa_pipeline.running.environment import open_store
from qa_pipeline.scoring.score import prepare
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.additions import case_of
from qa_pipeline.trainer.answers_measured import unmeasured_questions
from qa_pipeline.trainer.assist import publish_statuses
from qa_pipeline.trainer.checking import check_rubric
from qa_pipeline.trainer.diff import calls_to_compare
from qa_pipeline.trainer.drafts import keep_draft, open_file, save_draft
from qa_pipeline.trainer.import_phrases import import_phrases
from qa_pipeline.trainer.pasted import read_pasted
from qa_pipeline.trainer.publish import publish, run_cases, stored_calls
from qa_pipeline.trainer.roll_back import text_to_go_back
from qa_pipeline.trainer.scoring_diff import scores_by_other_scoring
from qa_pipeline.trainer.shelf import read_sheet, save_sheet
from tests.cures.texts import Do, follow
from tests.rubric.built_rubrics import write_folder
from tests.running.batches import call
from tests.trainer.desk import CASES, SERVICE, desk, edit, service_folder, spoken, stored
from tests.trainer.test_answers_measured import trusted

_GREETING = SERVICE[SERVICE.index("      - id: greeting") : SERVICE.index("      - id: convenience")]
CALL = spoken("c1", "0:00 agent: Hello there. Is this a good time?", "0:05 customer: Go ahead.", agent_id="anna", day=1)
SHOUTS = "    agent: And then he shouted shut up at the screen.\n"
KNOWN = f"calls:\n- name: quoted\n  language: en\n  dialogue: |\n{SHOUTS}"
HIT = "hits:\n- {rubric: service, criterion: rude, call: quoted, reason: it is quoted}\n"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return unset(monkeypatch, tmp_path)


def _bench(folder: Path, *edits: tuple[str, str], cases: str = CASES, known_good: str = "") -> Settings:
    """The rubric `service` with its cases, with these places changed."""
    settings = desk(folder, service_folder(folder / "rubrics"))
    for old, new in edits:
        edit(settings.rubrics / "service.yaml", old, new)
    (settings.rubrics / "service.cases.yaml").write_text(cases, "utf-8")
    if known_good:
        (settings.rubrics / "known_good.yaml").write_text(known_good, "utf-8")
    return settings


def _published(*edits: tuple[str, str], cases: str = CASES, known_good: str = "", name: str = "service") -> Do:
    return lambda folder: publish([name], _bench(folder, *edits, cases=cases, known_good=known_good))


def _all_of(*edits: tuple[str, str]) -> Do:
    return lambda folder: sorted(load_rubrics(_bench(folder, *edits).rubrics))


def _then(*edits: tuple[str, str], version: int = 1) -> Do:
    """Published as this version, then with these changes."""

    def do(folder: Path) -> object:
        settings = _bench(folder, ("version: 1", f"version: {version}"))
        publish(["service"], settings)
        for old, new in edits:
            edit(settings.rubrics / "service.yaml", old, new)
        return publish(["service"], settings)

    return do


def _pointing(*, with_results: bool) -> Do:
    """Cases of which one points at a stored call."""

    def do(folder: Path) -> object:
        settings = _bench(folder, cases="- name: a call\n  language: en\n  call: c1\n  expected: {greeting: met}\n")
        store = stored(settings, CALL)
        return list(run_cases(settings, ["service"], stored_calls(store) if with_results else None))

    return do


def _status(name: str, written: str, by_hand: str) -> tuple[Do, Do]:
    """A rubric whose status this program cannot write, and the same published with it written by hand."""

    def do(is_by_hand: bool) -> Do:
        def work(folder: Path) -> object:
            settings = _bench(folder, (_GREETING, by_hand if is_by_hand else written))
            if is_by_hand:
                return publish(["service"], settings)
            store = open_store(settings)
            store.prepare()
            return publish_statuses(open_desk(settings, store), settings, "service", {name: "assist"})

        return work

    return do(False), do(True)


def _back(folder: Path, *, text: bool) -> object:
    """Going back to version 1 where the results keep it with its file, or without."""
    settings = _bench(folder)
    store = open_store(settings)
    store.prepare()
    freeze([load_rubric(settings.rubrics / "service.yaml")], store, folder=settings.rubrics if text else None)
    return text_to_go_back(store, settings.rubrics, "service", 1)


def _from_backup(folder: Path) -> object:
    """The file of version 1 from a backup, published as the next."""
    settings = _bench(folder, ("[call you back]", "[ring you]"), cases=CASES.replace("I will call you back", "I will ring you"))
    publish(["service"], settings)
    (settings.rubrics / "service.yaml").write_text(SERVICE.replace("version: 1", "version: 2"), "utf-8")
    (settings.rubrics / "service.cases.yaml").write_text(CASES, "utf-8")
    return publish(["service"], settings)


def _compared(since: date | None, *, every: bool = False) -> Do:
    def do(folder: Path) -> object:
        settings = _bench(folder)
        card = prepare(load_rubric(settings.rubrics / "service.yaml"), {})
        store = stored(settings, CALL, scored_by=None if every else settings.rubrics / "service.yaml")
        return len(calls_to_compare(store, open_lists(settings, store), MACHINE, card, card, since=since, until=None, every=every))

    return do


def _scored_otherwise(since: date | None) -> Do:
    def do(folder: Path) -> object:
        settings = _bench(folder)
        card = prepare(load_rubric(settings.rubrics / "service.yaml"), {})
        store = stored(settings, CALL, scored_by=settings.rubrics / "service.yaml")
        return len(scores_by_other_scoring(store, open_lists(settings, store), MACHINE, card, since=since, until=None))

    return do


def _pasted(text: str, language: str | None = None) -> Do:
    return lambda _: len(read_pasted(text, name="dialogue", language=language, columns={}, encode=None).utterances)


def _chosen(rubric: str | None, *tops: str) -> Do:
    """The rubric of a call whose metadata name one, of two rubrics with these lines above their sections."""

    def do(folder: Path) -> object:
        body = "sections:\n  - id: s\n    criteria: [{id: a, check: manual}]\n"
        write_folder(folder, **{name: f"id: {name}\nversion: 1\n{top}{body}" for name, top in zip(("one", "two"), tops, strict=True)})
        chosen = choose_rubric(call("c1", rubric=rubric, campaign="renewal"), load_rubrics(folder))
        assert chosen is not None
        return chosen.id

    return do


def _checked(*tops: str) -> Do:
    """What the check of the first of two rubrics warns of."""

    def do(folder: Path) -> object:
        body = "sections:\n  - id: s\n    criteria: [{id: a, check: manual}]\n"
        write_folder(folder, **{name: f"id: {name}\nversion: 1\n{top}{body}" for name, top in zip(("one", "two"), tops, strict=True)})
        return [str(one) for one in check_rubric(folder / "one.yaml").warnings]

    return do


def _listed(name: str) -> Do:
    """A rubric whose meaning is told apart from that of another list."""

    def do(folder: Path) -> object:
        write_folder(
            folder,
            mine="id: mine\nversion: 1\nsections:\n  - id: s\n    criteria:\n      - {id: a, check: semantic, meaning: {list: lists/late.yaml}}\n",
        )
        (folder / "lists" / "late.yaml").write_text(f"id: late\nlike: {{en: [it is late]}}\nagainst: [{name}]\n", "utf-8")
        (folder / "lists" / "soon.yaml").write_text("id: soon\nlike: {en: [it is soon]}\n", "utf-8")
        return load_rubric(folder / "mine.yaml").id

    return do


def _sheet(content: bytes, file: str = "lists/more.yaml") -> Do:
    def do(folder: Path) -> object:
        write_folder(folder)
        (folder / "lists" / "more.yaml").write_bytes(content)
        return read_sheet(folder, file).file

    return do


def _saved(*, anew: bool) -> Do:
    """A text saved onto a file that was changed meanwhile: at once, or after the two were compared."""

    def do(folder: Path) -> object:
        service_folder(folder)
        seen = read_sheet(folder, "service.yaml")
        (folder / "service.yaml").write_text(SERVICE + "# outside\n", "utf-8")
        if anew:
            seen = read_sheet(folder, "service.yaml")
        return save_sheet(folder, "service.yaml", seen.text + "# mine\n", based_on=seen.sha256).file

    return do


def _drafted(work: Callable[[Engine, Settings], object]) -> Do:
    def do(folder: Path) -> object:
        settings = _bench(folder)
        engine = open_database(settings)
        bring_up(engine)
        add_account(engine, "piotr", roles=[Role.TRAINER])
        return work(engine, settings)

    return do


def _edited(engine: Engine, settings: Settings) -> object:
    keep_draft(engine, 1, "service.yaml", SERVICE + "# mine\n", based_on=open_file(engine, settings, 1, "service.yaml").based_on)
    return save_draft(engine, settings, 1, "service.yaml").file


def _several(engine: Engine, settings: Settings) -> object:
    for name in ("one", "two"):
        keep_draft(engine, 1, f"lists/{name}.yaml", "# " + "x" * 1_100_000, based_on="")
    return save_sheet(settings.rubrics, "lists/one.yaml", "# " + "x" * 1_100_000, based_on="").file


def _imported(name: str, content: bytes | None = None, sheet: str | None = None) -> Do:
    def do(folder: Path) -> object:
        path = folder / name
        if content is not None:
            path.write_bytes(content)
        else:
            book = openpyxl.Workbook()
            page = book.active
            assert page is not None
            page.title = "phrases"
            for row in (("phrase", "language"), ("hello", "en")):
                page.append(row)
            book.save(path)
        return import_phrases(path, folder / "list.yaml", sheet=sheet, language=None, kind="phrases", list_id="mine")

    return do


def _fitted(pattern: Pattern) -> Do:
    return lambda _: list(find_regular(pattern, "a long utterance"))


def _hangs(*_: object, **__: object) -> object:
    raise TimeoutError


def _asked(status: str) -> Do:
    """What is warned of a question to a language model that people agree with too rarely, or have hardly judged."""

    def do(folder: Path, *people: Trust) -> object:
        question = f"id: named, status: {status}, check: ask, question: {{en: Does the agent name the price?}}"
        write_folder(folder, asking=f"id: asking\nversion: 1\nsections:\n  - id: s\n    criteria:\n      - {{{question}}}\n")
        return unmeasured_questions(load_rubric(folder / "asking.yaml"), people, bar=0.6, least_calls=30)

    return do


def _disagreed(status: str) -> Do:
    line = replace(trusted(0.3, calls=40), rubric_id="asking", criterion_id="named")
    return lambda folder: cast("Callable[..., object]", _asked(status))(folder, line)


_FLOW = "      - {id: greeting, check: phrase, within: {first: {turns: 1}}, phrases: {en: [hello there]}, weight: 10}\n"
_BIG = "x" * 2_000_001
_TAGGED = _GREETING.replace("stable", "!!str stable")
ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("Case {name} points at call {call}", _pointing(with_results=False), _pointing(with_results=True)),
    ("No rubric is called ….", _published(name="servce"), _published()),
    ("{text}", _published(cases=CASES.split("- name: nothing asked")[0]), _published()),
    ("{name}: {miss}", _published(("[hello there]", "[good evening]")), _published(("[hello there]", "[hello there, good evening]"))),
    ("version {version} is published with other content", _then(("[call you back]", "[call you back, ring you]")),
     _then(("[call you back]", "[call you back, ring you]"), ("version: 1", "version: 2"))),
    ("version {newest} is published already", _then(("version: 3", "version: 2"), version=3), _then(("version: 3", "version: 4"), version=3)),
    ("critical {criterion_id} hits the known-good call", _published(known_good=KNOWN), _published(known_good=KNOWN + HIT)),
    ("critical {criterion_id} hits the known-good call", _published(known_good=KNOWN),
     _published(("[shut up]", "[shut up now]"), known_good=KNOWN, cases=CASES.replace("Shut up.", "Shut up now."))),
    ("no known-good call is named {call}", _published(known_good=KNOWN + HIT.replace("quoted,", "quoetd,", 1)), _published(known_good=KNOWN + HIT)),
    ("Version {version} of {rubric_id} is kept without the text", lambda folder: _back(folder, text=False), _from_backup),
    ("No stored call was scored by {id} or {id}", _compared(date(2027, 1, 1)), _compared(date(2026, 1, 1))),
    ("No stored call was scored by {id} or {id}", _compared(date(2027, 1, 1)), _compared(None, every=True)),
    ("No stored call was scored by … in that time.", _scored_otherwise(date(2027, 1, 1)), _scored_otherwise(None)),
    ("Nothing is known of what was said in {call_id}.", lambda _: case_of(replace(CALL, utterances=()), "a case", {"greeting": Outcome.MET}), _published()),
    ("The language of {name} cannot be told.", _pasted("agent: 12 34\n"), _pasted("agent: 12 34\n", "en")),
    ("{name} holds no dialogue.", _pasted("\n"), _pasted("0:03 agent: hello\n", "en")),
    ("Rubric {rubric}, which their metadata name, is not to be had.", _chosen("three", "", ""), _chosen("two", "", "")),
    ("Rubrics {names} apply alike.", _chosen(None, "applies_to: {direction: outbound}\n", "applies_to: {direction: outbound}\n"),
     _chosen("two", "applies_to: {direction: outbound}\n", "applies_to: {direction: outbound}\n")),
    ("Rubrics {names} apply alike.", _chosen(None, "applies_to: {direction: outbound}\n", "applies_to: {direction: outbound}\n"),
     _chosen(None, "applies_to: {direction: outbound}\n", "applies_to: {direction: outbound, campaign: renewal}\n")),
    ("{told}", _checked("applies_to: {direction: outbound}\n", "applies_to: {direction: outbound}\n"), _checked("applies_to: {direction: outbound}\n", "applies_to: {}\n")),
    ("against: no list file {name}", _listed("lists/soon.yaml"), _listed("soon.yaml")),
    ("cannot be read: {strerror}", lambda folder: load_rubric(folder / "none.yaml"), _listed("soon.yaml")),
    ("{file} is no file of the rubrics folder.", _sheet(b"", "More.yml"), _sheet(b"")),
    ("{file} is not UTF-8 text.", _sheet("id: more # 您好\n".encode("gb18030")), _sheet("id: more # 您好\n".encode())),
    ("{file} was changed outside since this text was begun.", _saved(anew=False), _saved(anew=True)),
    ("Nothing of {file} is unsaved.", _drafted(lambda engine, settings: save_draft(engine, settings, 1, "service.yaml")), _drafted(_edited)),
    ("{file} would have more than 2000000 bytes.", _drafted(lambda engine, _: keep_draft(engine, 1, "lists/one.yaml", _BIG, based_on="")), _drafted(_several)),
    ("{file} would have more than 2000000 bytes.", _drafted(lambda _, settings: save_sheet(settings.rubrics, "lists/one.yaml", _BIG, based_on="")), _drafted(_several)),
    ("{name} has no sheet {sheet}.", _imported("p.xlsx", sheet="third"), _imported("p.xlsx", sheet="phrases")),
    ("{source} is not CSV: {error}.", _imported("p.csv", b'phrase,language\n"hello,en\n'), _imported("p.csv", b'phrase,language\n"hello",en\n')),
    ("{source} is not CSV: {error}.", _imported("p.csv", b'phrase,language\n"hello,en\n'), _imported("p.xlsx")),
    ("The regular expression {pattern} takes more than", _fitted(cast("Pattern", SimpleNamespace(pattern=r"(\w+)+", finditer=_hangs))), _fitted(compile_regular(r"\w++"))),
    # Headings: each fault below them says what to do.
    ("{name} cannot be used.", _published(cases=CASES + "- {nam: another}\n"), _published()),
    ("{name} cannot be used.", _published(known_good=KNOWN + HIT.replace("quoted,", "quoetd,", 1)), _published(known_good=KNOWN + HIT)),
    ("{name} has 1 fault.", _published(cases="name: a good call\n"), _published()),
    ("{name} has ….", _published(("check: question", "chek: question")), _published()),
    ("{name} has {count}.", _published(("id: service", "id: service\nid: service")), _published()),
    ("Rubrics cannot be used.", _all_of(("check: question", "chek: question")), _all_of()),
    ("{name} cannot be taken over.", _imported("p.csv", b"words\nhello\n"), _imported("p.csv", b"phrase,language\nhello,en\n")),
    ("… cannot be published{others}.", _published(cases=CASES.split("- name: nothing asked")[0]), _published()),
    ("{text}: {{slot}} stands for nothing in an unknown language.", lambda _: check_phrase("good {daytime}", ""), lambda _: check_phrase("good morning", "")),
    ("{path} does not say `id` of {criterion_id} on a line", *_status("greeting", _FLOW, _FLOW.replace("check", "status: assist, check"))),
    ("The status of {criterion_id} could not be written", *_status("greeting", _TAGGED, _GREETING.replace("stable", "assist"))),
    ("{id} is answered by a language model and counts in scores; people have judged it", _asked("stable"), _asked("assist")),
    ("{id} is answered by a language model and counts in scores; people have judged it", _asked("stable"), _asked("trial")),
    ("{id} is answered by a language model and counts in scores, and people agree", _disagreed("stable"), _disagreed("assist")),
)  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)])
def test_what_the_cure_says_is_taken(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


def test_a_case_that_is_written_by_hand_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.cases.yaml").write_text(CASES, "utf-8")
    assert len(load_cases(tmp_path / "a.cases.yaml")) == 4


ALL_TEXTS = tuple(row[0] for row in ROWS)
