"""The exception tree. Every error says what was found, what was wanted and what to do.

QaError
├── InputRefused            exit 2: something the user gave is wrong; nothing was done
│   ├── MetadataError       faults in calls.csv and its kin, all at once
│   ├── TranscriptError     faults in a dialogue given as text, all at once
│   ├── RubricError         faults in rubric YAML, all at once
│   ├── NotThere            what was named is not there, or not theirs to see
│   ├── AccessRefused       somebody asked for what is not theirs to see or to do
│   └── Conflict            somebody else decided meanwhile
├── EnvironmentNotReady     exit 3: the machine lacks something
│   └── ModelError          a weight file is missing or differs from its manifest
└── CallFailed              one call could not be processed; the batch goes on
    ├── RecordingError      the file cannot be decoded as a call
    ├── ReadFailed          the disk or the network did not give it
    ├── CallTimeout         the call took longer than the limit
    └── WorkerCrashed       native code took the worker process down
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

WarningTexts: TypeAlias = Sequence[str]
"""Lines that a person is warned by. docs/messages.md lists what functions with this result return or append."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One located fault in something a person wrote.

    `line` and `column` count from 1; None where the fault belongs to the whole file.
    """

    path: str
    message: str
    advice: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return f"{place}: {self.message}" + (f" ({self.advice})" if self.advice else "")


class QaError(Exception):
    """Root of every error this package raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice


class InputRefused(QaError):
    """What the user gave cannot be used; refused before any work. Carries every fault found."""

    exit_code = 2

    def __init__(self, message: str, *, advice: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(message, advice=advice)
        self.faults = tuple(faults)


class MetadataError(InputRefused):
    """A metadata file has faults."""


class TranscriptError(InputRefused):
    """A dialogue given as text has faults. In a batch they are a RecordingError of that call."""


class RubricError(InputRefused):
    """A rubric has faults, or no rubric fits."""


class NotThere(InputRefused):
    """What was named is not there, or is not theirs to see: the two are told alike."""


class AccessRefused(InputRefused):
    """Somebody asked for what is not theirs to see, or to do."""


class Conflict(InputRefused):
    """Somebody else decided about the same call since it was looked at."""


class EnvironmentNotReady(QaError):
    """Models, disk or folders are not ready."""

    exit_code = 3


class ModelError(EnvironmentNotReady):
    """A model file is missing, or is not the one its manifest pins."""


class CallFailed(QaError):
    """One call could not be processed. `transient` failures are worth another try."""

    transient = False

    def __init__(self, message: str, *, advice: str = "", call_id: str | None = None, stage: str = "speech") -> None:
        super().__init__(message, advice=advice)
        self.call_id = call_id
        self.stage = stage


class RecordingError(CallFailed):
    """The file is not a recording this pipeline can use."""


class ReadFailed(CallFailed):
    """A file that is there could not be read: the disk, the network or the store failed."""

    transient = True


class CallTimeout(CallFailed):
    """The call took longer than its time limit and was stopped."""

    transient = True


class WorkerCrashed(CallFailed):
    """The worker process died while it had this call."""

    transient = True
