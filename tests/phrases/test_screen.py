"""The two screens lose nothing: what they leave to align gives every match that a plain alignment of everything gives."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_pipeline.conversation.written import conversation
from qa_pipeline.phrases import alignment
from qa_pipeline.phrases.alignment import Match, align, align_ranges
from qa_pipeline.phrases.lexicon import UNIT, Lexicon, Pattern
from qa_pipeline.phrases.search import Corpus, Phrase, Speech, compile_phrase, find_phrase, match_phrases

CHINESE = (
    "您",
    "好",
    "你",
    "满意",
    "度",
    "方便",
    "吗",
    "不",
    "没",
    "的",
    "那个",
    "嗯",
    "请问",
    "再见",
    "在",
    "见",
    "这",
    "是",
    "五",
    "号",
    "二十",
)
ENGLISH = (
    "thank", "thanks", "you", "for", "calling", "falling", "good", "morning", "evening", "not", "um", "is", "this", "time", "a", "seven", "have",
)  # fmt: skip
SLOTS = ("{any:2}", "{some:2}", "{number}", "…", "{daytime}")


def phrases_of(words: Sequence[str], joint: str) -> st.SearchStrategy[str]:
    """Phrases of the grammar: words, alternatives, optional parts and slots."""
    plain = st.lists(st.sampled_from(words), min_size=1, max_size=4).map(joint.join)
    part = st.one_of(
        plain,
        plain,
        st.lists(plain, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        plain.map(lambda text: f"[{text}]"),
        st.sampled_from(SLOTS),
    )
    return st.tuples(plain, st.lists(part, max_size=3)).map(lambda parts: f" {joint}".join([parts[0], *parts[1]]))


def calls_of(words: Sequence[str], joint: str) -> st.SearchStrategy[list[list[str]]]:
    """Calls as lines of both parties, so that matches can run into the next utterance, past somebody else's words or not at all."""
    line = st.tuples(st.sampled_from(["agent", "agent", "customer"]), st.lists(st.sampled_from(words), min_size=1, max_size=9))
    return st.lists(st.lists(line.map(lambda said: f"{said[0]}: {joint.join(said[1])}."), min_size=1, max_size=6), min_size=1, max_size=3)


def plainly(phrase: Phrase, speech: Speech) -> set[tuple[float, int, int]]:
    """(similarity, start, end) of all matches by the textbook: each reading of the phrase, each position, one cell at a time."""
    lexicon = speech.lexicon
    sought = lexicon.sought(phrase)
    best: dict[int, tuple[int, int, int]] = {}
    for reading in readings(sought.pattern):
        for end, way in ways(reading, sought.gains, speech, lexicon).items():
            best[end] = min(best.get(end, way), way)
    found = set()
    for end, (balance, weight, length) in best.items():
        if balance <= 0 and weight < 0 and length < 0:
            found.add((round(1 - phrase.allowed + balance * 5 / (weight * UNIT), 9), end + length, end))
    return found


def readings(pattern: Pattern) -> Iterator[tuple[int, ...]]:
    """Every way of choosing one of each alternatives."""
    choices = [[(node,)] if isinstance(node, int) else [r for part in node for r in readings(part)] for node in pattern]
    for chosen in itertools.product(*choices):
        yield tuple(itertools.chain(*chosen))


def ways(reading: Sequence[int], gains, speech: Speech, lexicon: Lexicon) -> dict[int, tuple[int, int, int]]:  # type: ignore[no-untyped-def]
    """By end, the best (balance, −weight, −length) of matching all places; the lower the better. Weights in fifths."""
    costs, insertions = lexicon.costs(), lexicon.insertions()
    never = 50 * UNIT
    crossing = [0] * len(speech)
    for before, number in itertools.pairwise([u for u in range(len(speech.utterances)) if speech.offsets[u + 1] > speech.offsets[u]]):
        is_next = speech.utterances[number].utterance - speech.utterances[before].utterance == 1
        crossing[speech.offsets[number]] = round((0.35 if is_next else 1.0) * UNIT)
    unbegun = (0, 0, 0)
    begun: dict[int, tuple[int, int, int]] = {}
    for place in reading:
        gain, weight, skip = gains[place], round(lexicon.weights[place] * 5), lexicon.skips[place]
        after: dict[int, tuple[int, int, int]] = {}
        for end in range(1, len(speech) + 1):
            token = speech.numbers[end - 1]
            options = [(unbegun[0] + int(costs[place, token]) - gain, unbegun[1] - weight, unbegun[2] - 1)]
            if end - 1 in begun:
                b, w, n = begun[end - 1]
                options.append((b + crossing[end - 1] + int(costs[place, token]) - gain, w - weight, n - 1))
            if end in begun:
                b, w, n = begun[end]
                options.append((b + skip - gain, w - weight, n))
            if end - 1 in after:
                b, w, n = after[end - 1]
                options.append((b + min(int(insertions[token]) + crossing[end - 1], never), w, n - 1))
            after[end] = min(options)
        begun = after
        unbegun = (unbegun[0] + skip - gain, unbegun[1] - weight, 0)
    return begun


