"""The agent's name, as metadata have it, among the labels of a transcript: whole or short, in any order, case and spelling.

A name that fits two labels equally well names nobody: the agent and the customer may both be called Anna.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qa_pipeline.recordings.labels import folded

# From the surest to the least: all names the same; one a part of the other; initials; a short form of the first name.
_SAME, _PART, _INITIALS, _SHORT_FORM = 4, 3, 2, 1
_SHORTEST_FORM = 3
_APART = re.compile(r"[^\w]+|_+")
_IN_BRACKETS = re.compile(r"[(\[【（][^)\]】）]*[)\]】）]")


def labels_of_agent(labels: Iterable[str], agent_name: str | None) -> frozenset[str]:
    """The labels that are the agent's name. Empty where none is, or where several different names would be."""
    if not agent_name or not _names(agent_name):
        return frozenset()
    fits = {label: fit for label in labels if (fit := _fit(_names(label), _names(agent_name)))}
    best = {label for label, fit in fits.items() if fit == max(fits.values())}
    if len({frozenset(_names(label)) for label in best}) != 1:
        return frozenset()
    return frozenset(best)


def _names(text: str) -> tuple[str, ...]:
    """The names in a label: of an address, those before the @."""
    plain = folded(_IN_BRACKETS.sub(" ", text)).partition("@")[0]
    return tuple(part for part in _APART.split(plain) if part and not part.isdigit())


def _fit(label: tuple[str, ...], agent: tuple[str, ...]) -> int:
    if not label:
        return 0
    if set(label) == set(agent) or "".join(label) in ("".join(agent), "".join(reversed(agent))):
        return _SAME
    if _is_part(label, agent) or _is_part(agent, label):
        return _PART
    if _are_initials(label, agent) or _are_initials(agent, label):
        return _INITIALS
    return _SHORT_FORM if _is_short_form(label, agent) or _is_short_form(agent, label) else 0


def _is_part(some: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    if set(some) <= set(whole) and any(len(name) > 1 for name in some):
        return True
    # Scripts that write names in one piece: the given name alone.
    return len(some) == len(whole) == 1 and not whole[0].isascii() and len(some[0]) > 1 and whole[0].endswith(some[0])


def _are_initials(short: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """`A. Nowak`, `Anna N.`, `anowak`: a name in full and the others by their first letters."""
    if len(short) == 1 and len(whole) == 2:
        first, last = whole
        return short[0] in (first[0] + last, last[0] + first, first + last[0], last + first[0])
    left = list(whole)
    for name in sorted(short, key=len, reverse=True):
        match = next((other for other in left if name == other or (len(name) == 1 and other.startswith(name))), None)
        if match is None:
            return False
        left.remove(match)
    return any(len(name) > 1 for name in short)


def _is_short_form(short: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """`Alex` for Alexandra: the beginning of one name, the others the same."""
    left = list(whole)
    for name in short:
        match = next((other for other in left if name == other or (len(name) >= _SHORTEST_FORM and other.startswith(name))), None)
        if match is None:
            return False
        left.remove(match)
    return True
