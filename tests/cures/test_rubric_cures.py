"""What is refused or warned of in a rubric, its lists and its cases: each with the slip that brings it, and the same with its cure followed, which brings nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.rubric.cases import load_cases
from qa_pipeline.rubric.lint import lint
from qa_pipeline.rubric.load import load_rubric, name_faults
from qa_pipeline.yaml_text import read_document
from tests.cures.texts import says, text_of
from tests.rubric.built_rubrics import write_folder

_HEAD = "id: good\nversion: 1\n"
_SECTION = "sections:\n  - id: s\n    criteria:\n"
# What rows of criteria refer to.
_ASKED = "id: asked, check: question, phrases: {en: [may we begin]}, answers: {willing: {en: [go on]}, unwilling: {en: [driving]}}"
_SURVEY = "check: survey, answered: three, phrases: {en: [are you content with us]}"
_ASK = "check: ask, question: {en: Does the agent name the price?}"
_CHOICE = "{fully: {en: with the reason}, not_at_all: {en: not}}"


def _rubric(*criteria: str, top: str = "") -> str:
    return _HEAD + top + _SECTION + "".join(f"      - {{{criterion}}}\n" for criterion in criteria)


# The beginning of a text of docs/messages.md; criteria that bring it; the same with the cure. A tuple: (lines of the top, criteria …).
Written = str | tuple[str, ...]
CRITERIA: tuple[tuple[str, Written, Written], ...] = (
    ("`absent` is met here", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully], absent: fully",
     f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully], absent: not_at_all"),
    ("`answers` and `absent` go with", f"id: a, {_ASK}, answers: {_CHOICE}", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully]"),
    ("the answer … is given by the model", f"id: a, {_ASK}, answered: choice, answers: {{cannot_tell: {{en: unclear}}, fully: {{en: all}}}}, met_by: [fully]",
     f"id: a, {_ASK}, answered: choice, answers: {{unclear: {{en: unclear}}, fully: {{en: all}}}}, met_by: [fully]"),
    ("{message}", "id: a, check: phrase, phrases: {en: [no]}", 'id: a, check: phrase, phrases: {en: ["no"]}'),
    ("a choice needs `met_by`", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}",
     f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, levels: {{fully: 1}}"),
    ("a choice needs two `answers`", f"id: a, {_ASK}, answered: choice, answers: {{fully: {{en: yes it does}}}}, met_by: [fully]",
     f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully]"),
    ("there is no answer {name}; there are: …", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [wholly]",
     f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully]"),
    ("`in_order` and `within_words` go with", "id: a, check: phrase, groups: {g: {en: [hi there]}}, in_order: true",
     "id: a, check: phrase, groups: {g: {en: [hi there]}, h: {en: [good day]}}, in_order: true"),
    ("`need: {need}` is more than", "id: a, check: phrase, groups: {g: {en: [hi there]}}, need: 2", "id: a, check: phrase, groups: {g: {en: [hi there]}}, need: 1"),
    ("`suspects` goes with `acts`", "id: a, check: forbidden, phrases: {en: [go away now]}, suspects: 5",
     "id: a, check: forbidden, phrases: {en: [go away now]}, acts: [scolding], suspects: 5"),
    ("answered: choice needs `answers`", f"id: a, {_SURVEY}".replace("three", "choice"),
     f"id: a, {_SURVEY}, answers: {{good: {{en: [good]}}}}".replace("three", "choice")),
    ("capture: reason needs `values`", "id: a, check: capture, capture: reason", "id: a, check: capture, capture: reason, values: {late: {en: [it is late]}}"),
    ("capture: text needs `phrases`", "id: a, check: capture, capture: text", "id: a, check: capture, capture: text, phrases: {en: [my address is]}"),
    ("check: not needs `of` with one", ("", "id: b, check: manual", "id: c, check: manual", "id: a, check: not, of: [b, c]"),
     ("", "id: b, check: manual", "id: c, check: manual", "id: a, check: not, of: [b]")),
    ("check: {check} needs `of`", "id: a, check: all", ("", "id: b, check: manual", "id: a, check: all, of: [b]")),
    ("…: check: {check} needs {needs}", "id: a, check: metric", "id: a, check: metric, metric: turns, at_least: 1"),
    ("…: check: {check} does not read", "id: a, check: manual, before: b", "id: a, check: manual"),
    ("{where} is missing", "id: a", "id: a, check: manual"),
    ("{where}: found …, which does not have the form", "id: A b, check: manual", "id: a_b, check: manual"),
    ("{where}: no key is called", "id: a, check: manual, wieght: 2", "id: a, check: manual, weight: 2"),
    ("a bonus cannot be critical", "id: a, check: manual, bonus: true, critical: true", "id: a, check: manual, bonus: true"),
    ("bonus has no effect where", ("scoring: deductions\n", "id: a, check: manual, bonus: true"), ("scoring: deductions\n", "id: a, check: manual")),
    ("{key} has no effect here", "id: a, check: manual, deduct: 5", ("scoring: deductions\n", "id: a, check: manual, deduct: 5")),
    ("`cap` goes with", ("scoring: deductions\n", "id: a, check: manual, cap: 5"), ("scoring: deductions\n", "id: a, check: manual, deduct: 5, cap: 5")),
    ("consent: no criterion is called", ("consent: {criterion: ask}\n", f"{_ASKED}"), ("consent: {criterion: asked}\n", f"{_ASKED}")),
    ("consent: {id} has no answer", ("consent: {criterion: asked, given: [granted]}\n", f"{_ASKED}"),
     ("consent: {criterion: asked, given: [willing]}\n", f"{_ASKED}")),
    ("criteria wait for each other", ("", "id: a, check: all, of: [b]", "id: b, check: all, of: [a]"), ("", "id: a, check: all, of: [b]", "id: b, check: manual")),
    ("criterion {id} stands twice", ("", "id: a, check: manual", "id: a, check: manual"), ("", "id: a, check: manual", "id: b, check: manual")),
    ("levels: there is no answer", f"{_ASKED}, levels: {{glad: 1}}", f"{_ASKED}, levels: {{willing: 1}}"),
    ("metric: no metric is called", "id: a, check: metric, metric: charm, at_least: 1", "id: a, check: metric, metric: turns, at_least: 1"),
    ("no capture criterion is called", ("contacts: [{id: back, counted_from: {capture: day}, on_day: 2}]\n", "id: a, check: manual"),
     ("contacts: [{id: back, counted_from: {capture: day}, on_day: 2}]\n", "id: day, check: capture, capture: datetime")),
    ("no criterion is called {criterion}", ("contacts: [{id: back, counted_from: {criterion: said}, on_day: 2}]\n", "id: a, check: manual"),
     ("contacts: [{id: back, counted_from: {criterion: a}, on_day: 2}]\n", "id: a, check: manual")),
    ("give one of `capture`, `metadata`", ("contacts: [{id: back, counted_from: {}, on_day: 2}]\n", "id: a, check: manual"),
     ("contacts: [{id: back, counted_from: {criterion: a}, on_day: 2}]\n", "id: a, check: manual")),
    ("give either `on_day` or `to_hours`", ("contacts: [{id: back, counted_from: {criterion: a}, on_day: 2, to_hours: 9}]\n", "id: a, check: manual"),
     ("contacts: [{id: back, counted_from: {criterion: a}, to_hours: 9}]\n", "id: a, check: manual")),
    ("no season is called", "id: a, check: metadata, call_windows: [{season: summer, from: '10:00', to: '12:00'}]",
     ("seasons: {summer: {from: '05-01', to: '09-30'}}\n", "id: a, check: metadata, call_windows: [{season: summer, from: '10:00', to: '12:00'}]")),
    ("no survey criterion is called", ("indices: [{id: joy, items: [b], values: {satisfied: 100}}]\n", f"id: a, {_SURVEY}"),
     ("indices: [{id: joy, items: [a], values: {satisfied: 100}}]\n", f"id: a, {_SURVEY}")),
    ("not_on_holidays needs to know", "id: a, check: metadata, not_on_holidays: true", ("country: CN\n", "id: a, check: metadata, not_on_holidays: true")),
    ("the holidays of {country}", ("country: QQ\n", "id: a, check: manual"), ("country: SE\n", "id: a, check: manual")),
    ("reason_when: there is no answer", f"id: a, {_SURVEY}, reason_when: [furious]", f"id: a, {_SURVEY}, reason_when: [dissatisfied]"),
    ("repeats: {id} captures nothing", ("", "id: b, check: manual", "id: a, check: capture, capture: number, repeats: b"),
     ("", "id: b, check: capture, capture: number", "id: a, check: capture, capture: number, repeats: b")),
    ("when: no disposition is called", "id: a, check: manual, when: [{disposition: [done]}]", "id: a, check: manual, when: [{disposition: [completed]}]"),
    ("when: {id} has no answer", ("", _ASKED, "id: a, check: manual, when: [{criterion: asked, answer: glad}]"),
     ("", _ASKED, "id: a, check: manual, when: [{criterion: asked, answer: willing}]")),
    ("{timezone} is no time zone", ("timezone: Mars/Olympus\n", "id: a, check: manual"), ("timezone: Asia/Shanghai\n", "id: a, check: manual")),
    ("…: no criterion is called {name}", "id: a, check: all, of: [b]", ("", "id: a, check: all, of: [b]", "id: b, check: manual")),
    ("`criterion` goes with", ("", _ASKED, "id: a, check: manual, when: [{criterion: asked}]"),
     ("", _ASKED, "id: a, check: manual, when: [{criterion: asked, outcome: met}]")),
    ("`outcome` and `answer` go with", ("", _ASKED, "id: a, check: manual, when: [{metadata: team, is: A, outcome: met}]"),
     ("", _ASKED, "id: a, check: manual, when: [{criterion: asked, outcome: met}]")),
    ("`is`, `in`, `at_least` and `at_most` go with", "id: a, check: manual, when: [{disposition: [completed], is: A}]",
     "id: a, check: manual, when: [{metadata: team, is: A}]"),
    ("`metadata` goes with", "id: a, check: manual, when: [{metadata: team}]", "id: a, check: manual, when: [{metadata: team, is: A}]"),
    ("a condition asks about one of", "id: a, check: manual, when: [{metadata: team, is: A, disposition: [completed]}]",
     "id: a, check: manual, when: [{metadata: team, is: A}, {disposition: [completed]}]"),
    ("match: meaning needs", "id: a, check: phrase, match: meaning, phrases: {en: [good day]}", "id: a, check: phrase, phrases: {en: [good day]}"),
    ("`from` ({from_}) is not before", "id: a, check: metadata, call_windows: [{from: '12:00', to: '10:00'}]",
     "id: a, check: metadata, call_windows: [{from: '10:00', to: '12:00'}]"),
    ("give `seconds`, `turns` or both", "id: a, check: phrase, phrases: {en: [good day]}, within: {first: {}}",
     "id: a, check: phrase, phrases: {en: [good day]}, within: {first: {turns: 4}}"),
    ("give either `first` or `last`", "id: a, check: phrase, phrases: {en: [good day]}, within: {}",
     "id: a, check: phrase, phrases: {en: [good day]}, within: {last: {seconds: 30}}"),
    ("no list file {list}", "id: a, check: phrase, meaning: {list: lists/none.yaml}", "id: a, check: phrase, meaning: {list: lists/background.yaml}"),
    ("no list file {name}", "id: a, check: phrase, lists: [lists/none.yaml]", "id: a, check: phrase, lists: [lists/day.yaml]"),
    ("A phrase of … characters has too many", f"id: a, check: phrase, phrases: {{en: ['{'[' * 4000}hello{']' * 4000}']}}", "id: a, check: phrase, phrases: {en: ['[oh] hello']}"),
    ("{text} has a full-width", "id: a, check: phrase, phrases: {zh: [您好（先生|女士）]}", "id: a, check: phrase, phrases: {zh: [您好(先生|女士)]}"),
    ("{text} has no word", "id: a, check: phrase, phrases: {en: ['?']}", "id: a, check: phrase, phrases: {en: ['really?']}"),
    ("{text}: no slot is called", "id: a, check: phrase, phrases: {en: ['hello {nix}']}", "id: a, check: phrase, phrases: {en: ['hello {company}']}"),
    ("{text}: { is not closed", "id: a, check: phrase, phrases: {en: ['hello {company']}", "id: a, check: phrase, phrases: {en: ['hello {company}']}"),
    ("{text}: {{slot}} stands for nothing in …", "id: a, check: phrase, phrases: {sv: ['jag heter {surname}']}", "id: a, check: phrase, phrases: {sv: ['jag heter {any:2}']}"),
    ("{text}: … closes nothing", "id: a, check: phrase, phrases: {en: ['hello) you']}", "id: a, check: phrase, phrases: {en: ['(hello) you']}"),
    ("{text}: … is not closed", "id: a, check: phrase, phrases: {en: ['hello (you']}", "id: a, check: phrase, phrases: {en: ['hello (you)']}"),
    ("A regular expression of … characters", f"id: a, check: phrase, match: regex, phrases: {{en: ['{'ab' * 4000}']}}",
     "id: a, check: phrase, match: regex, phrases: {en: [abab, baba]}"),
    ("{text} is not a regular expression", "id: a, check: phrase, match: regex, phrases: {en: ['(']}", "id: a, check: phrase, match: regex, phrases: {en: ['\\(']}"),
    ("{text} takes far too long", r"id: a, check: phrase, match: regex, phrases: {en: ['(\w+)+x']}", r"id: a, check: phrase, match: regex, phrases: {en: ['\w+x']}"),
    ("a full-width comma", "id: a, check: phrase, phrases: {zh: [您好，早上好]}", "id: a, check: phrase, phrases: {zh: [您好, 早上好]}"),
    ("a list or mapping where a key is wanted", "[id]: a, check: manual", "id: a, check: manual"),
    ("key {key} stands twice", "id: a, check: manual, id: b", "id: a, check: manual"),
    ("not YAML: …", "id: a, check: manual, phrases: {en: *none}", "id: a, check: manual"),
    ("{text} is a number to some", "id: a, check: phrase, phrases: {en: [10:00]}", 'id: a, check: phrase, phrases: {en: ["10:00"]}'),
    ("{text} is a truth value", "id: a, check: phrase, phrases: {en: [no]}", 'id: a, check: phrase, phrases: {en: ["no"]}'),
    ("{key} is a truth value", f"id: a, {_SURVEY}, levels: {{yes: 1}}".replace("three", "yes_no"), f'id: a, {_SURVEY}, levels: {{"yes": 1}}'.replace("three", "yes_no")),
)  # fmt: skip

_PHRASE = "check: phrase, status: stable, phrases: {en: [good day to you]}"
# The same, of what is only warned of.
HARDLY_MEANT: tuple[tuple[str, Written, Written], ...] = (
    ("at best a call reaches", "id: a, check: metric, status: stable, metric: turns, levels: {good: {credit: 0.5, at_least: 1}}",
     "id: a, check: metric, status: stable, metric: turns, levels: {good: {credit: 1, at_least: 1}}"),
    ("every answer is met", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully, not_at_all]", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully], absent: not_at_all"),
    ("every answer must be proved", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully]", f"id: a, {_ASK}, answered: choice, answers: {_CHOICE}, met_by: [fully], absent: not_at_all"),
    ("no stable criterion that a machine judges", f"id: a, {_PHRASE}, weight: 0", f"id: a, {_PHRASE}, weight: 1"),
    ("nobody can answer it from words", "id: a, check: ask, question: {en: Does the agent name the price with a smile?}", f"id: a, {_ASK}"),
    ("phrase {text} is also one of", ("", f"id: a, {_PHRASE}", f"id: b, {_PHRASE}"), ("", f"id: a, {_PHRASE}", f"id: b, {_PHRASE}".replace("good day to you", "see you again soon"))),
    ("the question asks for a judgement", "id: a, check: ask, question: {en: Does the agent explain the price properly?}", f"id: a, {_ASK}"),
    ("the question seems to ask two", "id: a, check: ask, question: {en: Does the agent name the price and does the agent name the date?}",
     ("", f"id: a, {_ASK}", "id: b, check: ask, question: {en: On which weekday is the parcel delivered?}")),
    ("{id} asks nearly the same", ("", f"id: a, {_ASK}", f"id: b, {_ASK}".replace("the price", "a price")), f"id: a, {_ASK}"),
    ("{id} can never apply", ("", _ASKED, "id: a, check: manual, when: [{criterion: asked, outcome: not_met, answer: willing}]"),
     ("", _ASKED, "id: a, check: manual, when: [{criterion: asked, answer: willing}]")),
    ("{text} is also a phrase of {other}", ("", "id: b, check: phrase, phrases: {en: [the price is]}", f"id: a, {_ASK}, like: {{en: [the price is]}}"),
     ("", "id: b, check: phrase, phrases: {en: [the price is]}", f"id: a, {_ASK}, like: {{en: [the price is]}}, settled_by: [b]")),
    ("{name} has examples of a meaning", "id: a, check: phrase, phrases: {en: [good day]}, lists: [lists/likes.yaml]",
     "id: a, check: phrase, phrases: {en: [good day]}, meaning: {list: lists/likes.yaml}"),
)  # fmt: skip

# Whole files: text, slip, cured.
_TEXTS = (
    ("a curly quote", _rubric() + "      - id: a\n        check: phrase\n        phrases: {en: [“good day”]}\n".replace("{en: [", "\n          en: [").replace("]}", "]"),
     _rubric('id: a, check: phrase, phrases: {en: ["good day"]}')),
    ("a full-width colon", _rubric() + "      - id： a\n        check: manual\n", _rubric("id: a, check: manual")),
    ("brackets nested too deeply", _rubric(f"id: a, check: phrase, phrases: {{en: {'[' * 9000}"), _rubric("id: a, check: manual")),
    ("a tab in the indentation", _rubric("id: a, check: manual").replace("    criteria", "\tcriteria"), _rubric("id: a, check: manual")),
    ("aliases that expand", "id: &a [*a]\n", _rubric("id: a, check: manual")),
    ("nested too deeply", "".join(f"{' ' * depth}a:\n" for depth in range(300)), _rubric("id: a, check: manual")),
    ("has {size} bytes", _rubric("id: a, check: manual") + "#" * 2_000_001, _rubric("id: a, check: manual")),
    ("id is {id}", _rubric("id: a, check: manual").replace("id: good", "id: better"), _rubric("id: a, check: manual")),
    ("no mapping of keys", "- a\n- b\n", _rubric("id: a, check: manual")),
    ("section {name} stands twice", _rubric("id: a, check: manual") + "  - id: s\n    criteria: [{id: b, check: manual}]\n",
     _rubric("id: a, check: manual") + "  - id: t\n    criteria: [{id: b, check: manual}]\n"),
)  # fmt: skip
FILES: tuple[tuple[str, bytes, bytes], ...] = (
    *((beginning, slip.encode(), cured.encode()) for beginning, slip, cured in _TEXTS),
    ("not UTF-8 text", _rubric("id: a, check: manual").encode() + "# 您好\n".encode("gb18030"), _rubric("id: a, check: manual").encode()),
)

EVERYWHERE = "phrase {text} stands in {share} of everyday sentences"
_CASE = "- name: one\n  language: en\n  dialogue: |\n    0:00 agent: Good day.\n  expected: {a: met}\n"
CASES: tuple[tuple[str, str, str], ...] = (
    ("case {name}: {error}", _CASE.replace("0:00 agent: Good day.", "Good day."), _CASE),
    ("give either `dialogue` or `call`", _CASE.replace("  expected", "  call: c-1\n  expected"), _CASE),
    (
        "metadata: {name}: found {value}",
        _CASE + "  metadata: {started_at: soon}\n",
        _CASE + "  metadata: {started_at: '2026-05-11T10:20:00+08:00'}\n",
    ),
    ("no list of cases", "name: one\n", _CASE),
)


def _folder(path: Path, content: bytes) -> Path:
    write_folder(path)
    (path / "lists" / "day.yaml").write_text("id: day\nphrases: {en: [good day]}\n", "utf-8")
    (path / "lists" / "likes.yaml").write_text("id: likes\nlike: {en: [have a pleasant day]}\nunlike: {en: [it rains]}\n", "utf-8")
    (path / "good.yaml").write_bytes(content)
    return path / "good.yaml"


def _text(written: Written) -> str:
    return _rubric(written) if isinstance(written, str) else _rubric(*written[1:], top=written[0])


def _faults(path: Path) -> list[str]:
    try:
        return [str(fault) for fault in name_faults(load_rubric(path), path)]
    except RubricError as error:
        return [str(fault) for fault in error.faults]


@pytest.mark.parametrize(("beginning", "slip", "cured"), CRITERIA, ids=[row[0] for row in CRITERIA])
def test_what_the_cure_of_a_fault_says_makes_the_rubric_good(tmp_path: Path, beginning: str, slip: Written, cured: Written) -> None:
    faults = _faults(_folder(tmp_path, _text(slip).encode()))
    assert any(says(fault, beginning) for fault in faults), (text_of(beginning), faults)
    assert _faults(_folder(tmp_path, _text(cured).encode())) == []


@pytest.mark.parametrize(("beginning", "slip", "cured"), FILES, ids=[row[0] for row in FILES])
def test_what_the_cure_of_a_file_says_makes_it_good(tmp_path: Path, beginning: str, slip: bytes, cured: bytes) -> None:
    faults = _faults(_folder(tmp_path, slip))
    assert any(says(fault, beginning) for fault in faults), (text_of(beginning), faults)
    assert _faults(_folder(tmp_path, cured)) == []


@pytest.mark.parametrize(("beginning", "slip", "cured"), HARDLY_MEANT, ids=[row[0] for row in HARDLY_MEANT])
def test_what_the_cure_of_a_warning_says_takes_it_away(tmp_path: Path, beginning: str, slip: Written, cured: Written) -> None:
    def warned(written: Written) -> list[str]:
        path = _folder(tmp_path, _text(written).encode())
        return [str(fault) for fault in lint(load_rubric(path), read_document(path))]

    before = warned(slip)
    assert any(says(warning, beginning) for warning in before), (text_of(beginning), before)
    assert not any(says(warning, beginning) for warning in warned(cured))


def test_a_word_that_everybody_says_is_made_a_sentence(tmp_path: Path) -> None:
    def warned(phrase: str) -> list[str]:
        path = _folder(tmp_path, _text(f"id: a, check: phrase, phrases: {{en: [{phrase}]}}").encode())
        everyday = "".join(f"  - it is number {number}\n" for number in range(60))
        (tmp_path / "lists" / "background.yaml").write_text(f"id: background\nunlike:\n  en:\n{everyday}", "utf-8")
        return [str(fault) for fault in lint(load_rubric(path), read_document(path))]

    assert any(says(warning, EVERYWHERE) for warning in warned("number")), warned("number")
    assert not any(says(warning, EVERYWHERE) for warning in warned("what is your number"))


@pytest.mark.parametrize(("beginning", "slip", "cured"), CASES, ids=[row[0] for row in CASES])
def test_what_the_cure_of_a_case_says_makes_the_cases_good(tmp_path: Path, beginning: str, slip: str, cured: str) -> None:
    path = tmp_path / "good.cases.yaml"
    path.write_text(slip, "utf-8")
    with pytest.raises(RubricError) as caught:
        load_cases(path)
    assert any(says(str(fault), beginning) for fault in caught.value.faults), [str(fault) for fault in caught.value.faults]
    path.write_text(cured, "utf-8")
    assert len(load_cases(path)) == 1
