"""Calls that the reader is trained on: every exchange can be filled, and what is marked is what was made up."""

from __future__ import annotations

from random import Random

import pytest

from models.privacy.calls import made_up, parsed, rewritten
from models.privacy.known import known_of
from models.privacy.people import Teller


@pytest.mark.parametrize("language", ["en", "pl", "sv", "zh"])
def test_made_up_calls_mark_words_that_are_there(language: str) -> None:
    chance = Random(4)
    calls = [made_up(language, chance) for _ in range(40)]
    kinds = set()
    for line in (line for call in calls for line in call.lines):
        assert "{" not in line.text and "<" not in line.text and "[" not in line.text
        for kind, start, end in line.marks:
            assert line.text[start:end].strip() == line.text[start:end] != ""
            kinds.add(kind)
    assert {"name", "address", "phone", "birth_date", "email"} <= kinds


def test_parts_of_a_number_are_of_the_same_number() -> None:
    teller = Teller("en", Random(1), known_of("en"), written=True)
    whole = teller.say("plate")[1]
    assert teller.say("plate.x")[1] + teller.say("plate.y")[1] == whole
    assert teller.say("plate2")[1] != whole


def test_a_written_call_keeps_its_shape_with_other_values() -> None:
    item = {
        "language": "en",
        "lines": ["0:01 agent: name please", "0:03 customer: its {name|rob crowther} on {phone|oh one two three four five}"],
    }
    call = rewritten(item, Random(2), share=1.0)
    assert [line.role for line in call.lines] == ["agent", "customer"]
    assert [kind for kind, *_ in call.lines[1].marks] == ["name", "phone"] and "crowther" not in call.lines[1].text
    assert rewritten(item, Random(2), share=0.0).lines[1].text == parsed(item["lines"][1].partition(": ")[2])[0]
