"""The steps from the words of a call to an outcome."""

from __future__ import annotations

import json
from dataclasses import replace

from qa_pipeline.call import Conversation, Quote, Reply
from qa_pipeline.rubric.schema import Situations
from qa_pipeline.scoring.meanings import Head
from qa_pipeline.scoring.prompts import prompt_sha256
from qa_pipeline.scoring.score import prepare
from qa_pipeline.trainer.explain import explain
from tests.rubric.built_rubrics import SITUATION_NAMES, rubric
from tests.trainer.desk import encode, spoken

GREETING = {"id": "greeting", "title": {"en": "Greets"}, "check": "phrase", "phrases": {"en": ["hello there"]}, "weight": 10}
CALL = spoken("c1", "0:00 agent: Hello there.", "0:03 customer: I am driving.", "0:06 agent: Oh well. Goodbye then.")


def steps(criterion_id: str, *criteria: dict[str, object], heard: Conversation = CALL, **options: object) -> dict[str, tuple[str, ...]]:
    heads = options.pop("heads", {})
    scorecard = prepare(rubric(*criteria, **options), heads)  # type: ignore[arg-type]
    return {step.title: step.lines for step in explain(heard, scorecard, criterion_id)}


def test_a_phrase_that_was_said() -> None:
    found = steps("greeting", {**GREETING, "within": {"first": {"seconds": 15, "turns": 1}}})
    assert found["The criterion"] == ("greeting: Greets", "check: phrase, weight 10, status stable")
    assert found["The call"] == ("language en, 4 utterances, layout stereo", "certainty of roles 1.00 (enough; 0.7 is needed)")
    assert found["Where it looked"] == (
        "words of agent, first 15 seconds or 1 turns, whichever reaches further",
        "  0:00 agent: Hello there. [heard with confidence 0.90]",
        "  0:06 agent: Oh well. [heard with confidence 0.90]",
        "  0:06 agent: Goodbye then. [heard with confidence 0.90]",
    )
    assert found["What it looked for"] == (
        "phrases: 1 in en, matched tolerant; found 1",
        "  “Hello there” at 0:00 is 'hello there' (1.00)",
    )
    assert found["What it found"] == ("hit: 0:00 agent “Hello there” for 'hello there' (1.00)",)
    assert found["Outcome"] == ("met: Said in the window searched.", "10 of 10 points")
    assert list(found)[-1] == "Outcome" and "Situations" not in found and "What it depends on" not in found


def test_a_phrase_that_was_not_said_shows_the_window_and_what_came_nearest() -> None:
    heard = spoken("c2", "0:00 agent: Hello then.", "0:03 customer: Hello there.")
    found = steps("greeting", {**GREETING, "within": {"last": {"turns": 1}}}, heard=heard)
    assert found["Where it looked"] == ("words of agent, last 1 turns", "  0:00 agent: Hello then. [heard with confidence 0.90]")
    assert found["What it looked for"][0] == "phrases: 1 in en, matched tolerant; found 0"
    assert found["What it looked for"][1].startswith("  nearest: “Hello")
    assert found["What it looked for"][1].endswith("not near enough")
    assert found["What it found"][0].startswith("heard: 0:00 agent ")
    assert found["Outcome"] == ("not met: Not heard in the window searched.", "0 of 10 points")


def test_a_window_without_words_is_said_so() -> None:
    found = steps("greeting", {**GREETING, "who": "customer"}, heard=spoken("c3", "0:00 agent: Hello there."))
    assert found["Where it looked"] == ("words of customer, the whole call", "  nothing was said there")


