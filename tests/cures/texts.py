"""Texts of docs/messages.md as tests meet them: with whatever is filled in."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

DOCS = Path(__file__).absolute().parents[2] / "docs"
_FILLED_IN = re.compile(r"\\\{\w+\\\}|…")


@cache
def catalogue() -> dict[str, str]:
    """Every text with its cure; of texts that several modules say, the cures of all."""
    sys.path.insert(0, str(DOCS))
    try:
        import messages  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(DOCS))
    told: dict[str, str] = {}
    for message in messages.messages():
        told[message.text] = " / ".join(filter(None, (told.get(message.text), messages.cure_of(message))))
    return told


def text_of(beginning: str) -> str:
    """The one text that is this, or begins so."""
    texts = catalogue()
    (text,) = [beginning] if beginning in texts else [text for text in texts if text.startswith(beginning)]
    return text


def says(told: str, beginning: str) -> bool:
    """Whether what was told is the text that begins so, or holds it."""
    told = re.sub(r"(?<=\d),(?=\d{3})", "", told)
    pattern = _FILLED_IN.sub(".*", re.escape(text_of(beginning)).replace("\\…", "…"))
    return re.search(pattern, told, re.DOTALL) is not None
