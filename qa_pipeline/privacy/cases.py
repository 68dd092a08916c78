"""Cases that were made of a call, taken out of the text of a case file: all else of it stays as it is written, comments too.

A case made from a call is named by it (`CALL_ID`, or `CALL_ID 1:05`: trainer's pages); one that was copied by hand is known by words that were said in no
other call. Words that came into lists of examples are another matter: a list is part of published rubrics, and whoever changes it raises their versions.
So these are told, and left to a trainer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# A case begins with a dash at the margin; what goes on before it, as comments, belongs to the file.
_BEGINS = re.compile(r"^- ", re.MULTILINE)
_NAME = re.compile(r"""^- *name: *(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|(.*?)) *$""", re.MULTILINE)
_MOMENT = re.compile(r" \d+(?::\d+)+(?: \(\d+\))?$| \(\d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A text without some cases. `names`: of those that went."""

    text: str
    names: tuple[str, ...]


def without_cases(text: str, call_ids: Sequence[str], words: Sequence[str]) -> Taken:
    """Take out the cases that were made of some calls. `words`: what was said there and nowhere else, long enough to be known by."""
    starts = [match.start() for match in _BEGINS.finditer(text)]
    kept, names = [text[: starts[0]] if starts else text], []
    of_calls = set(call_ids)
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        case = text[begin:end]
        name = _name(case)
        if (name is not None and (name in of_calls or _MOMENT.sub("", name) in of_calls)) or any(one in case for one in words):
            names.append(name or "a case without a name")
        else:
            kept.append(case)
    return Taken(text="".join(kept), names=tuple(names))


def _name(case: str) -> str | None:
    found = _NAME.search(case)
    if found is None:
        return None
    double, single, plain = found.groups()
    if double is not None:
        return re.sub(r"\\(.)", r"\1", double)
    return single.replace("''", "'") if single is not None else plain
