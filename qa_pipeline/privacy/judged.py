"""What rules found and what the reader says of each word, made one: the reader finds more, and lets go what rules took wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from stdnum import luhn

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.conversation_tables import Speaking
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.addresses import is_housed
from qa_pipeline.privacy.births import date_told
from qa_pipeline.privacy.digits import is_sure_phone
from qa_pipeline.privacy.firms import firms_told, has_trade
from qa_pipeline.privacy.kinds import LIKE_FIRMS, NUMBERS, SIGNS, Found, Personal
from qa_pipeline.privacy.names import is_agents, is_ordinary, own_names, says_own
from qa_pipeline.privacy.names_around import answers_name, begins_sentence, is_told_as_name
from qa_pipeline.privacy.names_in_han import has_title, without_thanks, without_title
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.privacy.reader import Bars, Reader
from qa_pipeline.privacy.stretches import in_sentences, of_kinds, stretches, with_joined
from qa_pipeline.privacy.tokens import Token, tokens_of
from qa_pipeline.values.phones import digits_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_BETWEEN = 2
# Letters of a word that is hidden with the pieces of a number on both sides.
_SHORT = 3
# Of words that are no letters and no digits: how sure the reader must be for them to stay at the edge of a number, and to be one.
_STAYS, _SURE_WITHOUT_SIGNS = 0.3, 0.95
_SHORTEST_CARD, _SHORTEST_KNOWN_AGAIN = 13, 4
# Digits of which an agent says so many only as they repeat a number.
_FEWEST_OF_AGENTS = 2
_LIGHT = frozenset({"correction", "between", "repeats", "quiet"})
# What lists say of a word of a name of people.
_OF_PEOPLE = frozenset({"known=f", "known=l", "known=r", "known=i", "surname"})
# What is said of words that are not among the rarest of a language.
_OFTEN = frozenset(f"often={level}" for level in range(5))
_SAID_IN_PIECES = SIGNS | {Personal.BIRTH_DATE}
_SAID_IN_WORDS = frozenset({Personal.EMAIL, Personal.ADDRESS})
# Marks of words that are, or stand for, a letter or digits.
_SIGN_MARKS = ("piece=", "number=", "digits=", "letter", "misheard", "repeats")


def judged(utterances: Sequence[Utterance], ruled: Sequence[Found], reader: Reader, *, agent_name: str | None = None) -> list[Found]:
    """What is personal by both; places of one utterance may overlap."""
    if not utterances:
        return []
    tokens = tokens_of(utterances, ruled, reader.known, agent_name=agent_name)
    chances = reader.chances(tokens)
    personal = 1 - chances[:, 0]
    bars = reader.bars
    kept = [one for one in ruled if _highest(one, tokens, personal) >= _least_of_ruled(one, utterances, tokens, bars)]
    # What repeats a number or a date that is hidden is hidden, whatever stands around.
    hidden = {told for one in kept if (told := _told(one, utterances)) is not None}
    kept = [one for one in ruled if one in kept or _told(one, utterances) in hidden]
    own, by_rules = own_names(utterances, agent_name), tuple(kept)
    firms = set(firms_told(utterances, own))
    greeting = next((at for at, utterance in enumerate(utterances) if utterance.role is Role.AGENT), None)
    likely = [*stretches(tokens, personal, bars), *_pairs(utterances, tokens, personal, bars)]
    for first, last in (with_joined(utterances, tokens, *span) for span in likely):
        for start, end, kind in in_sentences(utterances, tokens, of_kinds(chances, first, last, bars)):
            if kind is Personal.NAME and _only_listens(utterances, tokens[start:end]):
                continue
            if personal[start:end].max() < _least_of(kind, utterances, tokens[start:end], bars):
                continue
            if utterances[tokens[start].utterance].role is Role.OTHER:
                # Menus and announcements name firms and no customers; of third parties the rules alone are heard.
                continue
            if kind in SIGNS or kind is Personal.NAME:
                start, end = (
                    _of_signs(tokens, personal, start, end) if kind in SIGNS else _of_name(utterances, tokens, personal, start, end)
                )
                if start == end:
                    continue
                end += kind is Personal.NAME and _is_surname(utterances, tokens, end)
            one = _found(utterances, tokens[start:end], kind)
            if _are_two(one, by_rules):
                continue
            if kind in LIKE_FIRMS and (
                (one.utterance, one.start) in firms or (one.utterance == greeting and has_trade(one, utterances[one.utterance]))
            ):
                continue
            if kind is Personal.NAME:
                utterance = utterances[one.utterance]
                start, end = without_thanks(utterance, one.start, one.end), without_title(utterance, one.start, one.end)
                one = replace(one, start=start, end=end, value=utterance.text[start:end])
                if is_agents(one.value, own, utterance, is_first=one.utterance == greeting) or says_own(utterance, start, end):
                    continue
            kept.append(_as_ruled(one, by_rules))
    kept = [one for one in kept if not _is_count_of_agents(one, kept, utterances)]
    return [*kept, *_between(kept, tokens)]


def _is_count_of_agents(one: Found, found: Sequence[Found], utterances: Sequence[Utterance]) -> bool:
    """Whether a place is one or two digits that an agent says and that are of no number told: if you're under sixty five."""
    utterance = utterances[one.utterance]
    digits = digits_of(one.value, utterance.language) or one.value
    if one.kind not in NUMBERS or utterance.role is not Role.AGENT or not digits.isdigit() or len(digits) > _FEWEST_OF_AGENTS:
        return False
    others = (digits_of(other.value, utterance.language) or other.value for other in found if other.kind in SIGNS and other is not one)
    return not any(digits in other for other in others)


