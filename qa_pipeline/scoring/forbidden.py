"""check: forbidden — what the agent must not say as their own words, in a list's wordings, by its meaning, or by what the words do (`acts`).

Quoting somebody, and asking politely to repeat, convict nobody (`except`); nor do words that were recognised badly. An utterance that is only likely to be
such an act is suspected: a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from qa_pipeline.call import Outcome, Role, Utterance
from qa_pipeline.languages.load import is_language, table
from qa_pipeline.languages.scoring_tables import ExcuseWords
from qa_pipeline.meaning.acts import Act, Strictness, probability
from qa_pipeline.phrases.search import Hit, MatchMode, Phrase
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.criteria import ForbiddenCriterion
from qa_pipeline.scoring.answers import clear_answer, worded_answer
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.verdict import Context, Verdict, in_order, search_window
from qa_pipeline.scoring.windows import Searched, turns_until
from qa_pipeline.text.normalise import unit_count

# Words recognised with less confidence than this do not convict anybody. Chosen on recorded calls.
FORBIDDEN_CONFIDENCE = 0.5
# Shorter examples mean too many things outside the sentence they were taken from.
_EXAMPLE_UNITS = 4
_JUDGED_UNITS = 6
_FRAGMENT_MS = 1_500
# What is written in quotation marks, and marks that may stand at the ends of a hit.
_QUOTED = re.compile(r"[\"“„«「『][^\"“”„«»「」『』]+[\"”»」』]")
_MARKS = ' "“”„«»「」『』.,!?。，！？'
# So much of the recogniser's belief forbidden words must have that it did not hear best. Chosen, not measured.
_SUSPECTED_SHARE = 0.1
# A sentence alone can read as an act that what is said around it shows to be none: "So you can't get down to it to read it. That's quite all right, …". Where all that
# stands beside it is below the first, nobody is convicted; where it is below the second, what is no more than likely is not suspected either. Chosen on written calls
# (models/forbidden/README.md).
HARMLESS_ODDS, PLAINLY_HARMLESS_ODDS = -2.0, -4.0
# The answers of a request for consent, by the words that every language has for them.
_CONSENTS: Mapping[str, PhraseLists] = {"given": {}, "refused": {}}
# Fewer words or syllables than this are said again by chance.
_LEAST_GIVEN_BACK_UNITS = 3


def check_forbidden(criterion: ForbiddenCriterion, context: Context) -> Verdict:
    """Not met when the agent says what is forbidden, in the list's words or by its meaning, as their own words."""
    search = context.search
    searched = search_window(criterion, context)
    examples = search.hits(_example_phrases(search, criterion), searched)
    whole = search.hits(search.phrases(criterion.whole_turn, "strict", whole_turn=True), searched)
    hits = [
        *search.hits(search.phrases(criterion.phrases, "strict"), searched),
        *(hit for hit in examples if not _is_polite(search, criterion, hit.utterance)),
        *(hit for hit in whole if _is_own_turn(search, hit.utterance) and not _is_polite(search, criterion, hit.utterance)),
    ]
    sure = [
        hit
        for hit in hits
        if _is_well_heard(hit.confidence)
        and not _is_excused(search, criterion, hit.utterance, hit.start)
        and not _is_given_back(search, criterion, hit)
    ]
    meant = search.meaning_hits(criterion.meaning, searched)
    otherwise = _heard_otherwise(search, criterion, searched)
    acts = _likely_acts(search, criterion, context.strictness, searched)
    if not sure and not meant and not acts and not otherwise:
        return Verdict(outcome=Outcome.MET, reason_code="nothing_forbidden", searched=searched)
    taken_back = {hit.utterance for hit in search.hits(search.phrases(criterion.unlike, "exact"), searched)}
    evidence = {hit.utterance: search.evidence(hit) for hit in sure if hit.utterance not in taken_back}
    suspected: list[Evidence] = []
    read = _read_for_acts(search, criterion, context.strictness, searched) if meant else frozenset()
    for utterance, chance in meant:
        if utterance.utterance in evidence or utterance.utterance in taken_back or criterion.meaning is None:
            continue
        if (
            unit_count(utterance.text) < _JUDGED_UNITS
            or not _is_well_heard(utterance.confidence)
            or _is_excused(search, criterion, utterance.utterance, None)
        ):
            continue
        # Where acts are read too, what the list alone takes for forbidden is no more than suspected.
        is_borne_out = utterance.utterance not in read or any(said.utterance is utterance and not said.is_cleared for said in acts)
        shown = search.utterance_evidence(utterance, criterion.meaning.list, chance, "hit" if is_borne_out else "heard")
        if is_borne_out:
            evidence[utterance.utterance] = shown
        else:
            suspected.append(shown)
    for said in acts:
        number = said.utterance.utterance
        if number in evidence or number in taken_back or not _may_convict(search, criterion, said.utterance):
            continue
        shown = search.utterance_evidence(said.utterance, said.act, probability(said.odds), "hit" if said.is_sure else "heard")
        if said.is_sure:
            evidence[number] = shown
        else:
            suspected.append(shown)
    suspected += [shown for shown in otherwise if shown.utterance not in taken_back]
    if evidence:
        ordered = in_order(evidence.values())
        return Verdict(outcome=Outcome.NOT_MET, reason_code="forbidden_said", evidence=ordered, searched=searched, occurrences=len(ordered))
    if suspected:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="suspected", evidence=in_order(suspected), searched=searched)
    return Verdict(outcome=Outcome.MET, reason_code="nothing_forbidden", searched=searched)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """An utterance that is likely one of the acts. `is_cleared`: what its speaker says around it shows that it is none; then it is never sure."""

    utterance: Utterance
    act: Act
    odds: float
    is_sure: bool
    is_cleared: bool


