"""Names of customers and of people they speak of: where words say that one stands there, and wherever it is said again.

The agent's own name stays: a scorecard is about the agent. It is known from the metadata, and from where agents say who they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.languages.writing_tables import FirstNames
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.names_in_han import is_addressed, is_word, name_length, surname_at, without_title
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.text.respell import frequencies
from qa_pipeline.values.names import answered_name, asks_name, find_names, spoken_to
from qa_pipeline.values.phones import digit_pieces
from qa_pipeline.values.value import fold

_SHORTEST_PART = 2
_SHORTEST_AGAIN, _SHORTEST_HAN_AGAIN = 4, 2
WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# How far back a question for a name may stand, in utterances.
_ASKED_WITHIN = 3
FEW_WORDS = 3
_INITIALS = re.compile(r"(?<![\w'’.])(?:[^\W\d_a-z]\. ?){1,3}$")
_HAN_WORDS = re.compile(r"[^\W\d_a-zA-Z]+")


def find_customers_names(utterances: Sequence[Utterance], *, agent_name: str | None, known: Sequence[str]) -> list[Found]:
    """Every place where a customer's name is said. `known`: names of the customer from the metadata."""
    own = own_names(utterances, agent_name)
    found: list[Found] = []
    names: dict[str, str] = {name: utterances[0].language for name in known if name and utterances}
    first = next((at for at, utterance in enumerate(utterances) if utterance.role is Role.AGENT), None)
    for at, utterance in enumerate(utterances):
        own_spans = list(own_places(utterance)) if utterance.role is Role.AGENT else []
        for start, end in _places(utterances, at):
            end = without_title(utterance, start, end)
            name = utterance.text[start:end]
            if utterance.role is not Role.CUSTOMER and (
                fold(name) in own or any(start < last and first < end for first, last in own_spans)
            ):
                continue
            if fold(name) in own and is_addressed(utterance, end):
                # 卜老师您好: as the customer speaks to the agent.
                continue
            if at == first and is_agents(name, own, utterance, is_first=True):
                continue
            found.append(Found(kind=Personal.NAME, utterance=at, start=start, end=end, value=name))
            names.setdefault(name, utterance.language)
    for name, language in names.items():
        found += _again(utterances, name, language, own)
    return found


def find_names_again(utterances: Sequence[Utterance], found: Sequence[Found], *, agent_name: str | None) -> list[Found]:
    """Wherever a name that was found is said again; of one word, where that is no ordinary one."""
    own = own_names(utterances, agent_name)
    again: list[Found] = []
    names = {(one.value, utterances[one.utterance].language) for one in found if one.kind is Personal.NAME}
    for name, language in sorted(names):
        least = _SHORTEST_HAN_AGAIN if is_han(language) else _SHORTEST_AGAIN
        if (
            len(name) >= least
            and fold(name) not in _ordinary(language)
            and not (is_han(language) and is_word(fold_text(name, language), language))
        ):
            again += _again(utterances, name, language, own)
    return again


def is_ordinary(name: str, language: str) -> bool:
    """Whether a name is a word of the language that is none, or seldom one, in small letters."""
    return not is_han(language) and name == name.lower() and fold(name) in _ordinary(language)


def is_agents(name: str, own: set[str], utterance: Utterance, *, is_first: bool) -> bool:
    """Whether a name is the agent's: it is known as such, or goes on from what is. `is_first`: the agent has not spoken before, and says who they are."""
    if fold(name) in own or all(fold(part) in own for part in name.split()):
        return True
    if is_han(utterance.language):
        # 我是韶华您这张…, 不是叫你周舟: what is said beside it is no part of it; 我是李高峰: nor are the first two of its signs another's.
        is_more = any(len(one) > 1 and len(name) - len(one) == 1 and one in fold(name) for one in own)
        return is_more or (utterance.role is Role.AGENT and len(name) > 1 and any(fold(name) in one for one in own))
    return is_first and utterance.role is Role.AGENT and fold(name.split()[0]) in own


