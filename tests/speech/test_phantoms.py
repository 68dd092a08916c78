"""What Whisper invents, and what people say that looks like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.call import Word
from qa_pipeline.speech.phantoms import going_round, is_invented, is_loop
from qa_pipeline.text.normalise import unit_spans


def words(text: str, language: str, *, confidence: float = 0.9, seconds: float | None = None) -> list[Word]:
    """The text as words, four units a second unless told otherwise."""
    spans = unit_spans(text)
    each = 250 if seconds is None else seconds * 1000 / len(spans)
    ends = [*(start for start, _ in spans[1:]), len(text)]
    starts = [0, *ends[:-1]]
    return [
        Word(text=text[a:b], start_ms=round(i * each), end_ms=round((i + 1) * each), confidence=confidence)
        for i, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("音乐、" * 20, "zh"),
        ("作曲 " + "词 " * 30, "zh"),
        (" I'm sorry," * 12, "en"),
        (" nie" * 9, "pl"),
        (" la la" * 5, "sv"),
    ],
)
def test_loops_are_invented_however_sure_the_recogniser_is(text: str, language: str) -> None:
    assert is_invented(words(text, language), language, heard=0.9)


CREDITS = [
    ("字幕制作人", "zh"), ("请不吝点赞订阅转发打赏支持明镜与点点栏目", "zh"), ("字幕由Amara.org社区提供", "zh"), ("作词 李宗盛", "zh"),
    (" Thanks for watching!", "en"), (" Thank you. Please subscribe.", "en"), (" Subtitles by the Amara.org community", "en"),
    (" Napisy stworzone przez społeczność Amara.org", "pl"), (" Dziękuję za uwagę.", "pl"), (" Subskrybuj!", "pl"),
    (" Undertexter från Amara.org-gemenskapen", "sv"), (" Tack för att ni tittade!", "sv"), (" Textning.nu, Svensktextning.nu", "sv"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "language"), CREDITS[:-1])
def test_subtitles_are_invented_where_nobody_is_heard_however_sure_the_recogniser_is(text: str, language: str) -> None:
    assert is_invented(words(text, language), language, heard=0.1)


@pytest.mark.parametrize(("text", "language"), CREDITS)
@pytest.mark.parametrize("heard", [0.35, 0.6, 0.97])
def test_a_clear_voice_is_never_deleted_by_a_list(text: str, language: str, heard: float) -> None:
    assert not is_invented(words(text, language, confidence=0.95), language, heard=heard)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (" Of course. Please subscribe to our newsletter on the website. Is there anything else?", "en"),
        (" Please subscribe to our newsletter on the website.", "en"),
        (" You want to like and subscribe, is that it?", "en"),
        (" The transcription by our colleague was wrong.", "en"),
        (" Dziękuję za uwagę, zaraz to poprawię.", "pl"),
        (" Pan chce, żeby subskrybuj zniknęło.", "pl"),
        (" Undertexter finns på kanal fem.", "sv"),
        (" Det saknas undertexter i filmen.", "sv"),
        ("您是说中文字幕没有显示吗", "zh"),
        ("演唱会的票还有吗", "zh"),
        ("我想给字幕组提个意见", "zh"),
    ],
)
def test_a_sentence_that_only_holds_such_words_is_said_even_where_little_is_heard(text: str, language: str) -> None:
    assert not is_invented(words(text, language, confidence=0.95), language, heard=0.2)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("对对对对", "zh"),
        ("嗯嗯，好的好的", "zh"),
        (" No, no, no, no.", "en"),
        (" Yeah, yeah.", "en"),
        ("谢谢，再见。", "zh"),
        (" Tak, tak, tak.", "pl"),
    ],
)
def test_what_people_repeat_is_kept(text: str, language: str) -> None:
    assert not is_invented(words(text, language), language, heard=0.6)


@pytest.mark.parametrize(("text", "language"), [("谢谢", "zh"), (" Thank you.", "en"), (" Dziękuję.", "pl"), (" Tack.", "sv")])
def test_courtesies_count_where_speech_is_heard(text: str, language: str) -> None:
    assert is_invented(words(text, language, confidence=0.4), language, heard=0.05)
    assert not is_invented(words(text, language, confidence=0.4), language, heard=0.5)
    assert not is_invented(words(text, language, confidence=0.8), language, heard=0.05)


def test_nobody_speaks_twenty_words_a_second() -> None:
    text = " one two three four five six seven eight nine ten"
    assert is_invented(words(text, "en", seconds=0.5), "en", heard=0.9)
    assert not is_invented(words(text, "en", seconds=2.5), "en", heard=0.9)


def test_doubtful_words_count_where_speech_is_heard() -> None:
    text = " where did it go"
    assert is_invented(words(text, "en", confidence=0.2), "en", heard=0.1)
    assert not is_invented(words(text, "en", confidence=0.2), "en", heard=0.6)


@pytest.mark.parametrize(
    ("units", "loop"), [("a a a a a", False), ("a a a a a a", True), ("a b a b a b a b a b a b", True), ("a b c d e f g h", False)]
)
def test_a_loop_is_six_rounds_of_most_of_the_text(units: str, loop: bool) -> None:
    assert is_loop(units.split()) is loop


def test_words_drawn_out_over_a_tone_count_where_speech_is_heard() -> None:
    drawn_out = words("驾驶", "zh", confidence=0.65, seconds=2.5)
    assert is_invented(drawn_out, "zh", heard=0.2)
    assert not is_invented(drawn_out, "zh", heard=0.5)
    assert not is_invented(words("驾驶", "zh", confidence=0.65), "zh", heard=0.2)


def test_a_stutter_where_hardly_anything_is_heard_is_a_tone() -> None:
    stutter = words("4-4-4-4-", "zh", confidence=0.85)
    assert is_invented(stutter, "zh", heard=0.05)
    assert not is_invented(stutter, "zh", heard=0.2)
    assert not is_invented(words(" It is on the left.", "en", confidence=0.85), "en", heard=0.05)


def test_a_hoarse_voice_is_kept() -> None:
    assert not is_invented(words("想了解一下", "zh", confidence=0.76), "zh", heard=0.074)
    assert not is_invented(words("想了解一下", "zh", confidence=0.7), "zh", heard=0.074)
    assert not is_invented(words("等", "zh", confidence=0.91), "zh", heard=0.016)


def test_a_second_of_words_in_which_no_speech_is_heard_is_an_echo() -> None:
    assert is_invented(words(" This afternoon.", "en", confidence=0.87, seconds=1.27), "en", heard=0.02)
    assert not is_invented(words(" This afternoon.", "en", confidence=0.87, seconds=1.27), "en", heard=0.1)


def test_words_of_no_length_over_music_are_a_loop() -> None:
    loop = words(" I don't know what to say I don't know what to say", "en", confidence=0.8)
    loop = [*loop[:6], *(replace(word, start_ms=1500, end_ms=1500) for word in loop[6:])]
    assert is_invented(loop, "en", heard=0.11)
    assert not is_invented(loop, "en", heard=0.5)


def later(text: str, language: str, start_ms: int) -> list[Word]:
    return [replace(word, start_ms=word.start_ms + start_ms, end_ms=word.end_ms + start_ms) for word in words(text, language)]


@pytest.mark.parametrize(
    ("text", "language"), [(" Do you have a baby?", "en"), ("有些人可能被拿到的那些", "zh"), (" I'm sorry, I'm sorry,", "en")]
)
def test_a_sentence_that_comes_segment_after_segment_goes_round(text: str, language: str) -> None:
    segments = [later(text, language, 3_000 * place) for place in range(5)]
    assert going_round([later(" Good morning.", language, 0), *segments], language) == [False] + [True] * 5


def test_a_first_time_that_differs_goes_round_with_the_rest_only_where_it_is_alike() -> None:
    said = ["有些人可能有人被拿到的那些", *["有些人可能被拿到的那些"] * 3]
    assert going_round([later(text, "zh", 3_000 * place) for place, text in enumerate(said)], "zh") == [False, True, True, True]


@pytest.mark.parametrize(
    ("texts", "apart_ms"),
    [
        ([" Do you have a baby?"] * 2, 2_000),
        ([" Yes."] * 5, 1_000),
        ([" Do you have a baby?"] * 5, 6_000),
        ([" I want my money back.", " It was never sent.", " I want my money back."], 2_000),
    ],
)
def test_what_people_repeat_does_not_go_round(texts: list[str], apart_ms: int) -> None:
    segments = [later(text, "en", apart_ms * place) for place, text in enumerate(texts)]
    assert going_round(segments, "en") == [False] * len(segments)