def _likely_acts(search: Search, criterion: ForbiddenCriterion, strictness: Strictness | None, searched: Searched) -> list[_Act]:
    """Utterances whose likeliest of the criterion's acts is suspected, within its budget, or sure."""
    if not criterion.acts or strictness is None:
        return []
    least = min(strictness.sure, strictness.suspected_from(criterion.suspects))
    found = []
    for utterance, act, odds in search.act_odds(criterion.acts, searched, strictness.version, _excuses(search).overrated):
        if odds >= least:
            beside = max(search.act_odds_beside(utterance.utterance), default=inf)
            if odds >= strictness.sure or beside >= PLAINLY_HARMLESS_ODDS:
                is_cleared = beside < HARMLESS_ODDS
                is_sure = odds >= strictness.sure and not is_cleared
                found.append(_Act(utterance=utterance, act=act, odds=odds, is_sure=is_sure, is_cleared=is_cleared))
    return found


def _heard_otherwise(search: Search, criterion: ForbiddenCriterion, searched: Searched) -> list[Evidence]:
    """Utterances that another reading of the recogniser has as forbidden words: nobody is convicted of what was heard otherwise best."""
    unlike = search.phrases(criterion.unlike, "exact")
    several = (search.phrases(criterion.phrases, "strict"), _example_phrases(search, criterion))
    found = {hit.utterance: hit for phrases in several for hit in search.hits_otherwise(phrases, unlike, searched)}
    return [
        search.utterance_evidence(search.by_number[hit.utterance], hit.phrase, hit.share, "heard")
        for hit in found.values()
        if hit.share >= _SUSPECTED_SHARE and _may_convict(search, criterion, search.by_number[hit.utterance])
    ]


def _read_for_acts(search: Search, criterion: ForbiddenCriterion, strictness: Strictness | None, searched: Searched) -> frozenset[int]:
    """Utterances that were read for the criterion's acts."""
    if not criterion.acts or strictness is None:
        return frozenset()
    return frozenset(utterance.utterance for utterance, _, _ in search.act_odds(criterion.acts, searched, strictness.version, {}))


def _may_convict(search: Search, criterion: ForbiddenCriterion, utterance: Utterance) -> bool:
    """Whether words were recognised well enough, and are the agent's own."""
    if not _is_well_heard(utterance.confidence):
        return False
    return not (_is_excused(search, criterion, utterance.utterance, None) or _is_polite(search, criterion, utterance.utterance))


def _is_well_heard(confidence: float | None) -> bool:
    """Whether words may convict; those that nobody recognised stand as they were written."""
    return confidence is None or confidence >= FORBIDDEN_CONFIDENCE


def _is_own_turn(search: Search, utterance: int) -> bool:
    """Whether an utterance stands alone, and is not a fragment of what the same party goes on to say."""
    own = search.by_number[utterance]
    for number in (utterance - 1, utterance + 1):
        other = search.by_number.get(number)
        if other is None or other.role is not own.role:
            continue
        if None in (own.start_ms, own.end_ms, other.start_ms, other.end_ms):
            # Without times nothing shows a pause between them.
            return False
        gap = max((own.start_ms or 0) - (other.end_ms or 0), (other.start_ms or 0) - (own.end_ms or 0))
        if gap < _FRAGMENT_MS:
            return False
    return True


