"""How the other side answered a question: its next turns, which of the answers' wordings they hold, and what the question makes of a bare yes or no.

How satisfied somebody is, and whether it is a convenient time, is read by meaning too (reply_meaning.py), where the call has vectors. One module, though long: its
rules weigh the same wordings against each other, and are read together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.languages.load import is_han, table
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.phrases.search import Hit, MatchMode
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.scoring.first_said import FirstSaid, first_said, poles_of
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.reply_meaning import Weight, meaning_of, read_meaning_of, together
from qa_pipeline.scoring.windows import Searched, runs_of
from qa_pipeline.text.normalise import tokens_of, unit_count, unit_spans
from qa_pipeline.values.find import find_values

_MOST_UTTERANCES = 4
# Utterances at the end of the asker's turn that may hold a question and what is offered with it.
_MOST_UTTERANCES_OF_QUESTION = 2
# Words of the asker between two turns of the answer beyond which the talk has moved on, unless the question was put again.
_BETWEEN_UNITS = 10
# What is said after a question, in its clause and in a new one, beyond which it is no longer what is answered. Chosen, not measured.
_MOST_UNITS_BEHIND_QUESTION = 8
_MOST_UNITS_IN_NEXT_CLAUSE = 2
_CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、…—]")
# The end of a clause in which nothing is asked back.
_SAID_SO = re.compile(r"[,.;:!，。；：！、]")
# A reply of so many words or syllables is a murmur where the asker then gives way.
# Words, or Han characters, in which nothing is asked.
_HEARD_UNITS = 2
_MURMUR_UNITS = 2
# Words or syllables beside those that answer, up to which they are all that was said. Chosen, not measured.
_MOST_UNITS_BESIDE = 2
# Words before the clear yes or no that a reply begins with.
_MOST_UNITS_BEFORE_LEAD = 1
_WILLING, _UNWILLING, _DISSATISFIED, _UNCLEAR = "willing", "unwilling", "dissatisfied", "unclear"
# What an answer becomes when it is taken back.
_OPPOSITE = {"given": "refused"}
# Answers of which a reply gives one only, and how probable its meaning must be to tell which. Chosen, not measured.
_POLES = ("satisfied", _DISSATISFIED)
_SETTLES = 0.5
# From here on a wording is no sound-alike.
_AS_WRITTEN = 0.95
# Answers that a negation behind their words makes none.
_AGREEING = frozenset({_WILLING, "yes", "given", "satisfied"})

# What a bare yes says to a question for a good moment: that it is one, that it is none, or (with no) that it is one either way; to a question for
# faults, that there are some.
Polarity = Literal["plain", "adverse", "hoped", "faults"]
# What a question makes of yes and of no, where its answers have other names.
_OF_YES_AND_NO: dict[str, dict[Polarity, tuple[str, str]]] = {
    _UNWILLING: {"adverse": (_UNWILLING, _WILLING), "hoped": (_WILLING, _WILLING)},
    _DISSATISFIED: {"plain": ("satisfied", _DISSATISFIED), "faults": (_DISSATISFIED, "satisfied")},
}


@dataclass(frozen=True, slots=True)
class _Found:
    """An answer's wording in a reply. `is_bare`: it says no more than yes or no, and the question gave it its name; `is_plain`: whatever else is said, it
    bids to go on, or to call another time."""

    name: str
    hit: Hit
    is_bare: bool = False
    is_plain: bool = False

    @property
    def rank(self) -> tuple[bool, bool, float, bool, int]:
        """In one reply, words of their own before a bare yes or no, the longer phrase before the shorter, doubt before what is as long."""
        return (
            self.is_bare,
            not self.is_plain,
            -(self.hit.end - self.hit.start) * self.hit.similarity,
            self.name != _UNCLEAR,
            self.hit.start,
        )


def wordings(answers: Mapping[str, PhraseLists], language: str) -> dict[str, PhraseLists]:
    """Answers in one language, with what is commonly said for an answer of that name added to their own."""
    common = table(language, AnswerWords).answers
    return {name: {language: (*own.get(language, ()), *common.get(name, ()))} for name, own in answers.items()}


def replies_to(conversation: Conversation, asked: int, asker: Role, *, again: frozenset[int] = frozenset()) -> list[Utterance]:
    """The other side's utterances that may answer a question: its next turn, and one more if the asker hardly spoke between or asked `again`."""
    other = Role.CUSTOMER if asker is Role.AGENT else Role.AGENT
    replies: list[Utterance] = []
    turns, between, was_other = 0, 0, False
    for utterance in conversation.utterances:
        if utterance.utterance <= asked or utterance.role not in (asker, other):
            continue
        if utterance.role is asker:
            if replies:
                between = 0 if utterance.utterance in again else between + unit_count(utterance.text)
                if between > _BETWEEN_UNITS:
                    break
            was_other = False
            continue
        turns += 0 if was_other else 1
        was_other = True
        if turns > 2 or len(replies) == _MOST_UTTERANCES:
            break
        replies.append(utterance)
    return replies


