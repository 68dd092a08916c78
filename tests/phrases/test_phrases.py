"""Phrases found in recognised speech: what is tolerated, what never matches, and where the hit lies."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa_pipeline.conversation.written import conversation
from qa_pipeline.errors import InputRefused
from qa_pipeline.phrases.search import Speech, best_similarity, compile_phrase, find_phrase, lacks_name, similarity, speech_from_text
from qa_pipeline.text.normalise import normalise, tokens_of

CHINESE = st.text(st.sampled_from("您好请问满意度调查方便再见有什么可以帮助不没打扰几分钟感谢配合"), min_size=2, max_size=12)
ENGLISH = st.lists(
    st.sampled_from(["thank", "you", "for", "calling", "good", "morning", "is", "this", "a", "time", "not", "never", "help"]),
    min_size=1,
    max_size=8,
).map(" ".join)


def found(phrase: str, text: str, language: str = "en", **options: object) -> list[str]:
    """Texts of the hits, in order of time."""
    hits = find_phrase(compile_phrase(phrase, language, **options), speech_from_text(text, language))  # type: ignore[arg-type]
    return [hit.text for hit in sorted(hits, key=lambda hit: hit.start)]


def speech(*lines: str, language: str = "en") -> Speech:
    return Speech(conversation(*lines, language=language).utterances, language)


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("满意", "螞蟻"),
        ("耽误您", "彈努您"),
        ("满意度调查回访", "馬尼度調查揮訪"),
        ("有什么可以帮助您", "有什麼可以當舊年"),
        ("满意", "滿意"),
    ],
)
def test_what_recognisers_write_for_a_phrase_still_matches(phrase: str, heard: str) -> None:
    assert len(found(phrase, heard, "zh")) == 1


@pytest.mark.parametrize(
    ("language", "phrase", "heard"),
    [
        ("zh", "不满意", "很满意"),
        ("zh", "不满意", "满意"),
        ("zh", "满意", "不满意"),
        ("zh", "满意", "不太满意"),
        ("zh", "方便", "现在不方便"),
        ("en", "good time", "it is not a good time"),
        ("en", "interested", "I'm not really interested"),
        ("en", "not interested", "very interested"),
        ("pl", "mam czas", "nie mam czasu"),
        ("sv", "passar bra", "det passar inte bra"),
        ("zh", "满意", "您好"),
        ("zh", "您好", "很好"),
        ("en", "hello", "hallway"),
        ("en", "thank you", "thank"),
        ("en", "here", "there"),
    ],
)
def test_a_denial_or_another_word_never_matches(language: str, phrase: str, heard: str) -> None:
    assert found(phrase, heard, language) == []


@pytest.mark.parametrize(
    ("language", "phrase", "heard"), [("zh", "满意", "不，满意"), ("en", "good time", "No, good time"), ("zh", "不满意", "我不满意")]
)
def test_a_negation_of_another_clause_denies_nothing(language: str, phrase: str, heard: str) -> None:
    assert len(found(phrase, heard, language)) == 1


@pytest.mark.parametrize(
    ("phrase", "heard", "is_found"),
    [
        ("[very] good morning", "good morning", True),
        ("[very] good morning", "very good morning", True),
        ("(good|nice) day", "nice day", True),
        ("(good|nice) day", "long day", False),
        ("(very)? warm welcome", "warm welcome", True),
        ("my name (is|was once) Anna", "my name was once Anna", True),
        ("good…morning", "good and very early morning", True),
        ("good…morning", "good one two three four five morning", False),
        ("wish you {any:2} holidays", "wish you holidays", True),
        ("wish you {any:2} holidays", "wish you very happy holidays", True),
        ("wish you {some:2}", "wish you", False),
        ("wish you {some:2}", "wish you luck", True),
        ("operator {number}", "operator 23", True),
        ("operator {number}", "operator twelve", True),
        ("operator {number}", "operator Anna", False),
        ("good {daytime}", "good evening", True),
        ("good {daytime}", "good lamps", False),
        ("take {duration}", "take five minutes", True),
        ("call {date}", "call tomorrow", True),
        ("((a|the) long|short) conversation", "the long conversation", True),
    ],
)
def test_the_grammar_of_phrases(phrase: str, heard: str, is_found: bool) -> None:
    assert bool(found(phrase, heard)) is is_found


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("{daytime}好", "下午好"),
        ("{number}号为您服务", "二十三号为您服务"),
        ("{surname}先生", "王先生"),
        ("打扰您{duration}", "打扰您两分钟"),
        ("{date}联系您", "明天联系您"),
    ],
)
def test_chinese_slots(phrase: str, heard: str) -> None:
    assert found(phrase, heard, "zh") == [heard]


def test_company_and_agent_name_stand_for_what_is_known_of_the_call() -> None:
    slots = {"company": ["尚德金融", "尚德"], "agent_name": ["王小明"]}
    assert found("我是{company}的{agent_name}", "我是尚德的王小明", "zh", slots=slots) == ["我是尚德的王小明"]


def test_a_slot_of_which_nothing_is_known_matches_nothing() -> None:
    assert found("{company}", "尚德金融", "zh") == []
    assert [lacks_name(compile_phrase(text, "zh")) for text in ("{company}", "[{company}]您好", "您好")] == [True, False, False]


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("{nix} hello", "no slot is called {nix}"),
        ("{any:13} hello", "no slot is called {any:13}"),
        ("{any:0} hello", "no slot is called {any:0}"),
        ("{any:²} hello", "no slot is called {any:²}"),
        ("{number hello", "{ is not closed"),
        ("[hello", "'[' is not closed"),
        ("(hello|bye", "'(' is not closed"),
        ("hello)", "')' closes nothing"),
        ("hello]", "']' closes nothing"),
        ("", "no word to look for"),
        ("…", "no word to look for"),
        ("{any:3}", "no word to look for"),
        ("?!", "no word to look for"),
        ("(|)", "no word to look for"),
    ],
)
def test_a_phrase_that_cannot_be_read_is_refused(phrase: str, said: str) -> None:
    with pytest.raises(InputRefused, match=re.escape(said)):
        compile_phrase(phrase, "en")


@given(st.text(st.sampled_from("ab {}[]()|…?:anysome2number\\*+"), max_size=25))
def test_any_text_is_a_phrase_or_refused(text: str) -> None:
    try:
        phrase = compile_phrase(text, "en")
    except InputRefused:
        return
    assert all(0.0 <= hit.similarity <= 1.0 for hit in find_phrase(phrase, speech_from_text("a b any some 2", "en")))


def test_whole_turn_counts_only_when_the_utterance_is_nothing_else() -> None:
    assert found("什么", "什么？", "zh", whole_turn=True) == ["什么"]
    assert found("什么", "您有什么问题", "zh", whole_turn=True) == []


def test_fillers_do_not_break_a_whole_turn() -> None:
    assert found("whatever", "um whatever", whole_turn=True) == ["whatever"]


def test_exact_tolerates_nothing() -> None:
    assert found("满意", "螞蟻", "zh", mode="exact") == []
    assert found("满意", "滿意", "zh", mode="exact") == ["滿意"]


def test_strict_tolerates_less() -> None:
    # Similarity 0.9 of three syllables: 0.1 lost is within 0.15 but not within a quarter of it.
    assert found("耽误您", "彈努您", "zh", mode="tolerant")
    assert found("耽误您", "彈努您", "zh", mode="strict") == []


def test_regex_reads_simplified_text() -> None:
    assert found("满意(度)?", "滿意度調查", "zh", mode="regex") == ["滿意度"]


@pytest.mark.parametrize("text", ["(a", "a{2,1}", "*a", "a{99999999999999999999}"])
def test_a_bad_regular_expression_is_refused(text: str) -> None:
    with pytest.raises(InputRefused, match="not a regular expression"):
        compile_phrase(text, "en", mode="regex")


def test_a_hit_has_the_times_of_the_words_matched() -> None:
    utterance = conversation("0:10 agent: 喂您好张先生").utterances[0]
    (hit,) = find_phrase(compile_phrase("您好", "zh"), Speech([utterance], "zh"))
    # 4.5 characters a second: the second and third are 222–667 ms after the start.
    assert (hit.start_ms, hit.end_ms) == (10_222, 10_667)
    assert hit.confidence == pytest.approx(0.9)


def test_a_phrase_may_run_over_two_utterances() -> None:
    talk = speech("0:00 agent: Thank you very much for.", "agent: Calling Acme today.")
    (hit,) = find_phrase(compile_phrase("thank you very much for calling acme", "en"), talk)
    assert (hit.utterance, hit.text) == (0, "Thank you very much for Calling Acme")
    assert hit.end_ms == talk.utterances[1].words[1].end_ms


def test_running_over_two_utterances_lowers_similarity() -> None:
    phrase = compile_phrase("thank you very much for calling acme", "en")
    apart = find_phrase(phrase, speech("0:00 agent: Thank you very much for.", "agent: Calling Acme today."))
    together = find_phrase(phrase, speech("0:00 agent: Thank you very much for calling Acme today."))
    assert apart[0].similarity < together[0].similarity == 1.0


def test_every_place_is_found_once() -> None:
    assert found("good morning", "good morning and good morning") == ["good morning", "good morning"]


def test_nothing_is_found_in_no_words() -> None:
    assert found("hello", "") == []


def test_the_nearest_thing_is_told_although_it_is_no_match() -> None:
    phrase = compile_phrase("请问您现在方便吗", "zh")
    talk = speech_from_text("请问您现在忙吗", "zh")
    share, hit = best_similarity(phrase, talk)
    assert 0.5 < share < 1.0
    assert hit is not None
    assert "请问您现在" in hit.text


@given(CHINESE, CHINESE)
def test_similarity_is_between_0_and_1_in_chinese(phrase: str, text: str) -> None:
    assert 0.0 <= similarity(phrase, text, "zh") <= 1.0


@given(ENGLISH, ENGLISH)
def test_similarity_is_between_0_and_1_in_english(phrase: str, text: str) -> None:
    assert 0.0 <= similarity(phrase, text, "en") <= 1.0


@given(CHINESE)
def test_a_chinese_phrase_matches_itself(phrase: str) -> None:
    assert similarity(phrase, phrase, "zh") == 1.0


@given(ENGLISH)
def test_an_english_phrase_matches_itself(phrase: str) -> None:
    assert similarity(phrase, phrase, "en") == 1.0


@given(CHINESE)
def test_a_phrase_never_matches_its_denial(phrase: str) -> None:
    assume("不" not in phrase and "没" not in phrase)
    denied = "不" + phrase
    assume(tokens_of(normalise(denied, "zh"), denied)[0].is_negation)
    assert not any(hit.start == 1 for hit in find_phrase(compile_phrase(phrase, "zh"), speech_from_text(denied, "zh")))


@pytest.mark.parametrize(
    ("language", "phrase", "text", "is_said"),
    [
        ("pl", "mówi {first_name}", "dzień dobry, mówi Marta z banku", True),
        ("pl", "mówi {first_name}", "mówi pan za cicho", False),
        ("sv", "det är {first_name}", "hej, det är Malin på banken", True),
        ("sv", "det är {first_name}", "det är bra", False),
        ("en", "{first_name} calling from", "Zara calling from the bank", True),
        ("en", "{first_name} calling from", "I am calling from the bank", False),
    ],
)
def test_first_name_stands_for_common_names(language: str, phrase: str, text: str, is_said: bool) -> None:
    assert similarity(phrase, text, language) == (1.0 if is_said else 0.0)
