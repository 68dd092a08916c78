"""A pasted dialogue: the lines read, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from qa_pipeline.call import Conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.trainer.pasted import read_pasted
from tests.trainer.desk import encode


def read(text: str, **options: Any) -> Conversation:
    return read_pasted(text, name="call.txt", **{"language": "en", "columns": {}, "encode": None, **options})


def test_lines_with_times_are_read_as_speech() -> None:
    heard = read("0:03 agent: Hello there.\n0:09 customer: Hi.")
    assert [(u.role.value, u.text, u.start_ms) for u in heard.utterances] == [("agent", "Hello there.", 3_000), ("customer", "Hi.", 9_000)]
    assert heard.metrics.longest_silence_ms == 9_000 - (heard.utterances[0].end_ms or 0) > 5_000


def test_without_any_time_there_are_none() -> None:
    heard = read("agent: Hello there.\ncustomer: Hi.")
    assert [u.start_ms for u in heard.utterances] == [None, None]
    assert (heard.metrics.longest_silence_ms, heard.metrics.turns) == (None, 2)


def test_a_line_goes_on_without_a_label() -> None:
    assert [u.text for u in read("agent: Hello\nthere").utterances] == ["Hello there"]


def test_what_is_known_of_the_call_is_given() -> None:
    heard = read("agent: Hello.", columns={"company": "Starlight", "agent_name": "Tina"})
    assert (heard.call.company, heard.call.agent_name) == ("Starlight", "Tina")


def test_vectors_come_from_the_encoder() -> None:
    heard = read("customer: The parcel.", encode=encode)
    assert heard.vectors[0][:2] == (1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "language"),
    [("agent: 您好，请问您现在方便吗？\ncustomer: 方便，你说。", "zh"), ("agent: Good morning, how can I help you today?", "en")],
)
def test_the_language_is_told_from_the_words(text: str, language: str) -> None:
    assert read(text, language=None).language == language


@pytest.mark.parametrize("text", ["agent: 12 34", "agent: …"])
def test_a_language_that_cannot_be_told_is_asked_for(text: str) -> None:
    with pytest.raises(InputRefused, match=r"language of call.txt cannot be told\. Give --language"):
        read(text, language=None)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_nothing_is_no_dialogue(text: str) -> None:
    with pytest.raises(InputRefused):
        read(text)


def test_lines_that_cannot_be_read_are_located_and_all_told() -> None:
    with pytest.raises(InputRefused) as caught:
        read("somebody talks\nagent: Hello.\n0:99x customer: Hi.\n\x00 agent: x")
    assert [fault.path for fault in caught.value.faults] == ["call.txt"] * len(caught.value.faults)
    assert {1, 4} <= {fault.line for fault in caught.value.faults}


def test_a_call_has_no_start_unless_it_is_stored() -> None:
    assert read("agent: Hello.").call.started_at is None
