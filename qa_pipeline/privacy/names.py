"""Names of customers and of people they speak of: where words say that one stands there, and wherever it is said again.

The agent's own name stays: a scorecard is about the agent. It is known from the metadata, and from where agents say who they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.languages.writing_tables import FirstNames
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.values.names import answered_name, asks_name, find_names, spoken_to
from qa_pipeline.values.value import fold

_SHORTEST_PART = 2
_WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# How far back a question for a name may stand, in utterances.
_ASKED_WITHIN = 3


def find_customers_names(utterances: Sequence[Utterance], *, agent_name: str | None, known: Sequence[str]) -> list[Found]:
    """Every place where a customer's name is said. `known`: names of the customer from the metadata."""
    own = _own_names(utterances, agent_name)
    found: list[Found] = []
    names: dict[str, str] = {name: utterances[0].language for name in known if name and utterances}
    for at, utterance in enumerate(utterances):
        for start, end in _places(utterances, at):
            name = utterance.text[start:end]
            if fold(name) in own and utterance.role is not Role.CUSTOMER:
                continue
            found.append(Found(kind=Personal.NAME, utterance=at, start=start, end=end, value=name))
            names.setdefault(name, utterance.language)
    for name, language in names.items():
        found += _again(utterances, name, language, own)
    return found


def _own_names(utterances: Sequence[Utterance], agent_name: str | None) -> set[str]:
    """The agent's names, folded, whole and in parts."""
    names = [agent_name] if agent_name else []
    for utterance in utterances:
        if utterance.role is Role.AGENT:
            names += [utterance.text[start:end] for start, end in _own_places(utterance)]
    return {fold(part) for name in names for part in (name, *name.split())}


def _own_places(utterance: Utterance) -> Iterator[tuple[int, int]]:
    """Where an agent says their own name."""
    plain = fold_text(utterance.text, utterance.language)
    text = utterance.text if is_han(utterance.language) else _keeping_capitals(utterance.text, plain)
    for pattern in table(utterance.language, Privacy).own:
        for match in pattern.finditer(text):
            start, end = match.span("name")
            if not is_han(utterance.language) or _surname(plain, start, end, utterance.language) is not None:
                yield start, end


def _places(utterances: Sequence[Utterance], at: int) -> Iterator[tuple[int, int]]:
    """Where an utterance names somebody who is not the agent."""
    utterance = utterances[at]
    language = utterance.language
    if utterance.role is not Role.AGENT:
        before = [u for u in utterances[max(0, at - _ASKED_WITHIN) : at] if u.role is not utterance.role]
        is_asked = bool(before) and asks_name(before[-1].text, language)
        for value in find_names(utterance.text, language):
            # A word alone is a name where one was asked for, or where it is known as one.
            if is_asked or _tells_more(utterance.text, value.value) or _is_known(value.value, language):
                yield value.start, value.end
        if is_asked and (answer := answered_name(utterance.text, language)):
            yield answer.start, answer.end
    said = table(language, Privacy)
    plain = fold_text(utterance.text, language)
    for pattern in said.called:
        # Capitals tell names where the pattern asks for them: over the text as it stands, of the same length.
        for match in pattern.finditer(utterance.text if is_han(language) else _keeping_capitals(utterance.text, plain)):
            start, end = match.span("name")
            yield from _as_name(utterance, start, end)
    if not is_han(language):
        yield from _first_names(utterance)


def _tells_more(text: str, name: str) -> bool:
    """Whether an utterance is more than a name, and so says that it is one."""
    return len(re.sub(r"[\W_]", "", text)) > len(re.sub(r"[\W_]", "", name))


def _is_known(name: str, language: str) -> bool:
    names = table(language, Names)
    if is_han(language):
        return len(name) > 1 and (name[0] in names.surnames or name.startswith(names.double_surnames))
    return any(fold(word) in _known_first_names(language) for word in name.split())


def _keeping_capitals(text: str, plain: str) -> str:
    """Folded but for words with a capital, whose first letter stays large."""
    return "".join(char.upper() if original.isupper() and char.isalpha() else char for original, char in zip(text, plain, strict=True))


def _as_name(utterance: Utterance, start: int, end: int) -> Iterator[tuple[int, int]]:
    if not is_han(utterance.language):
        if fold(utterance.text[start:end].split()[0]) not in table(utterance.language, Names).no_names:
            yield start, end
        return
    at = _surname(fold_text(utterance.text, utterance.language), start, end, utterance.language)
    if at is not None:
        yield at, end


def _surname(plain: str, start: int, end: int, language: str) -> int | None:
    """Where within a span a name begins that is written with a surname first; None where none does."""
    names = table(language, Names)
    for at in range(start, end):
        rest = plain[at:end]
        is_surname = rest[:1] in names.surnames or any(rest.startswith(double) for double in names.double_surnames)
        if is_surname and not names.begins_no_name.match(plain[at:]):
            return at
    return None


def _first_names(utterance: Utterance) -> Iterator[tuple[int, int]]:
    """First names with a capital, with the surname behind them."""
    known = _known_first_names(utterance.language)
    words = list(_WORDS.finditer(utterance.text))
    months = table(utterance.language, Privacy).months
    for at, word in enumerate(words):
        if months.fullmatch(fold(word.group())):
            continue
        if word.group()[0].isupper() and fold(word.group()) in known:
            end = word.end()
            following = words[at + 1] if at + 1 < len(words) else None
            if following and following.group()[0].isupper() and utterance.text[end : following.start()] == " ":
                end = following.end()
            yield word.start(), end


@cache
def _known_first_names(language: str) -> frozenset[str]:
    return frozenset(fold(name) for name in table(language, FirstNames).names)


def _again(utterances: Sequence[Utterance], name: str, language: str, own: set[str]) -> Iterator[Found]:
    """Wherever a name, a part of it or a form of it is said."""
    forms = [form for form in (name, *spoken_to(name, language)) if len(form) >= _SHORTEST_PART and fold(form) not in own]
    for at, utterance in enumerate(utterances):
        plain = fold_text(utterance.text, utterance.language)
        for form in forms:
            wanted = re.escape(fold_text(form, language))
            pattern = wanted if is_han(language) else rf"(?<!\w){wanted}(?!\w)"
            for match in re.finditer(pattern, plain):
                if is_han(language) or utterance.text[match.start()].isupper() or not name[:1].isupper():
                    yield Found(kind=Personal.NAME, utterance=at, start=match.start(), end=match.end(), value=name)