def _example_phrases(search: Search, criterion: ForbiddenCriterion) -> tuple[Phrase, ...]:
    """The list's own examples as phrases: what is said almost as an example has it needs no judgement of meaning."""
    if criterion.meaning is None or criterion.meaning.examples is None or not is_language(search.language):
        return ()
    texts = _long_enough(criterion.meaning.examples.likes(search.language))
    return search.phrases({search.language: texts}, "strict")


@lru_cache(maxsize=256)
def _long_enough(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if unit_count(text) >= _EXAMPLE_UNITS)


def _is_excused(search: Search, criterion: ForbiddenCriterion, utterance: int, start: int | None) -> bool:
    """Whether the words note a clear answer as it was given, or are somebody else's, quoted: a quoting phrase shortly before in the same utterance, or it ends
    the one before.
    """
    if "noted_answer" in criterion.except_ and _notes_answer(search, utterance):
        return True
    if "quoting" not in criterion.except_:
        return False
    own = search.by_number[utterance]
    words = _excuses(search)
    if words.echoed.match(own.text.strip()):
        return True
    near = [own]
    if (before := search.by_number.get(utterance - 1)) and before.role is own.role:
        near.insert(0, before)
    if search.hits(_phrases(search, words.confirming, "strict"), Searched(utterances=(own,), start_ms=None, end_ms=None)):
        return True
    searched = Searched(utterances=tuple(near), start_ms=None, end_ms=None)
    for hit in search.hits(_phrases(search, words.quoting), searched):
        if hit.utterance == utterance:
            # By place in the party's words: a transcript may have no times.
            if start is None or hit.start < start:
                return True
        elif near[0].text.rstrip()[-1:] not in "。.?!？！" and (
            near[0].end_ms is None or hit.end_ms is None or near[0].end_ms - hit.end_ms < 600
        ):
            return True
    return False


def _notes_answer(search: Search, utterance: int) -> bool:
    """Whether what was said last before the agent's turn is a clear yes, or a clear no that is noted as a no: that takes nothing for granted."""
    before = turns_until(search.conversation, utterance)[:-1]
    reply, asked = before[-1] if before else [], before[-2] if len(before) > 1 else []
    given = {clear.name for u in reply if (clear := clear_answer(search, _CONSENTS, [u], asked)) is not None}
    if given == {"refused"}:
        # A no that is taken for a yes is the worst of what is looked for.
        return worded_answer(search, _CONSENTS, [search.by_number[utterance]], "plain") == "refused"
    return given == {"given"}


def _is_given_back(search: Search, criterion: ForbiddenCriterion, hit: Hit) -> bool:
    """Whether words are somebody else's: written between quotation marks, or said before by the other side, to the letter."""
    if "quoting" not in criterion.except_ or unit_count(hit.text) < _LEAST_GIVEN_BACK_UNITS:
        return False
    own = search.by_number[hit.utterance]
    if any(hit.text.strip(_MARKS) in quoted for quoted in _QUOTED.findall(own.text)):
        return True
    words = hit.text.strip(_MARKS).casefold()
    return any(
        u.utterance < own.utterance and u.role not in (own.role, Role.OTHER) and words in u.text.casefold()
        for u in search.conversation.utterances
    )


def _is_polite(search: Search, criterion: ForbiddenCriterion, utterance: int) -> bool:
    """Whether the utterance, or the agent's next to it, asks politely to repeat."""
    if "asking_to_repeat" not in criterion.except_:
        return False
    role = search.by_number[utterance].role
    near: list[Utterance] = [
        found for number in (utterance - 1, utterance, utterance + 1) if (found := search.by_number.get(number)) and found.role is role
    ]
    return bool(search.hits(_phrases(search, _excuses(search).polite), Searched(utterances=tuple(near), start_ms=None, end_ms=None)))


def _excuses(search: Search) -> ExcuseWords:
    return table(search.language, ExcuseWords)


def _phrases(search: Search, texts: tuple[str, ...], mode: MatchMode = "tolerant") -> tuple[Phrase, ...]:
    return search.phrases({search.language: texts}, mode)
