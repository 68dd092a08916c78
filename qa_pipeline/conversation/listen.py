"""One recording, or one call that came as text → one Conversation: the whole of listening, with models kept warm.

In: a Call (and its dialogue, if it is text) and the settings. Out: a Conversation with roles, sentiment, metrics, sentence vectors and acts. What was
recognised is kept (recognised.py), so that a repeated run does no speech work twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Call, Conversation, Layout, Utterance
from qa_pipeline.conversation.assemble import assemble_channels, assemble_voices
from qa_pipeline.conversation.feeling import Judge, feel, load_judge
from qa_pipeline.conversation.metrics import measure
from qa_pipeline.conversation.read import (
    assemble_sentences,
    join_lines,
    known_duration_ms,
    reading_manifests,
    reading_options,
    text_conversation_id,
    unreadable,
)
from qa_pipeline.conversation.recognised import Recognised, load_recognised, save_recognised, stage_output
from qa_pipeline.conversation.role_head import RoleHead, judge_roles, load_role_head
from qa_pipeline.conversation.roles import LEXICON_OPTION, Roles, assign_roles, lexicon_version, options_of
from qa_pipeline.conversation.text_roles import tell_roles, with_agent
from qa_pipeline.meaning.encoder import WIDTH
from qa_pipeline.meaning.meanings import MEANING_WIDTH, MeaningReader, read_by
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.layout import Carriage, examine, without_leaks
from qa_pipeline.settings import Settings
from qa_pipeline.speech.even import evened
from qa_pipeline.speech.level import audible
from qa_pipeline.speech.models import choose_manifest, manifests_digest, model_folder, serves
from qa_pipeline.speech.track import sure_moments
from qa_pipeline.speech.transcribe import Transcriber, Transcript
from qa_pipeline.text.detect import detect_language

if TYPE_CHECKING:
    from qa_pipeline.meaning.encoder import Encoder
    from qa_pipeline.speech.diarize import Diarizer
    from qa_pipeline.speech.diarize_pretrained import PretrainedDiarizer

Stage = Callable[[str], None]

# Part of every conversation's identity: raised when a change of code changes what is recognised or assembled from equal input.
LISTENING_VERSION = 16
# Speech that runs to the very edge of the file was cut. Chosen, not measured.
_EDGE_MS = 60
# A word that begins with the recording has an onset; one that is cut has none.
_ONSET_MS = 20
_AS_SPEECH = 0.25
_SHORTEST_MS = 400
_PARTY_A_TRACK = (Layout.STEREO, Layout.CROSS_TALK)


def conversation_options(settings: Settings) -> dict[str, str]:
    """The settings that change what is heard, as they are written into every row."""
    return {
        "listening": str(LISTENING_VERSION),
        LEXICON_OPTION: lexicon_version(settings.languages),
        "beam_size": str(settings.beam_size),
        "compute_type": settings.compute_type,
        "device": settings.device,
        "diarization_step": str(settings.diarization_step),
        "languages": ",".join(settings.languages),
        "simplified_chinese": str(settings.simplified_chinese).lower(),
        # Windows decoded together differ in last digits; how many a GPU's memory held is not the call's affair.
        **({"batched": "true"} if (settings.batch_size or 1) > 1 else {}),
        **({"hints": settings.hints} if settings.hints else {}),
    }


def conversation_id(call: Call, options: Mapping[str, str], manifest_sha256: str) -> str:
    """Identity of a conversation: the audio, what the metadata say that changes listening, models and options."""
    parts = {
        "audio": call.audio_sha256,
        "language": call.language,
        "agent_channel": call.agent_channel,
        "agent_name": call.agent_name,
        "direction": call.direction,
        "options": options_of(call, options),
        "manifests": manifest_sha256,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Listener:
    """Models kept warm for many calls; each is loaded when first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.options = conversation_options(settings)
        self.manifest_sha256 = manifests_digest(settings)
        self._transcribers: dict[str, Transcriber] = {}

    def listen(self, call: Call, *, stage: Stage = lambda name: None) -> Conversation:
        """Listen to one call. `stage` is told which stage begins (decode, speech, diarize, meaning).

        Raises RecordingError when the recording cannot be decoded.
        """
        stage("decode")
        audio = decode(call.source_uri)
        # Parties and cuts have limits in dB too. A track that is quiet beside the other is raised by itself, where it is recognised.
        audio = replace(audio, samples=audible(audio.samples))
        carriage = examine(audio.samples, speech_in=sure_moments)
        audio = replace(audio, samples=_evened(audio.samples, carriage))
        identity = conversation_id(call, self.options, self.manifest_sha256)
        recognised = self._recognise(call, audio, carriage, stage)
        stage("meaning")
        utterances = _assemble(recognised)
        meanings = self._meanings(utterances)
        vectors = meanings[:, :WIDTH]
        judged = judge_roles(utterances, vectors, call.direction, self._role_head)
        roles = assign_roles(utterances, call, judged=judged)
        utterances, sentiment, label = self._feel(roles.utterances, vectors)
        starts_cut, ends_cut = cut_edges(audio, [samples for _, samples in _tracks(audio, carriage)], utterances)
        return Conversation(
            conversation_id=identity,
            call=call,
            duration_ms=audio.duration_ms,
            language=recognised.language,
            language_confidence=recognised.language_confidence,
            layout=Layout.SWAPPED if roles.is_swapped else carriage.layout,
            role_confidence=roles.role_confidence,
            utterances=utterances,
            metrics=measure(utterances, audio.duration_ms, sentiment=sentiment, sentiment_label=label),
            asr_model=choose_manifest(self.settings, "asr", recognised.language).id,
            diarization_model=choose_manifest(self.settings, _voices_by(self.settings)).id if recognised.turns is not None else None,
            manifest_sha256=self.manifest_sha256,
            options=self.options,
            starts_cut=starts_cut,
            ends_cut=ends_cut,
            lost_ms=audio.lost_ms,
            wordless_share=recognised.wordless_share,
            dropped=tuple(sorted((word for _, t in recognised.transcripts for word in t.dropped), key=lambda word: word.start_ms)),
            vectors={u.utterance: tuple(row.tolist()) for u, row in zip(utterances, _rounded(meanings), strict=True)},
            acts_version=read_by(self.settings).acts,
            reply_version=read_by(self.settings).replies,
        )

    def read(self, call: Call, dialogue: Dialogue, *, stage: Stage = lambda name: None) -> Conversation:
        """Make a conversation of a call that came as text; loads the text encoder and no speech model.

        Raises RecordingError when the dialogue has faults.
        """
        if dialogue.faults:
            raise unreadable(call, dialogue)
        stage("meaning")
        options, manifest_sha256 = reading_options(self.settings), reading_manifests(self.settings)
        language, confidence = call.language, None
        if language is None and (detected := detect_language([line.text for line in dialogue.lines], self.settings.languages)):
            language, confidence = detected
        lines = with_agent(dialogue.lines, call)
        unproved = assemble_sentences(lines, language)
        meanings = self._meanings(unproved)
        vectors = meanings[:, :WIDTH]

        def prove() -> Roles:
            judged = judge_roles(unproved, vectors, call.direction, self._role_head)
            return assign_roles(unproved, call, judged=judged)

        utterances, role_confidence = tell_roles(unproved, prove)
        utterances, sentiment, label = self._feel(utterances, vectors)
        duration_ms = known_duration_ms(dialogue.lines)
        return Conversation(
            conversation_id=text_conversation_id(call, dialogue, options, manifest_sha256),
            call=call,
            duration_ms=duration_ms,
            language=language,
            language_confidence=confidence,
            layout=Layout.TEXT,
            role_confidence=role_confidence,
            utterances=utterances,
            metrics=measure(join_lines(utterances, dialogue.lines), duration_ms, sentiment=sentiment, sentiment_label=label),
            asr_model=None,
            diarization_model=None,
            manifest_sha256=manifest_sha256,
            options=options,
            vectors={u.utterance: tuple(row.tolist()) for u, row in zip(utterances, _rounded(meanings), strict=True)},
            acts_version=read_by(self.settings).acts,
            reply_version=read_by(self.settings).replies,
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sentence vectors: (n, 384), for fitting the meanings of rubrics."""
        return self._encoder.encode(texts)

    def read_meanings(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What scoring reads of texts: sentence vectors with acts and replies beside them, (n, 423)."""
        return self._reader.read(texts)

    def _recognise(self, call: Call, audio: Audio, carriage: Carriage, stage: Stage) -> Recognised:
        if (kept := self.recognised_before(call)) is not None:
            return kept
        recognised = self._recognise_anew(call, audio, carriage, stage)
        save_recognised(self._work_path(call), recognised, self.settings.encryption_keys)
        return recognised

    def recognised_before(self, call: Call) -> Recognised | None:
        """What the speech models said of a recording in an earlier run with the same models and options; None when nothing is kept."""
        path = self._work_path(call)
        return load_recognised(path, self.settings.encryption_keys) if path.is_file() else None

    def _work_path(self, call: Call) -> Path:
        return stage_output(
            self.settings.work,
            audio_sha256=call.audio_sha256,
            given_language=call.language,
            manifest_sha256=self.manifest_sha256,
            options=self.options,
        )

    def _recognise_anew(self, call: Call, audio: Audio, carriage: Carriage, stage: Stage) -> Recognised:
        stage("speech")
        if audio.duration_ms < _SHORTEST_MS:
            return Recognised(language=call.language, language_confidence=None, transcripts=(), turns=None)
        tracks = _tracks(audio, carriage)
        language, confidence = call.language, None
        if language is None:
            detected = self._transcriber(None).detect_language(_mixed(tracks), self.settings.languages)
            if detected is None:
                return Recognised(language=None, language_confidence=None, transcripts=(), turns=None)
            language, confidence = detected
        transcriber = self._transcriber(language)
        with ThreadPoolExecutor(1) as aside:
            # Two processors for one call: voices are told apart while words are recognised.
            at_once = aside.submit(self._diarizer.diarize, tracks[0][1]) if len(tracks) == 1 and self.settings.threads > 1 else None
            transcripts = self._transcribe(transcriber, tracks, language, confidence)
        turns = None
        if len(tracks) == 1 and any(transcript.segments for _, transcript in transcripts):
            stage("diarize")
            turns = (at_once.result() if at_once else self._diarizer.diarize(tracks[0][1])).turns
        return Recognised(
            language=language,
            language_confidence=round(confidence, 4) if confidence is not None else None,
            transcripts=transcripts,
            turns=turns,
        )

    def _transcribe(
        self, transcriber: Transcriber, tracks: Sequence[tuple[int, NDArray[np.float32]]], language: str, confidence: float | None
    ) -> tuple[tuple[int, Transcript], ...]:
        def transcribe(track: tuple[int, NDArray[np.float32]]) -> tuple[int, Transcript]:
            channel, samples = track
            return channel, transcriber.transcribe(
                samples,
                language=language,
                language_confidence=confidence,
                hints=self.settings.hints,
                allowed=self.settings.languages,
            )

        with ThreadPoolExecutor(min(self.settings.threads, len(tracks))) as several:
            return tuple(several.map(transcribe, tracks))

    def _meanings(self, utterances: Sequence[Utterance]) -> NDArray[np.float32]:
        if not utterances:
            return np.zeros((0, MEANING_WIDTH), dtype=np.float32)
        return self.read_meanings([u.text for u in utterances])

    def _feel(
        self, utterances: tuple[Utterance, ...], vectors: NDArray[np.float32]
    ) -> tuple[tuple[Utterance, ...], float | None, str | None]:
        return feel(utterances, vectors, self._judge, threshold=self.settings.sentiment_threshold)

    def _transcriber(self, language: str | None) -> Transcriber:
        manifest = choose_manifest(self.settings, "asr", language)
        if manifest.id not in self._transcribers:
            self._transcribers[manifest.id] = Transcriber(
                model_folder(manifest, self.settings),
                device=self.settings.device,
                compute_type=self.settings.compute_type,
                threads=self.settings.threads,
                beam_size=self.settings.beam_size,
                simplified_chinese=self.settings.simplified_chinese,
                batch_size=self.settings.batch_size,
            )
        return self._transcribers[manifest.id]

    @cached_property
    def _diarizer(self) -> Diarizer | PretrainedDiarizer:
        if serves(self.settings, "diarization"):
            from qa_pipeline.speech.diarize_pretrained import PretrainedDiarizer

            folder = model_folder(choose_manifest(self.settings, "diarization"), self.settings)
            return PretrainedDiarizer(folder, device=self.settings.device)
        from qa_pipeline.speech.diarize import Diarizer

        segmentation = model_folder(choose_manifest(self.settings, "segmentation"), self.settings)
        embedding = model_folder(choose_manifest(self.settings, "embedding"), self.settings)
        return Diarizer(
            segmentation=segmentation / "pytorch_model.bin",
            embedding=embedding / "campplus.onnx",
            step=self.settings.diarization_step,
            threads=1,
            device=self.settings.device,
        )

    @cached_property
    def _encoder(self) -> Encoder:
        from qa_pipeline.meaning.encoder import Encoder

        return Encoder(model_folder(choose_manifest(self.settings, "encoder"), self.settings), threads=1)

    @cached_property
    def _reader(self) -> MeaningReader:
        return MeaningReader(self._encoder, self.settings)

    @cached_property
    def _judge(self) -> Judge:
        return load_judge(self.settings)

    @cached_property
    def _role_head(self) -> RoleHead:
        return load_role_head(self.settings.manifests / "roles" / "head.json")


def _voices_by(settings: Settings) -> str:
    """The purpose whose model stands for the diarization in a row."""
    return "diarization" if serves(settings, "diarization") else "segmentation"


def _evened(samples: NDArray[np.float32], carriage: Carriage) -> NDArray[np.float32]:
    """The tracks, of which one that tells the whole call has both parties at one level: whoever is far below the other is taken for background."""
    track = samples[carriage.main]
    if carriage.layout in _PARTY_A_TRACK or (even := evened(track)) is track:
        return samples
    return np.concatenate((samples[: carriage.main], even[np.newaxis], samples[carriage.main + 1 :]))


def _tracks(audio: Audio, carriage: Carriage) -> list[tuple[int, NDArray[np.float32]]]:
    """Tracks to recognise, by channel: both of a stereo call, without what leaks into them, or the one that tells the whole call.

    Two tracks of the same call are not mixed: with a delay between them the mix would sound hollow.
    """
    if carriage.layout in _PARTY_A_TRACK:
        return list(enumerate(without_leaks(audio.samples, carriage)))
    return [(carriage.main, audio.samples[carriage.main])]


def _mixed(tracks: Sequence[tuple[int, NDArray[np.float32]]]) -> NDArray[np.float32]:
    mixed: NDArray[np.float32] = np.mean([samples for _, samples in tracks], axis=0, dtype=np.float32)
    return mixed


def _assemble(recognised: Recognised) -> tuple[Utterance, ...]:
    if not recognised.transcripts:
        return ()
    if recognised.turns is None:
        return assemble_channels([transcript for _, transcript in recognised.transcripts])
    _, transcript = recognised.transcripts[0]
    return assemble_voices(transcript, recognised.turns)


def cut_edges(audio: Audio, tracks: Sequence[NDArray[np.float32]], utterances: Sequence[Utterance]) -> tuple[bool, bool]:
    """Whether the recording begins or ends inside speech: a word touches the edge, and a track is as loud there as speech is on it.

    A file that broke off is cut at its end whatever was being said. tracks: (n,) float32 at 16 kHz, those that were listened to.
    """
    if not utterances:
        return False, audio.is_truncated
    first_word, last_word = min(u.start_ms or 0 for u in utterances), max(u.end_ms or 0 for u in utterances)
    starts_loud = any(_is_as_speech(track, 0, _ONSET_MS) for track in tracks)
    ends_loud = any(_is_as_speech(track, audio.duration_ms - _EDGE_MS, audio.duration_ms) for track in tracks)
    return first_word < _EDGE_MS and starts_loud, audio.is_truncated or (audio.duration_ms - last_word < _EDGE_MS and ends_loud)


def _is_as_speech(samples: NDArray[np.float32], start_ms: int, end_ms: int) -> bool:
    """Whether a stretch is about as loud as the loudest speech of its track."""
    part = samples[max(0, start_ms) * SAMPLE_RATE // 1000 : end_ms * SAMPLE_RATE // 1000]
    frames = samples[: samples.size // 320 * 320].reshape(-1, 320)
    if not part.size or not frames.size:
        return False
    loudest = float(np.percentile(np.sqrt(np.mean(np.square(frames), axis=1)), 95))
    return float(np.sqrt(np.mean(np.square(part)))) > _AS_SPEECH * loudest > 0


def _rounded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """As the tables keep them, so that scoring now and from storage agree to the last digit."""
    return vectors.astype(np.float16).astype(np.float32)