def test_a_parent_that_does_not_apply() -> None:
    first = {**GREETING, "id": "first", "when": [{"metadata": "team", "is": "red"}]}
    blue = replace(CALL, call=replace(CALL.call, team="blue"))
    found = steps("second", first, {**GREETING, "id": "second", "when": [{"criterion": "first", "outcome": "met"}]}, heard=blue)
    assert found["What it depends on"] == ("when first is met: it is not_applicable",)
    assert found["Outcome"] == ("not applicable: Depends on first, which is not_applicable.", "no points: not judged")
    assert steps("first", first, heard=blue)["What it depends on"] == ('when {"metadata":"team","is":"red"}',)
    # A call whose metadata do not have the column: what was said tells.
    assert steps("first", first)["Outcome"][0] == "met: Said in the window searched."


def test_an_answer_asked_for() -> None:
    asked = {"id": "ready", "check": "question", "phrases": {"en": ["hello there"]}, "answers": {"unwilling": {"en": ["driving"]}}}
    found = steps("back", asked, {**GREETING, "id": "back", "when": [{"criterion": "ready", "answer": ["unwilling", "unclear"]}]})
    assert found["What it depends on"] == ("when ready is answered unwilling or unclear: it is met, answered unwilling",)
    question = steps("ready", asked)
    # The longer of the criterion's own wording and the common ones.
    assert question["What it found"][1].startswith("answer: 0:03 customer “I am driving” for 'i am (driving|")
    assert question["Outcome"] == ("met: Asked; the answer was unwilling.", "answer: unwilling", "1 of 1 points")


def test_combinations_and_order_name_their_parts() -> None:
    parts = [{**GREETING, "id": "a"}, {**GREETING, "id": "b", "phrases": {"en": ["nonsense"]}, "after": "a"}]
    found = steps("both", *parts, {"id": "both", "check": "all", "of": ["a", "b"]})
    assert found["What it depends on"] == ("of a: it is met", "of b: it is not_met")
    assert "Where it looked" not in found
    later = steps("b", *parts)
    assert later["What it depends on"] == ("after a: it is met",)
    assert [line.split("[")[0] for line in later["Where it looked"][1:]] == ["  0:06 agent: Oh well. ", "  0:06 agent: Goodbye then. "]


def test_a_meaning_shows_the_likeliest_utterance() -> None:
    # Probability of one about parcels: 1 / (1 + exp(-(4 - 2))) = 0.88; of others exp(-2) / (1 + exp(-2)) = 0.12.
    weights = encode(["parcel"])[0] * 4
    heads = {"late": Head(list_id="late", weights=weights, bias=-2.0)}
    examples = {"id": "late", "like": {"en": ["the parcel is late"]}}
    criterion = {
        "id": "late",
        "check": "semantic",
        "who": "customer",
        "meaning": {"list": "lists/late.yaml", "at_least": 0.9, "examples": examples},
    }
    heard = spoken("c4", "0:00 customer: What fine weather.", "0:03 customer: Where is my parcel?", vectors=True)
    found = steps("late", criterion, heard=heard, heads=heads)
    assert found["What it looked for"] == (
        "meaning lists/late.yaml, from probability 0.9: likeliest “Where is my parcel?” with probability 0.88",
    )
    assert found["Outcome"][0].startswith("not met")
    unheard = steps("late", criterion, heard=spoken("c5", "0:00 customer: Where is my parcel?"), heads=heads)
    assert unheard["What it looked for"][0].endswith("no utterance has a vector")


def test_a_hit_taken_back_is_shown() -> None:
    criterion = {"id": "rude", "check": "forbidden", "phrases": {"en": ["goodbye"]}, "unlike": {"en": ["goodbye then"]}}
    found = steps("rude", criterion)
    assert "taken back by 'goodbye then': “Goodbye then” at 0:06" in found["What it looked for"]
    assert found["Outcome"][0] == "met: Nothing forbidden was heard from the agent."


