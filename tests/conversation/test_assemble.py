"""Words × voices → utterances."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.call import Alternative, Role, SpeakerTurn, Utterance, Word
from qa_pipeline.conversation.assemble import assemble_channels, assemble_voices
from qa_pipeline.speech.otherwise import Change, OtherReading
from qa_pipeline.speech.transcribe import Transcript


def said(text: str, *, start: int = 0, each: int = 300, gap: int = 0) -> tuple[Word, ...]:
    """A segment of words, one after the other."""
    words = text.split()
    return tuple(
        Word(text=f" {word}", start_ms=start + i * (each + gap), end_ms=start + i * (each + gap) + each, confidence=0.5)
        for i, word in enumerate(words)
    )


def heard(*segments: tuple[Word, ...], language: str = "en") -> Transcript:
    return Transcript(language=language, language_confidence=None, segments=segments)


def turns(*spans: tuple[str, int, int]) -> list[SpeakerTurn]:
    return [SpeakerTurn(speaker=speaker, start_ms=start, end_ms=end) for speaker, start, end in spans]


def told(utterances: tuple[Utterance, ...]) -> list[tuple[str, str]]:
    return [(u.speaker, u.text) for u in utterances]


def test_channels_are_laid_into_one_order_of_time() -> None:
    found = assemble_channels([heard(said("hello", start=0), said("bye", start=5000)), heard(said("hi", start=2000))])
    assert [(u.utterance, u.speaker, u.channel, u.text) for u in found] == [
        (0, "channel0", 0, "hello"), (1, "channel1", 1, "hi"), (2, "channel0", 0, "bye")
    ]  # fmt: skip


def test_an_utterance_has_the_other_readings_of_its_words_and_no_others() -> None:
    transcript = replace(
        heard(said("thank yew"), said("call me", start=3000)),
        readings=(OtherReading(share=0.3, changes=(Change(start_ms=300, end_ms=600, before="yew", after="you"),)),),
    )
    assert [u.alternatives for u in assemble_channels([transcript])] == [(Alternative(text="thank you", share=0.3),), ()]


def test_nobodys_role_is_known_yet() -> None:
    assert {u.role for u in assemble_channels([heard(said("hello"))])} == {Role.UNKNOWN}


def test_a_pause_ends_an_utterance() -> None:
    found = assemble_channels([heard((*said("good day"), *said("sir", start=1300)))])
    assert told(found) == [("channel0", "good day"), ("channel0", "sir")]
    assert len(assemble_channels([heard((*said("good day"), *said("sir", start=1299)))])) == 1


def test_a_sentence_end_ends_an_utterance_but_a_title_does_not() -> None:
    assert [u.text for u in assemble_channels([heard(said("Hello Mr. Smith. Good day."))])] == ["Hello Mr. Smith.", "Good day."]


def test_a_segment_boundary_counts_only_after_a_long_clause() -> None:
    short = assemble_channels([heard(said("one two"), said("three four", start=600))])
    long = assemble_channels([heard(said("one two three four five six seven eight"), said("nine", start=2400))])
    assert [u.text for u in short] == ["one two three four"]
    assert [u.text for u in long] == ["one two three four five six seven eight", "nine"]


def test_words_go_to_the_voice_they_overlap_most() -> None:
    found = assemble_voices(heard(said("good morning hello there", each=500)), turns(("a", 0, 900), ("b", 900, 2000)))
    assert told(found) == [("a", "good morning"), ("b", "hello there")]


def test_words_beside_every_turn_go_to_the_nearest_within_a_second() -> None:
    found = assemble_voices(heard(said("hello", start=2000)), turns(("a", 0, 1500), ("b", 2500, 4000)))
    assert told(found) == [("b", "hello")]


def test_words_far_from_every_turn_stay_with_the_voice_before() -> None:
    found = assemble_voices(heard(said("hello", start=0), said("again", start=9000)), turns(("b", 0, 500), ("a", 20_000, 21_000)))
    assert told(found) == [("b", "hello"), ("b", "again")]


def test_a_very_short_run_inside_a_clause_is_no_turn() -> None:
    found = assemble_voices(heard(said("one two three", each=200)), turns(("a", 0, 200), ("b", 200, 400), ("a", 400, 600)))
    assert told(found) == [("a", "one two three")]


def test_a_longer_run_is_a_turn() -> None:
    found = assemble_voices(heard(said("one two three", each=300)), turns(("a", 0, 300), ("b", 300, 600), ("a", 600, 900)))
    assert told(found) == [("a", "one"), ("b", "two"), ("a", "three")]


def test_an_utterance_sums_up_its_words() -> None:
    (found,) = assemble_channels(
        [heard((Word(text=" Isn't", start_ms=100, end_ms=400, confidence=0.8), Word(text=" it", start_ms=400, end_ms=500, confidence=0.6)))]
    )
    assert (found.text, found.start_ms, found.end_ms, found.confidence, found.norm) == ("Isn't it", 100, 500, 0.7, "is+!not it")


def test_nothing_heard_gives_no_utterances() -> None:
    assert assemble_channels([heard(), heard()]) == ()
    assert assemble_voices(heard(), turns(("a", 0, 900))) == ()


def test_words_without_any_turn_are_one_voice() -> None:
    assert told(assemble_voices(heard(said("hello")), [])) == [("voice0", "hello")]


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900), st.sampled_from(["a", "b."])), max_size=12),
    st.lists(st.tuples(st.sampled_from("xyz"), st.integers(1, 2000)), max_size=8),
)
def test_no_word_is_lost_and_texts_are_their_words(steps: list[tuple[int, int, str]], lengths: list[tuple[str, int]]) -> None:
    words, spans, clock = [], [], 0
    for gap, length, text in steps:
        words.append(Word(text=f" {text}", start_ms=clock + gap, end_ms=clock + gap + length, confidence=1.0))
        clock += gap + length
    clock = 0
    for speaker, length in lengths:
        spans.append((speaker, clock, clock + length))
        clock += length
    found = assemble_voices(heard(tuple(words)) if words else heard(), turns(*spans))
    assert [u.utterance for u in found] == list(range(len(found)))
    assert all("".join(word.text for word in u.words) == u.text for u in found)
    assert sum(len(u.words) for u in found) == len(words)