def _pairs(
    utterances: Sequence[Utterance], tokens: Sequence[Token], personal: NDArray[np.float32], bars: Bars
) -> Iterator[tuple[int, int]]:
    """A first name and a last name that lists know, one after the other, where the reader sees a little and so nothing alone: justyna murawska."""
    for at in range(len(tokens) - 1):
        before, after = tokens[at : at + 2]
        if _is_pair((before, after)) and _are_beside(utterances, before, after) and bars.pair <= personal[at : at + 2].max() < bars.sure:
            yield at, at + 2


def _is_surname(utterances: Sequence[Utterance], tokens: Sequence[Token], at: int) -> bool:
    """Whether a word right behind one that is a name goes on with it: lists know it as a last name, or neither they nor the language know it."""
    if (
        not 0 < at < len(tokens)
        or not tokens[at].is_word
        or not _are_beside(utterances, tokens[at - 1], tokens[at])
        or _is_common(tokens[at])
    ):
        return False
    marks = set(tokens[at].marks)
    is_first = "known=f" in tokens[at - 1].marks
    return is_first and "known=f" not in marks and ("known=l" in marks or {"known=?", "rank=none", "often=no"} <= marks)


def _is_pair(words: Sequence[Token]) -> bool:
    """Whether words are a first and a last name that lists know, and none that the language has besides."""
    return len(words) == 2 and "known=f" in words[0].marks and "known=l" in words[1].marks and not any(map(_is_common, words))


def _is_common(token: Token) -> bool:
    """Whether a word is one of the language's commoner ones, or very short."""
    return bool({"rank=common", "rank=word", "known=o"} & set(token.marks)) or token.end - token.start <= _SHORT


def _are_beside(utterances: Sequence[Utterance], before: Token, after: Token) -> bool:
    text = utterances[after.utterance].text
    return (
        before.utterance == after.utterance and text[before.end : after.start] == " " and not is_han(utterances[after.utterance].language)
    )


def _only_listens(utterances: Sequence[Utterance], words: Sequence[Token]) -> bool:
    """Whether words only say that somebody listens: ok."""
    utterance = utterances[words[0].utterance]
    plain = fold_text(utterance.text, utterance.language)
    # Han characters are words one by one, and many of them names too.
    return all(word.end - word.start > 1 for word in words) and {plain[word.start : word.end] for word in words} <= set(
        table(utterance.language, Speaking).backchannels
    )


def _least_of(kind: Personal, utterances: Sequence[Utterance], words: Sequence[Token], bars: Bars) -> float:
    """How sure the reader must be that words are of a kind."""
    if kind in _SAID_IN_WORDS:
        return bars.of_place
    return _least_of_name(utterances, words, bars) if kind is Personal.NAME else bars.sure


