"""What a reply says first: a clause of its own that answers by itself, before whatever explains it.

"Yeah, I'm on my break", "不大方便，我正在公交车上", "Nej tack, det behövs inte": how such a reply is meant stands in its first clause, and what comes behind tells only
what somebody is doing. A yes is often the question's own verb said back (能聊两句吗？能。 Znajdzie pan chwilę? Znajdę.), which no list of wordings can hold.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from qa_pipeline.call import Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.phrase_tables import PhraseWords
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.phrases.search import Hit
from qa_pipeline.text.normalise import tokens_of, unit_count

# The answers of which a reply gives one: what a clear yes and a clear no are there.
POLES: tuple[tuple[str, str], ...] = (("willing", "unwilling"), ("yes", "no"), ("given", "refused"))
# Words, or Han characters, beside the wording that a clause may hold and still say nothing else.
_MOST_UNITS_BESIDE = 1
_CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、…—]+")
_HAN_CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、…—\s]+")
_QUESTION_MARKS = ("?", "？")
_FIRST_WORD_TWICE = re.compile(r"^(\w+) \1\b", re.IGNORECASE)
_SAID_TWICE = re.compile(r"^(.+?)\1+$")
# Letters that two forms of a verb share at least, and their share of the shorter one. Chosen, not measured.
_SHARED_LETTERS, _SHARED_PART = 4, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSaid:
    """An answer that the first clause of a reply is. `hit`: the wording that it was found by; None where it says the question's own words back."""

    name: str
    utterance: int
    hit: Hit | None


def poles_of(answers: Collection[str]) -> tuple[str, str] | None:
    """The answer that a yes is and the one that a no is, where a question has both."""
    return next((poles for poles in POLES if poles[0] in answers and poles[1] in answers), None)


def first_said(
    language: str, poles: tuple[str, str], reply: Utterance, found: Iterable[tuple[str, Hit]], asked: Sequence[Utterance]
) -> FirstSaid | None:
    """The answer of a reply's first clause, if that is all the clause says. `found`: the wordings in the reply; `asked`: the question, whose own words may come back."""
    clause, begins = _first_clause(reply.text, language)
    if not clause or reply.text[begins + len(clause) :].lstrip()[:1] in _QUESTION_MARKS:
        return None
    clause = _FIRST_WORD_TWICE.sub(r"\1", clause)
    inside = [
        (name, hit)
        for name, hit in found
        if name in poles
        and hit.utterance == reply.utterance
        and hit.text in clause
        and unit_count(clause) - unit_count(hit.text) <= _MOST_UNITS_BESIDE
    ]
    if inside:
        name, hit = max(inside, key=lambda item: (unit_count(item[1].text), item[1].similarity))
        longest = {other for other, its in inside if unit_count(its.text) == unit_count(hit.text)}
        # Who is asked whether nothing was wrong, and says nothing, agrees; and "did it or did it not" has both.
        is_open = len(longest) > 1 or (name == poles[1] and any(clause in u.text for u in asked[-1:]))
        return None if is_open else FirstSaid(name=name, utterance=reply.utterance, hit=hit)
    if not table(language, AnswerWords).echoes or not asked:
        return None
    said_back = _said_back_han(clause, asked, language) if is_han(language) else _said_back(reply, asked)
    return None if said_back is None else FirstSaid(name=poles[0 if said_back else 1], utterance=reply.utterance, hit=None)


def _first_clause(text: str, language: str) -> tuple[str, int]:
    """The first clause in which more is said than a murmur, and where it begins. Written without marks, Han script parts clauses by spaces."""
    ends = _HAN_CLAUSE_END if is_han(language) else _CLAUSE_END
    words, begins = table(language, AnswerWords), 0
    if not is_han(language) and not ends.search(text):
        # Written without marks: a first word that says yes or no, and is part of no sentence.
        first = text.split()[:1]
        lead = [*words.plain_yes, *words.plain_no]
        if first and first[0].casefold() in lead and first[0].casefold() not in words.also_deny:
            return first[0], text.find(first[0])
    for part in (*ends.finditer(text), None):
        clause = text[begins : part.start() if part else len(text)]
        if clause.strip() and clause.strip().casefold() not in words.murmurs:
            return clause.strip(), begins + len(clause) - len(clause.lstrip())
        if part is None:
            break
        begins = part.end()
    return "", 0


def _said_back_han(clause: str, asked: Sequence[Utterance], language: str) -> bool | None:
    """Whether a clause is words of the question (True), or their denial (False); None where it is neither."""
    words = table(language, AnswerWords)
    twice = _SAID_TWICE.match(clause)
    body = (twice.group(1) if twice else clause).rstrip(words.particles)
    question = asked[-1].text
    denied = next((sign for sign in words.denials if body.startswith(sign) and len(body) > len(sign)), "")
    bare = body[len(denied) :]
    if not bare or {bare, body} & {*words.no_verbs}:
        return None
    # "Is it, or is it not?" holds both, and is answered by one.
    if denied and question.count(bare) > question.count(denied + bare):
        return False
    return True if body in question else None


def _said_back(reply: Utterance, asked: Sequence[Utterance]) -> bool | None:
    """The same in letters: whether a reply begins with the question's verb, in whatever form."""
    fillers = table(reply.language or "", PhraseWords).fillers if reply.language else ()
    tokens = [token for token in tokens_of(reply.norm, reply.text) if token.text not in fillers]
    if not tokens:
        return None
    questions = [token.text for u in asked[-1:] for token in tokens_of(u.norm, u.text)]
    at = 1 if tokens[0].is_negation and len(tokens) > 1 else 0
    own = tokens[at].text
    is_same = any(_are_forms(own, other) for other in questions)
    return (at == 0) if is_same else None


def _are_forms(one: str, other: str) -> bool:
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return shared >= _SHARED_LETTERS and shared >= _SHARED_PART * min(len(one), len(other))