def without_agents(utterances: Sequence[Utterance], found: Sequence[Found], *, agent_name: str | None) -> list[Found]:
    """What was found without the agent's name where a customer speaks to them by it: morning, Dean. Of a customer who is called so too it stays."""
    own = own_names(utterances, agent_name)
    said = [one for one in found if one.kind is Personal.NAME and utterances[one.utterance].role is not Role.AGENT]
    parts = {one: _parts(one, utterances[one.utterance]) for one in said}
    # With more than the agent's beside it: Marek Nowak, where the agent is Marek.
    theirs = {part for several in parts.values() if not several <= own for part in several}
    theirs |= {fold(part) for name in names_told(utterances) for part in name.split()}
    return [one for one in found if one not in parts or not parts[one] <= own or parts[one] & theirs]


def with_title(one: Found, utterance: Utterance) -> Found:
    """A whole name that a customer tells with a title before it, with the title, as it stands on a card: mrs pauline eckersley."""
    titles = table(utterance.language, Names).titles
    if one.kind is not Personal.NAME or utterance.role is not Role.CUSTOMER or not titles:
        return one
    before = list(WORDS.finditer(utterance.text, 0, one.start))
    is_whole = len(WORDS.findall(utterance.text[one.start : one.end])) > 1
    if (
        not before
        or not is_whole
        or fold(before[-1].group()) not in titles
        or utterance.text[before[-1].end() : one.start].strip(" .") != ""
    ):
        return one
    return replace(one, start=before[-1].start())


def find_initials(utterances: Sequence[Utterance], found: Sequence[Found]) -> Iterator[Found]:
    """Initials before a name that was found: E. Papadopoulos. A full stop may have parted them from it."""
    for one in found:
        at, end = one.utterance, one.start
        if one.kind is not Personal.NAME:
            continue
        if end == 0 and at > 0 and utterances[at - 1].role is utterances[at].role:
            at, end = at - 1, len(utterances[at - 1].text)
        # Capitals of any alphabet: an expression can only leave out small letters of one.
        if (initials := _INITIALS.search(utterances[at].text, 0, end)) and initials.group().isupper():
            yield Found(kind=Personal.NAME, utterance=at, start=initials.start(), end=end, value=initials.group())


def names_told(utterances: Sequence[Utterance]) -> list[str]:
    """Names that customers say to be theirs, or say alone."""
    customers = (utterance for utterance in utterances if utterance.role is not Role.AGENT)
    return [value.value for utterance in customers for value in find_names(utterance.text, utterance.language)]


def _parts(one: Found, utterance: Utterance) -> set[str]:
    text = utterance.text[one.start : one.end]
    return {fold(text)} if is_han(utterance.language) else {fold(word.group()) for word in WORDS.finditer(text)}


def own_names(utterances: Sequence[Utterance], agent_name: str | None) -> set[str]:
    """The agent's names, folded, whole, in parts and as they are spoken to by them (Kinga, Kingo); written in Han characters also without the title they
    bear: 韦经理.
    """
    names = [agent_name] if agent_name else []
    if agent_name and utterances:
        language = utterances[0].language
        if is_han(language):
            titles = table(language, Names).addressed
            names += [agent_name.removesuffix(title) for title in titles if agent_name.endswith(title) and agent_name != title]
        else:
            names += spoken_to(agent_name, language)
    for utterance in utterances:
        if utterance.role is Role.AGENT:
            names += [utterance.text[start:end] for start, end in own_places(utterance)]
    return {fold(part) for name in names for part in (name, *name.split())}


def own_places(utterance: Utterance) -> Iterator[tuple[int, int]]:
    """Where an agent says their own name."""
    plain = fold_text(utterance.text, utterance.language)
    text = utterance.text if is_han(utterance.language) else _keeping_capitals(utterance.text, plain)
    for pattern in table(utterance.language, Privacy).own:
        for match in pattern.finditer(text):
            start, end = match.span("name")
            if not is_han(utterance.language):
                yield start, end
            elif (at := surname_at(plain, start, end, utterance.language)) is not None:
                yield at, end


def says_own(utterance: Utterance, start: int, end: int) -> bool:
    """Whether an agent says with a place in small letters that they are called so: good morning this is tobias from …"""
    said = utterance.text[start:end]
    if utterance.role is not Role.AGENT or is_han(utterance.language) or said != said.lower():
        return False
    written = replace(utterance, text=utterance.text[:start] + said.title() + utterance.text[end:])
    return any(first <= start and end <= last for first, last in own_places(written))


