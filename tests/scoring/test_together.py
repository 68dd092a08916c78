"""Calls searched together: each gets what it would get alone, whatever the others are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from qa_pipeline.call import Conversation, Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.cases import cases_path, load_cases
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring.matching import Search, searches_of
from qa_pipeline.scoring.meanings import Head
from qa_pipeline.scoring.score import prepare, score, score_many
from qa_pipeline.scoring.windows import Searched

pytestmark = pytest.mark.slow

RUBRICS = Path(__file__).parents[2] / "rubrics"


def searched(call: Conversation, *numbers: int, role: Role = Role.AGENT) -> Searched:
    """The agent's utterances of some numbers; all without."""
    chosen = tuple(u for u in call.utterances if u.role is role and (not numbers or u.utterance in numbers))
    return Searched(utterances=chosen, start_ms=None, end_ms=None)


def heard(search: Search, phrase: str, window: Searched) -> list[tuple[int, str]]:
    phrases = search.phrases({"zh": (phrase,)})
    return [(hit.utterance, hit.text) for hit in search.hits(phrases, window)]


@pytest.mark.parametrize("name", ["followup", "hotline"])
def test_scores_are_equal_singly_and_together(name: str) -> None:
    path = RUBRICS / f"{name}.yaml"
    calls = [
        conversation(case.dialogue, language=case.language, direction="outbound", agent_name=agent, company=company)
        for case, (agent, company) in zip(
            load_cases(cases_path(path)), [("王小明", "尚德金融"), ("Anna Smith", "Acme"), ("王小明", None)] * 100, strict=False
        )
    ]
    # Longer than any scope of a search, so that openings, middles and closings are all looked for in parts.
    chance = random.Random(1)
    for language in ("zh", "en"):
        lines = [
            line.partition(" ")[2]
            for case in load_cases(cases_path(path))
            if case.language == language
            for line in case.dialogue.splitlines()
        ]
        calls += [conversation("\n".join(chance.choices(lines, k=50)), language=language, company="Acme") for _ in range(3)]
    scorecard = prepare(load_rubric(path), {})
    alone = [score(call, scorecard) for call in calls]
    assert score_many(calls, scorecard) == alone
    assert score_many(calls[::-1], scorecard) == alone[::-1]
    assert len({score.percent for score in alone}) > 3


def test_no_calls_give_no_scores() -> None:
    assert score_many([], prepare(load_rubric(RUBRICS / "followup.yaml"), {})) == []


def test_each_call_is_searched_for_its_own_names() -> None:
    calls = [conversation("0:00 agent: 我是王小明。", agent_name=name) for name in ("王小明", "李建国", None)]
    found = [heard(search, "{agent_name}", searched(call)) for search, call in zip(searches_of(calls, {}, {}), calls, strict=True)]
    assert found == [[(0, "王小明")], [], []]


def test_only_what_begins_in_the_utterances_searched_is_found() -> None:
    call = conversation("agent: 您好。", "agent: 您好。", "agent: 感谢您的。", "agent: 来电您好。")
    (search,) = searches_of([call], {}, {})
    assert heard(search, "您好", searched(call, 1)) == [(1, "您好")]
    assert heard(search, "感谢您的来电", searched(call, 2)) == [(2, "感谢您的来电")]
    assert heard(search, "感谢您的来电", searched(call, 3)) == []


def test_utterances_searched_may_have_gaps() -> None:
    call = conversation("agent: 您好。", "agent: 您好。", "agent: 您好。")
    (search,) = searches_of([call], {}, {})
    assert heard(search, "您好", searched(call, 0, 2)) == [(0, "您好"), (2, "您好")]


@pytest.mark.parametrize("number", [0, 20, 39])
def test_a_part_of_a_long_call_is_searched_like_the_whole(number: int) -> None:
    lines = ["agent: 今天天气不错。"] * 40
    lines[number] = "agent: 请问您方便吗。"
    call = conversation(*lines)
    search, _ = searches_of([call, conversation("agent: 喂。")], {}, {})
    window = searched(call, *range(number - 2, number + 3))
    assert heard(search, "您方便吗", window) == heard(search, "您方便吗", searched(call)) == [(number, "您方便吗")]


def test_the_nearest_thing_is_the_utterance_whose_words_come_nearest() -> None:
    calls = [conversation("agent: 今天天气很热。", "agent: 请问您现在忙吗。", "agent: 再见。"), conversation("agent: 您在吗。")]
    for together in (searches_of(calls, {}, {}), [searches_of([call], {}, {})[0] for call in calls]):
        phrases = together[0].phrases({"zh": ("请问您现在方便吗", "感谢您的来电")})
        nearest = together[0].nearest(phrases, searched(calls[0]))
        assert nearest is not None
        assert (nearest.utterance, nearest.expected, nearest.kind) == (1, "请问您现在方便吗", "heard")
        assert "请问您现在" in nearest.text
        assert together[0].nearest(phrases, searched(calls[0], 0)) is None


def test_what_was_remembered_of_the_same_words_is_told_where_they_stand() -> None:
    calls = [
        conversation("0:00 agent: 感谢您的配合", language="zh"),
        conversation("0:00 agent: 喂您好", "0:05 customer: 你好", "0:08 agent: 感谢您的配合", language="zh"),
    ]
    first, second = searches_of(calls, {}, {})
    near = [search.nearest(search.phrases({"zh": ("感谢您的耐心配合支持",)}), searched(search.conversation)) for search in (first, second)]
    assert [(e.utterance, e.start_ms, e.text) for e in near if e] == [(0, 0, near[0].text), (2, 8_000, near[0].text)]  # type: ignore[union-attr]


def test_probabilities_are_of_the_calls_own_utterances() -> None:
    import numpy as np

    weights = np.zeros(384, dtype=np.float32)
    weights[0] = 10.0
    sure, unsure = (1.0, *[0.0] * 383), (-1.0, *[0.0] * 383)
    calls = [
        conversation("agent: 您现在方便吗。", "agent: 今天天气很热。", "agent: 喂。", vectors={0: first, 1: second, 2: sure})
        for first, second in ((sure, unsure), (unsure, sure))
    ]
    heads = {"list": Head(list_id="list", weights=weights, bias=0.0)}
    for search, (first, second) in zip(searches_of(calls, heads, {}), ((True, False), (False, True)), strict=True):
        found = search._together.probabilities("list", search._place)
        assert {number: p > 0.5 for number, p in found.items()} == {0: first, 1: second}


def number_hits(search: Search, call: Conversation, phrase: str) -> list[int]:
    return [number for number, _ in heard(search, phrase, searched(call))]


def test_a_number_that_is_asked_for_later_is_told_from_other_numbers() -> None:
    lines = ("agent: 单号是一二三四五。", "agent: 单号是五四三二一。", "agent: 单号是九八七六五。")
    calls = [conversation(*lines, language="zh") for _ in range(2)]
    searches = searches_of(calls, {}, {})
    # Read as any number first, then each asked for by name.
    assert [number_hits(each, call, "单号是{number}") for each, call in zip(searches, calls, strict=True)] == [[0, 1, 2]] * 2
    for number, utterance in (("12345", 0), ("98765", 2)):
        phrases = searches[0].phrases({"zh": (f"单号是{number}",)}, "exact")
        for each, call in zip(searches, calls, strict=True):
            assert [hit.utterance for hit in each.hits(phrases, searched(call))] == [utterance]
    # What was found before still is.
    assert number_hits(searches[1], calls[1], "单号是{number}") == [0, 1, 2]
