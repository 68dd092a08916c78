"""Words as the files of languages hold them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator


def _apart(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_apart)]
"""Single words: one text with blanks between, which reads fast and needs no quotes, or a list."""
