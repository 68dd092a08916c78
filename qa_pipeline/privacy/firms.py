"""Firms that agents say to be from and that are called as people are: where one begins, and by which words it is known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

from qa_pipeline.call import Role, Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.privacy_tables import Privacy
from qa_pipeline.privacy.kinds import Found
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.values.word_numbers import WORD

# How far behind a name the word may stand that says that it is a firm's: Pennington home care.
_NEAR_TRADE = 2
# Letters of a word that is too short to say what a firm is.
_SHORT = 3


def firms_told(utterances: Sequence[Utterance], own: Collection[str]) -> Iterator[tuple[int, int]]:
    """Utterance and place at which a firm begins that an agent says to be from: this is Laura from Brightway, det är Tindra på Norrbäck Fastigheter."""
    for at, utterance in enumerate(utterances):
        if utterance.role is not Role.AGENT or is_han(utterance.language):
            continue
        plain = fold_text(utterance.text, utterance.language)
        follows = table(utterance.language, Privacy).firm_follows
        for word in WORD.finditer(plain):
            if word.group() in own and (match := follows.match(plain, word.end() + 1)):
                yield at, match.end()


def has_trade(one: Found, utterance: Utterance) -> bool:
    """Whether a place begins or ends with what firms are, or that stands right before it or near behind it: Tandläkare Vikström, marston lettings, Åkerlunds Plåt."""
    if is_han(utterance.language):
        return False
    plain = fold_text(utterance.text, utterance.language)
    trades = table(utterance.language, Names).trades
    words = [word for word in WORD.finditer(plain) if one.start < word.start()]
    within = [word for word in words if word.end() <= one.end]
    after = list(takewhile(lambda word: "," not in plain[one.end : word.start()], words[len(within) :]))
    before = list(WORD.finditer(plain, 0, one.start))
    begins = [word for word in WORD.finditer(plain, one.start, one.end) if word.start() == one.start]
    if before and plain[before[-1].end() : one.start] == " ":
        begins.append(before[-1])
    near = [*begins, *within[-1:], *after[:_NEAR_TRADE]]
    return any(word.group() in trades and len(word.group()) > _SHORT for word in near)
