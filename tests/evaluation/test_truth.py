"""Truth in the forms people keep it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.call import Role
from qa_pipeline.errors import InputRefused
from qa_pipeline.evaluation.truth import TrueTurn, read_truths


def test_rttm_tells_who_spoke_when(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(
        "SPEAKER a 1 0.40 5.40 <NA> <NA> agent <NA> <NA>\n;; a comment\nSPEAKER a 1 6.60 0.16 <NA> <NA> B <NA> <NA>\n"
    )
    truth = read_truths(tmp_path)["a"]
    assert truth.turns == (TrueTurn(speaker="agent", start_ms=400, end_ms=5800), TrueTurn(speaker="B", start_ms=6600, end_ms=6760))
    assert [turn.role for turn in truth.turns] == [Role.AGENT, None]


def test_tables_tell_words_and_expected_outcomes(tmp_path: Path) -> None:
    (tmp_path / "transcripts.tsv").write_text("file\tlanguage\ttext\na.wav\tsv\ten mening\nb.wav\ten\t\n", "utf-8")
    (tmp_path / "calls.csv").write_text(
        "file,call_id,expect_greeting,expect_closing_line,expect_customer_sentiment\na.wav,1,met,,negative\n"
    )
    truths = read_truths(tmp_path)
    assert (truths["a"].text, truths["a"].language, truths["a"].expected, truths["a"].sentiment) == (
        "en mening",
        "sv",
        {"greeting": "met"},
        "negative",
    )
    assert "b" not in truths


def test_a_truth_file_goes_before_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text("SPEAKER a 1 0 1 <NA> <NA> agent <NA> <NA>\n")
    turn = {"role": "customer", "start_ms": 0, "end_ms": 900, "text": "Hej"}
    (tmp_path / "a.truth.json").write_text(json.dumps({"language": "sv", "turns": [turn], "expected": {"greeting": "not_met"}}))
    assert read_truths(tmp_path)["a"].turns == (TrueTurn(speaker="customer", start_ms=0, end_ms=900, text="Hej"),)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rttm", "SPEAKER a 1 zero 1 <NA> <NA> agent"),
        ("a.truth.json", "{}"),
        ("calls.csv", "file,expect_greeting\na.wav,perhaps\n"),
        ("x.txt", ""),
    ],
)
def test_what_is_no_truth_is_refused_with_its_place(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputRefused, match=r"x\.txt|" + name if name != "x.txt" else "no truth files"):
        read_truths(tmp_path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_expectations_are_read_from_metadata_however_they_are_written(tmp_path: Path, separator: str, encoding: str) -> None:
    (tmp_path / "calls.csv").write_text("file,expect_greeting\na.wav,met\n".replace(",", separator), encoding)
    assert read_truths(tmp_path)["a"].expected == {"greeting": "met"}


def test_a_quote_that_is_not_closed_in_expectations_is_located(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text('file,expect_greeting\na.wav,"met\n')
    with pytest.raises(InputRefused) as caught:
        read_truths(tmp_path)
    assert [fault.line for fault in caught.value.faults] == [2]


def test_tables_of_other_things_are_left(tmp_path: Path) -> None:
    (tmp_path / "a.truth.json").write_text('{"turns": []}')
    (tmp_path / "notes.csv").write_bytes(b"x;\xb3\n")
    (tmp_path / "list.csv").write_text('name,"open\n')
    assert set(read_truths(tmp_path)) == {"a"}
