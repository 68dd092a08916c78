"""What Whisper writes where nobody speaks: loops, and sentences of the subtitles it was trained on. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from qa_pipeline.call import Word
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.speech_tables import RecogniserWords
from qa_pipeline.text.fold import fold
from qa_pipeline.text.normalise import simplify, unit_spans

# Chosen on sounds without speech and on recorded calls: people say 对对对对 and no, no, no; a loop of the decoder goes on and on.
_LOOP_REPEATS = 6
_LOOP_SHARE = 0.6
_LONGEST_PERIOD = 8
# Over voices behind the caller the decoder writes one sentence again and again, a segment each. Chosen on crowds of voices from sample calls.
_ROUND_GAP_MS = 2_500
_ROUND_REPEATS = 3
_SENTENCE_UNITS = 4
_LONGEST_ROUND = 16
# More characters or words a second than anybody speaks.
_FASTEST_CHARACTERS, _FASTEST_WORDS = 14.0, 9.0
_FAST_UNITS = 6
# Words this doubtful count only where speech is surely heard.
_DOUBTFUL = 0.25
_HEARD = 0.3
_SURE = 0.6
# On sample calls, also made 40 dB quieter, the least heard segment that was said had 0.074 (a hoarse voice), a single character 0.016. Tones and music between
# turns gave words drawn out, a stutter of one unit, words of no length, and a second of speech that is not there.
_UNSURE = 0.75
_SLOWEST = 1.0
_HARDLY_HEARD = 0.1
_STUTTER = 3
_NOT_HEARD = 0.05
_SILENT = 0.03
_SILENT_SECONDS = 1.0
_LITTLE_HEARD = 0.2
_NO_LENGTH_WORDS = 4
_NO_LENGTH_SHARE = 0.4
_SENTENCE_ENDS = re.compile(r"[.!?,;]+(?=\s|$)|[。！？，；、\n]")


def is_invented(words: Sequence[Word], language: str, heard: float) -> bool:
    """Whether nobody said the words of a segment. `heard`: mean probability of speech while they are said, 0–1."""
    text = "".join(word.text for word in words)
    in_characters, known = is_han(language), table(language, RecogniserWords)
    units = _units(text, in_characters=in_characters)
    if not units or is_loop(units):
        return True
    plain = "".join(units)
    if heard < _HEARD and _is_credit(text, known, in_characters=in_characters):
        return True
    seconds = (max(word.end_ms for word in words) - words[0].start_ms) / 1000
    if len(units) >= _FAST_UNITS and len(units) > (_FASTEST_CHARACTERS if in_characters else _FASTEST_WORDS) * max(seconds, 0.1):
        return True
    confidence = sum(word.confidence for word in words) / len(words)
    if heard < _HEARD and confidence < _DOUBTFUL:
        return True
    if heard < _HEARD and _is_of_a_tone(words, units, seconds, confidence, heard):
        return True
    said = plain if in_characters else " ".join(units)
    return heard < _HEARD and confidence < _SURE and said in known.possible


def _is_credit(text: str, known: RecogniserWords, *, in_characters: bool) -> bool:
    """Whether a segment is sentences of subtitles, each of them whole. Only asked where nobody is heard: people do say "please subscribe"."""
    pieces = ["".join(_units(piece, in_characters=in_characters)) for piece in _SENTENCE_ENDS.split(text)]
    courtesies = {phrase.replace(" ", "") for phrase in known.possible}
    credits = [_stands_in(piece, known.never_said) for piece in pieces if piece and piece not in courtesies]
    return bool(credits) and all(credits)


def _stands_in(sentence: str, entries: Sequence[str]) -> bool:
    return any(sentence.startswith(entry[:-1]) if entry.endswith("…") else sentence == entry for entry in entries)


def _is_of_a_tone(words: Sequence[Word], units: Sequence[str], seconds: float, confidence: float, heard: float) -> bool:
    """Whether words that are little heard are of the kinds that tones, music and noise between turns give."""
    no_length = sum(word.end_ms <= word.start_ms for word in words)
    return (
        (confidence < _UNSURE and (heard < _NOT_HEARD or len(units) < _SLOWEST * seconds))
        or (heard < _HARDLY_HEARD and len(units) >= _STUTTER and len(set(units)) == 1)
        or (heard < _SILENT and seconds >= _SILENT_SECONDS)
        or (heard < _LITTLE_HEARD and no_length >= max(_NO_LENGTH_WORDS, _NO_LENGTH_SHARE * len(words)))
    )


def is_loop(units: Sequence[str]) -> bool:
    """Whether most of the units are one run of a few units, over and over."""
    for period in range(1, min(_LONGEST_PERIOD, len(units) // _LOOP_REPEATS) + 1):
        longest = run = 0
        for place in range(period, len(units)):
            run = run + 1 if units[place] == units[place - period] else 0
            longest = max(longest, run)
        covered = longest + period
        if covered >= _LOOP_REPEATS * period and covered >= _LOOP_SHARE * len(units):
            return True
    # A loop that drifts: the same unit makes up most of a long text.
    return len(units) >= 40 and Counter(units).most_common(1)[0][1] >= _LOOP_SHARE * len(units)


def going_round(segments: Sequence[Sequence[Word]], language: str) -> list[bool]:
    """For each segment, in order, whether it belongs to a run of segments that say one thing over and over.

    A person may do that; it is invented where nobody stands out from the background.
    """
    in_characters = is_han(language)
    owners: list[int] = []
    units: list[str] = []
    found = [False] * len(segments)
    for place, segment in enumerate(segments):
        if place and segment[0].start_ms - segments[place - 1][-1].end_ms > _ROUND_GAP_MS:
            _mark(found, units, owners)
            owners, units = [], []
        own = _units("".join(word.text for word in segment), in_characters=in_characters)
        units += own
        owners += [place] * len(own)
    _mark(found, units, owners)
    return found


def _mark(found: list[bool], units: Sequence[str], owners: Sequence[int]) -> None:
    """Mark the segments of which most units lie in a run that repeats."""
    inside = [False] * len(units)
    for period in range(1, min(_LONGEST_ROUND, len(units) // _ROUND_REPEATS) + 1):
        least = period * (_ROUND_REPEATS if period >= _SENTENCE_UNITS else _LOOP_REPEATS)
        start = period
        for place in range(period, len(units) + 1):
            if place < len(units) and units[place] == units[place - period]:
                continue
            if place - start + period >= least:
                inside[start - period : place] = [True] * (place - start + period)
            start = place + 1
    total, repeating = Counter(owners), Counter(owner for owner, is_inside in zip(owners, inside, strict=True) if is_inside)
    for owner, count in repeating.items():
        found[owner] = count >= _LOOP_SHARE * total[owner]


def _units(text: str, *, in_characters: bool) -> list[str]:
    plain = simplify(text) if in_characters else fold(text)
    return [plain[start:end] for start, end in unit_spans(plain)]
