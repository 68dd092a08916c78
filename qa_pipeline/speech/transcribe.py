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
from qa_pipeline.speech.otherwise import Beam, OtherReading, decoding_of, readings_of
from qa_pipeline.speech.phantoms import going_round, is_invented
from qa_pipeline.speech.track import Track, track_of
from qa_pipeline.speech.windows import PAUSE_MS, SAMPLE_RATE, put_back, span_of, windows_of
from qa_pipeline.telemetry import disable_telemetry
from qa_pipeline.text.normalise import simplify

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment

# A window of Whisper is 30 s; less leaves room for the pauses.
_WINDOW_MS = 25_000
_SECOND_WINDOW_MS = 14_000
_SILENCE = np.zeros(PAUSE_MS * SAMPLE_RATE // 1000, dtype=np.float32)
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
    no words. `readings`: the other readings of the recogniser, of what was decoded at once.
    """

    language: str
    language_confidence: float | None
    segments: tuple[tuple[Word, ...], ...]
    others: Mapping[int, str] = field(default_factory=dict)
    dropped: tuple[Word, ...] = ()
    speech_ms: int = 0
    wordless_ms: int = 0
    readings: tuple[OtherReading, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for segment in self.segments for word in segment)


_Recognised = tuple[list[tuple[Word, ...]], list[OtherReading]]
"""The segments of a window, and the other readings of it."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What recognising gives beside the words: segments that nobody said, and other readings."""

    invented: list[tuple[Word, ...]] = field(default_factory=list)
    readings: list[OtherReading] = field(default_factory=list)


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
        self._beam = Beam(self._model.model)
        self._model.model = self._beam  # type: ignore[assignment]  # stands for it
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
        beside = _Beside()
        segments = self._all(track, windows_of(track.spans, audio, _WINDOW_MS), language, hints, beside)
        # In shorter windows, laid out otherwise, so that the same thing does not make it stop again.
        dropped = windows_of(_dropped(track.spans, segments), audio, _SECOND_WINDOW_MS)
        for again in self._all(track, dropped, language, hints, beside):
            if _mean_confidence(again) >= _DROPPED_CONFIDENCE and not _is_covered(again, segments):
                segments.append(again)
        in_other = self._in_other_languages(track, segments, language, allowed)
        told = sorted([(segment, language) for segment in segments] + in_other, key=lambda item: item[0][0].start_ms)
        return Transcript(
            language=language,
            language_confidence=language_confidence,
            segments=tuple(tuple(replace(word, confidence=calibrated(word.confidence)) for word in segment) for segment, _ in told),
            others={place: other for place, (_, other) in enumerate(told) if other != language},
            dropped=_as_dropped(beside.invented, [segment for segment, _ in told]),
            speech_ms=sum(end - start for start, end in track.spans),
            wordless_ms=sum(end - start for start, end in _dropped(track.spans, [segment for segment, _ in told])),
            readings=tuple(sorted(beside.readings, key=lambda reading: (reading.changes[0].start_ms, -reading.share))),
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
        beside: _Beside | None = None,
    ) -> list[tuple[Word, ...]]:
        """Recognise windows; what nobody said is left out, and goes to `beside` with the other readings."""
        if self._batch_size > 1:
            found = self._batched(track, windows, language, hints)
        else:
            with ThreadPoolExecutor(self._threads) as several:
                found = list(several.map(lambda window: self._window(track, window, language, hints), windows))
        kept: list[tuple[Word, ...]] = []
        segments = list(chain.from_iterable(window for window, _ in found))
        if beside is not None:
            beside.readings.extend(chain.from_iterable(readings for _, readings in found))
        for segment, is_round in zip(segments, going_round(segments, language), strict=True):
            stretch = segment[0].start_ms, segment[-1].end_ms
            is_background = (is_round or _mean_confidence(segment) < _BEHIND_CONFIDENCE) and not track.stands_out(*stretch)
            if not is_background and not is_invented(segment, language, track.mean_heard(*stretch)):
                kept.append(segment)
            elif beside is not None:
                beside.invented.append(segment)
        return kept

    def _window(self, track: Track, spans: Sequence[Span], language: str, hints: str) -> _Recognised:
        """Recognise some spans laid end to end; words get their times in the recording back."""
        with self._beam.recorded() as decodings:
            told, _ = self._model.transcribe(_laid(track, spans), condition_on_previous_text=False, **self._options(language, hints))
            found = [(segment, self._parts(segment, spans, 0.0, language)) for segment in told]
        return [part for _, parts in found for part in parts], self._readings(found, decodings, language)

    def _readings(
        self, found: Sequence[tuple[Segment, list[tuple[Word, ...]]]], decodings: Sequence[Any], language: str
    ) -> list[OtherReading]:
        """The other readings of what was decoded; what they have otherwise is told by the words of their segments."""
        readings: list[OtherReading] = []
        for _, together in groupby(found, key=lambda item: item[0].seek):
            group = list(together)
            decoding = decoding_of(group[0][0].tokens, decodings)
            if decoding is not None:
                words = [word for _, parts in group for part in parts for word in part]
                readings += readings_of(words, decoding, lambda tokens: self._text(tokens, language), in_characters=is_han(language))
        return readings

    def _text(self, tokens: Sequence[int], language: str) -> str:
        tokenizer = self._model.hf_tokenizer
        text: str = tokenizer.decode([token for token in tokens if token < tokenizer.token_to_id("<|endoftext|>")])
        return self._written(text, language)

    def _batched(self, track: Track, windows: Sequence[Sequence[Span]], language: str, hints: str) -> list[_Recognised]:
        """Recognise windows several at a time."""
        from faster_whisper import BatchedInferencePipeline

        if not windows:
            return []
        laid = [_laid(track, spans) for spans in windows]
        ends = np.cumsum([len(samples) for samples in laid])
        starts = np.concatenate(([0], ends[:-1]))
        clips = [{"start": a / SAMPLE_RATE, "end": b / SAMPLE_RATE} for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        segments: list[list[tuple[Segment, list[tuple[Word, ...]]]]] = [[] for _ in windows]
        with self._beam.recorded() as decodings:
            found, _ = BatchedInferencePipeline(self._model).transcribe(
                np.concatenate(laid),
                clip_timestamps=clips,
                batch_size=self._batch_size,
                without_timestamps=False,
                **self._options(language, hints),
            )
            for segment in found:
                middle = (segment.start + segment.end) / 2 * SAMPLE_RATE
                number = min(int(np.searchsorted(ends, middle, side="right")), len(windows) - 1)
                segments[number].append((segment, self._parts(segment, windows[number], starts[number] / SAMPLE_RATE, language)))
        return [([part for _, parts in own for part in parts], self._readings(own, decodings, language)) for own in segments]

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
        located = ((word, span_of(word, spans)) for word in words)
        return [tuple(put_back(word, spans, index) for word, index in group) for _, group in groupby(located, key=lambda item: item[1])]

    def _word(self, text: str, start: float, end: float, probability: float, language: str) -> Word:
        return Word(
            text=self._written(text, language),
            start_ms=round(start * 1000),
            end_ms=max(round(start * 1000), round(end * 1000)),
            confidence=round(probability, 4),
        )

    def _written(self, text: str, language: str) -> str:
        return simplify(text) if self._simplified and is_han(language) else text


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
