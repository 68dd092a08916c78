"""What judged a score is part of its identity: scoring code, language data and norms, of the call's own languages only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring import identity
from qa_pipeline.scoring.identity import JudgedBy, judged_by, norm_version_of, score_id_of
from tests.rubric.built_rubrics import scored

BY = JudgedBy(scoring_version=1, language_digest="a", norm_version="b")
HELLO = {"id": "greeting", "check": "phrase", "phrases": {"en": ["hello there"]}}


@pytest.fixture
def anew() -> Iterator[None]:
    """What judges is worked out once a process: for whoever comes after, once more."""
    yield
    identity._judged_by.cache_clear()
    identity.norm_version_of.cache_clear()


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, code: str) -> None:
    """Give one language other data, as `identity` sees it through a function of the code."""
    real = getattr(identity, name)
    monkeypatch.setattr(identity, name, lambda asked: "changed" if asked == code else real(asked))
    identity._judged_by.cache_clear()
    identity.norm_version_of.cache_clear()


def test_each_part_of_what_judged_makes_another_score() -> None:
    others = (
        replace(BY, scoring_version=2),
        replace(BY, language_digest="c"),
        replace(BY, language_digest=None),
        replace(BY, norm_version="c"),
    )
    assert len({score_id_of("one", "rubric", by) for by in (BY, *others)}) == 5
    assert len({score_id_of(*parts, BY) for parts in (("one", "rubric"), ("two", "rubric"), ("one", "other"))}) == 3


def test_a_score_says_what_judged_it() -> None:
    spoken = conversation("0:00 agent: hello there.", language="en")
    found = scored(spoken, HELLO)
    assert found.judged_by == judged_by("en", ["en"])
    assert found.score_id == score_id_of(spoken.conversation_id, found.rubric_sha256, found.judged_by)


def test_data_of_one_language_judge_calls_in_no_other(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {code: judged_by(code, [code]) for code in ("zh", "sv")}
    pretend(monkeypatch, "language_digest", "sv")
    assert judged_by("zh", ["zh"]) == before["zh"]
    assert judged_by("sv", ["sv"]) == replace(before["sv"], language_digest="changed")


def test_every_language_that_is_spoken_counts_for_the_norms(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed, plain = judged_by("zh", ["zh", "en", "zh"]), judged_by("zh", ["zh"])
    assert mixed == judged_by("zh", ["en", "zh"]) != plain
    pretend(monkeypatch, "norm_version", "en")
    assert judged_by("zh", ["zh", "en"]).norm_version != mixed.norm_version
    assert judged_by("zh", ["zh"]) == plain


def test_a_language_that_is_not_known_here_has_no_data_and_still_an_identity() -> None:
    found = judged_by("und", ["und"])
    assert found.language_digest is None
    assert found == judged_by(None, ["und"])
    assert norm_version_of("und") not in {norm_version_of(code) for code in ("zh", "en", "pl", "sv")}
