"""Questions that were plainly put and answered, where other words say that they do not apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Disposition
from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.scoring.meanings import Head
from qa_pipeline.scoring.score import Score, prepare, score
from tests.rubric.built_rubrics import shipped


def scored_by_meaning(name: str, meant: Mapping[str, Mapping[str, float]], *lines: str) -> Score:
    """A call scored by a shipped rubric; of each list, how probable its meaning is in lines that hold some words (elsewhere it is not)."""

    def encode(texts: Any) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            for axis, chances in enumerate(meant.values()):
                share = next((chance for part, chance in chances.items() if part in text), 0.01)
                vectors[row, axis] = np.log(share / (1 - share))
        return vectors

    heads = {list_id: Head(list_id=list_id, weights=np.eye(WIDTH, dtype=np.float32)[axis], bias=0.0) for axis, list_id in enumerate(meant)}
    spoken = with_vectors(conversation(*lines, language="zh", direction="outbound"), encode)
    return score(spoken, prepare(shipped(name), heads))


def outcomes(scored: Score) -> dict[str, str]:
    return {finding.criterion.id: finding.outcome.value for finding in scored.findings}


PATIENT = (
    "0:00 agent: 您好，德仁骨科，您是佘桂香吗？",
    "0:05 customer: 我是她爱人，她叫我讲。",
    "0:08 agent: 膝盖现在还疼不疼？",
    "0:12 customer: 还是疼，下坡疼得很。",
)
MEDICINE = ("0:16 agent: 开的药吃完没有？", "0:20 customer: 吃完了，都吃了。")
MEANT = {"asks_condition": {"还疼": 0.98}, "asks_medicine": {"吃完没有": 0.97}}


def test_who_answers_several_of_the_questions_is_no_stranger() -> None:
    found = scored_by_meaning("followup_hospital", MEANT, *PATIENT, *MEDICINE, "0:26 agent: 好的，再见。")
    assert outcomes(found)["condition"] == outcomes(found)["medicine"] == "met"
    assert outcomes(found)["reactions"] == "not_met"
    assert found.disposition is Disposition.COMPLETED


def test_one_question_makes_nobody_the_right_person() -> None:
    found = scored_by_meaning("followup_hospital", MEANT, *PATIENT, "0:26 agent: 好的，再见。")
    assert outcomes(found)["condition"] == "not_applicable"
    assert found.disposition is Disposition.WRONG_PERSON


@pytest.mark.parametrize(
    ("probability", "reply", "outcome"),
    [(0.95, "同意，行。", "met"), (0.3, "同意，行。", "not_applicable"), (0.95, "什么？", "not_applicable")],
    ids=["asked", "hardly meant", "not answered"],
)
def test_a_question_that_was_plainly_put_and_answered_applies(probability: float, reply: str, outcome: str) -> None:
    found = scored_by_meaning(
        "consent_call", {"consent_question": {"愿不愿意": probability}},
        "0:00 agent: 您好，跃动健身小莫，现在方便吗？", "0:04 customer: 不方便。", "0:06 agent: 那就一句，您愿不愿意收我们的优惠短信？",
        f"0:12 customer: {reply}", "0:15 agent: 谢谢您，一个月顶多两条，祝您生活愉快，再见。",
    )  # fmt: skip
    assert outcomes(found)["consent_asked"] == outcome


BUSY = "0:13 customer: 现在不方便，我在高铁上。"


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (("0:05 agent: 我是明视眼科的护士，想了解一下您术后的情况，现在方便吗？",), "not_applicable"),
        (("0:05 agent: 我是明视眼科的护士。", "0:07 agent: 想了解一下您术后的情况。"), "met"),
    ],
    ids=["in one breath with the question for a good moment", "by itself"],
)
def test_what_only_being_busy_answered_was_not_gone_through(asked: tuple[str, ...], outcome: str) -> None:
    found = scored_by_meaning(
        "followup_hospital", {"asks_condition": {"术后的情况": 0.98}, "customer_busy": {"高铁": 0.99}},
        "0:00 agent: 您好，请问是娄先生吗？", "0:03 customer: 是，您哪位？", *asked, BUSY, "0:20 agent: 不好意思打扰您了，那我晚上再打给您，再见。",
    )  # fmt: skip
    assert outcomes(found)["condition"] == outcome


_CONSENT = (
    "0:00 agent: 您好，南屏体检中心佘琳，现在方便吗？",
    "0:04 customer: 方便。",
    "0:06 agent: 我们想给您发体检优惠，您愿不愿意接收这类短信？",
)
_BYE = "0:20 agent: 好的，祝您生活愉快，再见。"


@pytest.mark.parametrize(
    ("said", "disposition"),
    [
        ("我不愿意，这种短信我不感兴趣。", Disposition.COMPLETED),
        ("不愿意，以后别再给我打电话了。", Disposition.OPTED_OUT),
    ],
)
def test_a_no_to_consent_is_an_answer_and_only_so_many_words_opt_out(said: str, disposition: Disposition) -> None:
    found = scored_by_meaning("consent_call", {"consent_question": {"愿不愿意": 0.97}}, *_CONSENT, f"0:12 customer: {said}", _BYE)
    assert found.disposition is disposition


@pytest.mark.parametrize(
    ("question", "answer", "disposition"),
    [
        ("膝盖现在还疼不疼？", "还是疼，下坡疼得很。", Disposition.COMPLETED),
        ("就两分钟，方便吗？", "不方便，没兴趣。", Disposition.REFUSED),
    ],
)
def test_who_refused_and_answers_the_next_question_has_not_refused(question: str, answer: str, disposition: Disposition) -> None:
    opening = ("0:00 agent: 您好，德仁骨科回访。", "0:05 customer: 那种广告我没兴趣。")
    meant = {"asks_condition": {"还疼": 0.98}}
    found = scored_by_meaning(
        "followup_hospital", meant, *opening, f"0:08 agent: {question}", f"0:12 customer: {answer}", "0:18 agent: 好的，再见。"
    )
    assert found.disposition is disposition


@pytest.mark.parametrize(("told", "outcome"), [("0:06 agent: 老梁呀，老梁钻到吊顶里头去啦。", "met"), ("0:06 agent: 嗯。", "not_met")])
def test_who_offers_to_take_a_message_right_after_telling_something_has_told_why(told: str, outcome: str) -> None:
    lines = (
        "0:00 agent: 您好，海棠装饰，您找谁？",
        "0:03 customer: 我找老梁。",
        told,
        "0:09 agent: 您有话要我递给他吗？",
        "0:12 customer: 好，跟他说瓷砖到了。",
        "0:16 agent: 好的，一定转告，再见。",
    )
    meant = {"offers_message": {"递给": 0.97}, "owner_not_available": {"吊顶": 0.3}}
    assert outcomes(scored_by_meaning("message_taking", meant, *lines))["owner_unavailable"] == outcome