def as_set(matches: Sequence[Match]) -> set[tuple[float, int, int]]:
    return {(round(match.similarity, 9), match.start, match.end) for match in matches}


def speeches_of(calls: Sequence[Sequence[str]], language: str) -> list[Speech]:
    lexicon = Lexicon(language)
    return [
        Speech([u for u in conversation(*lines, language=language).utterances if u.role.value == "agent"], language, lexicon)
        for lines in calls
    ]


def check_equal(phrase: Phrase, calls: Sequence[Sequence[str]], language: str) -> None:
    speeches = speeches_of(calls, language)
    (found,) = match_phrases([phrase], Corpus(speeches, speeches[0].lexicon))
    for index, speech in enumerate(speeches):
        assert as_set(found.get(index, [])) == plainly(phrase, speech)


@pytest.fixture(params=[0, 400], ids=["blocks", "few tokens"])
def few_tokens(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the screen by blocks, which speech as short as here does without."""
    monkeypatch.setattr(alignment, "_FEW_TOKENS", request.param)


MODES = st.sampled_from(["tolerant", "strict", "exact"])


@pytest.mark.usefixtures("few_tokens")
class TestScreened:
    @pytest.mark.slow
    @given(phrases_of(CHINESE, ""), calls_of(CHINESE, ""), MODES)
    @settings(max_examples=150, deadline=None)
    def test_chinese(self, text: str, calls: list[list[str]], mode: str) -> None:
        check_equal(compile_phrase(text, "zh", mode=mode), calls, "zh")  # type: ignore[arg-type]

    @pytest.mark.slow
    @given(phrases_of(ENGLISH, " "), calls_of(ENGLISH, " "), MODES)
    @settings(max_examples=150, deadline=None)
    def test_english(self, text: str, calls: list[list[str]], mode: str) -> None:
        check_equal(compile_phrase(text, "en", mode=mode), calls, "en")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("phrase", "lines"),
        [
            ("满意度调查回访", ["agent: 做个满意度。", "agent: 调查回访。"]),
            ("感谢您的来电祝您生活愉快", ["agent: 感谢您的来电。", "customer: 嗯。", "agent: 祝您生活愉快。"]),
            ("不满意", ["agent: 您不满意吗。"]),
            ("请{any:9}问", ["agent: 请那个这个就是那个这个问。"]),
            ("请…问", ["agent: 请那个这个就是那个这个是一个问。"]),
            ("[您好][再见]五号", ["agent: 您好再见五号。"]),
        ],
    )
    def test_borders_gaps_and_negations(self, phrase: str, lines: list[str]) -> None:
        check_equal(compile_phrase(phrase, "zh"), [lines, lines], "zh")


def test_a_phrase_over_three_utterances_is_found() -> None:
    (speech,) = speeches_of([["agent: Thank you very much.", "agent: For calling.", "agent: Acme motors today everybody."]], "en")
    hits = find_phrase(compile_phrase("thank you very much for calling acme motors today everybody", "en"), speech)
    assert [(hit.start, hit.end) for hit in hits] == [(0, 10)]


def test_few_utterances_are_left_to_align() -> None:
    lines = [f"agent: {'今天天气很热我们下班以后去吃饭' * 2}。" for _ in range(30)]
    (speech,) = speeches_of([[*lines, "agent: 请问您对服务满意吗。"]], "zh")
    corpus = Corpus([speech], speech.lexicon)
    sought = speech.lexicon.sought(compile_phrase("对服务满意吗", "zh"))
    corpus.prepare([sought])
    # The one that has it, and those before it that a match could begin in.
    assert corpus.may_match(sought).tolist() == [27, 28, 29, 30]


def test_much_speech_is_aligned_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    (speech,) = speeches_of([["agent: 您好。", "customer: 嗯。"] * 50], "zh")
    corpus = Corpus([speech], speech.lexicon)
    sought = speech.lexicon.sought(compile_phrase("您好", "zh"))
    corpus.prepare([sought])
    whole = as_set(align(sought, corpus))
    monkeypatch.setattr(alignment, "_MOST_TOKENS", 7)
    assert as_set(align_ranges(sought, corpus, corpus.first[:-1], corpus.first[1:])) == whole
    assert len(whole) >= 50


def test_part_of_a_speech_counts_tokens_from_its_start() -> None:
    (speech,) = speeches_of([["agent: 您好。", "customer: 嗯。", "agent: 再见。", "customer: 嗯。", "agent: 您好。"]], "zh")
    (found,) = match_phrases([compile_phrase("您好", "zh")], Corpus([speech], speech.lexicon, [(1, 3)]))
    assert [(match.start, match.end) for match in found[0]] == [(4, 6)]
