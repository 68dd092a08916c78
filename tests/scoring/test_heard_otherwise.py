"""Phrases that only another reading of the recogniser has: they count for a criterion, doubtfully, and convict nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qa_pipeline.call import Alternative, Conversation, Outcome
from qa_pipeline.conversation.written import conversation
from qa_pipeline.scoring.score import Finding
from tests.rubric.built_rubrics import finding, scored

WAITS = {"check": "phrase", "phrases": {"zh": ["请您稍等"], "en": ["bear with me"]}, "match": "tolerant"}
RUDE = {"check": "forbidden", "phrases": {"zh": ["你有完没完"]}}


def heard(language: str, *lines: str, otherwise: dict[int, list[tuple[str, float]]]) -> Conversation:
    """A recognised conversation with other readings of some utterances."""
    spoken = conversation(*lines, language=language)
    return replace(
        spoken,
        utterances=tuple(
            replace(u, alternatives=tuple(Alternative(text=text, share=share) for text, share in otherwise.get(u.utterance, ())))
            for u in spoken.utterances
        ),
    )


def judged(criterion: dict[str, Any], *readings: tuple[str, float], language: str = "zh", best: str = "七零烧饼") -> Finding:
    return finding(heard(language, f"0:00 agent: {best}", "0:04 customer: 好", otherwise={0: list(readings)}), criterion, min_certainty=0.0)


def test_a_phrase_that_only_another_reading_has_is_found_with_the_words_that_were_heard_best() -> None:
    found = judged(WAITS, ("请您稍等。", 0.3))
    assert (found.outcome, found.reason_code) == (Outcome.MET, "said_otherwise")
    assert [(e.kind, e.text, e.expected, e.similarity) for e in found.evidence] == [("hit", "七零烧饼", "请您稍等", 0.3)]


def test_it_is_the_surer_the_more_of_the_readings_have_it() -> None:
    one, two = judged(WAITS, ("请您稍等。", 0.2)), judged(WAITS, ("请您稍等。", 0.2), ("那请您稍等。", 0.15))
    assert two.evidence[0].similarity == 0.35
    assert one.certainty is not None and two.certainty is not None and one.certainty.share <= two.certainty.share


def test_below_the_bar_it_is_withheld_with_both_readings() -> None:
    spoken = heard("zh", "0:00 agent: 七零烧饼", otherwise={0: [("请您稍等。", 0.1)]})
    found = finding(spoken, WAITS, min_certainty=0.99)
    assert (found.outcome, found.likely, found.reason_args["because"]) == (Outcome.UNDETERMINED, Outcome.MET, "said_otherwise")


@pytest.mark.parametrize(
    ("reading", "language", "phrase"),
    [
        # A sound-alike in a doubtful reading is too far from what was said.
        ("请您稍的。", "zh", "请您稍等"),
        # Two syllables stand in any reading by chance.
        ("稍等。", "zh", "稍等"),
        ("wait", "en", "wait"),
    ],
)
def test_what_is_not_there_to_the_letter_or_is_short_does_not_count(reading: str, language: str, phrase: str) -> None:
    criterion = {"check": "phrase", "phrases": {language: [phrase]}}
    found = judged(criterion, (reading, 0.4), language=language, best="没有" if language == "zh" else "Weight")
    assert found.outcome is Outcome.NOT_MET


def test_words_that_are_taken_back_in_the_other_reading_do_not_count() -> None:
    assert judged({**WAITS, "unlike": {"zh": ["不用请您稍等"]}}, ("不用请您稍等。", 0.4)).outcome is Outcome.NOT_MET


def test_what_was_heard_best_counts_before_another_reading() -> None:
    assert judged(WAITS, ("七零烧饼", 0.4), best="请您稍等").reason_code == "said"


def test_a_question_may_be_known_by_another_reading() -> None:
    criterion = {"check": "question", "phrases": {"zh": ["现在方便接电话吗"]}, "answers": {"willing": {}, "unwilling": {}}}
    spoken = heard("zh", "0:00 agent: 先开房地产花吗", "0:04 customer: 方便。", otherwise={0: [("现在方便接电话吗", 0.3)]})
    found = finding(spoken, criterion, min_certainty=0.0)
    assert (found.outcome, found.answer, found.reason_code) == (Outcome.MET, "willing", "asked_otherwise")


def test_a_missing_part_may_stand_in_another_reading_unless_it_matters_where_it_lies() -> None:
    parts = {"check": "phrase", "groups": {"a": {"en": ["thank you"]}, "b": {"en": ["bear with me"]}}, "need": "all"}
    spoken = heard("en", "0:00 agent: Thank you.", "0:02 agent: Bare width me.", otherwise={1: [("Bear with me.", 0.3)]})
    assert finding(spoken, parts, min_certainty=0.0).reason_code == "said_otherwise"
    assert finding(spoken, {**parts, "in_order": True}, min_certainty=0.0).outcome is Outcome.NOT_MET


def test_forbidden_words_that_only_another_reading_has_are_suspected_and_no_more() -> None:
    found = judged(RUDE, ("你有完没完", 0.45), best="您用玩具吗")
    assert (found.outcome, found.reason_code) == (Outcome.UNDETERMINED, "suspected")
    assert [(e.kind, e.text) for e in found.evidence] == [("heard", "您用玩具吗")]
    assert judged(RUDE, ("你有完没完", 0.05), best="您用玩具吗").outcome is Outcome.MET


def test_what_is_found_does_not_depend_on_the_calls_that_are_searched_with_it() -> None:
    spoken = heard("zh", "0:00 agent: 七零烧饼", otherwise={0: [("请您稍等。", 0.3)]})
    assert scored(spoken, WAITS, min_certainty=0.0).findings[0].outcome is Outcome.MET
    plain = replace(spoken, utterances=tuple(replace(u, alternatives=()) for u in spoken.utterances))
    assert scored(plain, WAITS, min_certainty=0.0).findings[0].outcome is Outcome.NOT_MET
