"""A pasted dialogue as a conversation to try a rubric on, before there is any recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.load import language_codes
from qa_pipeline.recordings.transcripts import read_dialogue
from qa_pipeline.rubric.cases import Encode, without_times
from qa_pipeline.text.detect import detect_language


def read_pasted(text: str, *, name: str, language: str | None, columns: Mapping[str, str], encode: Encode | None) -> Conversation:
    """The conversation of a plain dialogue (`0:03 agent: …`, times optional). Without any time, windows count turns, as for transcripts.

    Raises InputRefused with located faults for lines that cannot be read, and when the language cannot be told.
    """
    if not text.strip():
        raise InputRefused(f"{name} holds no dialogue.", advice="Write lines as `0:03 agent: hello`.")
    lines = read_dialogue(text, path=name)
    spoken = language
    if spoken is None:
        detected = detect_language([line.text for line in lines], language_codes())
        if detected is None:
            raise InputRefused(f"The language of {name} cannot be told.", advice="Give --language.")
        spoken = detected[0]
    written = []
    for line in lines:
        clock = "" if line.start_ms is None else f"{line.start_ms // 60_000}:{line.start_ms // 1000 % 60:02d} "
        written.append(f"{clock}{line.role.value}: {' '.join(line.text.split())}")
    try:
        heard = conversation(*written, language=spoken, **dict[str, Any](columns))
    except ValueError as error:
        raise InputRefused(f"{name} cannot be used.", faults=[Fault(path=name, message=str(error))]) from error
    if all(line.start_ms is None for line in lines):
        heard = without_times(heard)
    return with_vectors(heard, encode) if encode else heard