def _least_of_name(utterances: Sequence[Utterance], words: Sequence[Token], bars: Bars) -> float:
    """How sure the reader must be of a name: surer where an agent says one that no list knows, by its capital or in Han characters, as agents name their
    firm; and of one in small letters that is a word of the language as well, and no first name.
    """
    utterance = utterances[words[0].utterance]
    if answers_name(utterances, words[0].utterance):
        return bars.sure
    marks = {mark for word in words for mark in word.marks}
    is_written = "capital" in marks or is_han(utterance.language)
    is_listed = bool(marks & _OF_PEOPLE)
    if utterance.role is Role.AGENT and is_written and not is_listed:
        return bars.of_word
    if _is_pair(words):
        return bars.pair
    if is_listed and any("often=no" in word.marks or ("known=f" in word.marks and "often=5" in word.marks) for word in words):
        return bars.of_listed
    if is_han(utterance.language):
        is_told = table(utterance.language, Privacy).told_name.search(fold_text(utterance.text, utterance.language), 0, words[0].start)
        return bars.sure if is_told and utterance.role is Role.CUSTOMER else bars.of_sign
    if is_written and len(words) == 1 and begins_sentence(utterance, words[0].start):
        # A capital that any word has there.
        is_written = False
    is_word = ("known=o" in marks and "known=f" not in marks) or (not is_listed and bool(marks & _OFTEN))
    return bars.of_word if is_word and not is_written else bars.of_name


def _as_ruled(one: Found, by_rules: Sequence[Found]) -> Found:
    """A number that rules found too, as what they took it for: policies hide by kind. Of more than it, as an address has, the reader's kind stays."""
    for other in by_rules:
        is_same = other.utterance == one.utterance and other.start < one.end and one.start < other.end
        is_whole = other.start <= one.start and one.end <= other.end
        if is_same and other.kind in NUMBERS and (one.kind in NUMBERS or is_whole):
            return replace(one, kind=other.kind, value=other.value)
    return one


def _are_two(one: Found, by_rules: Sequence[Found]) -> bool:
    """Whether a place lies within two that rules found and that stand side by side: where one ends and the other begins rules know better."""
    within = [other for other in by_rules if other.utterance == one.utterance and other.start < one.end and one.start < other.end]
    return len(within) > 1 and min(other.start for other in within) <= one.start and one.end <= max(other.end for other in within)


def _of_signs(tokens: Sequence[Token], personal: NDArray[np.float32], start: int, end: int) -> tuple[int, int]:
    """A stretch without words at its edges that are no letters and no digits; of nothing but such words, empty. What the reader is sure of stays."""
    signs = [any(mark.startswith(_SIGN_MARKS) for mark in tokens[at].marks) for at in range(start, end)]
    if not any(signs):
        return (start, end) if personal[start:end].max() >= _SURE_WITHOUT_SIGNS else (start, start)
    stays = [at for at, is_sign in enumerate(signs, start=start) if is_sign or personal[at] >= _STAYS]
    first, last = stays[0], stays[-1] + 1
    # kr siedemnaście zz osiem: letters written together are no word.
    return first - _is_letters(tokens, first - 1, first), last + _is_letters(tokens, last, last - 1)


def _is_letters(tokens: Sequence[Token], at: int, beside: int) -> bool:
    """Whether a token beside another is a few letters together that are no word of the language."""
    if not 0 <= at < len(tokens) or tokens[at].utterance != tokens[beside].utterance:
        return False
    token = tokens[at]
    return token.is_word and token.end - token.start <= _SHORT and {"rank=none", "often=no"} <= set(token.marks)


def _of_name(
    utterances: Sequence[Utterance], tokens: Sequence[Token], personal: NDArray[np.float32], start: int, end: int
) -> tuple[int, int]:
    """A stretch without the language's commonest words at its edges, unless one is a name too and the reader surer of it than of most; of nothing but
    such words, empty.
    """

    def stays_name(at: int) -> bool:
        token = tokens[at]
        if "rank=common" not in token.marks or "capital" in token.marks:
            return True
        utterance = utterances[token.utterance]
        return personal[at] >= _SURE_WITHOUT_SIGNS and not is_ordinary(utterance.text[token.start : token.end], utterance.language)

    stays = [at for at in range(start, end) if stays_name(at)]
    return (stays[0], stays[-1] + 1) if stays else (start, start)


