"""Regular expressions that trainers write, in bounded time: refused when they are checked where they blow up, and stopped where a text makes them.

A pattern such as `(a|aa)+$` takes the double of its time for each further letter, `(\\w+ ?)+!` eight times as long for twice as many. The engine is `regex`, which keeps a limit of processor time; why not one
that cannot blow up at all is in docs/decisions/regular-expressions.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any

from qa_pipeline.errors import CallFailed, InputRefused

SECONDS = 2
"""Processor time for one utterance. What does no harm takes some microseconds."""
# What takes the square of the time needs some hundredths for so many letters, what takes its cube a second.
_PROBE_SECONDS = 0.2
_PROBE_LETTERS = 600
_LONGEST = 2_000
_TYPICAL = "a0 好"
_MOST_LETTERS = 4
Pattern = Any
"""A compiled pattern of `regex`, which has no types."""


def compile_regular(text: str) -> Pattern:
    """Compile a pattern, regardless of case. Raises InputRefused for what is none."""
    import regex

    if len(text) > _LONGEST:
        raise InputRefused(f"A regular expression of {len(text)} characters is too long.", advice="Split it into several phrases.")
    try:
        return regex.compile(text, regex.IGNORECASE)
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        raise InputRefused(f"{text!r} is not a regular expression: {error}.") from error


@lru_cache(maxsize=1_000)
def check_regular(text: str) -> None:
    """Compile a pattern and try it on texts that make others blow up. Raises InputRefused for one that does."""
    pattern = compile_regular(text)
    letters = dict.fromkeys([*list(dict.fromkeys(filter(str.isalnum, text)))[:_MOST_LETTERS], *_TYPICAL])
    # What the pattern wants at its end is there to be wanted, and does not come in time.
    end = "\x01" + "".join(char for char in text if char.isprintable())
    probes = {((first + second) * _PROBE_LETTERS)[:_PROBE_LETTERS] + end for first, second in product(letters, (" ", ""))}
    try:
        for probe in sorted(probes):
            for _ in pattern.finditer(probe, timeout=_PROBE_SECONDS):
                pass
    except TimeoutError as error:
        raise InputRefused(
            f"{text!r} takes far too long for a long utterance.",
            advice="Something that repeats holds something that repeats: write `\\w+` for `(\\w+)+`, or a possessive repeat, `(\\d++[- ]?)+`.",
        ) from error


def find_regular(pattern: Pattern, text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each place where a pattern fits. Raises CallFailed where that takes too long: never is it told as not found."""
    try:
        for found in pattern.finditer(text, timeout=SECONDS):
            yield found.start(), found.end()
    except TimeoutError as error:
        raise CallFailed(
            f"The regular expression {pattern.pattern!r} takes more than {SECONDS:g} s for one utterance.",
            advice="Write it more narrowly, as with possessive repeats (`\\w++`), or as a plain phrase; then score the call again.",
            stage="score",
        ) from error