def find_answer(
    search: Search,
    answers: Mapping[str, PhraseLists],
    replies: list[Utterance],
    polarity: Polarity = "plain",
    *,
    asked: Sequence[Utterance] = (),
    again: frozenset[int] = frozenset(),
    whatever_was_asked: bool = False,
) -> tuple[str | None, tuple[Evidence, ...]]:
    """The answer the replies hold: the first reply that matches decides; in one reply the longer phrase (不方便 over 方便) does, after a turn what follows it.

    A first clause that answers by itself decides (first_said.py); `asked`: the question, whose words it may say back. Where the reply was read by meaning too, the two are weighed together. Answers that exclude each other in one reply are decided by its meaning, where that is likely enough, and else left open. What a rubric calls `unclear` gives way to what was said after the asker had put the question `again`, and to a clear yes.
    """
    if (first := _first_said(search, answers, replies, polarity, asked)) is not None:
        reply = search.by_number[first.utterance]
        shown = search.evidence(first.hit, "answer") if first.hit else search.utterance_evidence(reply, "answer", 1.0, "answer")
        return first.name, (shown,)
    worded = _worded(search, answers, replies, polarity, again=again)
    if read := read_meaning_of(search, answers, replies, around=worded.utterance):
        name = together(read, worded.name, worded.weight)
        if worded.evidence is not None and name in (worded.name, None):
            return name, (search.evidence(worded.evidence, "answer"),)
        return name, (search.utterance_evidence(read.utterance, "answer", read.share if name else 0.0, "answer"),)
    return _beside_vectors(search, answers, replies, worded, whatever_was_asked=whatever_was_asked)


def _first_said(
    search: Search, answers: Mapping[str, PhraseLists], replies: Sequence[Utterance], polarity: Polarity, asked: Sequence[Utterance]
) -> FirstSaid | None:
    """The answer that the first clause of the replies is by itself; None where what follows turns from it, or the asker takes it for a no."""
    poles = poles_of(answers)
    if poles is None or polarity != "plain" or not replies:
        return None
    turn, words = runs_of(replies)[0], table(search.language, AnswerWords)
    # "Am I disturbing you, or have you got a minute?" makes little of a yes or a no.
    if hits_of(search, (*words.adverse, *words.hoped), asked, "exact") or (asked and words.either.search(asked[-1].text)):
        return None
    found = list(_found(search, answers, turn, polarity))
    first = first_said(search.language, poles, turn[0], ((item.name, item.hit) for item in found), asked)
    if first is None or any(item.is_plain and item.name != first.name for item in found):
        return None
    if any(words.contrasts.search(reply.text) for reply in turn):
        return None
    asker = Role.AGENT if turn[0].role is Role.CUSTOMER else Role.CUSTOMER
    return None if first.name == _WILLING and gives_way(search, asker, turn) else first


def clear_answer(
    search: Search, answers: Mapping[str, PhraseLists], reply: Sequence[Utterance], asked: Sequence[Utterance] = ()
) -> FirstSaid | None:
    """The answer that a reply's first clause is by itself, if it is one."""
    return _first_said(search, answers, reply, polarity_of(search, asked), asked)


def worded_answer(search: Search, answers: Mapping[str, PhraseLists], replies: list[Utterance], polarity: Polarity) -> str | None:
    """The answer that the wordings of the replies say, whatever they may mean."""
    return _worded(search, answers, replies, polarity, again=frozenset()).name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worded:
    """What the wordings of a reply say. `name`: the answer, None where there is none or two exclude each other, which are then `opposed`; `weight`: how far they
    are believed."""

    name: str | None
    weight: Weight
    evidence: Hit | None = None
    opposed: frozenset[str] = frozenset()

    @property
    def utterance(self) -> int | None:
        return None if self.evidence is None else self.evidence.utterance


