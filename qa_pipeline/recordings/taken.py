"""What the sources of a run have given so far: calls, their words where they came as text, what cannot be had.

Calls are added one by one (ingest.py); the same content twice is one call, and a call id given to several files costs that call alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from qa_pipeline.call import Call
from qa_pipeline.recordings.dialogue import Dialogue, Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A file that was named but cannot be had, or a call whose id is given to several files."""

    source_uri: str
    call_id: str | None
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Twin:
    """A call left for another of the same content, as it was offered."""

    call: Call
    dialogue: Dialogue | None
    is_id_given: bool


@dataclass(slots=True)
class Taken:
    """The calls so far. `hash_of`: SHA-256 of a file. `by_sha256`: the first call with that content, and whether somebody gave it its call id.

    `empty`: names of recordings that hold no sound at all; `no_dialogues`: files whose ending could mean a transcript, and what they are instead;
    `noted`: transcripts in which something was put in order; `given_twice`: call ids that are given to several files, and these; `twins`: by call id,
    what was left because it holds the same.
    """

    hash_of: Callable[[str], str]
    calls: dict[str, Call] = field(default_factory=dict)
    by_sha256: dict[str, tuple[Call, bool]] = field(default_factory=dict)
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    no_dialogues: list[str] = field(default_factory=list)
    noted: dict[Note, list[str]] = field(default_factory=dict)
    given_twice: dict[str, list[str]] = field(default_factory=dict)
    twins: dict[str, list[_Twin]] = field(default_factory=dict)

    def add(self, call: Call, dialogue: Dialogue | None, *, is_id_given: bool) -> None:
        """Take one call, unless it is there already. Two texts whose ids were given are two calls: short chats may well say the same."""
        twin, is_twin_id_given = self.by_sha256.get(call.audio_sha256, (None, False))
        are_apart = dialogue is not None and twin is not None and is_id_given and is_twin_id_given and twin.call_id != call.call_id
        if twin and not are_apart:
            self.twins.setdefault(twin.call_id, []).append(_Twin(call=call, dialogue=dialogue, is_id_given=is_id_given))
            return
        if call.call_id in self.given_twice or call.call_id in self.calls:
            self._contest(call)
            return
        self.calls[call.call_id] = call
        self.by_sha256.setdefault(call.audio_sha256, (call, is_id_given))
        if dialogue is not None:
            self.dialogues[call.call_id] = dialogue

    def _contest(self, call: Call) -> None:
        """Take none of the files that a call id is given to: which of them is the call, nobody but who named them knows.

        What was left for the first of them is offered again: under another id the same content is a call.
        """
        first = self.calls.pop(call.call_id, None)
        self.given_twice.setdefault(call.call_id, [first.source_uri] if first else []).append(call.source_uri)
        if first is None:
            return
        self.dialogues.pop(call.call_id, None)
        if self.by_sha256[first.audio_sha256][0] is first:
            del self.by_sha256[first.audio_sha256]
        for twin in self.twins.pop(call.call_id, ()):
            self.add(twin.call, twin.dialogue, is_id_given=twin.is_id_given)

    def tell_twins(self) -> None:
        """Warn of each file that was left because another call holds the same."""
        for call_id, twins in self.twins.items():
            for twin in twins:
                left, taken = twin.call.source_uri, self.calls[call_id].source_uri
                name, other = PurePosixPath(left).name, PurePosixPath(taken).name
                kind = "audio" if twin.dialogue is None else "text"
                # Of one name in two folders, which is meant is in the path.
                names = (name, other) if name != other else (left, taken)
                self.warnings.append(f"{names[0]} is the same {kind} as {names[1]}; it is one call, processed once.")

    def contested(self) -> list[Unavailable]:
        """The calls whose id is given to several files, each told of once, with every file."""
        return [_contested(call_id, uris) for call_id, uris in self.given_twice.items()]


def _contested(call_id: str, uris: Sequence[str]) -> Unavailable:
    names = [PurePosixPath(uri).name for uri in uris]
    # Of one name in two folders, which is meant is in the path.
    told = names if len(set(names)) == len(names) else uris
    return Unavailable(
        source_uri=uris[0],
        call_id=call_id,
        message=f"Call id {call_id} is given to {' and to '.join(told)}.",
        advice="Give each recording its own call_id; none of these is processed until then.",
    )
