"""Texts of docs/messages.md as tests meet them: with whatever is filled in."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from qa_pipeline.errors import QaError

Do = Callable[[Path], object]
"""Something that is done in a folder, by the way or against the cure."""

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


def told_by(do: Do, folder: Path) -> list[str]:
    """What is said while something is done in a folder: by a refusal, or as the warnings that come back."""
    try:
        returned = do(folder)
    except QaError as error:
        return [error.message, *map(str, getattr(error, "faults", ()))]
    return [one for one in returned if isinstance(one, str)] if isinstance(returned, list | tuple) else []


def follow(text: str, slip: Do, cured: Do, folder: Path) -> None:
    """Bring a text in a folder of its own, then do what its cure says in another: nothing is refused, and it is not said any more."""
    for name in ("slip", "cured"):
        (folder / name).mkdir()
    told = told_by(slip, folder / "slip")
    assert any(says(one, text) for one in told), (text_of(text), told)
    returned = cured(folder / "cured")
    assert not any(says(one, text) for one in (returned if isinstance(returned, list | tuple) else ()) if isinstance(one, str)), returned
