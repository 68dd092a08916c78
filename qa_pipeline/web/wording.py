"""What rooms say in the language of the interface → what a page says of it, in the language of whoever looks.

By tables of what is said (`{}`: a name, a number, what was typed), each with the text that a page says instead. What no table has is shown as it was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from qa_pipeline.web.translations import Texts

Table = Mapping[str, str]
_PLACE = re.compile(r"\{(\w+)\}")
_AS_THEY_ARE: Mapping[str, Callable[[str], str]] = MappingProxyType({})


def as_raised(*texts: str) -> dict[str, str]:
    """Texts that a page says as they were raised, in its language."""
    return {text: text for text in texts}


def in_words(texts: Texts, said: str, table: Table, *, places: Mapping[str, Callable[[str], str]] = _AS_THEY_ARE) -> str:
    """What a page says for what a room said: in somebody's language, with the names and numbers that stand in it; as it was, where the table lacks it.

    `places`: what a page says for what stands in a place, by the name of the place.
    """
    if (known := table.get(said)) is not None:
        return texts.gettext(known)
    for pattern, known in _patterns(tuple(table.items())):
        if found := pattern.fullmatch(said):
            filled = {name: places[name](value) if name in places else value for name, value in found.groupdict().items()}
            return _PLACE.sub(lambda place, filled=filled: filled[place[1]], texts.gettext(known))  # type: ignore[misc]
    return said


@cache
def _patterns(rows: Sequence[tuple[str, str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Texts with places, as patterns: those with most words of their own first, so that none takes what another says more exactly."""
    several = sorted((row for row in rows if _PLACE.search(row[0])), key=lambda row: -len(_PLACE.sub("", row[0])))
    return tuple((re.compile(_as_pattern(said), re.DOTALL), known) for said, known in several)


def _as_pattern(said: str) -> str:
    parts = _PLACE.split(said)
    return "".join(re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts))
