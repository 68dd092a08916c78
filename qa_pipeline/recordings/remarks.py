"""What reading metadata has to say: faults that refuse the run, warnings, and what was decided about how a file is written.

The same thing said of many lines is one sentence with the numbers of the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from qa_pipeline.errors import Fault

_MOST_LINES = 8


@dataclass(slots=True)
class Remarks:
    """Collected while files are read; in the order in which each thing was first said."""

    faults: list[Fault] = field(default_factory=list)
    _warnings: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _decided: dict[tuple[str, str], str] = field(default_factory=dict)

    def fault(self, path: str, line: int | None, message: str, advice: str, *, column: int | None = None) -> None:
        """Something that nothing can be done with."""
        self.faults.append(Fault(path=path, line=line, column=column, message=message, advice=advice))

    def warn(self, path: str, line: int | None, text: str) -> None:
        """Something that a person should look at. The same text about another line of the file joins it."""
        lines = self._warnings.setdefault((path, text), [])
        if line is not None and line not in lines[-1:]:
            lines.append(line)

    def decide(self, path: str, what: str, text: str) -> None:
        """How something is read that could be written in several ways; said once for `what`, with its first example."""
        self._decided.setdefault((path, what), text)

    @property
    def warnings(self) -> Iterator[str]:
        """One sentence each, with the place in front."""
        for (path, text), lines in self._warnings.items():
            place = f"{path}:{lines[0]}" if len(lines) == 1 else path
            yield f"{place}: {text}{_where(lines)}."

    @property
    def decided(self) -> Iterator[str]:
        """One sentence each, with the file in front."""
        for (path, _), text in self._decided.items():
            yield f"{path}: {text}."


def _where(lines: list[int]) -> str:
    if len(lines) < 2:
        return ""
    more = f" and {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
    return f" (lines {', '.join(map(str, lines[:_MOST_LINES]))}{more})"
