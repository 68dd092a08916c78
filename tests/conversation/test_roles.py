"""Who is the agent: by what is said, whatever the order, the channel or the loudness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qa_pipeline.call import Call, Role, Utterance
from qa_pipeline.conversation.role_head import RoleJudgement, RoleWeights
from qa_pipeline.conversation.roles import Roles, assign_roles, lexicon_version, words_evidence
from qa_pipeline.conversation.written import conversation

WEIGHTS = RoleWeights(total=0.1, mean=0.4, lexicon=1.0, name=2.0, answers=0.5)
CALL = Call(call_id="c", source_uri="c.wav", audio_sha256="0")

# Each call is written with its true roles; the tests take them away and call the voices by their channels.
CALLS = {
    "outbound zh": (
        "zh",
        "outbound",
        (
            "agent: 您好，我是尚德金融客服中心的小王，给您做个回访，请问您现在方便吗？",
            "customer: 可以，你说吧。",
            "agent: 感谢您的配合，祝您生活愉快，再见。",
        ),
    ),
    "inbound zh": (
        "zh",
        "inbound",
        (
            "agent: 您好，请问有什么可以帮助您？",
            "customer: 我想查一下我的话费。",
            "agent: 好的，我帮您查一下，请您稍等。",
            "customer: 谢谢。",
        ),
    ),
    "the customer speaks first": (
        "zh",
        "outbound",
        (
            "customer: 喂，你好，哪位？",
            "agent: 您好，我是风行汽车的回访员，想做个满意度调查。",
            "customer: 我在开会。",
            "agent: 打扰您了，再见。",
        ),
    ),
    "the customer opens with a company's greeting": (
        "en",
        "outbound",
        (
            "customer: Good morning, Baker Tools, this is Jim.",
            "agent: Hello Jim, I'm calling from Acme to follow up on your order. Is now a good time?",
            "customer: Yes, go ahead.",
            "agent: How satisfied were you with the delivery?",
            "customer: It was fine.",
            "agent: Thank you for your time. Have a nice day.",
        ),
    ),
    "inbound en": (
        "en",
        "inbound",
        (
            "agent: Thank you for calling Acme. How can I help you?",
            "customer: I have a problem with my order.",
            "agent: Let me check. Is there anything else?",
        ),
    ),
}


def unknown(language: str, *lines: str, agent_channel: int = 0) -> tuple[list[Utterance], list[Role]]:
    """Utterances without roles on two channels, and the roles they had."""
    spoken = conversation(*lines, language=language).utterances
    channels = {Role.AGENT: agent_channel, Role.CUSTOMER: 1 - agent_channel, Role.OTHER: 1 - agent_channel}
    stripped = [replace(u, role=Role.UNKNOWN, channel=channels[u.role], speaker=f"channel{channels[u.role]}") for u in spoken]
    return stripped, [u.role for u in spoken]


def judged(*odds: float) -> RoleJudgement:
    return RoleJudgement(log_odds=np.array(odds, np.float32), weights=WEIGHTS)


def assigned(name: str, *, agent_channel: int) -> tuple[Roles, list[Role]]:
    language, direction, lines = CALLS[name]
    utterances, truth = unknown(language, *lines, agent_channel=agent_channel)
    return assign_roles(utterances, replace(CALL, direction=direction)), truth


@pytest.mark.parametrize("agent_channel", [0, 1])
@pytest.mark.parametrize("name", CALLS)
def test_roles_are_told_by_the_words(name: str, agent_channel: int) -> None:
    roles, truth = assigned(name, agent_channel=agent_channel)
    assert [u.role for u in roles.utterances] == truth
    assert roles.role_confidence >= 0.8


@pytest.mark.parametrize("name", CALLS)
def test_swapping_the_channels_swaps_nothing_else(name: str) -> None:
    left, _ = assigned(name, agent_channel=0)
    right, _ = assigned(name, agent_channel=1)
    assert [u.role for u in left.utterances] == [u.role for u in right.utterances]
    assert left.role_confidence == right.role_confidence
    assert left.evidence == {"channel0": right.evidence["channel1"], "channel1": right.evidence["channel0"]}


@pytest.mark.parametrize("agent_channel", [0, 1])
def test_a_channel_map_settles_the_matter(agent_channel: int) -> None:
    utterances, truth = unknown("en", "agent: Well.", "customer: Fine.", agent_channel=agent_channel)
    roles = assign_roles(utterances, replace(CALL, agent_channel=agent_channel))
    assert ([u.role for u in roles.utterances], roles.role_confidence) == (truth, 1.0)


def test_words_that_prove_the_channel_map_wrong_exchange_the_tracks_and_call_for_a_person() -> None:
    language, direction, lines = CALLS["inbound zh"]
    utterances, _ = unknown(language, *lines, agent_channel=1)
    roles = assign_roles(utterances, replace(CALL, direction=direction, agent_channel=0))
    assert (roles.is_swapped, roles.role_confidence) == (True, 0.79)
    assert {u.channel for u in roles.utterances if u.role is Role.AGENT} == {1}


def test_a_menu_is_nobodys_words() -> None:
    utterances, _ = unknown("zh", "other: 普通话请按一。", "agent: 您好，请问有什么可以帮您？", "customer: 我想查话费。", agent_channel=0)
    shared = [replace(u, channel=0, speaker="channel0") if u.utterance == 0 else u for u in utterances]
    roles = assign_roles(shared, replace(CALL, direction="inbound"))
    assert [u.role for u in roles.utterances] == [Role.OTHER, Role.AGENT, Role.CUSTOMER]


@pytest.mark.parametrize(
    ("language", "announcement"),
    [
        ("zh", "您拨打的用户暂时无法接通，请稍后再拨。"),
        ("en", "Please leave a message after the tone."),
        ("en", "This call may be recorded for training."),
    ],
)
def test_announcements_are_nobodys_words(language: str, announcement: str) -> None:
    utterances, _ = unknown(language, f"customer: {announcement}")
    assert {u.role for u in assign_roles(utterances, CALL).utterances} == {Role.OTHER}


@pytest.mark.parametrize(("line", "role"), [("您好，请问有什么可以帮助您？", Role.AGENT), ("我要投诉，我的快递没收到。", Role.CUSTOMER)])
def test_a_single_voice_is_told_by_its_words(line: str, role: Role) -> None:
    utterances, _ = unknown("zh", f"agent: {line}")
    roles = assign_roles(utterances, CALL)
    assert {u.role for u in roles.utterances} == {role}
    assert roles.role_confidence > 0.8


def test_without_evidence_nobody_is_sure() -> None:
    utterances, _ = unknown("en", "agent: Mhm.", "customer: Mhm.")
    assert assign_roles(utterances, CALL).role_confidence == 0.5


def test_the_agents_known_name_is_evidence() -> None:
    utterances, truth = unknown("en", "customer: Well, who would have thought.", "agent: This is Anna.", agent_channel=1)
    assert [u.role for u in assign_roles(utterances, replace(CALL, agent_name="Anna")).utterances] == truth


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("zh", "我姓陈，叫我陈安就行。"),
        ("en", "Anna speaking."),
        ("pl", "Nazywam się Anna Kowalska."),
        ("pl", "Mówi Anna Kowalska."),
        ("pl", "Anna Kowalska przy telefonie."),
        ("pl", "Tu Anna Kowalska."),
        ("sv", "Jag heter Anna Kowalska."),
        ("sv", "Anna Kowalska heter jag."),
        ("sv", "Du talar med Anna Kowalska."),
        ("sv", "Det här är Anna Kowalska."),
    ],
)
def test_agents_say_their_names_in_their_own_language(language: str, line: str) -> None:
    nothing = {"zh": "嗯，今天天气不错。", "en": "Well, well.", "pl": "Ładna dziś pogoda.", "sv": "Fint väder idag."}[language]
    name = {"zh": "陈安", "en": "Anna"}.get(language, "Anna Kowalska")
    utterances, truth = unknown(language, f"customer: {nothing}", f"agent: {line}", agent_channel=1)
    assert [u.role for u in assign_roles(utterances, replace(CALL, agent_name=name)).utterances] == truth


@pytest.mark.parametrize(("language", "line"), [("pl", "Szukam Anny Nowak."), ("sv", "Är Anna där?"), ("sv", "Jag är Annas bror.")])
def test_a_customer_who_only_mentions_the_name_does_not_say_it_as_their_own(language: str, line: str) -> None:
    utterances, _ = unknown(language, f"customer: {line}")
    assert words_evidence(utterances, replace(CALL, agent_name="Anna"))[1] is False


def test_the_trained_head_is_evidence() -> None:
    utterances, truth = unknown("en", "agent: it came on monday", "customer: it went on tuesday")
    roles = assign_roles(utterances, CALL, judged=judged(4, -4))
    assert [u.role for u in roles.utterances] == truth
    # (0.1 + 0.4) × 4 against as much the other way: log-odds 4, 1 / (1 + e⁻⁴) = 0.982.
    assert roles.role_confidence == pytest.approx(0.982, abs=1e-4)


def test_a_mean_does_not_grow_with_the_call_and_a_total_does() -> None:
    utterances, _ = unknown("en", *["agent: it came on monday", "customer: it went on tuesday"] * 3)
    evidence = assign_roles(utterances, CALL, judged=judged(*[1, -1] * 3)).evidence
    assert evidence == {"channel0": pytest.approx(0.7), "channel1": pytest.approx(-0.7)}


# --- more than two voices --------------------------------------------------------------------------------------------------------------


def voices(language: str, *lines: str) -> list[Utterance]:
    """Utterances of as many voices as labels: `agent`, `customer`, and `other` and `unknown` for third and fourth ones."""
    return [replace(u, role=Role.UNKNOWN, speaker=u.role.value) for u in conversation(*lines, language=language).utterances]


def roles_of(utterances: list[Utterance], *odds: float, **call: str) -> dict[str, Role]:
    found = assign_roles(utterances, replace(CALL, **call), judged=judged(*odds))
    return {u.speaker: u.role for u in found.utterances}


def test_an_employee_who_takes_the_call_over_is_not_the_agent() -> None:
    utterances = voices(
        "en", "agent: it came on monday and I sent it on", "customer: then it went on", "agent: so it goes along with the rest",
        "other: it was here all along", "customer: was it", "other: it was",
    )  # fmt: skip
    found = roles_of(utterances, 4, -4, 4, 4, -4, 4)
    assert found == {"agent": Role.AGENT, "customer": Role.CUSTOMER, "other": Role.OTHER}


def test_the_agents_name_tells_which_of_two_employees_is_meant() -> None:
    utterances = voices(
        "en", "agent: it came on monday and I sent it on", "customer: then it went on", "agent: so it goes along with the rest",
        "other: this is Anna", "customer: was it", "other: it was",
    )  # fmt: skip
    found = roles_of(utterances, 4, -4, 4, 4, -4, 4, agent_name="Anna")
    assert found == {"agent": Role.OTHER, "customer": Role.CUSTOMER, "other": Role.AGENT}


def test_a_voice_that_alternates_with_the_agents_is_the_agents_other_half() -> None:
    utterances = voices(
        "en", "agent: it came on monday", "customer: then it went on", "other: so it did", "customer: was it", "agent: it was"
    )
    assert roles_of(utterances, 4, -4, 4, -4, 4) == {"agent": Role.AGENT, "customer": Role.CUSTOMER, "other": Role.AGENT}


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("zh", "您好，我是这位先生的翻译。"),
        ("en", "Hello, I am the interpreter."),
        ("pl", "Dzień dobry, jestem tłumaczem."),
        ("sv", "Hej, jag är tolk."),
    ],
)
def test_an_interpreter_is_neither_party(language: str, line: str) -> None:
    utterances = voices(language, "agent: 一", f"other: {line}", "customer: 二", "agent: 三", "other: 四", "customer: 五")
    odds = [{"agent": 4.0, "customer": -4.0, "other": 1.0}[u.speaker] for u in utterances]
    assert roles_of(utterances, *odds) == {"agent": Role.AGENT, "other": Role.OTHER, "customer": Role.CUSTOMER}


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("pl", "Tłumaczę panu, że to nie przyszło."),
        ("en", "I'm getting an interpreter on the line."),
        ("en", "I'm calling the interpreter now."),
        ("zh", "我请同事帮她翻译一下。"),
        ("zh", "我帮您转接翻译员。"),
        ("sv", "Jag har tolken här."),
    ],
)
def test_who_speaks_of_an_interpreter_is_none(language: str, line: str) -> None:
    utterances = voices(language, f"agent: {line}", "customer: 二", "other: 四", "agent: 三", "customer: 五", "other: 六")
    odds = [{"agent": 3.0, "customer": -4.0, "other": 4.0}[u.speaker] for u in utterances]
    assert roles_of(utterances, *odds)["agent"] is not Role.OTHER


def test_of_two_voices_none_is_a_third_party() -> None:
    utterances = voices("en", "agent: it came on monday", "customer: I am the interpreter of all this")
    assert roles_of(utterances, 4, -4) == {"agent": Role.AGENT, "customer": Role.CUSTOMER}


def test_no_words_have_no_roles() -> None:
    assert assign_roles([], CALL) == Roles(utterances=(), role_confidence=0.0, evidence={})


def test_only_the_roles_change() -> None:
    utterances, _ = unknown("en", *CALLS["inbound en"][2])
    roles = assign_roles(utterances, CALL)
    assert [replace(u, role=Role.UNKNOWN) for u in roles.utterances] == utterances


def test_the_lexicons_version_is_one_number_where_all_languages_have_the_same() -> None:
    assert lexicon_version(("zh", "en")) == "2"
    assert lexicon_version(("zh", "pl")) == "zh2,pl3"
