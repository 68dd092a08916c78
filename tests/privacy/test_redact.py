"""Redacted texts say what was hidden, and every place leads back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Alternative
from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.policy import Hiding
from qa_pipeline.privacy.redact import ALL, redact_conversation, redact_text, redact_utterances
from qa_pipeline.privacy.rows import hidden_of, redact_utterance_rows
from qa_pipeline.results.rows import utterance_rows


def test_placeholders_have_their_kind() -> None:
    talk = conversation("customer: my phone is 0770 900 1234 and my email is a@b.com", language="en")
    assert [one.text for one in redact_utterances(talk.utterances)] == ["my phone is [phone] and my email is [email]"]


def test_words_keep_their_times_and_join_to_the_text() -> None:
    talk = conversation("customer: my phone is 0770 900 1234, call me.", language="en")
    [before], [after] = talk.utterances, redact_utterances(talk.utterances)
    assert "".join(word.text for word in after.words).strip() == after.text == "my phone is [phone], call me."
    hidden = next(word for word in after.words if "[phone]" in word.text)
    assert (hidden.start_ms, hidden.end_ms) == (before.words[3].start_ms, before.words[5].end_ms)
    assert (after.start_ms, after.end_ms, after.norm) == (before.start_ms, before.end_ms, "")


def test_only_chosen_kinds_are_hidden() -> None:
    talk = conversation("customer: my phone is 0770 900 1234 and my email is a@b.com", language="en")
    [one] = redact_utterances(talk.utterances, kinds={Personal.EMAIL})
    assert one.text == "my phone is 0770 900 1234 and my email is [email]"


def test_a_conversation_without_personal_data_stays_what_it_is() -> None:
    talk = conversation("agent: How can I help?", "customer: I have a question.", language="en")
    assert redact_conversation(talk) == talk


def test_vectors_of_what_was_hidden_are_left_out() -> None:
    talk = conversation("agent: Thanks.", "customer: my phone is 0770 900 1234", language="en", vectors={0: (1.0,), 1: (0.5,)})
    assert set(redact_conversation(talk).vectors) == {0}


def test_other_readings_are_left_out_wherever_they_are() -> None:
    talk = conversation("agent: How can I help?", "customer: my phone is 0770 900 1234", language="en")
    others = (Alternative(text="Harry can help", share=0.2),)
    talk = replace(talk, utterances=tuple(replace(u, alternatives=others) for u in talk.utterances))
    assert [u.alternatives for u in redact_conversation(talk).utterances] == [(), ()]
    rows = utterance_rows(talk, run_id="r", timezone="UTC")
    hidden = hidden_of({"agent_name": None, "extra": ()}, rows, Hiding(words=ALL, columns=frozenset()))
    assert [row["alternatives"] for row in redact_utterance_rows(rows, hidden)] == [[], []]


@pytest.mark.slow
@given(st.data())
def test_every_place_leads_back(data: st.DataObject) -> None:
    text = data.draw(st.text(max_size=60))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    found = [Found(kind=Personal.NAME, utterance=0, start=start, end=end, value="") for start, end in pairs]
    redacted = redact_text(text, found)
    hidden = {at for one in found for at in range(one.start, one.end)}
    for at in range(len(text)):
        if at not in hidden:
            there = redacted.redacted_place(at)
            assert redacted.text[there] == text[at]
            assert redacted.original_place(there) == at
    for one in redacted.hidden:
        assert redacted.text[one.at : one.at + len(one.placeholder)] == one.placeholder
        assert redacted.original_place(one.at) == one.start
