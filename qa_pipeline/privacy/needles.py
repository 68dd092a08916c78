"""What is looked for when nothing of a call may be left: ids, and words that stand nowhere else; in bytes as in values of tables.

Ids may be contained in others (`call-1` in `call-12`) and count only where nothing goes on beside them. Words that are said in other calls too prove nothing and
are no needles (`unique_words`).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

# A shorter id stands by chance in many files; whether tables hold it as a value is looked at all the same.
SHORTEST = 6
FORGOTTEN = "[forgotten]"
"""What stands where words of a forgotten call stood in a text that stays."""
_GOES_ON = r"[\w-]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needles:
    """`words`: found wherever they stand, as part of anything; `ids`: only where nothing goes on beside them."""

    words: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    _raw: tuple[bytes, ...] = field(init=False, repr=False)
    _bounded: re.Pattern[str] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_raw", tuple(dict.fromkeys(form.encode() for word in self.words for form in _forms(word))))
        either = "|".join(re.escape(form) for name in sorted(self.ids, key=len, reverse=True) for form in _forms(name))
        object.__setattr__(self, "_bounded", re.compile(f"(?<!{_GOES_ON})(?:{either})(?!{_GOES_ON})") if either else None)

    def __bool__(self) -> bool:
        return bool(self.words or self.ids)

    @property
    def all(self) -> tuple[str, ...]:
        """Whatever is looked for."""
        return (*self.words, *self.ids)

    def are_in(self, content: bytes) -> bool:
        """Whether a file holds any of them, also as JSON or HTML write them."""
        if any(needle in content for needle in self._raw):
            return True
        if self._bounded is None or not any(name.encode() in content for name in self.ids):
            return False
        return self._bounded.search(content.decode("utf-8", "replace")) is not None

    def words_are_in(self, content: bytes) -> bool:
        """The same without ids: of a file in which values stand side by side with nothing between them, `call-1` before a `2`."""
        return any(needle in content for needle in self._raw)

    def are_in_text(self, text: str) -> bool:
        """Whether a value holds any of them."""
        return any(word in text for word in self.words) or (self._bounded is not None and self._bounded.search(text) is not None)

    def without(self, text: str) -> str:
        """A text with `[forgotten]` where they stand."""
        for word in sorted(self.words, key=len, reverse=True):
            text = text.replace(word, FORGOTTEN)
        return text if self._bounded is None else self._bounded.sub(FORGOTTEN, text)

    def are_in_column(self, column: pa.ChunkedArray | pa.Array) -> bool:
        """Whether any value of a column, or of its parts, holds one."""
        for texts in texts_of(column):
            content = _bytes_of(texts)
            if any(word.encode() in content for word in self.words):
                return True
            for name in self.ids:
                if name.encode() in content and any(self.are_in_text(value) for value in _holding(texts, name)):
                    return True
        return False


def unique_words(words: Collection[str], others: Iterable[pa.Array]) -> tuple[str, ...]:
    """Those of some words that stand in none of the texts of other calls."""
    left = set(words)
    for texts in others:
        content = _bytes_of(texts)
        left -= {word for word in left if word.encode() in content}
        if not left:
            break
    return tuple(sorted(left))


def texts_of(column: pa.ChunkedArray | pa.Array) -> Iterator[pa.Array]:
    """The texts in a column of any type, nested ones too."""
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else (column,):
        kind = chunk.type
        if pa.types.is_dictionary(kind):
            yield from texts_of(chunk.dictionary)
        elif pa.types.is_struct(kind):
            for part in chunk.flatten():
                yield from texts_of(part)
        elif pa.types.is_map(kind):
            yield from texts_of(chunk.keys)
            yield from texts_of(chunk.items)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            yield from texts_of(chunk.flatten())
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_binary(kind):
            yield chunk.cast(pa.large_string())


def _bytes_of(texts: pa.Array) -> bytes:
    """All of them one after the other."""
    content = pa.concat_arrays([texts]).buffers()[2]
    return b"" if content is None else bytes(content.to_pybytes())


def _holding(texts: pa.Array, name: str) -> list[str]:
    found: list[str] = pc.filter(texts, pc.match_substring(texts, name)).to_pylist()  # type: ignore[attr-defined]  # made when pyarrow is loaded
    return found


def _forms(text: str) -> tuple[str, ...]:
    return (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], html.escape(text))
