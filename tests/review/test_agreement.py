"""Agreement beyond chance: the worked examples of the literature, and what must hold whatever is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.review.agreement import Agreement, Judged, Scale, agreement_of_many, agreement_of_two, nominal, ordered

YES_NO = nominal(("yes", "no"))


def table(cells: Mapping[tuple[str, str], int]) -> list[Judged]:
    """Two who judged, from how often each pair of answers came."""
    said = [pair for pair, count in cells.items() for _ in range(count)]
    return [Judged(call_id=f"c{number:04}", said={"a": first, "b": second}) for number, (first, second) in enumerate(said)]


def two(cells: Mapping[tuple[str, str], int], scale: Scale = YES_NO) -> Agreement:
    return agreement_of_two(table(cells), "a", "b", scale)


def square(yes_yes: int, yes_no: int, no_yes: int, no_no: int) -> dict[tuple[str, str], int]:
    return {("yes", "yes"): yes_yes, ("yes", "no"): yes_no, ("no", "yes"): no_yes, ("no", "no"): no_no}


@pytest.mark.parametrize(
    ("cells", "observed", "kappa", "ac"),
    [
        # Feinstein and Cicchetti, "High agreement but low kappa: I" (1990), tables 1 and 2: κ 0.70 and 0.32 of equal agreement.
        (square(40, 9, 6, 45), 0.85, 0.70, 0.70),
        (square(80, 10, 5, 5), 0.85, 0.32, 0.81),
        # Gwet, "Kappa statistic is not satisfactory for assessing the extent of agreement between raters" (2002): κ below 0 where 118 of 125 agree.
        (square(118, 5, 2, 0), 0.944, -0.0234, 0.9408),
    ],
)  # fmt: skip
def test_published_tables_of_two_who_judge(cells: Mapping[tuple[str, str], int], observed: float, kappa: float, ac: float) -> None:
    found = two(cells)
    assert found.observed == pytest.approx(observed, abs=1e-9)
    assert found.kappa.value == pytest.approx(kappa, abs=0.005)
    assert found.ac.value == pytest.approx(ac, abs=0.005)


# Krippendorff's twelve units of four observers, with gaps ("Computing Krippendorff's alpha-reliability", 2011), as Gwet reckons them in his handbook.
FOUR = (
    "1 2 3 3 2 1 4 1 2 * * *",
    "1 2 3 3 2 2 4 1 2 5 * 3",
    "* 3 3 3 2 3 4 2 2 5 1 *",
    "1 2 3 3 2 4 4 1 2 5 1 *",
)


def with_gaps() -> list[Judged]:
    rows = [row.split() for row in FOUR]
    return [Judged(call_id=f"u{n:02}", said={str(who): row[n] for who, row in enumerate(rows) if row[n] != "*"}) for n in range(12)]


def test_four_who_did_not_all_judge_everything() -> None:
    found = agreement_of_many(with_gaps(), nominal("12345"))
    assert found.calls == 11
    assert found.observed == pytest.approx(0.81818, abs=1e-5)
    assert found.ac.value == pytest.approx(0.77544, abs=1e-5)
    assert found.kappa.value == pytest.approx(0.76117, abs=1e-5)


def test_levels_by_hand() -> None:
    # Credits 1, 0.5, 0: one step apart is 1 − 0.5² = 0.75 near. Four calls: warm/warm, warm/cool, cool/cool, rude/warm.
    scale = ordered({"warm": 1.0, "cool": 0.5, "rude": 0.0})
    found = two({("warm", "warm"): 1, ("warm", "cool"): 1, ("cool", "cool"): 1, ("rude", "warm"): 1}, scale)
    # Observed (1 + 0.75 + 1 + 0) / 4. First: ½ ¼ ¼, second: ½ ½ 0. By chance ½·½ + ½·½·0.75 + ¼·½·0.75 + ¼·½ + ¼·½·0 + ¼·½·0.75 = 0.75.
    assert found.observed == pytest.approx(0.6875)
    assert found.kappa.value == pytest.approx((0.6875 - 0.75) / 0.25)
    # Gwet: common ½, ⅜, ⅛; Σ π(1 − π) = 0.59375; weights sum 3 + 4 · 0.75 = 6, over 3 · 2: by chance 0.59375.
    assert found.ac.value == pytest.approx((0.6875 - 0.59375) / (1 - 0.59375))


def test_an_answer_that_has_no_place_in_the_order_is_near_to_none() -> None:
    scale = ordered({"warm": 1.0, "rude": 0.0}, ("not_applicable",))
    assert scale.nearness().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_nobody_and_one_alone_agree_with_nobody() -> None:
    assert two({}).observed is None
    alone = agreement_of_many([Judged(call_id="c", said={"a": "yes"})], YES_NO)
    assert (alone.calls, alone.observed, alone.kappa.value, alone.ac.value) == (0, None, None, None)


def test_where_nothing_varies_kappa_is_not_told_and_ac_is() -> None:
    found = two({("yes", "yes"): 20})
    assert (found.kappa.value, found.ac.value, found.ac.low) == (None, 1.0, 1.0)


def test_two_judgements_of_one_call_are_one_witness() -> None:
    once = table(square(40, 9, 6, 45))
    twice = [one for judged in once for one in (judged, judged)]
    apart = [Judged(call_id=f"{one.call_id}-{number}", said=one.said) for number, one in enumerate(twice)]
    first, together, doubled = (agreement_of_two(judged, "a", "b", YES_NO).ac for judged in (once, twice, apart))
    assert together == first
    assert doubled.value == pytest.approx(first.value)
    assert width(doubled) < 0.8 * width(together)


def width(figure: object) -> float:
    return figure.high - figure.low  # type: ignore[attr-defined,no-any-return]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    # Two who copy a fair coin with 10 % of slips: observed 0.82, by chance 0.5: AC1 and κ 0.64.
    chance, held = np.random.default_rng(1), 0
    for _ in range(60):
        truth = chance.random(120) < 0.5
        one, other = truth ^ (chance.random(120) < 0.1), truth ^ (chance.random(120) < 0.1)
        judged = [
            Judged(call_id=f"{n:03}", said={"a": "yes" if a else "no", "b": "yes" if b else "no"})
            for n, (a, b) in enumerate(zip(one, other, strict=True))
        ]
        ac = agreement_of_two(judged, "a", "b", YES_NO).ac
        held += ac.low <= 0.64 <= ac.high  # type: ignore[operator]
    assert held >= 52


ANSWERS = st.sampled_from("abcd")
PAIRS = st.lists(st.tuples(ANSWERS, ANSWERS), min_size=2, max_size=40)


def pairs(said: Sequence[tuple[str, str]]) -> list[Judged]:
    return [Judged(call_id=f"c{n:02}", said={"x": first, "y": second}) for n, (first, second) in enumerate(said)]


@given(PAIRS)
def test_kappa_is_what_another_program_reckons(said: list[tuple[str, str]]) -> None:
    # Here, as it takes seconds to import in every process that collects tests.
    from sklearn.metrics import cohen_kappa_score

    first, second = zip(*said, strict=True)
    for scale, weights in ((nominal("abcd"), None), (ordered({"a": 0.0, "b": 1 / 3, "c": 2 / 3, "d": 1.0}), "quadratic")):
        found = agreement_of_two(pairs(said), "x", "y", scale).kappa.value
        if len({*first, *second}) == 1:
            assert found is None
        else:
            expected = cohen_kappa_score(first, second, labels=list("abcd"), weights=weights)
            assert found == pytest.approx(expected, abs=1e-9)


@given(PAIRS)
def test_bounds_and_names(said: list[tuple[str, str]]) -> None:
    found = agreement_of_two(pairs(said), "x", "y", nominal("abcd"))
    turned = agreement_of_two(pairs(said), "y", "x", nominal("abcd"))
    renamed = agreement_of_two(pairs([(a.upper(), b.upper()) for a, b in said]), "x", "y", nominal("DCBA"))
    for one in (turned, renamed):
        assert one.ac.value == pytest.approx(found.ac.value)
        assert one.kappa.value == pytest.approx(found.kappa.value)
    assert found.ac.value is not None
    assert found.ac.value <= 1
    assert (found.ac.value == pytest.approx(1)) == all(a == b for a, b in said)
    many = agreement_of_many(pairs(said), nominal("abcd"))
    # Of two who judged everything, Gwet's is the same whichever way it is reckoned.
    assert many.ac.value == pytest.approx(found.ac.value)


@given(PAIRS, st.randoms())
def test_the_order_of_reading_changes_nothing(said: list[tuple[str, str]], chance: object) -> None:
    judged = pairs(said)
    shuffled = list(judged)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert agreement_of_two(shuffled, "x", "y", nominal("abcd")) == agreement_of_two(judged, "x", "y", nominal("abcd"))
