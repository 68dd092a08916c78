"""A dialogue that came as text → utterances with roles: what listening does for recordings, where words and roles are written already.

In: the lines of one call (recordings/dialogue.py). Out: utterances and identity. Roles that no label says are told in text_roles.py; vectors and
sentiment are added by listen.py, which keeps the encoder.

**One utterance a sentence, with the times of its line.** Recognised speech is cut at sentence ends too, and phrases, answers, quotations and
meanings are made for sentences: a long message judged as one is like none of the examples, and one quoting word in it would excuse all of it. The times
of a line are kept for each of its sentences, because they are what is known: said between the line's start and its end. No time is shared out by
length. Words have no times of their own and are not kept. Figures (talk share, rates, answers) are measured on whole lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qa_pipeline.call import Call, Utterance
from qa_pipeline.conversation.roles import LEXICON_OPTION, lexicon_version, options_of
from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.dialogue import Dialogue, Line
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest
from qa_pipeline.text.normalise import normalise
from qa_pipeline.text.sentences import sentences

# Part of every text conversation's identity: raised when a change of code changes what is made of equal text.
READING_VERSION = 4
# ISO 639 for "undetermined": written where no language could be told, so that no language's rules apply.
UNDETERMINED = "und"
_FAULTS_SHOWN = 5


def reading_options(settings: Settings) -> dict[str, str]:
    """The settings that change what is made of a text, as they are written into its rows."""
    return {"reading": str(READING_VERSION), LEXICON_OPTION: lexicon_version(settings.languages), "languages": ",".join(settings.languages)}


def reading_manifests(settings: Settings) -> str:
    """One SHA-256 over the manifests that reading uses: the text encoder's alone, so that another recogniser leaves chats as they are."""
    return hashlib.sha256(choose_manifest(settings, "encoder").model_dump_json().encode()).hexdigest()


def text_conversation_id(call: Call, dialogue: Dialogue, options: Mapping[str, str], manifest_sha256: str) -> str:
    """Identity of a conversation that came as text: its words, roles and times, what the metadata say that changes reading, encoder and options.

    The call's own id is part of it: two short chats may well say the same.
    """
    parts = {
        "text": call.audio_sha256,
        "lines": [[line.role.value, line.label, line.start_ms, line.end_ms, line.text] for line in dialogue.lines],
        "call_id": call.call_id,
        "language": call.language,
        "agent_name": call.agent_name,
        "agent_channel": call.agent_channel,
        "direction": call.direction,
        "options": options_of(call, options),
        "manifests": manifest_sha256,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def unreadable(call: Call, dialogue: Dialogue) -> RecordingError:
    """What is wrong with a dialogue, as the failure of its call."""
    faults = dialogue.faults
    shown = "; ".join(f"line {fault.line}: {fault.message}" if fault.line else fault.message for fault in faults[:_FAULTS_SHOWN])
    more = f"; and {len(faults) - _FAULTS_SHOWN} more" if len(faults) > _FAULTS_SHOWN else ""
    advice = "; ".join(dict.fromkeys(fault.advice for fault in faults[:_FAULTS_SHOWN]))
    return RecordingError(
        f"the transcript has {len(faults)} fault{'s' * (len(faults) > 1)}: {shown}{more}.",
        advice=advice[:1].upper() + advice[1:] + ".",
        call_id=call.call_id,
        stage="decode",
    )


def assemble_sentences(lines: Sequence[Line], language: str | None) -> tuple[Utterance, ...]:
    """One utterance a sentence, numbered from 0: what is scored. Line breaks inside a message end a sentence."""
    pieces = [(line, piece) for line in lines for piece in sentences(line.text)]
    return tuple(_utterance(number, line, piece, language) for number, (line, piece) in enumerate(pieces))


def join_lines(utterances: Sequence[Utterance], lines: Sequence[Line]) -> tuple[Utterance, ...]:
    """The sentences put together again, one utterance a line: what figures are measured on."""
    joined, position = [], 0
    for line in lines:
        own = utterances[position : position + len(sentences(line.text))]
        joined.append(replace(own[0], text=" ".join(u.text for u in own)))
        position += len(own)
    return tuple(joined)


def known_duration_ms(lines: Sequence[Line]) -> int:
    """The last moment written, 0 where there is none."""
    return max((ms for line in lines for ms in (line.start_ms, line.end_ms) if ms is not None), default=0)


def _utterance(number: int, line: Line, text: str, language: str | None) -> Utterance:
    language = language or UNDETERMINED
    return Utterance(
        utterance=number, role=line.role, speaker=line.label or line.role.value, channel=None, start_ms=line.start_ms, end_ms=line.end_ms,
        text=text, confidence=None, language=language, norm=normalise(text, language), words=(),
    )  # fmt: skip