def _worded(
    search: Search, answers: Mapping[str, PhraseLists], replies: list[Utterance], polarity: Polarity, *, again: frozenset[int]
) -> _Worded:
    read = list(_found(search, answers, replies, polarity))
    if polarity != "plain":
        # Where a yes is unwilling, what says no more than no is no refusal.
        bare = [item for item in read if item.is_bare]
        read = [
            item for item in read if item.is_bare or not any(_is_within(item.hit, other.hit) and other.name != item.name for other in bare)
        ]
    found = _not_turned_from(search, answers, replies, read)
    if not found:
        return _Worded(name=None, weight="none")
    in_order = [_decisive(search, found, number) for number in sorted({item.hit.utterance for item in found})]
    chosen = _after_asking_on(search, in_order) if _UNWILLING in answers else in_order[0]
    if led := _led_by(search, read, chosen, replies, polarity):
        return _Worded(name=led.name, weight="led", evidence=led.hit)
    if opposed := _opposed(found, chosen):
        return _Worded(name=None, weight="opposed", evidence=chosen.hit, opposed=opposed)
    if chosen.name == _UNCLEAR:
        asked = min((number for number in again if number > chosen.hit.utterance), default=None)
        clear = [item for item in in_order if item.name in _OPPOSITE or (asked is not None and item.hit.utterance > asked)]
        chosen = next((item for item in clear if item.name != _UNCLEAR), chosen)
    return _Worded(name=chosen.name, weight=_weight_of(search, answers, replies, chosen), evidence=chosen.hit)


def _weight_of(search: Search, answers: Mapping[str, PhraseLists], replies: Sequence[Utterance], chosen: _Found) -> Weight:
    """How a wording says its answer. A rubric's own wordings are made for its question, and as good as a reply that says nothing else."""
    if chosen.is_plain:
        return "plain"
    reply = search.by_number[chosen.hit.utterance]
    own = answers.get(chosen.name, {}).get(search.language, ())  # type: ignore[call-overload]  # any string may be asked for
    if _is_all_said(chosen, replies) or any(_overlap(chosen.hit, hit) for hit in hits_of(search, own, [reply])):
        return "all"
    if chosen.is_bare:
        return "bare"
    return "led" if _DISSATISFIED in answers and _is_first_clause(chosen, reply, _SAID_SO) else "some"


def _beside_vectors(
    search: Search, answers: Mapping[str, PhraseLists], replies: Sequence[Utterance], worded: _Worded, *, whatever_was_asked: bool
) -> tuple[str | None, tuple[Evidence, ...]]:
    """The answer of a call that the reader of replies has not read: its wordings', with the meaning of sentence vectors beside them."""
    is_weighed = worded.weight in ("none", "opposed", "bare", "some") or (worded.weight == "led" and _DISSATISFIED in answers)
    meant = meaning_of(search, answers, replies, around=worded.utterance, whatever_was_asked=whatever_was_asked) if is_weighed else None
    if worded.evidence is None:
        if meant is not None and meant.sure is not None:
            return meant.sure, (search.utterance_evidence(meant.utterance, "answer", meant.share, "answer"),)
        return None, tuple(search.utterance_evidence(u, "answer", 0.0, "answer") for u in replies[:1])
    evidence = (search.evidence(worded.evidence, "answer"),)
    if worded.opposed:
        is_settled = meant is not None and meant.share >= _SETTLES and meant.likeliest in worded.opposed
        return meant.likeliest if meant is not None and is_settled else None, evidence
    if meant is not None and worded.name is not None and meant.contradicts(worded.name):
        return None, evidence
    return worded.name, evidence


def _led_by(search: Search, found: Iterable[_Found], chosen: _Found, replies: Sequence[Utterance], polarity: Polarity) -> _Found | None:
    """The yes or no to a question for a good moment that a reply begins with, where what comes behind tells only what somebody is doing: no no, I'm
    parked up. None where a "but" follows, somebody is asked to call later, or the asker then gives way.
    """
    words = table(search.language, AnswerWords)
    reply = search.by_number[chosen.hit.utterance]
    if not words.lead_counts or chosen.name != _UNWILLING or chosen.is_plain or words.contrasts.search(reply.text):
        return None
    clear = [item for item in found if item.name == _WILLING and item.hit.utterance == reply.utterance]
    if polarity == "plain":
        clear += [_Found(_WILLING, hit, is_bare=True) for hit in hits_of(search, words.plain_yes, [reply])]
    leading = next((item for item in clear if _is_first_clause(item, reply)), None)
    asker = Role.AGENT if reply.role is Role.CUSTOMER else Role.CUSTOMER
    return None if leading is None or gives_way(search, asker, replies) else leading


