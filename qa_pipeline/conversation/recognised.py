"""What the speech models said of a recording, kept under the work folder by content (audio, manifests, options): no speech work is done twice."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_pipeline.call import SpeakerTurn, Word
from qa_pipeline.conversation.roles import LEXICON_OPTION
from qa_pipeline.sealed import Keys, SealError, read_bytes, write_bytes
from qa_pipeline.speech.otherwise import Change, OtherReading
from qa_pipeline.speech.transcribe import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What the speech models said of one recording: transcripts by track and, for mixed tracks, turns by voice."""

    language: str | None
    language_confidence: float | None
    transcripts: tuple[tuple[int, Transcript], ...]
    turns: tuple[SpeakerTurn, ...] | None

    @property
    def wordless_share(self) -> float | None:
        """Of the speech heard on all tracks, the share that got no words; None where none was heard."""
        heard = sum(transcript.speech_ms for _, transcript in self.transcripts)
        return round(sum(transcript.wordless_ms for _, transcript in self.transcripts) / heard, 4) if heard else None


def stage_output(
    work: Path, *, audio_sha256: str | None, given_language: str | None, manifest_sha256: str, options: Mapping[str, str]
) -> Path:
    """Where what the speech models said of a recording is kept, by all that it depends on: rows of `calls` hold the same, so that it can be found."""
    # Roles are told afterwards: a new version of their lexicon costs no speech work. The number is the one under which outputs were first kept.
    of_speech = {**options, LEXICON_OPTION: "2"}
    key = hashlib.sha256(json.dumps([audio_sha256, given_language, manifest_sha256, of_speech], sort_keys=True).encode()).hexdigest()
    return work / key[:2] / f"{key}.json.gz"


def save_recognised(path: Path, recognised: Recognised, keys: Keys | None = None) -> None:
    """Write what was recognised, whole or not at all; sealed where there are keys."""
    data = {
        "language": recognised.language,
        "language_confidence": recognised.language_confidence,
        "transcripts": [
            {
                "channel": channel,
                "language": t.language,
                "language_confidence": t.language_confidence,
                "others": {str(place): language for place, language in t.others.items()},
                "segments": [[[w.text, w.start_ms, w.end_ms, w.confidence] for w in segment] for segment in t.segments],
                "dropped": [[w.text, w.start_ms, w.end_ms, w.confidence] for w in t.dropped],
                "speech_ms": t.speech_ms,
                "wordless_ms": t.wordless_ms,
                "readings": [[r.share, [[c.start_ms, c.end_ms, c.before, c.after] for c in r.changes]] for r in t.readings],
            }
            for channel, t in recognised.transcripts
        ],
        "turns": [[t.speaker, t.start_ms, t.end_ms] for t in recognised.turns] if recognised.turns is not None else None,
    }
    write_bytes(path, gzip.compress(json.dumps(data, ensure_ascii=False).encode()), keys)


def load_recognised(path: Path, keys: Keys | None = None) -> Recognised | None:
    """What is kept, or None when the file is damaged or its key is not there (it is then made anew)."""
    try:
        data: dict[str, Any] = json.loads(gzip.decompress(read_bytes(path, keys)))
    except SealError:
        # Left as it is until what is heard anew takes its place: its key may only have been forgotten here.
        return None
    except (OSError, EOFError, ValueError, zlib.error):
        path.unlink(missing_ok=True)
        return None
    transcripts = tuple(
        (
            t["channel"],
            Transcript(
                language=t["language"],
                language_confidence=t["language_confidence"],
                segments=tuple(
                    tuple(Word(text=text, start_ms=start, end_ms=end, confidence=confidence) for text, start, end, confidence in segment)
                    for segment in t["segments"]
                ),
                others={int(place): language for place, language in t.get("others", {}).items()},
                dropped=tuple(Word(text=text, start_ms=start, end_ms=end, confidence=sure) for text, start, end, sure in t["dropped"]),
                speech_ms=t["speech_ms"],
                wordless_ms=t["wordless_ms"],
                readings=tuple(
                    OtherReading(
                        share=share, changes=tuple(Change(start_ms=a, end_ms=b, before=was, after=other) for a, b, was, other in changes)
                    )
                    for share, changes in t.get("readings", ())
                ),
            ),
        )
        for t in data["transcripts"]
    )
    turns = data["turns"]
    return Recognised(
        language=data["language"],
        language_confidence=data["language_confidence"],
        transcripts=transcripts,
        turns=tuple(SpeakerTurn(speaker=s, start_ms=a, end_ms=b) for s, a, b in turns) if turns is not None else None,
    )
