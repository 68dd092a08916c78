"""No word lies outside its recording, whatever holds it and whatever happened to it: containers, damage and cuts, with a stand-in for the models and with them."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from containers import cut, damage, speech
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import write_sound
from test_damage import FORMS, written

from qa_pipeline.call import Call, SpeakerTurn, Utterance
from qa_pipeline.conversation.assemble import assemble_channels, assemble_voices
from qa_pipeline.conversation.listen import Listener, _tracks
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import Audio, decode
from qa_pipeline.recordings.layout import examine
from qa_pipeline.settings import load_settings
from qa_pipeline.speech import transcribe
from qa_pipeline.speech.activity import active_spans
from qa_pipeline.speech.track import Track
from qa_pipeline.speech.transcribe import Transcriber

_WORD_S = 0.4


class MarksSound:
    """Stands for Whisper: a word for every 0.4 s in which something is heard, and one more behind the end of what it was given, as Whisper sometimes has."""

    def transcribe(self, samples: NDArray[np.float32], **options: object) -> tuple[list[Any], None]:
        size = round(_WORD_S * 16_000)
        starts = [place / 16_000 for place in range(0, samples.size, size) if np.abs(samples[place : place + size]).max() > 0.02]
        words = [SimpleNamespace(word=" a", start=at, end=at + _WORD_S, probability=0.95) for at in (*starts, samples.size / 16_000)]
        return [SimpleNamespace(words=words, seek=0, tokens=())], None


def heard_by_stand_in(audio: Audio, patch: pytest.MonkeyPatch) -> tuple[Utterance, ...]:
    """What listening makes of a recording where every sound is a word and turns run on behind the end."""
    patch.setattr(transcribe, "track_of", lambda audio: Track(audio, np.ones(audio.size // 512 + 1, np.float32), active_spans(audio)))
    patch.setattr(Track, "stands_out", lambda self, start, end: True)
    # That nobody says the same word all the time is not asked here.
    patch.setattr(transcribe, "going_round", lambda segments, language: [False] * len(segments))
    patch.setattr(transcribe, "is_invented", lambda segment, language, heard: False)
    transcriber = Transcriber.__new__(Transcriber)
    transcriber._model, transcriber._batch_size, transcriber._threads = MarksSound(), 1, 1  # type: ignore[assignment]
    transcriber._beam_size, transcriber._simplified = 1, False
    transcriber._beam = SimpleNamespace(recorded=lambda: nullcontext([]))  # type: ignore[assignment]
    tracks = _tracks(audio, examine(audio.samples))
    found = [transcriber.transcribe(samples, language="en", language_confidence=None) for _, samples in tracks]
    if len(found) > 1:
        return assemble_channels(found)
    turns = tuple(
        SpeakerTurn(start_ms=at, end_ms=at + 3500, speaker=f"voice{at // 3000 % 2}") for at in range(0, audio.duration_ms + 1, 3000)
    )
    return assemble_voices(found[0], turns)


def outside(utterances: tuple[Utterance, ...], duration_ms: int) -> list[tuple[int | None, int | None]]:
    """Times of utterances and words that no player of the recording reaches."""
    times = [(u.start_ms, u.end_ms) for u in utterances] + [(word.start_ms, word.end_ms) for u in utterances for word in u.words]
    return [(start, end) for start, end in times if start is None or end is None or not 0 <= start <= end <= duration_ms]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(sorted(FORMS)),
    tracks=st.integers(1, 2),
    share=st.floats(0.1, 0.9),
    harm=st.sampled_from(["none", "damage", "cut"]),
    samples=st.integers(8 * 4000, 8 * 6000),
)
@example(form=("c.webm", "libopus"), tracks=1, share=0.5, harm="cut", samples=40_001)
def test_no_word_is_outside_its_recording(
    tmp_path: Path, form: tuple[str, str], tracks: int, share: float, harm: str, samples: int
) -> None:
    sounds = [speech(6.0, seed=seed)[:samples] for seed in range(1, tracks + 1)]
    path = written(tmp_path, form, *sounds)
    if harm == "damage":
        damage(path, share=share, count=200)
    elif harm == "cut" and form[0] not in ("c.m4a", "c.mp4", "c.mov", "c.caf"):
        cut(path, share=max(share, 0.4))
    audio = decode(str(path))
    with pytest.MonkeyPatch.context() as patch:
        utterances = heard_by_stand_in(audio, patch)
    words = [word for utterance in utterances for word in utterance.words]
    assert outside(utterances, audio.duration_ms) == []
    # Every sound is under a word, so that none is there by chance alone.
    assert sum(word.end_ms - word.start_ms for word in words) >= 0.5 * (audio.duration_ms - audio.lost_ms)


@pytest.mark.models
def test_no_word_of_a_real_call_that_breaks_off_is_outside(tmp_path: Path) -> None:
    call = decode(str(PACKAGE_ROOT / "sample_audio" / "en_hotel_caller_leaves.m4a")).samples[:, : 12 * 16_000]
    path = cut(write_sound(tmp_path / "c.webm", *call, codec="libopus", rate=16_000), share=0.55)
    (tmp_path / "models").symlink_to(load_settings().model_cache)
    listener = Listener(load_settings(cache=tmp_path))
    heard = listener.listen(Call(call_id="c", source_uri=str(path), audio_sha256="0" * 64, language="en"))
    assert heard.ends_cut
    assert len([word for utterance in heard.utterances for word in utterance.words]) > 3
    assert outside(heard.utterances, heard.duration_ms) == []
