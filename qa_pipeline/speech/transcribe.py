"""Samples → words with times and confidences, by faster-whisper.

Only stretches with speech (activity.py) are recognised, because Whisper invents text over silence. They are laid into windows of up to 25 s
with short pauses between, which keeps the cost near the length of the speech. Whisper sometimes ends a window early and drops what follows:
speech that got no words is therefore recognised a second time on its own. Decoding is deterministic: beam search at temperature 0, no
conditioning on earlier text, no sampling fallback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Word
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.speech_tables import RecogniserWords
from qa_pipeline.speech.activity import Span
from qa_pipeline.speech.confidence import calibrated
from qa_pipeline.speech.phantoms import going_round, is_invented
from qa_pipeline.speech.track import Track, track_of
from qa_pipeline.telemetry import disable_telemetry
from qa_pipeline.text.normalise import simplify

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment

SAMPLE_RATE = 16_000
# A window of Whisper is 30 s; less leaves room for the pauses.
_WINDOW_MS = 25_000
_PAUSE_MS = 500
_SECOND_WINDOW_MS = 14_000
# A long span is parted in its quietest moment of so many of the last ms, looked for in frames of 20 ms.
_CUT_SEARCH_MS = 5_000
_CUT_FRAME = 320
_SILENCE = np.zeros(_PAUSE_MS * SAMPLE_RATE // 1000, dtype=np.float32)
# Speech this long without a word was dropped, and is looked at again. Chosen on synthetic and real calls.
_DROPPED_MS = 900
_DROPPED_CONFIDENCE = 0.25
_BEHIND_CONFIDENCE = 0.75
# Padding at the ends of a span that carries no words.
_EDGE_MS = 300
# Of what was left out, so much is kept to be looked at.
_DROPPED_LETTERS = 300
_DROPPED_SHOWN = 100
_DETECT_SECONDS = 30
# Of language detection: chosen on recordings in four languages, some of a few seconds.
_LANGUAGE_SURE = 0.9
_LANGUAGE_LEAST = 0.05
_OTHER_LANGUAGE = 0.7
_OTHER_SURER = 0.25
_DOUBTFUL = 0.5
_DOUBTFUL_MS = 1_200
_MOST_BATCH = 24
_OTHER_MODELS_GB = 2.0
_BEAM_GB = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was recognised on one track. `segments`: runs of words as the recogniser divided them, in order.

    `language_confidence` is None when the language was given. `others`: index of a segment → its language, where that is not the call's.
    `dropped`: what was recognised and taken for invented, each as one word. `speech_ms`: how much speech was heard, `wordless_ms`: how much of it got
    no words.
    """

    language: str
    language_confidence: float | None
    segments: tuple[tuple[Word, ...], ...]
    others: Mapping[int, str] = field(default_factory=dict)
    dropped: tuple[Word, ...] = ()
    speech_ms: int = 0
    wordless_ms: int = 0

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for segment in self.segments for word in segment)


