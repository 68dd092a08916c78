"""The builder of conversations that tests and rubric cases are written with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Layout, Role
from qa_pipeline.conversation.written import conversation, with_vectors


def test_lines_give_role_time_and_text() -> None:
    spoken = conversation("0:02 agent: Hello there.", "1:05.5 customer: Hi.", language="en")
    assert [(u.utterance, u.role, u.start_ms, u.text) for u in spoken.utterances] == [
        (0, Role.AGENT, 2000, "Hello there."), (1, Role.CUSTOMER, 65_500, "Hi.")
    ]  # fmt: skip


def test_one_text_of_many_lines_is_many_lines() -> None:
    assert len(conversation("agent: One\n\n  customer: Two\n", language="en").utterances) == 2


def test_lines_are_split_at_sentence_ends() -> None:
    assert [u.text for u in conversation("agent: 您好。请问您是张先生吗？").utterances] == ["您好。", "请问您是张先生吗？"]


def test_a_line_without_time_follows_after_400_ms() -> None:
    # 4.5 characters a second: nine take two seconds.
    spoken = conversation("0:01 agent: 一二三四五六七八九", "customer: 好")
    assert (spoken.utterances[0].end_ms, spoken.utterances[1].start_ms) == (3000, 3400)


def test_a_time_that_is_past_already_waits_for_the_line_before() -> None:
    spoken = conversation("0:01 agent: 一二三四五六七八九", "0:02 customer: 好")
    assert spoken.utterances[1].start_ms == 3400


def test_the_full_width_colon_of_chinese_typing_is_understood() -> None:
    assert conversation("0:01 Agent：您好").utterances[0].role is Role.AGENT


@pytest.mark.parametrize("line", ["hello", "0:00 boss: hello", "0:00 agent hello", "1:2 agent: hello"])
def test_a_line_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        conversation(line)


def test_what_is_not_said_is_none() -> None:
    call = conversation("agent: 您好").call
    assert (call.direction, call.agent_name, call.started_at) == (None, None, None)


def test_columns_of_the_call_are_given_by_name() -> None:
    assert conversation("agent: 您好", direction="outbound", company="尚德").call.company == "尚德"


def test_no_lines_are_an_empty_conversation() -> None:
    spoken = conversation(language="en")
    assert (spoken.utterances, spoken.duration_ms, spoken.metrics.turns, spoken.layout) == ((), 0, None, Layout.STEREO)


def test_sentiment_is_the_metrics() -> None:
    metrics = conversation("customer: 好", sentiment=(0.5, "positive")).metrics
    assert (metrics.customer_sentiment, metrics.customer_sentiment_label) == (0.5, "positive")


def test_vectors_belong_to_the_utterances() -> None:
    spoken = with_vectors(conversation("agent: One. Two.", language="en"), lambda texts: np.eye(384)[: len(texts)])
    assert (spoken.vectors[0][0], spoken.vectors[1][1], len(spoken.vectors[1])) == (1.0, 1.0, 384)


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20), st.sampled_from(["zh", "en"]))
def test_words_join_to_the_text_wherever_there_are_words(text: str, language: str) -> None:
    for utterance in conversation(f"agent: {text}", language=language).utterances:
        assert not utterance.words or "".join(word.text for word in utterance.words) == utterance.text
