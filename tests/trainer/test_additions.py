"""What is added to case files and lists: whole, read back as meant, and nothing else touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_pipeline.call import Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.rubric.cases import load_cases
from qa_pipeline.rubric.load import load_list
from qa_pipeline.trainer.additions import case_of, with_case, with_words
from tests.trainer.desk import CASES, LATE, complaint_folder, spoken

CALL = spoken(
    "c9", "0:01 agent: Hello there.", "0:03 customer: Hi.", "0:05 agent: Is this a good time?", '0:08 customer: No: I am "driving" \u202e🚗.',
    "0:12 agent: I will call you back.",
)  # fmt: skip


def read(tmp_path: Path, text: str) -> list[tuple[str, str | None, dict[str, str]]]:
    path = tmp_path / "read.cases.yaml"
    path.write_text(text, "utf-8")
    return [(case.name, case.dialogue, dict(case.expected)) for case in load_cases(path)]


def test_a_call_becomes_a_case_that_is_read_back(tmp_path: Path) -> None:
    text = with_case(CASES, case_of(CALL, "c9 driving", {"convenience": Outcome.MET, "rude": Outcome.MET}))
    assert text.startswith(CASES)
    name, dialogue, expected = read(tmp_path, text)[-1]
    assert (name, expected) == ("c9 driving", {"convenience": "met", "rude": "met"})
    assert dialogue is not None
    assert dialogue.splitlines() == [
        "0:01 agent: Hello there.", "0:03 customer: Hi.", "0:05 agent: Is this a good time?", '0:08 customer: No: I am "driving" 🚗.',
        "0:12 agent: I will call you back.",
    ]  # fmt: skip


def test_a_moment_of_a_call_is_what_was_said_around_it(tmp_path: Path) -> None:
    one = case_of(CALL, "moment", {"convenience": Outcome.NOT_MET}, around=3, beside=1)
    assert (one.dialogue or "").splitlines()[0] == "0:05 agent: Is this a good time?"
    assert len((one.dialogue or "").splitlines()) == 3


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    one = case_of(CALL, "c9: no", {"rude": Outcome.MET})
    text = with_case(with_case("", one), one)
    assert [name for name, _, _ in read(tmp_path, text)] == ["c9: no", "c9: no (2)"]


def test_a_call_without_words_is_no_case() -> None:
    with pytest.raises(InputRefused, match="Nothing is known"):
        case_of(CALL, "x", {}, around=99)


def test_words_are_added_to_a_list_once_and_comments_stay(tmp_path: Path) -> None:
    path = complaint_folder(tmp_path) / "lists" / "late.yaml"
    text, added = with_words(
        "# ours\n" + LATE, [("en", "like", 'it "came": late'), ("en", "unlike", "no"), ("en", "like", "no")], list_id="late"
    )
    path.write_text(text, "utf-8")
    read_back = load_list(path)
    assert (added, text.startswith("# ours\n")) == (3, True)
    assert read_back.likes("en")[-2:] == ('it "came": late', "no")
    assert read_back.unlikes()[-1] == "no"
    assert with_words(text, [("en", "like", "no")], list_id="late") == (text, 0)
