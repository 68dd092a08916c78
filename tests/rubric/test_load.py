"""YAML → Rubric: every fault located, none escapes as another exception; lists, hashes and the choice of a rubric."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Call
from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric import load
from qa_pipeline.rubric.canonical import criterion_sha256, rubric_sha256
from qa_pipeline.rubric.load import choose_rubric, is_published, load_list, load_rubric, load_rubrics, readable_rubrics
from qa_pipeline.rubric.overlap import overlaps
from qa_pipeline.yaml_text import read_document
from tests.rubric.built_rubrics import rubric, write_folder

GOOD = """\
id: good
version: 1
sections:
  - id: opening
    criteria:
      - id: greeting
        check: phrase
        phrases: {en: [hello]}
"""
HEAD = "id: good\nversion: 1\nsections:\n  - id: opening\n    criteria:\n"
CALL = Call(call_id="c", source_uri="c.wav", audio_sha256="0")


def faults_of(folder: Path, text: str) -> tuple[Fault, ...]:
    """The faults of a rubric text; every one names the file."""
    path = write_folder(folder, good=text) / "good.yaml"
    with pytest.raises(RubricError) as caught:
        load_rubric(path)
    assert all(fault.path == str(path) for fault in caught.value.faults)
    return caught.value.faults


def test_a_good_rubric_is_loaded(tmp_path: Path) -> None:
    loaded = load_rubric(write_folder(tmp_path, good=GOOD) / "good.yaml")
    assert (loaded.id, loaded.version, loaded.pass_mark, loaded.min_coverage) == ("good", 1, 80, 0.5)
    assert [(c.id, c.weight, c.status, c.phrases) for c in loaded.criteria] == [("greeting", 1.0, "draft", {"en": ("hello",)})]


@pytest.mark.parametrize(
    ("slip", "line", "column", "said", "cure"),
    [
        ("      - {id: a, check: phrase, phrases: {en: [true]}}\n", 6, 47, "found True, wanted text", 'quote it: "true"'),
        ("      - {id: a, check: phrase, phrases: {en: [12]}}\n", 6, 47, "found 12, wanted text", 'quote it: "12"'),
        ("      - id： a\n        check: phrase\n", 6, 11, "a full-width colon ：", "use : and a space"),
        (
            "      - id: a\n        check: phrase\n        phrases: {zh: [您好]}\n        title：好\n",
            9,
            14,
            "a full-width colon ：",
            "use : and a space",
        ),
        ("      - id: a\n        check: phrase\n        phrases:\n          zh: [“您好”]\n", 9, 16, "a curly quote “", 'use "'),
        ("      - id: a\n\tcheck: phrase\n", 7, 1, "a tab in the indentation", "use spaces"),
        ("      - id: a\n        check: phrase\n        id: b\n", 8, 9, "key 'id' stands twice (first on line 6)", "keep one of the two"),
        ("      - id: a\n       check: phrase\n", 7, None, "not YAML", "check indentation"),
        ("      - {id: a, check: phrase, phrases: {en: [hello]}\n", None, None, "not YAML", "check indentation"),
        ("      - {id: a, check: phrase, phrases: {en: *none}}\n", 6, None, "not YAML", ""),
        ("      - {id: a, check: phrase, phrases: {en: [hello]}, wieght: 2}\n", 6, 56, "no key is called 'wieght'", "did you mean weight?"),
        ("      - {id: a, check: phrase, phrases: {fr: [bonjour]}}\n", 6, None, "'zh', 'en', 'pl' or 'sv'", ""),
        ("      - {id: a, check: phrase}\n", 6, 9, "check: phrase needs `phrases`", ""),
        ("      - {id: a, check: metric, metric: turns}\n", 6, 9, "check: metric needs `metric` with", ""),
        ("      - {id: a, check: not, of: [a, b]}\n", 6, 9, "check: not needs `of` with one criterion", ""),
        ("      - {id: a, check: guess}\n", 6, 17, "'phrase'", ""),
        ("      - {id: a, check: phrase, phrases: {zh: [您好（先生｜女士）]}}\n", 6, None, "has a full-width （", "Write ("),
        ("      - {id: a, check: phrase, phrases: {zh: [我是｛company｝]}}\n", 6, None, "has a full-width ｛", "Write {"),
        ("      - {id: a, check: manual, critical: yes}\n", 6, None, "yes is a truth value", "write true if the key wants one"),
        ('      - {id: a, check: manual, critical: "yes"}\n', 6, 32, "found 'yes', wanted true or false", "write true, without quotes"),
        ('      - {id: a, check: manual, bonus: "no"}\n', 6, 32, "found 'no', wanted true or false", "write false, without quotes"),
        ("      - {id: a, check: manual}\n    criterion: []\n", 7, 5, "no key is called 'criterion'", "did you mean criteria?"),
        ("      - {id: a, check: manual, when: [{criterium: b, outcome: met}]}\n", 6, None, "'criterium'", "did you mean criterion?"),
        ("      - {id: a, check: phrse}\n", 6, 17, "found 'phrse', wanted 'phrase', 'question'", "did you mean phrase?"),
        ("      - {id: a, weight: 2}\n", 6, 9, "check is missing", "add it"),
        ("      - {id: a, check: manual, before: b}\n", 6, 32, "check: manual does not read `before`", "read by phrase, question"),
        ("      - {id: A b, check: manual}\n", 6, 10, "does not have the form", "lower-case letters"),
        ("      - {id: a, check: manual, weight: -1}\n", 6, 32, "greater than or equal to 0", ""),
        ("      - {id: a, check: manual, weight: heavy}\n", 6, 32, "found 'heavy', wanted a number", "without quotes"),
        ("      - {id: a, check: phrase, phrases: {en: [hello]}, within: {first: {}}}\n", 6, None, "give `seconds`, `turns` or both", ""),
        ("      - {id: a, check: phrase, phrases: {en: [hello]}, within: {}}\n", 6, 56, "give either `first` or `last`", ""),
        ("      - {id: a, check: phrase, groups: {g: {en: [hi]}}, need: 2}\n", 6, 9, "more than the 1 groups", ""),
        ("      - {id: a, check: metric, metric: charm, at_least: 1}\n", 6, 32, "no metric is called 'charm'", "turns"),
        ("      - {id: a, check: phrase, phrases: {en: ['hello {nix}']}}\n", 6, 47, "no slot is called {nix}", ""),
        (
            "      - {id: a, check: phrase, phrases: {sv: ['jag heter {surname}']}}\n",
            6,
            47,
            "{surname} stands for nothing in sv",
            "only zh knows it",
        ),
        ("      - {id: a, check: phrase, phrases: {en: ['hello (you']}}\n", 6, 47, "is not closed", "Balance the brackets"),
        ("      - {id: a, check: phrase, phrases: {en: ['?']}}\n", 6, 47, "no word to look for", ""),
        ("      - {id: a, check: phrase, match: regex, phrases: {en: ['(']}}\n", 6, 61, "not a regular expression", ""),
        ("      - {id: a, check: phrase, lists: [lists/none.yaml]}\n", 6, None, "no list file lists/none.yaml", "check the path"),
        ("      - {id: a, check: phrase, meaning: {list: lists/none.yaml}}\n", 6, 42, "no list file lists/none.yaml", "check the path"),
        ("      - {id: a, check: manual}\n      - {id: a, check: manual}\n", 7, 10, "criterion 'a' stands twice", "own id"),
        ("      - {id: a, check: all, of: [b]}\n", 6, 34, "no criterion is called 'b'", "there are: a"),
        ("      - {id: a, check: phrase, phrases: {en: [hi]}, before: b}\n", 6, 53, "no criterion is called 'b'", "there are: a"),
        ("      - {id: a, check: manual, when: [{criterion: b, outcome: met}]}\n", 6, 40, "no criterion is called 'b'", "there are: a"),
        (
            "      - {id: a, check: all, of: [b]}\n      - {id: b, check: all, of: [a]}\n",
            6,
            10,
            "wait for each other: a → b → a",
            "take one",
        ),
        ("      - {id: a, check: not, of: [a]}\n", 6, 10, "wait for each other: a → a", "take one"),
    ],
)
def test_a_slip_is_told_with_its_place_and_cure(
    tmp_path: Path, slip: str, line: int | None, column: int | None, said: str, cure: str
) -> None:
    fault = faults_of(tmp_path, HEAD + slip)[0]
    assert said in fault.message
    assert cure in fault.advice
    assert line in (None, fault.line)
    assert column in (None, fault.column)


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD + "      - {id: a, check: all, of: [x]}\n      - {id: a, check: phrase, phrases: {en: [hi]}, before: y}\n"
    assert [fault.line for fault in faults_of(tmp_path, text)] == [6, 7, 7]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "hello",
        "- a\n- b\n",
        "id: good\n",
        "id: good\nversion: 0\nsections: []\n",
        "id: good\nversion: one\nsections: x\n",
        "\0",
        "a: &b [*b]\n",
        "%YAML 1.1\n---\nid: no\n",
        "--- a\n--- b\n",
    ],
)
def test_what_is_no_rubric_is_refused(tmp_path: Path, text: str) -> None:
    faults_of(tmp_path, text)


def test_bytes_that_are_no_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    path = write_folder(tmp_path) / "good.yaml"
    path.write_bytes(GOOD.encode() + "# 您好\n".encode("gb18030"))
    with pytest.raises(RubricError) as caught:
        load_rubric(path)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message) == (9, "not UTF-8 text")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = write_folder(tmp_path) / "good.yaml"
    path.write_text(GOOD, "utf-8-sig")
    assert load_rubric(path).id == "good"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError) as caught:
        load_rubric(write_folder(tmp_path) / "none.yaml")
    assert "cannot be read" in caught.value.faults[0].message


@pytest.mark.parametrize("word", ["no", "Yes", "10:00", "on", "OFF"])
@pytest.mark.parametrize("form", ["[{}]", "\n          - {}", "{{k: {}}}"])
def test_an_unquoted_word_that_yaml_may_misread_is_a_fault(tmp_path: Path, word: str, form: str) -> None:
    text = GOOD.replace("{en: [hello]}", "\n          en: " + form.format(word))
    fault = faults_of(tmp_path, text)[0]
    assert fault.line == 9 + form.startswith("\n")
    assert fault.advice.endswith(f'quote it: "{word}"')
    assert fault.advice.startswith("write ") is (form.startswith("{{k") and word != "10:00")


def test_a_full_width_comma_between_phrases_is_a_fault(tmp_path: Path) -> None:
    fault = faults_of(tmp_path, GOOD.replace("{en: [hello]}", "{zh: [您好，早上好]}"))[0]
    assert (fault.line, fault.column, fault.message) == (8, 24, "a full-width comma ， does not separate")


@pytest.mark.slow
def test_anchors_that_explode_are_refused_at_once(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert any("aliases that expand without bound" in fault.message for fault in faults_of(tmp_path, bomb))


def test_an_anchor_within_itself_is_refused(tmp_path: Path) -> None:
    assert any("aliases that expand" in fault.message for fault in faults_of(tmp_path, "id: &a [*a]\n"))


def test_a_file_of_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    fault = faults_of(tmp_path, "#" + " " * 10_000_000)[0]
    assert "has 10,000,001 bytes" in fault.message


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000, "{a: " * 50_000, "".join(" " * n + "a:\n" for n in range(2000))])
def test_what_is_nested_without_end_is_refused(tmp_path: Path, text: str) -> None:
    faults_of(tmp_path, text)


@pytest.mark.parametrize(
    ("criterion", "said", "cure"),
    [
        ("{id: a, check: manual, before: b}", "check: manual does not read `before`", ""),
        ("{id: a, check: metric, metric: turns, at_least: 1, phrases: {en: [x]}}", "does not read `phrases`", ""),
        ("{id: a, check: capture, capture: reason}", "capture: reason needs `values`", ""),
        ("{id: a, check: capture, capture: text}", "capture: text needs `phrases`", ""),
        ("{id: a, check: survey, phrases: {en: [x]}}", "check: survey needs `answered`", ""),
        ("{id: a, check: survey, answered: choice, phrases: {en: [x]}}", "answered: choice needs `answers`", ""),
        ("{id: a, check: sequence, of: [a]}", "check: sequence needs `of` with two", ""),
        ("{id: a, check: semantic}", "check: semantic needs `meaning`", ""),
        ("{id: a, check: metadata, column: team}", "check: metadata needs `column` with", ""),
        ("{id: a, check: metadata, call_windows: [{from: '10:0', to: '12:00'}]}", "does not have the form", ""),
        ("{id: a, check: metadata, call_windows: [{from: '13:00', to: '12:00'}]}", "`from` (13:00) is not before `to`", ""),
        ("{id: a, check: metadata, call_windows: [{season: summer}]}", "no season is called 'summer'", "give the rubric `seasons`"),
        ("{id: a, check: metadata, not_on_holidays: true}", "needs to know whose holidays", "`country`"),
        ("{id: a, check: manual, deduct: 3}", "deduct has no effect here", "scoring: deductions"),
        ("{id: a, check: manual, bonus: true, critical: true}", "a bonus cannot be critical", "take one"),
        ("{id: a, check: manual, levels: {low: 2}}", "less than or equal to 1", ""),
        ("{id: a, check: manual, levels: {low: {credit: 1}}}", "not of the form this check reads", "a number from 0 to 1"),
        ("{id: a, check: metric, metric: turns, levels: {low: 1}}", "not of the form this check reads", "credit"),
        ("{id: a, check: question, phrases: {en: [x]}, levels: {maybe: 1}}", "there is no answer 'maybe'", "unclear"),
        ("{id: a, check: manual, when: [{disposition: [gone]}]}", "no disposition is called 'gone'", "completed"),
        ("{id: a, check: manual, when: [{metadata: team}]}", "`metadata` goes with `is`", ""),
        ("{id: a, same_as: nothing.greeting}", "no criterion is called 'nothing.greeting'", "RUBRIC.CRITERION"),
        ("{id: a, same_as: followup.nothing}", "followup has no criterion 'nothing'", "spelling"),
        ("{id: a, check: phrase, groups: {g: {en: [hi]}}, in_order: true}", "go with two `groups` or more", ""),
    ],
)
def test_a_key_that_means_nothing_to_a_check_is_a_fault(tmp_path: Path, criterion: str, said: str, cure: str) -> None:
    faults = faults_of(tmp_path, HEAD + f"      - {criterion}\n")
    assert any(said in fault.message and cure in fault.advice for fault in faults), [str(fault) for fault in faults]


@pytest.mark.parametrize("check", ["check: guess, ", ""], ids=["unknown", "missing"])
def test_a_criterion_without_a_check_is_told_its_other_faults_too(tmp_path: Path, check: str) -> None:
    faults = faults_of(tmp_path, HEAD + f"      - {{id: a, {check}weight: heavy, metric: 3, phrases: {{en: [1]}}, wieght: 2}}\n")
    last_words = {fault.message.split(":")[0].rsplit(".", 1)[-1].split(" ")[0] for fault in faults}
    assert last_words == {"check", "weight", "metric", "0", "wieght"}


def test_a_criterion_taken_over_keeps_what_it_says_itself(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, good=HEAD + "      - {id: hello, same_as: followup.greeting, weight: 3}\n")
    (criterion,) = load_rubric(folder / "good.yaml").criteria
    assert (criterion.id, criterion.check, criterion.weight) == ("hello", "phrase", 3.0)


def test_a_file_that_others_take_over_from_is_read_once_and_anew_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = "".join(f"      - {{id: {name}, same_as: source.greeting}}\n" for name in ("one", "two", "three"))
    folder = write_folder(tmp_path, good=HEAD + taken, source=GOOD.replace("good", "source"))
    read: list[str] = []
    monkeypatch.setattr(load, "read_document", lambda path: read.append(path.name) or read_document(path))
    for weight in (1.0, 7.0):
        load_rubric(folder / "good.yaml")
        assert [criterion.weight for criterion in load_rubric(folder / "good.yaml").criteria] == [weight] * 3
        assert (read.count("good.yaml"), read.count("source.yaml")) == (2, 1)
        (folder / "source.yaml").write_text(GOOD.replace("good", "source").replace("[hello]}", "[hello]}\n        weight: 7"), "utf-8")
        read.clear()


def test_a_regular_expression_that_python_cannot_hold_is_a_fault(tmp_path: Path) -> None:
    text = HEAD + "      - {id: a, check: phrase, match: regex, phrases: {en: ['a{99999999999999999999}']}}\n"
    assert faults_of(tmp_path, text)[0].line == 6


@pytest.mark.parametrize("phrase", ["[" * 3000 + "a" + "]" * 3000, "{any:²} a"], ids=["deep", "superscript"])
def test_a_phrase_that_python_cannot_hold_is_a_fault(tmp_path: Path, phrase: str) -> None:
    text = HEAD + f"      - {{id: a, check: phrase, phrases: {{en: ['{phrase}']}}}}\n"
    assert faults_of(tmp_path, text)[0].line == 6


@pytest.mark.parametrize("key", ["weight", "at_least"])
@pytest.mark.parametrize("value", [".nan", ".inf"])
def test_a_number_that_is_none_is_a_fault(tmp_path: Path, key: str, value: str) -> None:
    faults_of(tmp_path, HEAD + f"      - {{id: a, check: metric, metric: turns, at_most: 9, {key}: {value}}}\n")


@pytest.mark.parametrize("need", ["0", "-1"])
def test_needing_nothing_is_a_fault(tmp_path: Path, need: str) -> None:
    faults_of(tmp_path, HEAD + f"      - {{id: a, check: phrase, groups: {{g: {{en: [hi]}}}}, need: {need}}}\n")


def test_an_answer_that_the_question_does_not_have_is_a_fault(tmp_path: Path) -> None:
    question = "      - {id: a, check: question, phrases: {en: [ready]}, answers: {willing: {en: [sure]}}}\n"
    child = "      - {id: b, check: manual, when: [{criterion: a, answer: wiling}]}\n"
    assert faults_of(tmp_path, HEAD + question + child)[0].line == 7


def test_a_condition_that_asks_nothing_is_a_fault(tmp_path: Path) -> None:
    faults_of(tmp_path, HEAD + "      - {id: a, check: manual, when: [{outcome: met}]}\n")


def test_a_bad_phrase_of_a_list_file_is_a_fault_of_that_file(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, good=HEAD + "      - {id: a, check: phrase, lists: [lists/own.yaml]}\n")
    (folder / "lists" / "own.yaml").write_text("id: own\nphrases: {en: ['hello {nix}']}\n", "utf-8")
    with pytest.raises(RubricError) as caught:
        load_rubric(folder / "good.yaml")
    assert any("{nix}" in fault.message for fault in caught.value.faults)


def test_what_takes_back_is_a_phrase_although_the_criterion_matches_by_regex(tmp_path: Path) -> None:
    text = HEAD + "      - {id: a, check: phrase, match: regex, phrases: {en: ['a.b']}, unlike: {en: ['[(]a']}}\n"
    assert "is not closed" in faults_of(tmp_path, text)[0].message


@given(st.text(st.sampled_from("id: version1sectoncra\n -[]{}&*!|>'\"%@`#?：“”\t,.0~<=\x85"), max_size=60))
def test_no_text_raises_anything_but_a_rubric_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder), good=text) / "good.yaml"
        with pytest.raises(RubricError):
            load_rubric(path)


PIECES = st.sampled_from(
    ["[", "]", "{", "}", "&a ", "*a", "!!int x", "!!set {a}", "!!omap [a: 1]", "!!binary x", "!!timestamp y", "2026-13-45", "0x", "1e999", "null", "~", "- ",
     "? ", ": ", "? [a]\n: b", "<<: 1", "|\n", "\n", "  ", "true", "'", '"', "\t", "：", "“", "#", "%", "weight: .nan", "{any:²}", "\\", "9" * 5000]
)  # fmt: skip


@given(st.integers(0, len(GOOD)), st.integers(0, 12), PIECES)
def test_no_slip_in_a_good_rubric_raises_anything_but_a_rubric_error(place: int, cut: int, piece: str) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write_folder(Path(folder), good=GOOD[:place] + piece + GOOD[place + cut :]) / "good.yaml"
        try:
            load_rubric(path)
        except RubricError as error:
            assert error.faults or error.message


def test_the_phrases_of_a_list_file_are_added(tmp_path: Path) -> None:
    text = GOOD.replace("check: phrase", "check: forbidden") + "        lists: [lists/own.yaml]\n"
    folder = write_folder(tmp_path, good=text)
    (folder / "lists" / "own.yaml").write_text(
        "id: own\nphrases: {en: [good morning], zh: [您好]}\nwhole_turn: {en: [hi]}\ntake_back: {en: [hello kitty]}\n", "utf-8"
    )
    (criterion,) = load_rubric(folder / "good.yaml").criteria
    assert criterion.phrases == {"en": ("hello", "good morning"), "zh": ("您好",)}
    assert (criterion.whole_turn, criterion.unlike) == ({"en": ("hi",)}, {"en": ("hello kitty",)})


def test_the_list_of_a_meaning_is_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, good=GOOD + "        meaning: {list: lists/own.yaml, at_least: 0.9}\n")
    (folder / "lists" / "own.yaml").write_text(
        "id: own\nlike: {en: [hello there], zh: {polite: [您好啊]}}\nunlike: {en: [oh hell]}\n", "utf-8"
    )
    meaning = load_rubric(folder / "good.yaml").criteria[0].meaning
    assert meaning is not None
    assert meaning.examples is not None
    assert meaning.examples.likes() == ("hello there", "您好啊")
    assert meaning.examples.likes("zh") == ("您好啊",)
    assert meaning.examples.unlikes() == ("oh hell",)


def test_a_fault_of_a_list_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("id: own\nlikes: {}\n", "utf-8")
    with pytest.raises(RubricError) as caught:
        load_list(tmp_path / "own.yaml")
    (fault,) = caught.value.faults
    assert (Path(fault.path).name, fault.line) == ("own.yaml", 2)


def test_the_hash_leaves_out_comments_and_layout(tmp_path: Path) -> None:
    plain = load_rubric(write_folder(tmp_path / "a", good=GOOD) / "good.yaml")
    dressed = GOOD.replace("{en: [hello]}", "\n          en:\n            - 'hello'  # said first").replace(
        "version: 1", "# the first\nversion: 1"
    )
    assert rubric_sha256(load_rubric(write_folder(tmp_path / "b", good=dressed) / "good.yaml")) == rubric_sha256(plain)


def test_the_hash_holds_the_words_of_the_lists(tmp_path: Path) -> None:
    hashes = set()
    for word in ("hi", "hey"):
        folder = write_folder(tmp_path / word, good=GOOD + "        lists: [lists/own.yaml]\n")
        (folder / "lists" / "own.yaml").write_text(f"id: own\nphrases: {{en: [{word}]}}\n", "utf-8")
        hashes.add(rubric_sha256(load_rubric(folder / "good.yaml")))
    assert len(hashes) == 2


def test_the_hash_of_a_criterion_does_not_hang_on_its_neighbours() -> None:
    alone = rubric({"id": "a", "check": "manual"})
    together = rubric({"id": "a", "check": "manual"}, {"id": "b", "check": "manual"})
    assert criterion_sha256(alone.criteria[0]) == criterion_sha256(together.criteria[0])
    assert rubric_sha256(alone) != rubric_sha256(together)


def test_a_folder_tells_the_faults_of_all_its_rubrics(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, good=GOOD, bad="id: bad\n", worse="- x\n", other=GOOD)
    with pytest.raises(RubricError) as caught:
        load_rubrics(folder)
    assert {Path(fault.path).name for fault in caught.value.faults} == {"bad.yaml", "worse.yaml", "other.yaml"}


def test_case_files_and_situations_are_no_rubrics(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, good=GOOD)
    (folder / "good.cases.yaml").write_text("[]\n", "utf-8")
    assert list(load_rubrics(folder)) == ["good"]


def test_only_the_published_hash_is_published(tmp_path: Path) -> None:
    one = rubric({"check": "manual"})
    other = rubric({"check": "manual", "weight": 2})
    (tmp_path / "published.lock").write_text(f'{{"tested": {{"1": "{rubric_sha256(one)}"}}}}', "utf-8")
    assert is_published(one, tmp_path)
    assert not is_published(other, tmp_path)


INBOUND = rubric({"check": "manual"}, id="hotline", applies_to={"direction": "inbound"})
SPRING = rubric({"check": "manual"}, id="spring", applies_to={"direction": "inbound", "campaign": "spring"})
NAMED = rubric({"check": "manual"}, id="named")
RUBRICS = {r.id: r for r in (INBOUND, SPRING, NAMED)}


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"direction": "inbound"}, "hotline"),
        ({"direction": "outbound"}, None),
        ({}, None),
        ({"rubric": "named"}, "named"),
        ({"rubric": "named", "direction": "inbound"}, "named"),
    ],
)
def test_a_call_is_scored_by_the_named_rubric_or_by_the_one_that_applies(columns: dict[str, str], chosen: str | None) -> None:
    found = choose_rubric(replace(CALL, **columns), RUBRICS)
    assert (found.id if found else None) == chosen


def test_of_two_rubrics_that_apply_the_one_that_says_more_scores() -> None:
    found = choose_rubric(replace(CALL, direction="inbound", campaign="spring"), RUBRICS)
    assert found and found.id == "spring"


def test_two_rubrics_that_apply_alike_are_refused_by_name() -> None:
    team = rubric({"check": "manual"}, id="team", applies_to={"direction": "inbound", "team": "a"})
    with pytest.raises(RubricError, match="Rubrics spring and team apply alike"):
        choose_rubric(replace(CALL, direction="inbound", campaign="spring", team="a"), {**RUBRICS, "team": team})


def test_one_file_with_faults_leaves_the_others_usable(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, good=GOOD, bad="id: bad\n", worse="- x\n", other=GOOD)
    rubrics, refused = readable_rubrics(folder)
    assert (list(rubrics), list(refused)) == (["good"], ["bad", "other", "worse"])
    (folder / "good.yaml").unlink()
    with pytest.raises(RubricError, match="cannot be used"):
        readable_rubrics(folder)


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (
            {"direction": "inbound"},
            ["hotline is for calls of direction inbound as well, and says as much of them: they would be scored by neither"],
        ),
        ({"language": "en"}, ["hotline is for calls of direction inbound, language en as well, and says as much"]),
        (
            {"direction": "inbound", "campaign": "x"},
            ["hotline is for calls of direction inbound, campaign x as well: mine, which says more"],
        ),
        ({"direction": "outbound"}, []),
        ({}, []),
    ],
)
def test_rubrics_for_the_same_calls_are_told(theirs: dict[str, str], told: list[str]) -> None:
    found = overlaps(rubric({"check": "manual"}, id="mine", applies_to=theirs), [INBOUND, NAMED])
    assert len(found) == len(told)
    assert all(mine.startswith(wanted) for mine, wanted in zip(sorted(found), sorted(told), strict=True)), found


def test_a_rubric_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RubricError, match="Rubric 'nix', which their metadata name, is not to be had"):
        choose_rubric(replace(CALL, rubric="nix"), RUBRICS)
