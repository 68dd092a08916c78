"""What a rubric may say but hardly means: each warning with what brings it, and with what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_pipeline.rubric.lint import lint
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.yaml_text import read_document
from tests.rubric.built_rubrics import write_folder

HEAD = "id: r\nversion: 1\n{top}sections:\n  - id: s\n    criteria:\n"
SAY = "check: phrase, phrases: {en: [good day to you]}"
ASK = "check: question, phrases: {en: [may we begin]}, answers: {willing: {en: [sure]}, unwilling: {en: [driving]}}"


def warnings(folder: Path, *criteria: str, top: str = "", background: str = "") -> list[str]:
    """`LINE:COLUMN: message` of each; criteria are flow mappings, the first on line 6 (and one more for each line of `top`)."""
    write_folder(folder)
    if background:
        (folder / "lists" / "background.yaml").write_text(background, "utf-8")
    path = folder / "r.yaml"
    path.write_text(HEAD.format(top=top) + "".join(f"      - {{{criterion}}}\n" for criterion in criteria), "utf-8")
    return [str(fault).removeprefix(f"{path}:") for fault in lint(load_rubric(path), read_document(path))]


PARENT = f"id: a, {ASK}"
CHILD = "id: b, check: phrase, phrases: {en: [call you back later]}, when: "


@pytest.mark.parametrize(
    ("parent", "when", "why"),
    [
        (PARENT, "[{criterion: a, outcome: not_met, answer: willing}]", "a has an answer only when it is met"),
        (PARENT, "[{criterion: a, outcome: not_applicable}]", "a always applies"),
        ("id: a, check: manual", "[{criterion: a, outcome: met}]", "a waits for a person and has no outcome before"),
        (PARENT, "[{criterion: a, answer: willing}, {criterion: a, answer: [unwilling, unclear]}]", "two of its conditions exclude each other"),
        (PARENT, "[{criterion: a, outcome: met}, {criterion: a, outcome: not_met}]", "two of its conditions exclude each other"),
        (PARENT, "[{metadata: team, is: red}, {metadata: team, in: [blue, green]}]", "two of its conditions exclude each other"),
        (PARENT, "[{disposition: [completed]}, {disposition: [refused, voicemail]}]", "two of its conditions exclude each other"),
    ],
)  # fmt: skip
def test_conditions_that_can_never_hold(tmp_path: Path, parent: str, when: str, why: str) -> None:
    (found,) = warnings(tmp_path, parent, CHILD + when)
    assert f"b can never apply: {why} (take the condition out or change it)" in found
    assert found.startswith("7:")


@pytest.mark.parametrize(
    ("parent", "when"),
    [
        (PARENT, "[{criterion: a, answer: willing}]"),
        (PARENT, "[{criterion: a, outcome: met, answer: willing}]"),
        (PARENT, "[{criterion: a, answer: [willing, unclear]}, {criterion: a, answer: [unwilling, unclear]}]"),
        (f"{PARENT}, excused_when: [voicemail]", "[{criterion: a, outcome: not_applicable}]"),
        (PARENT, "[{metadata: team, is: red}, {metadata: team, in: [red, blue]}]"),
        (PARENT, "[{metadata: team, is: red}, {metadata: site, is: blue}]"),
        (PARENT, "[{metadata: tries, at_least: 2}, {metadata: tries, at_most: 3}]"),
        (PARENT, "[{disposition: [completed]}, {metadata: team, is: red}]"),
    ],
)
def test_conditions_that_can_hold(tmp_path: Path, parent: str, when: str) -> None:
    assert warnings(tmp_path, parent, CHILD + when) == []


def test_a_child_of_a_branch_that_its_own_condition_shuts(tmp_path: Path) -> None:
    middle = "id: m, check: phrase, phrases: {en: [one more thing]}, when: [{criterion: a, answer: willing}]"
    shut = "[{criterion: a, answer: unwilling}, {criterion: m, outcome: met}]"
    (found,) = warnings(tmp_path, PARENT, middle, CHILD + shut)
    assert "b can never apply: m applies only when a came out otherwise" in found
    assert warnings(tmp_path, PARENT, middle, CHILD + "[{criterion: a, answer: willing}, {criterion: m, outcome: met}]") == []


STABLE = "status: stable"


@pytest.mark.parametrize(
    ("criteria", "top", "message"),
    [
        ([f"id: a, {STABLE}, {ASK}, levels: {{willing: 0.5, unwilling: 0, unclear: 0}}"], "pass_mark: 60\n",
         "3:1: at best a call reaches 50 percent, below the pass mark 60 (lower it, or raise levels)"),
        ([f"id: a, {STABLE}, check: metric, metric: turns, levels: {{good: {{credit: 0.7, at_most: 2}}}}", f"id: b, {STABLE}, {SAY}, weight: 2"],
         "pass_mark: 95\n", "3:1: at best a call reaches 90 percent, below the pass mark 95 (lower it, or raise levels)"),
        ([f"id: a, {STABLE}, {SAY}, weight: 0"], "",
         "3:1: no stable criterion that a machine judges has a weight: no call gets a percent (give some a weight)"),
        ([f"id: a, {STABLE}, check: manual"], "",
         "3:1: no stable criterion that a machine judges has a weight: no call gets a percent (give some a weight)"),
    ],
)  # fmt: skip
def test_a_pass_mark_out_of_reach(tmp_path: Path, criteria: list[str], top: str, message: str) -> None:
    assert warnings(tmp_path, *criteria, top=top) == [message]


@pytest.mark.parametrize(
    ("criteria", "top"),
    [
        ([f"id: a, {STABLE}, {SAY}"], "pass_mark: 100\n"),
        # unclear is not among the levels, so it counts as the outcome does: met.
        ([f"id: a, {STABLE}, {ASK}, levels: {{willing: 0.5}}"], "pass_mark: 100\n"),
        ([f"id: a, {STABLE}, {ASK}, levels: {{willing: 0.5, unwilling: 0, unclear: 0}}", f"id: b, {STABLE}, {SAY}, bonus: true"], "pass_mark: 80\n"),
        ([f"id: a, {SAY}, weight: 0"], ""),
        ([f"id: a, {STABLE}, {SAY}, deduct: 5"], "pass_mark: 100\nscoring: deductions\n"),
    ],
)  # fmt: skip
def test_a_pass_mark_within_reach(tmp_path: Path, criteria: list[str], top: str) -> None:
    assert warnings(tmp_path, *criteria, top=top) == []


def test_a_phrase_of_two_criteria(tmp_path: Path) -> None:
    other = "id: b, check: forbidden, phrases: {en: [go away, Good day to you]}"
    (found,) = warnings(tmp_path, f"id: a, {SAY}", other)
    assert "phrase 'Good day to you' is also one of a: one sentence would meet both" in found
    assert found.startswith(f"7:{len('      - {id: b, check: forbidden, phrases: {en: [go away, ') + 1}:")


@pytest.mark.parametrize(
    "other",
    [
        "id: b, check: phrase, phrases: {en: [good night to you]}",
        "id: b, check: phrase, phrases: {sv: [good day to you]}",
        "id: b, check: capture, capture: text, phrases: {en: [good day to you]}",
    ],
)
def test_phrases_that_differ_in_words_language_or_use(tmp_path: Path, other: str) -> None:
    assert warnings(tmp_path, f"id: a, {SAY}", other) == []


def background(containing: int, of: int = 50) -> str:
    lines = [f'    - "sentence {number}{" please" if number < containing else ""}"' for number in range(of)]
    return "id: background\nunlike:\n  en:\n" + "\n".join(lines) + "\n"


def everywhere(phrase: str) -> str:
    return f"id: a, check: phrase, phrases: {{en: [{phrase}]}}"


@pytest.mark.parametrize(
    ("phrase", "everyday", "found"),
    [
        ("please", background(4), "phrase 'please' stands in 8% of everyday sentences: it matches almost anywhere (write more of the sentence)"),
        ("please", background(3), None),
        ("please hold", background(4), None),
        ("'(please|kindly)'", background(4), None),
        # Too few sentences to say anything.
        ("please", background(4, of=49), None),
    ],
)  # fmt: skip
def test_a_word_that_is_in_every_other_sentence(tmp_path: Path, phrase: str, everyday: str, found: str | None) -> None:
    told = warnings(tmp_path, everywhere(phrase), background=everyday)
    assert [text.split(": ", 1)[1] for text in told] == ([found] if found else [])


def test_groups_are_looked_at_like_phrases(tmp_path: Path) -> None:
    groups: dict[str, Any] = {"x": "good day to you", "y": "and good bye"}
    written = ", ".join(f"{name}: {{en: [{text}]}}" for name, text in groups.items())
    (found,) = warnings(tmp_path, f"id: a, {SAY}", f"id: b, check: phrase, need: all, groups: {{{written}}}")
    assert "'good day to you' is also one of a" in found


LIKES = "id: likes\nlike: {en: [we call you back]}\n"


@pytest.mark.parametrize(("text", "count"), [(LIKES, 1), (LIKES + "phrases: {en: [call you back]}\n", 0)])
def test_a_list_of_examples_alone_is_no_list_of_phrases(tmp_path: Path, text: str, count: int) -> None:
    write_folder(tmp_path)
    (tmp_path / "lists" / "likes.yaml").write_text(text, "utf-8")
    found = warnings(tmp_path, f"id: a, {SAY}, lists: [lists/likes.yaml]")
    assert len(found) == count
    assert all("6:" in one and "write `meaning: {list: lists/likes.yaml}`" in one for one in found)