def _is_first_clause(item: _Found, reply: Utterance, ends: re.Pattern[str] = _CLAUSE_END) -> bool:
    """Whether words are the first clause of a reply, and `ends` says how it ends; one word may stand before them (oh, well)."""
    at = reply.text.find(item.hit.text)
    behind = reply.text[at + len(item.hit.text) :].lstrip()
    return at >= 0 and unit_count(reply.text[:at]) <= _MOST_UNITS_BEFORE_LEAD and bool(ends.match(behind))


def _not_turned_from(search: Search, answers: Mapping[str, PhraseLists], replies: Sequence[Utterance], found: list[_Found]) -> list[_Found]:
    """Without what a reply says before it turns: what was once, before what is now; and what a but takes back, where something follows that answers."""
    words = table(search.language, AnswerWords)
    judged = _DISSATISFIED in answers
    if judged:
        views = hits_of(search, words.no_view, replies)
        judging = [item for item in found if not item.is_bare and not any(_is_within(item.hit, view) for view in views)]
        if views and not judging:
            return []
    if not judged and _UNWILLING not in answers:
        return found
    kept = []
    for number in {item.hit.utterance for item in found}:
        text = search.by_number[number].text
        own = [item for item in found if item.hit.utterance == number]
        turns = [match.start() for match in words.turns.finditer(text)] if judged else []
        contrasts = [match.start() for match in words.contrasts.finditer(text)]
        behind = next(
            (
                after
                for last in sorted((*turns, *contrasts), reverse=True)
                if (after := [item for item in own if _end_in(text, item) > last])
            ),
            [],
        )
        is_left = bool(turns and max(turns) > 0) or (judged and bool(contrasts) and _denies_behind(search, number, max(contrasts)))
        kept += behind or ([] if is_left else own)
    return [item for item in found if item in kept]


def _end_in(text: str, item: _Found) -> int:
    return text.rfind(item.hit.text) + len(item.hit.text)


def _denies_behind(search: Search, utterance: int, at: int) -> bool:
    """Whether an utterance denies something behind a place in its text."""
    said = search.by_number[utterance]
    return any(token.is_negation and token.start > at for token in tokens_of(said.norm, said.text))


def _is_within(one: Hit, other: Hit) -> bool:
    return other.start <= one.start and one.end <= other.end


def _overlap(one: Hit, other: Hit) -> bool:
    return one.start < other.end and other.start < one.end


def _apart(found: Iterable[_Found], utterance: int) -> list[_Found]:
    """What one utterance says, in order, without what stands within something longer."""
    apart: list[_Found] = []
    for item in sorted((item for item in found if item.hit.utterance == utterance), key=lambda item: item.rank):
        if not any(_overlap(item.hit, other.hit) or item.hit.text in other.hit.text for other in apart):
            apart.append(item)
    own = [item for item in apart if not item.is_bare]
    return sorted(own or apart, key=lambda item: item.hit.start)


def _decisive(search: Search, found: Iterable[_Found], utterance: int) -> _Found:
    """Which of an utterance's wordings answers: what bids to go on or to call later, else the longest; between a middling and a decided one the last."""
    apart = _apart(found, utterance)
    plain = [item for item in apart if item.is_plain]
    if plain:
        return plain[-1]
    names = {item.name for item in apart}
    longest = min(apart, key=lambda item: item.rank)
    text = search.by_number[utterance].text
    between = text[text.find(longest.hit.text) + len(longest.hit.text) : text.rfind(apart[-1].hit.text)]
    is_new_clause = bool(_CLAUSE_END.search(between))
    if "average" in names and len(names) == 2 and is_new_clause:
        return apart[-1]
    return longest


