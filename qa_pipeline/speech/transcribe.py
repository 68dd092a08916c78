"""Samples → words with times and confidences, by faster-whisper.

Speech is found first (Silero VAD, part of faster-whisper) and only speech is recognised, because Whisper invents text over silence. Decoding is
deterministic: beam search at temperature 0, no conditioning on earlier text, no sampling fallback.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Word
from qa_pipeline.language.normalise import simplify
from qa_pipeline.telemetry import disable_telemetry

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

SAMPLE_RATE = 16_000
# Generous padding: the greeting is at the very start of a call and must not lose its first syllable.
_VAD = {"threshold": 0.35, "min_speech_duration_ms": 120, "min_silence_duration_ms": 600, "speech_pad_ms": 300}
_DETECT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was recognised on one track. `segments`: runs of words as the recogniser divided them, in order.

    `language_confidence` is None when the language was given.
    """

    language: str
    language_confidence: float | None
    segments: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for segment in self.segments for word in segment)


class Transcriber:
    """A recogniser kept warm. `folder`: an assembled CTranslate2 Whisper model."""

    def __init__(self, folder: Path, *, device: str, compute_type: str, threads: int, beam_size: int, simplified_chinese: bool) -> None:
        disable_telemetry()
        from faster_whisper import WhisperModel

        self._model: WhisperModel = WhisperModel(
            str(folder), device=device, compute_type=compute_type, cpu_threads=threads, num_workers=1, local_files_only=True
        )
        self._beam_size = beam_size
        self._simplified = simplified_chinese

    def detect_language(self, audio: NDArray[np.float32], allowed: tuple[str, ...]) -> tuple[str, float] | None:
        """Most probable of the allowed languages and its share among them; None when there is no speech.

        audio: (n,) float32 at 16 kHz. Looks at up to 30 s of speech.
        """
        speech = self._speech_only(audio)
        if not speech.size:
            return None
        _, _, probabilities = self._model.detect_language(speech[: _DETECT_SECONDS * SAMPLE_RATE])
        known = {language: probability for language, probability in probabilities or [] if language in allowed}
        # Cantonese is a language of its own for newer Whisper models; its speakers are served as Chinese.
        if "zh" in allowed:
            known["zh"] = known.get("zh", 0.0) + dict(probabilities or []).get("yue", 0.0)
        total = sum(known.values())
        if total <= 0:
            return None
        best = max(known, key=lambda language: known[language])
        return best, known[best] / total

    def transcribe(self, audio: NDArray[np.float32], *, language: str, language_confidence: float | None, hints: str = "") -> Transcript:
        """Recognise one track. audio: (n,) float32 in [−1, 1] at 16 kHz."""
        if audio.size < SAMPLE_RATE // 10:
            return Transcript(language=language, language_confidence=language_confidence, segments=())
        segments, _ = self._model.transcribe(
            audio,
            language=language,
            beam_size=self._beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
            vad_parameters=dict(_VAD),
            initial_prompt=hints or None,
        )
        found = []
        for segment in segments:
            words = tuple(self._word(word.word, word.start, word.end, word.probability, language) for word in segment.words or ())
            if words:
                found.append(words)
        return Transcript(language=language, language_confidence=language_confidence, segments=tuple(found))

    def _word(self, text: str, start: float, end: float, probability: float, language: str) -> Word:
        if language == "zh" and self._simplified:
            text = simplify(text)
        return Word(text=text, start_ms=round(start * 1000), end_ms=max(round(start * 1000), round(end * 1000)), confidence=round(probability, 4))

    def _speech_only(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        stamps = get_speech_timestamps(audio, VadOptions(**_VAD))  # type: ignore[arg-type]  # a dict of mixed numbers
        return np.concatenate([audio[stamp["start"] : stamp["end"]] for stamp in stamps]) if stamps else np.zeros(0, dtype=np.float32)
