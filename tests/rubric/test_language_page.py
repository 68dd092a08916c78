"""docs/rubric-language.md, line by line: every table marked `<!-- tested: NAME -->` is run against the program."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from qa_pipeline.call import Conversation, Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.phrases.search import compile_phrase, find_phrase, speech_from_text
from qa_pipeline.rubric.cases import without_times
from qa_pipeline.rubric.criteria import CRITERIA, keys_of
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.windows import Window
from qa_pipeline.scoring.windows import Party, select
from qa_pipeline.values.find import find_values
from tests.rubric.built_rubrics import MET, NOT_APPLICABLE, NOT_MET, UNDETERMINED, finding, scored

PAGE = (Path(__file__).parents[2] / "docs" / "rubric-language.md").read_text("utf-8")
BY_OUTCOME = {"met": MET, "not_met": NOT_MET, "undetermined": UNDETERMINED, "not_applicable": NOT_APPLICABLE}
SPOKEN = conversation("agent: hello there", language="en")


def table(name: str) -> list[tuple[str, ...]]:
    """Rows of a marked table, without its head."""
    after = PAGE.split(f"<!-- tested: {name} -->\n", 1)[1]
    lines = [line for line in after.split("\n\n", 1)[0].splitlines() if line.startswith("|")]
    return [tuple(cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in lines[2:]]


def test_every_marked_table_is_run() -> None:
    marked = set(re.findall(r"<!-- tested: (\w+) -->", PAGE))
    run = set(re.findall(r'table\("(\w+)"\)', Path(__file__).read_text("utf-8")))
    assert marked == run


@pytest.mark.parametrize(("a", "b", "every", "either"), table("combination"))
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_combinations(a: str, b: str, every: str, either: str, order: tuple[int, int]) -> None:
    parts = [{"id": "a", **BY_OUTCOME[a]}, {"id": "b", **BY_OUTCOME[b]}]
    of = [("a", "b")[i] for i in order]
    for check, wanted in (("all", every), ("any", either)):
        assert scored(SPOKEN, *parts, {"id": "c", "check": check, "of": of}).findings[2].outcome.value == wanted


@pytest.mark.parametrize(("a", "negated"), table("negation"))
def test_negation(a: str, negated: str) -> None:
    assert scored(SPOKEN, {"id": "a", **BY_OUTCOME[a]}, {"check": "not", "of": ["a"]}).findings[1].outcome.value == negated


@pytest.mark.parametrize(("said", "answers", "answer"), table("answers"))
def test_answers(said: str, answers: str, answer: str) -> None:
    language = "zh" if re.search("[一-鿿]", said) else "en"
    question = {
        "check": "question",
        "phrases": {"en": ["is this a (good|bad) time"], "zh": ["方便吗"]},
        "answers": {name.strip(): {} for name in answers.split(",")},
    }
    assert finding(conversation(*said.split(" / "), language=language), question).answer == answer


@pytest.mark.parametrize(("said", "language", "value"), table("times"))
def test_times(said: str, language: str, value: str) -> None:
    began = datetime(2026, 11, 20, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert [found.value for found in find_values("datetime", said, language, began)] == ([] if value == "–" else [value])


@pytest.mark.parametrize(("phrase", "language", "said", "found"), table("phrases"))
def test_phrases(phrase: str, language: str, said: str, found: str) -> None:
    assert bool(find_phrase(compile_phrase(phrase, language), speech_from_text(said, language))) == (found == "yes")


@pytest.mark.parametrize(("said", "window", "searched"), table("windows"))
def test_windows(said: str, window: str, searched: str) -> None:
    side, extent = window.split(" ", 1)
    amounts = {"s": "seconds", "turns": "turns"}
    limits = {amounts[unit]: float(n) if unit == "s" else int(n) for n, unit in re.findall(r"(\d+) (s|turns)", extent)}
    spoken = conversation(*said.split(" / "), language="en")
    found = select(Party(spoken, (Role.AGENT,)), Window.model_validate({side: limits}))
    assert " ".join(u.text for u in found.utterances) == searched


def _call(name: str) -> Conversation:
    calls = {
        "nothing was said": replace(SPOKEN, utterances=()),
        "roles certain to 0.5": conversation("agent: good day", language="en", role_confidence=0.5),
        "in a language without phrases": conversation("agent: hej", language="sv"),
        "cut at the end, window at the end": conversation("agent: good day", language="en", ends_cut=True),
        "cut at the start, window at the start": conversation("agent: good day", language="en", starts_cut=True),
        "words heard with confidence 0.2": conversation("agent: good day", language="en", confidence=0.2),
    }
    return calls.get(name) or (without_times(SPOKEN) if name.startswith("no times") else SPOKEN)


@pytest.mark.parametrize(("call", "criterion", "reason"), table("undetermined"))
def test_causes_of_undetermined(call: str, criterion: str, reason: str) -> None:
    side = "last" if "window at the end" in call else "first"
    checks = {
        "phrase": {"check": "phrase", "phrases": {"en": ["bananas"]}, "within": {side: {"seconds": 30}}},
        "metric": {"check": "metric", "metric": criterion.split(" ")[-1], "at_most": 5},
        "metadata": {"check": "metadata", "call_windows": [{"from": "10:00", "to": "12:00"}]},
        "manual": {"check": "manual"},
    }
    found = finding(_call(call), checks[criterion.split(" ")[0]])
    assert (found.outcome.value, found.reason_code) == ("undetermined", reason)


@pytest.mark.parametrize(("parent", "condition", "child"), table("parents"))
def test_parents(parent: str, condition: str, child: str) -> None:
    key, value = condition.split(" ")
    first = {"id": "a", **BY_OUTCOME[parent]}
    if key == "answer":
        first = {"id": "a", "check": "question", "phrases": {"en": ["bananas"]}, "answers": {"willing": {}}}
    found = scored(SPOKEN, first, {**MET, "when": [{"criterion": "a", key: value}]}).findings[1]
    assert found.outcome.value == ("met" if child == "judged" else child)


@pytest.mark.parametrize(("criteria", "percent", "coverage"), table("points"))
def test_points(criteria: str, percent: str, coverage: str) -> None:
    parts = []
    for text in criteria.split(", "):
        weight, outcome, *flag = text.split(" ")
        extra = {"bonus": True} if flag == ["bonus"] else {"critical": "section"} if flag == ["section"] else {}
        parts.append({**BY_OUTCOME[outcome], "weight": float(weight), **extra})
    total = scored(SPOKEN, *parts)
    assert (total.percent, total.coverage) == tuple(None if cell == "–" else pytest.approx(float(cell)) for cell in (percent, coverage))


def test_every_key_of_the_language_is_on_the_page() -> None:
    filled_in = {"situations", "background"}
    keys = set(Rubric.model_fields) - filled_in | {key for kind in CRITERIA.values() for key in keys_of(kind)}
    missing = {key for key in keys if f"`{key}`" not in PAGE}
    assert missing == set(), "give each its row under Criterion in docs/rubric-language.md"


def test_every_check_is_on_the_page() -> None:
    missing = {check for check in CRITERIA if f"| `{check}` |" not in PAGE}
    assert missing == set(), "give each its row under Checks in docs/rubric-language.md"