def _after_asking_on(search: Search, in_order: Sequence[_Found]) -> _Found:
    """The first answer, unless the asker asked on and got another: who was busy has a minute after all, or hears what it is about and refuses.

    Where the asker gave way between the two, what comes then is a leave-taking.
    """
    first, last = in_order[0], in_order[-1]
    role = search.by_number[first.hit.utterance].role
    # Who only says that they heard does not ask on.
    between = [
        u
        for u in search.conversation.utterances
        if first.hit.utterance < u.utterance < last.hit.utterance and u.role is not role and unit_count(u.text) > _HEARD_UNITS
    ]
    is_other = (first.name, last.name) == (_UNWILLING, _WILLING) or (last.is_plain and last.name != first.name)
    if not between or not is_other or hits_of(search, table(search.language, AnswerWords).gives_way, between):
        return first
    return last


def _opposed(found: Iterable[_Found], chosen: _Found) -> frozenset[str]:
    """Satisfied and dissatisfied, where the utterance of the chosen wording says both in so many words; else nothing."""
    apart = _apart(found, chosen.hit.utterance)
    names = {item.name for item in apart if item.hit.similarity >= _AS_WRITTEN}
    return frozenset(_POLES if names.issuperset(_POLES) else ())


def _is_all_said(chosen: _Found, replies: Sequence[Utterance]) -> bool:
    """Whether a reply says little beside the words that answer: they are clear by themselves."""
    said = sum(unit_count(reply.text) for reply in replies if abs(reply.utterance - chosen.hit.utterance) <= 1)
    return said - unit_count(chosen.hit.text) <= _MOST_UNITS_BESIDE


def polarity_of(search: Search, asked: Iterable[Utterance]) -> Polarity:
    """What a bare yes says to the question that ends an asker's utterances: the last that is written as one, where any is."""
    words = table(search.language, AnswerWords)
    spoken = tuple(asked)
    utterances = tuple(u for u in spoken if is_question(u.text)) or spoken
    if not utterances:
        return "plain"
    polarities: tuple[tuple[Polarity, Sequence[str]], ...] = (
        ("hoped", words.hoped),
        ("adverse", words.adverse),
        ("faults", words.faults),
    )
    for polarity, phrases in polarities:
        if _ends_with(search, phrases, utterances):
            return polarity
    return "plain"


def asked_before(conversation: Conversation, asked: int, asker: Role, replies: Sequence[Utterance]) -> list[Utterance]:
    """The asker's utterances from the question to the reply."""
    until = replies[0].utterance if replies else asked + 1
    return [u for u in conversation.utterances if asked <= u.utterance < until and u.role is asker]


def gives_way(search: Search, asker: Role, replies: Sequence[Utterance]) -> Evidence | None:
    """The asker's words after the replies that take them for a no: I'll call again later."""
    if not replies:
        return None
    following: list[Utterance] = []
    for utterance in search.conversation.utterances:
        if utterance.utterance <= replies[0].utterance:
            continue
        if utterance.role is asker:
            following.append(utterance)
        elif following:
            break
    found = hits_of(search, table(search.language, AnswerWords).gives_way, following)
    return search.evidence(min(found, key=lambda hit: hit.start), "answer") if found else None


def is_murmur(replies: Sequence[Utterance]) -> bool:
    """Whether a reply is so short that what the asker made of it tells more."""
    return sum(unit_count(reply.text) for reply in replies[:1]) <= _MURMUR_UNITS


def is_question(text: str) -> bool:
    """Whether words are written as a question; what tells less (an announcement of one) is none."""
    return text.rstrip(' "”」』)）')[-1:] in ("?", "？")


def is_bare(search: Search, reply: Utterance, answered: str) -> bool:
    """Whether the words of a reply that answer say no more than yes or no."""
    words = table(search.language, AnswerWords)
    return any(hit.text == answered for hit in hits_of(search, (*words.plain_yes, *words.plain_no), [reply], "exact"))


def taken_back(search: Search, answer: str | None, answered: Evidence | None) -> tuple[str, Evidence] | None:
    """The opposite answer where the same party takes back, later in the call, what it agreed to."""
    if answer not in _OPPOSITE or answered is None:
        return None
    later = [u for u in search.conversation.utterances if u.utterance > answered.utterance and u.role is answered.role]
    found = hits_of(search, table(search.language, AnswerWords).withdraws, later)
    return (_OPPOSITE[answer], search.evidence(min(found, key=lambda hit: hit.start), "answer")) if found else None