def spoken_before(utterances: Sequence[Utterance], at: int) -> Utterance | None:
    """What somebody else said last before an utterance, near enough for it to be an answer."""
    here = utterances[at]
    return next((other for other in reversed(utterances[max(0, at - _ASKED_WITHIN) : at]) if other.role is not here.role), None)


def _places(utterances: Sequence[Utterance], at: int) -> Iterator[tuple[int, int]]:
    """Where an utterance names somebody who is not the agent."""
    utterance = utterances[at]
    language = utterance.language
    before = spoken_before(utterances, at)
    is_asked = utterance.role is not Role.AGENT and before is not None and asks_name(before.text, language)
    if utterance.role is not Role.AGENT:
        for value in find_names(utterance.text, language):
            # A word alone is a name where one was asked for, or where it is known as one.
            if is_asked or _tells_more(utterance.text, value.value) or _is_known(value.value, language):
                yield value.start, value.end
        if is_asked and (answer := answered_name(utterance.text, language)):
            yield answer.start, answer.end
    said = table(language, Privacy)
    plain = fold_text(utterance.text, language)
    family = (said.family,) if utterance.role is Role.CUSTOMER else ()
    for pattern in (*said.called, *family):
        # Capitals tell names where the pattern asks for them: over the text as it stands, of the same length.
        for match in pattern.finditer(utterance.text if is_han(language) else _keeping_capitals(utterance.text, plain)):
            start, end = match.span("name")
            yield from _as_name(utterance, start, end)
    if is_han(language):
        yield from _apart_in_han(utterance, said)
    else:
        yield from _first_names(utterance, is_asked=is_asked or bool(before and said.cues["name"].search(fold_text(before.text, language))))
        yield from _following(utterance, plain, said)


def _following(utterance: Utterance, plain: str, said: Privacy) -> Iterator[tuple[int, int]]:
    """What stands right behind words that a name follows, without capitals: a known name, or no word of the language's own."""
    known, ordinary = _known_names(utterance.language), _ordinary(utterance.language)
    told = list(said.name_follows.finditer(plain))
    pieces = digit_pieces(utterance.text, utterance.language) if told else ()
    counted = {at for piece in pieces for at in range(piece.start, piece.end)}
    for match in told:
        words = list(islice(WORDS.finditer(plain, match.end()), 3))
        name: list[re.Match[str]] = []
        for word in words:
            is_near = not name or word.start() - name[-1].end() == 1
            # k bartoszek: an initial, if a name follows.
            is_initial = len(word.group()) == 1 and word is not words[-1] and all(len(one.group()) == 1 for one in name)
            if is_initial and is_near:
                name.append(word)
                continue
            is_name = word.group() in known or (word.group() not in ordinary and len(word.group()) > 2 and word.start() not in counted)
            if not (is_near and is_name) or word.start() - match.end() > 40 or (not name and word.start() > match.end() + 1):
                break
            name.append(word)
        if name and len(name[-1].group()) > 1:
            yield name[0].start(), name[-1].end()


def _apart_in_han(utterance: Utterance, said: Privacy) -> Iterator[tuple[int, int]]:
    """Names between pauses, or behind words that one follows: a surname and one or two characters that make no word of the language."""
    plain = fold_text(utterance.text, utterance.language)
    names = table(utterance.language, Names)
    surnames = {*names.surnames, *said.last_names}
    for match in _HAN_WORDS.finditer(plain):
        starts = {match.start(), *(follow.end() for follow in said.name_follows.finditer(plain, match.start(), match.end()))}
        for start in sorted(starts):
            length = name_length(plain[start : match.end()], surnames, names.double_surnames, utterance.language)
            if length and not names.begins_no_name.match(plain[start:]):
                end = start + length
                explained = said.spelt_out.match(plain, end)
                yield start, explained.end() if explained else end
    if utterance.role is not Role.AGENT:
        yield from (match.span("name") for match in said.surname_told.finditer(plain))
    for match in said.name_follows.finditer(plain):
        # 姓蔺草头那个蔺: a surname alone, with how it is written.
        start = match.end()
        is_surname = plain[start : start + 1] in surnames and not names.begins_no_name.match(plain[start:])
        explained = said.spelt_out.match(plain, start + 1) if is_surname else None
        if explained:
            yield start, explained.end()


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
    at = surname_at(fold_text(utterance.text, utterance.language), start, end, utterance.language)
    if at is not None:
        yield at, end