def test_an_excused_criterion_names_the_situation_and_its_words() -> None:
    rules = {name: {"who": "customer"} for name in SITUATION_NAMES}
    rules["wrong_person"] = {"who": "customer", "phrases": {"en": ["wrong number"]}}
    situations = Situations.model_validate_json(json.dumps(rules))
    heard = spoken("c6", "0:00 agent: Is it Anna?", "0:03 customer: Wrong number.")
    found = steps("greeting", {**GREETING, "excused_when": ["wrong_person", "voicemail"]}, heard=heard, situations=situations)
    assert found["Situations"] == (
        "excused when wrong_person: holds, because of customer 0:03 “Wrong number”",
        "excused when voicemail: does not hold",
    )
    assert found["Outcome"] == (
        "not applicable: Does not apply: the person wanted was not reached. At 0:03 the customer said: “Wrong number”.",
        "no points: not judged",
    )


def test_roles_too_uncertain_and_cut_recordings_are_told() -> None:
    heard = spoken("c7", "0:00 agent: Hello there.", role_confidence=0.5, ends_cut=True)
    found = steps("greeting", GREETING, heard=heard)
    assert found["The call"][1:] == ("certainty of roles 0.50 (too little; 0.7 is needed)", "the recording is cut at the end")
    assert found["Outcome"][0].startswith("undetermined: ")


def test_points_taken_off_and_values_captured_are_told() -> None:
    severe = {"id": "rude", "check": "forbidden", "phrases": {"en": ["goodbye"]}, "deduct": 7}
    assert steps("rude", severe, scoring="deductions")["Outcome"][-1] == "7 points taken off"
    capture = {"id": "number", "check": "capture", "capture": "number", "who": "customer"}
    heard = spoken("c8", "0:00 customer: It is 42.")
    assert "captured number = 42 (number)" in steps("number", capture, heard=heard)["What it found"]


def test_a_question_to_a_language_model_is_told_with_every_answer_as_it_came() -> None:
    why = {"id": "why", "check": "ask", "phrasings": 2, "question": {"en": "Did the agent give the reason?"}}
    made = rubric(why)
    scorecard, heard = prepare(made, {}, answered_by="m"), spoken("c9", "0:00 customer: Why?", "0:04 agent: Because the bank checks it.")
    told = (("yes", Quote(utterance=1, text="Because the bank")), ("no", Quote(utterance=1, text="it will come")))
    replies = tuple(
        Reply(
            question_sha256=scorecard.questions["why"], prompt_sha256=prompt_sha256(), model="m", phrasing=number, first=0, last=1, answer=answer,
            quotes=(quote,),
        )
        for number, (answer, quote) in enumerate(told)
    )  # fmt: skip
    found = {step.title: step.lines for step in explain(replace(heard, replies=replies), scorecard, "why")}
    assert found["What it asked"] == (
        "en: Did the agent give the reason?",
        "put about 2 lines, 0 to 1, in 2 wordings",
        "  m, wording 1, lines 0 to 1: yes; line 1 “Because the bank”",
        "  m, wording 2, lines 0 to 1: no; line 1 “it will come”",
    )
    assert "answers otherwise when it is asked in other words" in found["Outcome"][0]
    unasked = {step.title: step.lines for step in explain(heard, scorecard, "why")}
    assert unasked["What it asked"][-1] == "  nobody has answered it yet"


def test_an_answer_that_is_withheld_names_the_bar_of_its_own_criterion() -> None:
    why = {"id": "why", "check": "ask", "phrasings": 1, "at_least": 0.9, "question": {"en": "Did the agent give the reason?"}}
    scorecard = prepare(rubric(why), {}, answered_by="m")
    reply = Reply(
        question_sha256=scorecard.questions["why"], prompt_sha256=prompt_sha256(), model="m", phrasing=0, first=0, last=1, answer="yes",
        quotes=(Quote(utterance=1, text="Because the bank"),),
    )  # fmt: skip
    heard = replace(spoken("c10", "0:00 customer: Why?", "0:04 agent: Because the bank checks it."), replies=(reply,))
    found = {step.title: step.lines for step in explain(heard, scorecard, "why")}
    assert "that is below 90 %" in found["How sure it is"][0]
