"""Names of people written in Han characters, which no capitals and no spaces tell: where one begins and ends, with its title or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from qa_pipeline.call import Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.kinds import Found, Personal
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.text.segment import pieces


def with_explanation(one: Found, utterance: Utterance) -> Found:
    """A name written in Han characters, with what tells behind it how each of them is written: 王怡 + 三横王心旷神怡的怡."""
    if one.kind is not Personal.NAME or not is_han(utterance.language):
        return one
    plain, spelt_out = fold_text(utterance.text, utterance.language), table(utterance.language, Privacy).spelt_out
    end = one.end
    while (explained := spelt_out.match(plain, end)) and explained.end() > end and plain[explained.end() - 1] in plain[one.start : one.end]:
        end = explained.end()
    return replace(one, end=end)


def with_familiar(one: Found, utterance: Utterance) -> Found:
    """A surname with what stands before it among friends: 老庹."""
    if one.kind is not Personal.NAME or not is_han(utterance.language) or one.start == 0:
        return one
    plain = fold_text(utterance.text, utterance.language)
    begins = one.end - one.start == 1 or surname_at(plain, one.start, one.end, utterance.language) == one.start
    is_familiar = begins and plain[one.start - 1] in table(utterance.language, Privacy).familiar
    return replace(one, start=one.start - 1) if is_familiar else one


def without_title(utterance: Utterance, start: int, end: int) -> int:
    """Where a name ends that is written in Han characters, before the title that it may run into: 卜 of 卜老, where 卜老师 is said."""
    if not is_han(utterance.language):
        return end
    plain = fold_text(utterance.text, utterance.language)
    for title in table(utterance.language, Names).addressed:
        at = plain.find(title, start + 1)
        if start < at < end < at + len(title):
            return at
    return end


def without_thanks(utterance: Utterance, start: int, end: int) -> int:
    """Where a name begins that is written in Han characters, behind a word that it may have begun in the midst of: 齐 of 谢齐, where 谢谢齐先生 is said."""
    if start == 0 or not is_han(utterance.language):
        return start
    plain = fold_text(utterance.text, utterance.language)
    word = table(utterance.language, Names).begins_no_name.match(plain, start - 1)
    return word.end() if word and start < word.end() < end else start


def has_title(one: Found, utterance: Utterance) -> bool:
    """Whether a name written in Han characters is told with a title, within it or right behind: 尹女士, and not the title alone."""
    titles = tuple(table(utterance.language, Names).addressed)
    said = utterance.text[one.start : one.end]
    return said not in titles and (any(title in said for title in titles) or is_addressed(utterance, one.end))


def is_addressed(utterance: Utterance, end: int) -> bool:
    """Whether a title stands right behind a place, as Chinese has it."""
    return is_han(utterance.language) and utterance.text.startswith(tuple(table(utterance.language, Names).addressed), end)


def name_length(text: str, surnames: set[str], doubles: Sequence[str], language: str) -> int:
    """How many characters at the beginning of a text are a person's name; 0 where none is."""
    double = next((one for one in doubles if text.startswith(one)), "")
    if not double and text[:1] not in surnames:
        return 0
    first = len(double) or 1
    after = table(language, Privacy).name_ends
    for length in (first + 2, first + 1):
        candidate, rest = text[:length], text[length:]
        if (
            len(candidate) < length
            or not (rest == "" or after.match(rest))
            or any(after.match(candidate, at) for at in range(first, length))
        ):
            continue
        if double or not is_word(candidate, language):
            return length
    return 0


@lru_cache(maxsize=20_000)
def is_word(text: str, language: str) -> bool:
    """Whether a text is words of the language: all of it in pieces of two characters and more, or frequent ones."""
    return all(piece.makes_sense for piece in pieces(text, language)) and any(
        piece.end - piece.start > 1 for piece in pieces(text, language)
    )


def surname_at(plain: str, start: int, end: int, language: str) -> int | None:
    """Where within a span a name begins that is written with a surname first; None where none does."""
    names = table(language, Names)
    surnames = {*names.surnames, *table(language, Privacy).last_names}
    at = start
    while at < end:
        rest = plain[at:end]
        if no_name := names.begins_no_name.match(plain, at):
            # 谢谢齐先生: the second 谢 begins no name either.
            at = max(at + 1, no_name.end())
            continue
        if rest[:1] in surnames or any(rest.startswith(double) for double in names.double_surnames):
            return at
        at += 1
    return None