def _first_names(utterance: Utterance, *, is_asked: bool) -> Iterator[tuple[int, int]]:
    """First names with a capital, with the surname behind them; asked for a name, any word with a capital or a known name in small letters."""
    known, ordinary = _known_first_names(utterance.language), _ordinary(utterance.language)
    last = set(table(utterance.language, Privacy).last_names)
    words = list(WORDS.finditer(utterance.text))
    months = table(utterance.language, Privacy).months
    skip = -1
    for at, word in enumerate(words):
        plain = fold(word.group())
        if at <= skip or months.fullmatch(plain):
            continue
        is_capital = word.group()[0].isupper() and not (len(word.group()) > 1 and word.group().isupper())
        is_name = is_capital and plain in known
        # Behind the first word of an utterance a capital is no beginning of a sentence.
        is_name = is_name or (is_capital and is_asked and plain not in ordinary and len(plain) > 2 and (at > 0 or len(words) <= FEW_WORDS))
        is_name = is_name or (plain in known and plain not in ordinary and at + 1 < len(words) and fold(words[at + 1].group()) in last)
        is_name = is_name or (is_asked and plain in known and plain not in ordinary)
        is_name = is_name or (is_capital and utterance.role is Role.CUSTOMER and _begins_two(words, at, utterance.text, ordinary))
        if not is_name:
            continue
        end, skip = word.end(), at
        while skip + 1 < len(words) and utterance.text[end : words[skip + 1].start()] == " ":
            following = words[skip + 1].group()
            goes_on = (following[0].isupper() and is_capital and fold(following) not in ordinary) or (
                fold(following) in last and fold(following) not in ordinary
            )
            if not goes_on:
                break
            skip, end = skip + 1, words[skip + 1].end()
        yield word.start(), end


def _begins_two(words: Sequence[re.Match[str]], at: int, text: str, ordinary: frozenset[str]) -> bool:
    """Whether two words with capitals stand together, neither of them an ordinary one: customers name firms seldom, and people often."""
    if at + 1 >= len(words) or text[words[at].end() : words[at + 1].start()] != " ":
        return False
    pair = [words[at].group(), words[at + 1].group()]
    return all(one[0].isupper() and len(one) > 2 and not one.isupper() and fold(one) not in ordinary for one in pair)


@cache
def _known_first_names(language: str) -> frozenset[str]:
    return frozenset({*(fold(name) for name in table(language, FirstNames).names), *table(language, Privacy).first_names})


@cache
def _known_names(language: str) -> frozenset[str]:
    return _known_first_names(language) | frozenset(table(language, Privacy).last_names)


@cache
def _ordinary(language: str) -> frozenset[str]:
    """Words of the language that are no names, or names more seldom than words."""
    return frozenset(table(language, Names).no_names) | (frequencies(language).keys() - _known_names(language))


def _again(utterances: Sequence[Utterance], name: str, language: str, own: set[str]) -> Iterator[Found]:
    """Wherever a name, a part of it or a form of it is said."""
    several = (form for form in (name, *spoken_to(name, language)) if len(form) >= _SHORTEST_PART and fold(form) not in own)
    forms = [form for form in several if form == name or not is_ordinary(form, language)]
    for at, utterance in enumerate(utterances):
        plain = fold_text(utterance.text, utterance.language)
        for form in forms:
            wanted = re.escape(fold_text(form, language))
            pattern = wanted if is_han(language) else rf"(?<!\w){wanted}(?!\w)"
            for match in re.finditer(pattern, plain):
                if is_han(language) or utterance.text[match.start()].isupper() or not name[:1].isupper():
                    yield Found(kind=Personal.NAME, utterance=at, start=match.start(), end=match.end(), value=name)
