"""Companies and agents as people call them for short: by the part of the name that tells it from others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.values.value import fold

_LEAST_HAN, _LEAST_LETTERS = 2, 4
# A last word alone is a name for short from so many letters on: shorter ones are words of every day. Chosen, not measured.
_LEAST_LETTERS_ALONE = 5
# Han characters that a clipped name keeps in front, and those that a whole name of a person has at most.
_KEPT_HAN, _MOST_HAN_NAME = 2, 3


@lru_cache(maxsize=4_000)
def short_forms(company: str, language: str) -> tuple[str, ...]:
    """A company's names for short, where enough is left to know it by: 驰远 of 驰远汽车, 永年厂 of 永年紧固件厂, Hartwell of Hartwell Windows, Akademia Delfin of
    Akademia Pływania Delfin.
    """
    names = table(language, Names)
    forms = _of_han(company, names) if is_han(language) else _of_words(company, names)
    least = _LEAST_HAN if is_han(language) else _LEAST_LETTERS
    return tuple(dict.fromkeys(form for form in forms if len(form) >= least and form != company))


@lru_cache(maxsize=4_000)
def short_names(agent: str, language: str) -> tuple[str, ...]:
    """An agent's names for short, without what they are: 小陶 of 客户关怀小陶, 老费 of 大堂经理费, Seweryn of Trener Seweryn."""
    forms = _of_han_agent(agent, table(language, Names)) if is_han(language) else iter(agent.split()[-1:])
    return tuple(dict.fromkeys(form for form in forms if form != agent))


def _of_han(company: str, names: Names) -> Iterator[str]:
    short = company
    while trade := next((trade for trade in names.trades if short.endswith(trade) and len(short) > len(trade)), None):
        short = short.removesuffix(trade)
        yield short
    for kind in names.kinds:
        if company.endswith(kind) and len(company) > _KEPT_HAN + len(kind):
            yield company[:_KEPT_HAN] + kind[-1]
            yield company.removesuffix(kind) + kind[-1]


def _of_words(company: str, names: Names) -> Iterator[str]:
    words = company.split()
    before_place = next((at for at, word in enumerate(words) if at and fold(word) in names.placing), None)
    # Where it is is no part of what it is called: a town alone is no company.
    core = words[:before_place] if before_place else list(words)
    while len(core) > 1 and _is_trade(core[-1], names):
        core.pop()
    while len(core) > 1 and _is_trade(core[0], names):
        core.pop(0)
    yield " ".join(core)
    if "&" in words:
        yield from (" ".join(said if word == "&" else word for word in words) for said in names.ampersand)
        return
    if before_place:
        yield " ".join(words[:before_place])
    elif names.own_part_is_last and len(words) > 1 and not _is_trade(words[-1], names):
        yield f"{words[0]} {words[-1]}"
        if len(words[-1]) >= _LEAST_LETTERS_ALONE:
            yield words[-1]


def _is_trade(word: str, names: Names) -> bool:
    return fold(word).strip(".,()") in names.trades


def _of_han_agent(agent: str, names: Names) -> Iterator[str]:
    if any(character.isdigit() for character in agent):
        return
    address = next((address for address in names.addressed if agent.endswith(address) and agent != address), "")
    name = agent.removesuffix(address)
    is_whole_name = len(name) <= _MOST_HAN_NAME
    if not is_whole_name or len(name) == _MOST_HAN_NAME:
        yield name[-2:]
    surname = name[0] if is_whole_name else name[-1]
    yield from (f"{familiar}{surname}" for familiar in names.familiar)
