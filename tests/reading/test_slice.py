"""The random slice is drawn alike by everybody, and by nothing but chance."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.reading.slice import is_in_slice, place_in_slice, week_of

IDS = st.text(min_size=1, max_size=12)
SHARES = st.floats(0, 1)
# Worked out once: whoever draws it otherwise would find other calls than those that were reviewed.
PLACE = 0.6673647747522057


def test_a_place_never_changes() -> None:
    assert place_in_slice("c1", "a1", "2026-W20") == PLACE
    assert is_in_slice("c1", "a1", "2026-W20", PLACE + 0.001)
    assert not is_in_slice("c1", "a1", "2026-W20", PLACE)


def test_a_year_begins_with_its_first_iso_week() -> None:
    assert [week_of(day) for day in (date(2026, 5, 11), date(2027, 1, 1), date(2024, 12, 30), None)] == [
        "2026-W20",
        "2026-W53",
        "2025-W01",
        "",
    ]


@given(IDS, IDS | st.none(), SHARES, SHARES)
def test_a_larger_share_holds_the_smaller_one(call_id: str, agent: str | None, one: float, other: float) -> None:
    least, most = sorted((one, other))
    assert not is_in_slice(call_id, agent, "2026-W20", least) or is_in_slice(call_id, agent, "2026-W20", most)
    assert not is_in_slice(call_id, agent, "2026-W20", 0)
    assert is_in_slice(call_id, agent, "2026-W20", 1)


def test_about_the_share_is_drawn_of_every_agent_and_week() -> None:
    for agent in ("a1", "a2", None):
        for week in ("2026-W20", "2026-W21"):
            drawn = sum(is_in_slice(f"c{n}", agent, week, 0.1) for n in range(4000))
            # Four standard deviations of 4,000 draws: 76.
            assert 324 <= drawn <= 476


def test_agent_week_and_call_draw_apart_from_each_other() -> None:
    both = [
        (
            is_in_slice(f"c{n}", "a1", "2026-W20", 0.5),
            is_in_slice(f"c{n}", "a2", "2026-W20", 0.5),
            is_in_slice(f"c{n}", "a1", "2026-W21", 0.5),
        )
        for n in range(4000)
    ]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert 1870 <= sum(row[first] == row[second] for row in both) <= 2130
