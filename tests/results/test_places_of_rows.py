"""Where the rows of an id lie in a file is known for each id, and of an id in several places that it has no place of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.results import places
from qa_pipeline.results.places import Places

_IDS = st.lists(st.lists(st.none() | st.sampled_from("abcdef"), max_size=8), max_size=4)


@given(_IDS)
def test_the_place_of_an_id_holds_all_of_its_rows_and_nothing_else(groups: list[list[str | None]]) -> None:
    known = Places(groups)
    held = {value for group in groups for value in group if value is not None}
    assert len(known) == len(held)
    for value in "abcdefg":
        rows = [(group, row) for group, ids in enumerate(groups) for row, there in enumerate(ids) if there == value]
        assert (value in known) == bool(rows)
        is_one_run = bool(rows) and rows == [(rows[0][0], rows[0][1] + n) for n in range(len(rows))]
        assert known.of(value) == ((*rows[0], len(rows)) if is_one_run else None)


def test_ids_of_one_hash_have_no_place_of_their_own() -> None:
    class Same(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 7

    known = Places([[Same("a"), Same("b")]])
    assert Same("a") in known
    assert known.of(Same("a")) is None
    assert known.of(Same("b")) is None


def test_a_file_with_more_rows_than_a_place_can_say_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [[None] * 3, [None, None, None, "a"]]
    assert Places(groups).of("a") == (1, 3, 1)
    monkeypatch.setattr(places, "_MOST", 3)
    assert "a" in Places(groups)
    assert Places(groups).of("a") is None
