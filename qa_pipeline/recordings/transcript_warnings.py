"""What an operator should know of the transcripts of a run: one line a kind, however many files it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qa_pipeline.call import Call, Role
from qa_pipeline.errors import WarningTexts
from qa_pipeline.recordings.agent_names import labels_of_agent
from qa_pipeline.recordings.dialogue import Dialogue, Note
from qa_pipeline.recordings.labels import role_of

_SHOWN = 3


def about_transcripts(
    no_dialogues: Sequence[str], noted: Mapping[Note, Sequence[str]], calls: Mapping[str, Call], dialogues: Mapping[str, Dialogue]
) -> WarningTexts:
    """Lines about files that are none, about what was put in order, and about names that say no role.

    `no_dialogues`: name and what it is; `noted`: names of files by what was put in order.
    """
    lines = []
    if len(no_dialogues) == 1:
        lines.append(f"{no_dialogues[0]} and is left; name the file itself to have it read.")
    elif no_dialogues:
        lines.append(
            f"{len(no_dialogues)} files are no transcripts and are left: {_shown(no_dialogues, '; ')}. Name a file itself to have it read."
        )
    for note, names in noted.items():
        lines.append(f"{_shown(names) if len(names) == 1 else f'{len(names)} transcripts ({_shown(names)})'}: {note.value}.")
    if unexplained := _names_without_role(calls, dialogues):
        count = "1 transcript has" if len(unexplained) == 1 else f"{len(unexplained)} transcripts have"
        shown = _shown(dict.fromkeys(name for own in unexplained for name in own))
        lines.append(
            f"{count} labels that say no role ({shown}): who they are is proved from the words. "
            "The column agent_name says which is the agent; --roles says it of any label."
        )
    return lines


def _names_without_role(calls: Mapping[str, Call], dialogues: Mapping[str, Dialogue]) -> list[list[str]]:
    """By call, names that neither the metadata nor the labels known explain. Voices by number are no names."""
    found = []
    for call_id, dialogue in dialogues.items():
        labels = dict.fromkeys(line.label for line in dialogue.lines if line.role is Role.UNKNOWN and line.label)
        agents = labels_of_agent(labels, calls[call_id].agent_name)
        if not agents and (own := [label for label in labels if role_of(label, {}) is None]):
            found.append(own)
    return found


def _shown(names: Iterable[str], between: str = ", ") -> str:
    names = list(names)
    return between.join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