class Transcriber:
    """A recogniser kept warm. `folder`: an assembled CTranslate2 Whisper model.

    `threads`: windows recognised at once, each by one thread: two threads on one window took longer than one, and changed last digits.
    `batch_size`: windows decoded in one step, which is what a GPU needs; None: one on a CPU, as many as its memory holds on a GPU.
    """

    def __init__(
        self,
        folder: Path,
        *,
        device: str,
        compute_type: str,
        threads: int,
        beam_size: int,
        simplified_chinese: bool,
        batch_size: int | None = None,
    ) -> None:
        disable_telemetry()
        from faster_whisper import WhisperModel

        self._model: WhisperModel = WhisperModel(
            str(folder), device=device, compute_type=compute_type, cpu_threads=1, num_workers=threads, local_files_only=True
        )
        self._batch_size = batch_size or (1 if device == "cpu" else _batch_that_fits(_free_gb(), beam_size=beam_size))
        self._threads = threads
        self._beam_size = beam_size
        self._simplified = simplified_chinese

    def detect_language(self, audio: NDArray[np.float32], allowed: tuple[str, ...]) -> tuple[str, float] | None:
        """Most probable of the allowed languages and its share among them; None when there is no speech.

        audio: (n,) float32 at 16 kHz. Looks at up to 30 s of speech. Where that leaves doubt, the speech is recognised in each language that
        may be meant, and the one whose words come surest is taken.
        """
        track = track_of(audio)
        shares = self._language_shares(track, allowed)
        if not shares:
            return None
        best = max(shares, key=lambda language: shares[language])
        if shares[best] >= _LANGUAGE_SURE:
            return best, shares[best]
        window = windows_of(track.spans, audio, _WINDOW_MS)[:1]
        likely = [language for language, share in shares.items() if share >= _LANGUAGE_LEAST] or [best]
        surest = {language: _surety(self._all(track, window, language, "")) for language in likely}
        best = max(surest, key=lambda language: (surest[language], shares[language]))
        return best, shares[best]

    def _language_shares(self, track: Track, allowed: tuple[str, ...]) -> dict[str, float]:
        """Probability of each allowed language among them; empty when there is no speech."""
        if not track.spans:
            return {}
        speech = np.concatenate([track.part(*span) for span in track.spans])
        _, _, probabilities = self._model.detect_language(speech[: _DETECT_SECONDS * SAMPLE_RATE])
        heard = dict(probabilities or [])
        known = {
            language: sum(heard.get(code, 0.0) for code in codes)
            for language in allowed
            if heard.keys() & (codes := (language, *table(language, RecogniserWords).also_heard_as))
        }
        total = sum(known.values())
        return {language: probability / total for language, probability in known.items()} if total > 0 else {}

    def transcribe(
        self,
        audio: NDArray[np.float32],
        *,
        language: str,
        language_confidence: float | None,
        hints: str = "",
        allowed: tuple[str, ...] = (),
    ) -> Transcript:
        """Recognise one track. audio: (n,) float32 in [−1, 1] at 16 kHz. `allowed`: languages that parts of it may be in, besides the call's."""
        track = track_of(audio)
        invented: list[tuple[Word, ...]] = []
        segments = self._all(track, windows_of(track.spans, audio, _WINDOW_MS), language, hints, invented)
        # In shorter windows, laid out otherwise, so that the same thing does not make it stop again.
        dropped = windows_of(_dropped(track.spans, segments), audio, _SECOND_WINDOW_MS)
        for again in self._all(track, dropped, language, hints, invented):
            if _mean_confidence(again) >= _DROPPED_CONFIDENCE and not _is_covered(again, segments):
                segments.append(again)
        in_other = self._in_other_languages(track, segments, language, allowed)
        told = sorted([(segment, language) for segment in segments] + in_other, key=lambda item: item[0][0].start_ms)
        return Transcript(
            language=language,
            language_confidence=language_confidence,
            segments=tuple(tuple(replace(word, confidence=calibrated(word.confidence)) for word in segment) for segment, _ in told),
            others={place: other for place, (_, other) in enumerate(told) if other != language},
            dropped=_as_dropped(invented, [segment for segment, _ in told]),
            speech_ms=sum(end - start for start, end in track.spans),
            wordless_ms=sum(end - start for start, end in _dropped(track.spans, [segment for segment, _ in told])),
        )

    def _in_other_languages(
        self, track: Track, segments: list[tuple[Word, ...]], language: str, allowed: tuple[str, ...]
    ) -> list[tuple[tuple[Word, ...], str]]:
        """Recognise doubtful stretches again in the language they are in; what comes surer takes the place of segments, which are removed."""
        found: list[tuple[tuple[Word, ...], str]] = []
        for stretch in _doubtful(segments) if len(allowed) > 1 else ():
            start, end = stretch[0][0].start_ms, max(word.end_ms for word in stretch[-1])
            _, _, probabilities = self._model.detect_language(np.concatenate((track.part(start, end), _SILENCE)))
            known = {name: probability for name, probability in probabilities or [] if name in allowed}
            other = max(known, key=lambda name: known[name], default=language)
            if other == language or known[other] < _OTHER_LANGUAGE:
                continue
            again = self._all(track, windows_of([(start, end)], track.samples, _WINDOW_MS), other, "")
            if _surety(again) > _surety(stretch) + _OTHER_SURER:
                found += [(segment, other) for segment in again]
                for segment in stretch:
                    segments.remove(segment)
        return found

    def _all(
        self,
        track: Track,
        windows: Sequence[Sequence[Span]],
        language: str,
        hints: str,
        invented: list[tuple[Word, ...]] | None = None,
    ) -> list[tuple[Word, ...]]:
        """Recognise windows; what nobody said is left out, and added to `invented`."""
        if self._batch_size > 1:
            found = self._batched(track, windows, language, hints)
        else:
            with ThreadPoolExecutor(self._threads) as several:
                found = list(several.map(lambda window: self._window(track, window, language, hints), windows))
        kept: list[tuple[Word, ...]] = []
        segments = list(chain.from_iterable(found))
        for segment, is_round in zip(segments, going_round(segments, language), strict=True):
            stretch = segment[0].start_ms, segment[-1].end_ms
            is_background = (is_round or _mean_confidence(segment) < _BEHIND_CONFIDENCE) and not track.stands_out(*stretch)
            if not is_background and not is_invented(segment, language, track.mean_heard(*stretch)):
                kept.append(segment)
            elif invented is not None:
                invented.append(segment)
        return kept

    def _window(self, track: Track, spans: Sequence[Span], language: str, hints: str) -> list[tuple[Word, ...]]:
        """Recognise some spans laid end to end; words get their times in the recording back."""
        found, _ = self._model.transcribe(_laid(track, spans), condition_on_previous_text=False, **self._options(language, hints))
        return [part for segment in found for part in self._parts(segment, spans, 0.0, language)]

    def _batched(self, track: Track, windows: Sequence[Sequence[Span]], language: str, hints: str) -> list[list[tuple[Word, ...]]]:
        """Recognise windows several at a time."""
        from faster_whisper import BatchedInferencePipeline

        if not windows:
            return []
        laid = [_laid(track, spans) for spans in windows]
        ends = np.cumsum([len(samples) for samples in laid])
        starts = np.concatenate(([0], ends[:-1]))
        clips = [{"start": a / SAMPLE_RATE, "end": b / SAMPLE_RATE} for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        found, _ = BatchedInferencePipeline(self._model).transcribe(
            np.concatenate(laid),
            clip_timestamps=clips,
            batch_size=self._batch_size,
            without_timestamps=False,
            **self._options(language, hints),
        )
        segments: list[list[tuple[Word, ...]]] = [[] for _ in windows]
        for segment in found:
            middle = (segment.start + segment.end) / 2 * SAMPLE_RATE
            number = min(int(np.searchsorted(ends, middle, side="right")), len(windows) - 1)
            segments[number] += self._parts(segment, windows[number], starts[number] / SAMPLE_RATE, language)
        return segments

    def _options(self, language: str, hints: str) -> dict[str, Any]:
        return {
            "language": language,
            "beam_size": self._beam_size,
            "temperature": 0.0,
            "word_timestamps": True,
            "vad_filter": False,
            "initial_prompt": hints or None,
        }

    def _parts(self, segment: Segment, spans: Sequence[Span], offset: float, language: str) -> list[tuple[Word, ...]]:
        """Words of a segment with times of the recording; one that runs over a pause of the window is two. `offset`: start of the window, s."""
        words = [self._word(w.word, w.start - offset, w.end - offset, w.probability, language) for w in segment.words or ()]
        placed = ((word, _span_of(word, spans)) for word in words)
        return [tuple(_placed(word, spans, index) for word, index in group) for _, group in groupby(placed, key=lambda item: item[1])]

    def _word(self, text: str, start: float, end: float, probability: float, language: str) -> Word:
        if self._simplified and is_han(language):
            text = simplify(text)
        return Word(
            text=text, start_ms=round(start * 1000), end_ms=max(round(start * 1000), round(end * 1000)), confidence=round(probability, 4)
        )


def _laid(track: Track, spans: Sequence[Span]) -> NDArray[np.float32]:
    """Some spans laid end to end, with a pause after each."""
    return np.concatenate([piece for span in spans for piece in (track.part(*span), _SILENCE)])


def _free_gb() -> float:
    """Free memory of the GPU, GB."""
    import torch

    return float(torch.cuda.mem_get_info()[0]) / 1e9


def _batch_that_fits(free_gb: float, *, beam_size: int) -> int:
    """Windows that fit into the memory of a GPU beside the other models: 40 MB a beam in large-v3-turbo. Chosen, not measured: no GPU here."""
    return max(1, min(_MOST_BATCH, int((free_gb - _OTHER_MODELS_GB) / (_BEAM_GB * beam_size))))


def _surety(segments: Sequence[Sequence[Word]]) -> float:
    """Mean log-probability of words; very low when there are none."""
    words = [word for segment in segments for word in segment]
    return float(np.mean(np.log([max(word.confidence, 1e-3) for word in words]))) if words else -99.0


def _mean_confidence(words: Sequence[Word]) -> float:
    return sum(word.confidence for word in words) / len(words)


def _doubtful(segments: Sequence[tuple[Word, ...]]) -> list[list[tuple[Word, ...]]]:
    """Runs of neighbouring segments whose words came doubtfully, long enough to tell a language by."""
    runs: list[list[tuple[Word, ...]]] = []
    is_open = False
    for segment in sorted(segments, key=lambda segment: segment[0].start_ms):
        is_doubtful = _mean_confidence(segment) < _DOUBTFUL
        if is_doubtful and is_open and segment[-1].end_ms - runs[-1][0][0].start_ms < _WINDOW_MS:
            runs[-1].append(segment)
        elif is_doubtful:
            runs.append([segment])
        is_open = is_doubtful
    return [run for run in runs if run[-1][-1].end_ms - run[0][0].start_ms >= _DOUBTFUL_MS]


def windows_of(spans: Sequence[Span], audio: NDArray[np.float32], longest_ms: int) -> list[list[Span]]:
    """Spans grouped so that each group, with its pauses, is no longer than a window; a longer span is cut where it is quietest."""
    windows: list[list[Span]] = []
    used = longest_ms
    for span in spans:
        for a, b in _cut(span, audio, longest_ms - _PAUSE_MS):
            if used + b - a + _PAUSE_MS > longest_ms:
                windows.append([])
                used = 0
            windows[-1].append((a, b))
            used += b - a + _PAUSE_MS
    return windows


def _cut(span: Span, audio: NDArray[np.float32], longest_ms: int) -> list[Span]:
    """A span in parts of at most a length, parted in the quietest moment of the last seconds: never inside a word if there is a pause."""
    start, end = span
    parts: list[Span] = []
    while end - start > longest_ms:
        first = start + longest_ms - min(_CUT_SEARCH_MS, longest_ms // 2)
        stretch = audio[first * SAMPLE_RATE // 1000 : (start + longest_ms) * SAMPLE_RATE // 1000]
        frames = stretch[: stretch.size // _CUT_FRAME * _CUT_FRAME].reshape(-1, _CUT_FRAME)
        level = np.convolve(np.mean(np.square(frames), axis=1), np.ones(5) / 5, mode="same")
        cut = first + int(level.argmin()) * _CUT_FRAME * 1000 // SAMPLE_RATE
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _span_of(word: Word, spans: Sequence[Span]) -> int:
    """Which span of a window a word lies in, by its middle."""
    middle, offset = (word.start_ms + word.end_ms) // 2, 0
    for index, (start, end) in enumerate(spans):
        offset += end - start + _PAUSE_MS
        if middle < offset:
            return index
    return len(spans) - 1


def _placed(word: Word, spans: Sequence[Span], index: int) -> Word:
    """The word with times of the recording instead of the window."""
    offset = sum(end - start + _PAUSE_MS for start, end in spans[:index])
    start, end = spans[index]
    return replace(
        word,
        start_ms=min(max(start, word.start_ms - offset + start), end),
        end_ms=min(max(start, word.end_ms - offset + start), end),
    )


def _dropped(spans: Sequence[Span], segments: Sequence[Sequence[Word]]) -> list[Span]:
    """Speech without words: stretches between the words of a span, or a whole span."""
    words = sorted((w.start_ms, w.end_ms) for segment in segments for w in segment)
    found = []
    for start, end in spans:
        position = start
        for a, b in [*((a, b) for a, b in words if a < end and b > start), (end, end)]:
            if a - position >= _DROPPED_MS + (_EDGE_MS if position == start or a == end else 0):
                found.append((max(start, position - 100), min(end, a + 100)))
            position = max(position, b)
    return found


def _as_dropped(invented: Sequence[Sequence[Word]], kept: Sequence[Sequence[Word]]) -> tuple[Word, ...]:
    """What was left out, for a person to see: each segment as one word, once, unless a second look put other words in its place."""
    shown: dict[tuple[int, int], Word] = {}
    for segment in sorted((segment for segment in invented if segment), key=lambda segment: segment[0].start_ms):
        text = "".join(word.text for word in segment).strip()
        start, end = segment[0].start_ms, max(word.end_ms for word in segment)
        if any(a < end and start < b for a, b in shown) or not text or _is_covered(segment, kept):
            continue
        confidence = round(sum(word.confidence for word in segment) / len(segment), 4)
        shown[start, max(end, start + 1)] = Word(text=text[:_DROPPED_LETTERS], start_ms=start, end_ms=end, confidence=confidence)
    return tuple(shown.values())[:_DROPPED_SHOWN]


def _is_covered(segment: Sequence[Word], others: Sequence[Sequence[Word]]) -> bool:
    """Whether words already stand where a second look found some."""
    start, end = segment[0].start_ms, segment[-1].end_ms
    shared = sum(max(0, min(end, w.end_ms) - max(start, w.start_ms)) for other in others for w in other)
    return shared > 0.5 * max(1, end - start)