def _between(found: Sequence[Found], tokens: Sequence[Token]) -> Iterator[Found]:
    """What is between two pieces of one number, so that they become one: nothing, or words of correction and fillers, which tell how it was put right.

    A word or two between two pieces of an address belong to it, and one as short as a particle to a number.
    """
    pieces = sorted((one for one in found if one.kind in _SAID_IN_PIECES | _SAID_IN_WORDS), key=lambda one: (one.utterance, one.start))
    for before, after in pairwise(pieces):
        if (before.utterance, before.kind) != (after.utterance, after.kind) or after.start <= before.end:
            continue
        words = [
            token for token in tokens if token.utterance == before.utterance and before.end <= token.start and token.end <= after.start
        ]
        is_light = all(_LIGHT & set(word.marks) for word in words) or (len(words) == 1 and words[0].end - words[0].start <= _SHORT)
        if len(words) <= _MOST_BETWEEN and (is_light or before.kind in _SAID_IN_WORDS):
            yield Found(kind=before.kind, utterance=before.utterance, start=before.end, end=after.start, value=before.value)


def _least_of_ruled(one: Found, utterances: Sequence[Utterance], tokens: Sequence[Token], bars: Bars) -> float:
    """How sure the reader must be of what a rule found: of what is what it is whatever stands around not at all: an e-mail with its sign, a card
    number with its check digit, a number as mobile telephones have, an address told with its number; nor of a name (Mr …, 王女士) that lists know and that is not in small
    letters, as rules are right nearly always, nor of one that is told as such (my name is …) or answers a question for one.
    """
    utterance = utterances[one.utterance]
    if one.kind is Personal.NAME:
        is_said = any(_OFTEN & set(token.marks) and not _OF_PEOPLE & set(token.marks) for token in _words_of(one, tokens))
        if is_told_as_name(one, utterance) and not is_said:
            return 0.0
        language = utterance.language
        marks = {mark for token in _words_of(one, tokens) for mark in token.marks}
        if is_han(language):
            # A surname alone is a word as often: 的客服.
            return 0.0 if has_title(one, utterance) or marks & _OF_PEOPLE - {"surname"} else bars.of_ruled
        is_listed = bool(marks & _OF_PEOPLE) and not is_ordinary(one.value, language)
        if "capital" in marks:
            return 0.0 if is_listed else bars.of_ruled
        return bars.sure if is_listed else bars.of_name
    is_proved = (
        is_housed(one, utterance)
        or is_sure_phone(one, utterance)
        or (one.kind is Personal.EMAIL and "@" in one.value)
        or (one.kind is Personal.CARD and len(one.value) >= _SHORTEST_CARD and luhn.is_valid(one.value))
    )
    return 0.0 if is_proved else bars.nothing


def _words_of(one: Found, tokens: Sequence[Token]) -> Iterator[Token]:
    """The words of a found place."""
    yield from (token for token in tokens if token.utterance == one.utterance and token.start < one.end and one.start < token.end)


def _told(one: Found, utterances: Sequence[Utterance]) -> tuple[Personal, object] | None:
    """What a number or a date tells, the same however it is said; None where that is too little to be known again."""
    utterance = utterances[one.utterance]
    text = utterance.text[one.start : one.end]
    if one.kind is Personal.BIRTH_DATE:
        date = date_told(text, utterance.language)
        return (one.kind, date) if len(date) > 1 else None
    digits = digits_of(text, utterance.language) if one.kind in NUMBERS else ""
    return (one.kind, digits) if len(digits) >= _SHORTEST_KNOWN_AGAIN else None


def _highest(one: Found, tokens: Sequence[Token], personal: NDArray[np.float32]) -> float:
    """How sure the reader is of the word of a found place that it is surest of."""
    return max(
        (
            float(personal[at])
            for at, token in enumerate(tokens)
            if token.utterance == one.utterance and token.start < one.end and one.start < token.end
        ),
        default=1.0,
    )


def _found(utterances: Sequence[Utterance], tokens: Sequence[Token], kind: Personal) -> Found:
    utterance = utterances[tokens[0].utterance]
    text = utterance.text[tokens[0].start : tokens[-1].end]
    return Found(
        kind=kind,
        utterance=tokens[0].utterance,
        start=tokens[0].start,
        end=tokens[-1].end,
        value=digits_of(text, utterance.language) or text if kind in NUMBERS else text,
    )