def _found(search: Search, answers: Mapping[str, PhraseLists], replies: list[Utterance], polarity: Polarity) -> Iterable[_Found]:
    words = table(search.language, AnswerWords)
    turned = next((made[polarity] for name, made in _OF_YES_AND_NO.items() if name in answers and polarity in made), None)
    bare = {*words.plain_yes, *words.plain_no} if turned else set()
    for name, lists in wordings(answers, search.language).items():
        phrases = [phrase for phrase in lists[search.language] if phrase not in bare]  # type: ignore[index]  # any string may be asked for
        for hit in hits_of(search, phrases, replies):
            if name not in _AGREEING or not _is_denied_behind(search, hit):
                yield _Found(name, hit)
    for name, bare_words in zip(turned or (), (words.plain_yes, words.plain_no), strict=False):
        for hit in hits_of(search, bare_words, replies):
            if _is_yes_or_no(search, hit):
                yield _Found(name, hit, is_bare=True)
    if _UNWILLING in answers:
        told = hits_of(search, words.tells, replies)
        for hit in hits_of(search, words.invites, replies):
            if not any(_overlap(hit, other) for other in told):
                yield _Found(_WILLING, hit, is_plain=True)
        for hit in hits_of(search, words.postpones, replies):
            yield _Found(_WILLING if _is_time_asked_for(search, hit, replies) else _UNWILLING, hit, is_plain=True)


def _is_time_asked_for(search: Search, hit: Hit, replies: Sequence[Utterance]) -> bool:
    """Whether a reply names the time that it was asked for, as who books does: another time is no refusal then."""
    before = [u for u in search.conversation.utterances if u.utterance < replies[0].utterance and u.role is not replies[0].role]
    words = table(search.language, AnswerWords).asks_when
    return bool(
        words
        and find_values("datetime", search.by_number[hit.utterance].text, search.language, None)
        and hits_of(search, words, before[-_MOST_UTTERANCES_OF_QUESTION:], "exact")
    )


def _is_yes_or_no(search: Search, hit: Hit) -> bool:
    """Whether a bare yes or no is one: a word that also denies the next (nie, inte, 没) is no answer in the midst of a sentence."""
    text = search.by_number[hit.utterance].text
    at = text.find(hit.text)
    before, behind = text[:at].strip(), text[at + len(hit.text) :].strip()
    is_alone = unit_count(text) <= unit_count(hit.text) + 1
    is_clause = bool((not before or _CLAUSE_END.fullmatch(before[-1])) and (not behind or _CLAUSE_END.match(behind)))
    if is_alone or is_clause:
        return True
    may_deny = hit.text.casefold() in table(search.language, AnswerWords).also_deny
    return not may_deny and not (unit_spans(before) and unit_spans(behind))


def _is_denied_behind(search: Search, hit: Hit) -> bool:
    """Whether a negation follows at once: det har jag inte. In Han script it is a question's (方便不)."""
    if is_han(search.language):
        return False
    utterance = search.by_number[hit.utterance]
    at = utterance.text.find(hit.text)
    behind = at + len(hit.text)
    following = next((token for token in tokens_of(utterance.norm, utterance.text) if token.start >= behind), None)
    is_beside = following is not None and not _CLAUSE_END.search(utterance.text[behind : following.start])
    return at >= 0 and following is not None and is_beside and following.is_negation


def hits_of(search: Search, phrases: Sequence[str], utterances: Sequence[Utterance], mode: MatchMode = "tolerant") -> list[Hit]:
    """Where phrases of the conversation's language stand in some utterances."""
    if not phrases or not utterances:
        return []
    searched = Searched(utterances=tuple(utterances), start_ms=None, end_ms=None)
    lists: PhraseLists = {search.language: tuple(phrases)}  # type: ignore[dict-item]  # any string may be asked for
    return search.hits(search.phrases(lists, mode), searched)


def _ends_with(search: Search, phrases: Sequence[str], utterances: Sequence[Utterance]) -> bool:
    """Whether one of the phrases stands at the end of the utterances, or nearly."""
    hits = hits_of(search, phrases, utterances[-1:], "exact")
    if not hits:
        return False
    text, last = utterances[-1].text, max(hits, key=lambda hit: hit.end)
    behind = text.rfind(last.text) + len(last.text) if last.text in text else 0
    rest, *others = _CLAUSE_END.split(text[behind:], maxsplit=1)
    in_next_clause = sum(unit_count(other) for other in others)
    return unit_count(rest) <= _MOST_UNITS_BEHIND_QUESTION and in_next_clause <= _MOST_UNITS_IN_NEXT_CLAUSE
