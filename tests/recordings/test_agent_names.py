"""The agent's name of the metadata among the labels."""

from __future__ import annotations

import pytest

from qa_pipeline.recordings.agent_names import labels_of_agent

OTHERS = ["Jan Kowalski", "SPEAKER_01"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Anna Nowak", "Anna Nowak"),
        ("ANNA NOWAK", "anna nowak"),
        ("Nowak, Anna", "Anna Nowak"),
        ("Nowak Anna", "Anna Nowak"),
        ("Łucja Żak", "Lucja Zak"),
        ("Anna", "Anna Nowak"),
        ("Anna Nowak", "Anna"),
        ("Nowak", "Anna Nowak"),
        ("Anna N.", "Anna Nowak"),
        ("A. Nowak", "Anna Nowak"),
        ("Anna Maria Nowak", "Anna Nowak"),
        ("Anna Nowak (Brightside)", "Anna Nowak"),
        ("anna.nowak@brightside.example", "Anna Nowak"),
        ("anna_nowak", "Anna Nowak"),
        ("anowak", "Anna Nowak"),
        ("AnnaNowak", "Anna Nowak"),
        ("Alex Smith", "Alexandra Smith"),
        ("王小明", "王小明"),
        ("小明", "王小明"),
        ("Anna Nowak-Lis", "Anna Nowak"),
    ],
)
def test_a_name_is_found_whole_or_short_in_any_order_and_spelling(label: str, name: str) -> None:
    assert labels_of_agent([label, *OTHERS], name) == {label}


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["Anna Nowak", "Anna Lis"], "Anna"),
        (["Joanna Lis"], "Anna Nowak"),
        (["A"], "Anna Nowak"),
        (["SPEAKER_00", "Speaker A"], "Anna Nowak"),
        (["Anna Lis"], "Anna Nowak"),
        (["Anna"], None),
        (["Anna"], " 17 "),
    ],
)
def test_what_is_another_name_or_fits_two_is_nobody(labels: list[str], name: str | None) -> None:
    assert labels_of_agent(labels, name) == frozenset()


def test_the_better_fit_wins_and_two_spellings_of_one_name_are_one_person() -> None:
    assert labels_of_agent(["Anna Nowak", "Anna Lis"], "Anna Nowak") == {"Anna Nowak"}
    assert labels_of_agent(["Anna Nowak", "NOWAK Anna", "Jan"], "Anna Nowak") == {"Anna Nowak", "NOWAK Anna"}
