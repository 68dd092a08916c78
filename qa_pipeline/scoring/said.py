"""check: phrase and semantic — words or a meaning said in the window; and what a question or an item of a questionnaire share with them: whether it was
asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qa_pipeline.call import Outcome, Role, Utterance
from qa_pipeline.phrases.search import Hit
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.criteria import PhraseCriterion, SemanticCriterion
from qa_pipeline.rubric.lists import Meaning
from qa_pipeline.rubric.shared_keys import SearchingCriterion, WordedCriterion
from qa_pipeline.scoring.answers import clear_answer, find_answer, is_bare, is_question, polarity_of
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.verdict import Context, Verdict, as_heard, in_order, search_window
from qa_pipeline.scoring.windows import Searched

# A likely question counts with its answer where it is so much less likely than the list wants, and no less than the second. Chosen on written dialogues.
_LESS_LIKELY, _LEAST_LIKELY = 0.1, 0.4
# A wording found in words of the first chance is believed to be elsewhere, where it is found again with the second. Chosen on written dialogues.
_HARDLY_MEANT, _RATHER_MEANT = 0.1, 0.2
# A question that is answered clearly counts from the second on where it is for a good moment; from the first on where its answer is so likely of the same matter. Chosen on
# written dialogues.
_MAY_BE, _MAY_ASK_MOMENT, _SAME_MATTER = 0.1, 0.3, 0.35
_OF_A_MOMENT = frozenset({"willing", "unwilling"})
# How what is no question ends; without marks it may be one.
_STATED = (".", "。", "!", "！")
# Answers that any question may get.
_SAY_LITTLE = frozenset({"yes", "no", "given", "refused", "unclear", "unknown"})


def check_phrase(criterion: PhraseCriterion, context: Context) -> Verdict:
    """Phrases, groups of phrases or a meaning, said in the window. `need`: one, all, or how many groups; `in_order`, `within_words` bind them."""
    return _check_words(criterion, criterion.groups, context)


def asked(criterion: WordedCriterion, context: Context, answers: Mapping[str, PhraseLists] | None = None) -> Verdict:
    """The verdict on a question's words; what is only likely meant as the question counts where one of its `answers` comes at once."""
    said = _check_words(criterion, {}, context)
    if (said.outcome is Outcome.NOT_MET or said.otherwise is not None) and answers:
        said = _borne_out_by_answer(criterion, context, answers) or said
    if said.reason_code == "said":
        said = _likelier_place(criterion, context, said)
    code = {"said": "asked", "said_by_meaning": "asked_by_meaning", "said_otherwise": "asked_otherwise"}.get(said.reason_code, "not_asked")
    return replace(said, reason_code=code)


def _likelier_place(criterion: WordedCriterion, context: Context, said: Verdict) -> Verdict:
    """The verdict on a question with the place where it was likeliest put, where its wording was found first in words that hardly mean it: what is answered is
    what was asked.
    """
    search, meaning, first = context.search, criterion.meaning, said.evidence[0].utterance
    if meaning is None or (chance := search.probability(meaning, first)) is None or chance >= _HARDLY_MEANT:
        return said
    found = valid_hits(search, criterion, criterion.phrases, search_window(criterion, context))
    worded = {hit.utterance: search.evidence(hit) for hit in reversed(found)}
    places = [(search.probability(meaning, number) or 0.0, number) for number in worded if number != first]
    _, number = max((place for place in places if place[0] >= _RATHER_MEANT), default=(0.0, first))
    return said if number == first else replace(said, evidence=(worded[number],))


def _borne_out_by_answer(criterion: WordedCriterion, context: Context, answers: Mapping[str, PhraseLists]) -> Verdict | None:
    """What may mean the question, and is answered in the other side's next words as only this question would be: by more than a yes or no."""
    search, searched, meaning = context.search, search_window(criterion, context), criterion.meaning
    if meaning is None:
        return None
    telling = {name: own for name, own in answers.items() if name not in _SAY_LITTLE}
    least = max(_LEAST_LIKELY, meaning.at_least - _LESS_LIKELY)
    unlike = {hit.utterance for hit in search.hits(search.phrases(criterion.unlike, "exact"), searched)}
    for utterance, probability in search.meaning_hits(meaning, searched, at_least=_MAY_BE):
        reply = search.by_number.get(utterance.utterance + 1)
        if utterance.utterance in unlike or reply is None or reply.role in (utterance.role, Role.OTHER):
            continue
        # Who asks back has not answered.
        if is_question(reply.text):
            continue
        may_tell = telling and probability >= least and is_question(utterance.text)
        if (may_tell and _tells(search, telling, utterance, reply)) or _proves(search, meaning, answers, utterance, reply, probability):
            evidence = (search.utterance_evidence(utterance, meaning.list, probability),)
            return Verdict(
                outcome=Outcome.MET, reason_code="said_by_meaning", evidence=evidence, searched=searched, occurrences=1, places=1
            )
    return None


def _tells(search: Search, telling: Mapping[str, PhraseLists], asked: Utterance, reply: Utterance) -> bool:
    """Whether a reply is what only this question would get: more than a yes or no."""
    answer, answered = find_answer(search, telling, [reply], polarity_of(search, [asked]), asked=[asked])
    return answer is not None and not is_bare(search, reply, answered[0].text)


def _proves(
    search: Search, meaning: Meaning, answers: Mapping[str, PhraseLists], asked: Utterance, reply: Utterance, probability: float
) -> bool:
    """Whether a clear yes or no proves the question: to a good moment by what it says, or where the reply is of the same matter itself (does it work now? - it does)."""
    first = clear_answer(search, answers, [reply], [asked])
    if first is None:
        return False
    if first.name in _OF_A_MOMENT:
        # The question's own words may be said back to any question (is it warm? - warm).
        is_bare_word = first.hit is None or is_bare(search, reply, first.hit.text)
        is_asked = not asked.text.rstrip().endswith(_STATED)
        return is_asked and probability >= _MAY_ASK_MOMENT and not is_bare_word
    same = search.probability(meaning, reply.utterance)
    return first.name == "yes" and same is not None and same >= _SAME_MATTER


def _check_words(criterion: WordedCriterion, groups: dict[str, PhraseLists], context: Context) -> Verdict:
    """Whether so many groups as are needed were said; without groups, one of the criterion's phrases. Else its meaning."""
    if criterion.match == "meaning":
        return check_semantic(criterion, context)
    search, searched = context.search, search_window(criterion, context)
    wanted = groups or {"said": criterion.phrases}
    said = {name: hits for name, phrases in wanted.items() if (hits := valid_hits(search, criterion, phrases, searched))}
    is_enough = len(said) >= _needed(criterion, len(wanted))
    chosen = _arranged(criterion, said) if is_enough else None
    if chosen:
        evidence = in_order(search.evidence(hit) for hit in chosen)
        places = len({hit.utterance for hits in said.values() for hit in hits})
        return Verdict(outcome=Outcome.MET, reason_code="said", evidence=evidence, searched=searched, occurrences=1, places=places)
    by_meaning = _by_meaning(search, criterion, searched)
    if by_meaning:
        return Verdict(
            outcome=Outcome.MET, reason_code="said_by_meaning", evidence=by_meaning[:1], searched=searched, occurrences=1,
            places=len(by_meaning),
        )  # fmt: skip
    missing = [name for name in wanted if name not in said]
    if otherwise := _heard_otherwise(
        criterion, {name: wanted[name] for name in missing}, context, searched, still=_needed(criterion, len(wanted)) - len(said)
    ):
        evidence = in_order([*otherwise, *(search.evidence(_earliest(hits)) for hits in said.values())])
        share = min(e.similarity for e in otherwise)
        return Verdict(
            outcome=Outcome.MET, reason_code="said_otherwise", evidence=evidence, searched=searched, occurrences=1, otherwise=share
        )
    heard = [search.evidence(_earliest(hits)) for hits in said.values()]
    for name in missing:
        nearest = search.nearest(search.phrases(wanted[name], criterion.match_mode), searched)
        if nearest:
            heard.append(nearest)
    code = "not_arranged" if is_enough else "parts_missing" if groups else "not_said"
    return Verdict(
        outcome=Outcome.NOT_MET, reason_code=code, reason_args={"missing": ", ".join(missing)},
        evidence=in_order(as_heard(e) for e in heard), searched=searched,
    )  # fmt: skip


def _heard_otherwise(
    criterion: WordedCriterion, missing: Mapping[str, PhraseLists], context: Context, searched: Searched, *, still: int
) -> tuple[Evidence, ...]:
    """So many of the missing groups as are still needed, where other readings of the recogniser have them; nothing where fewer do, or where it matters how
    they lie to each other. The words shown are those that were heard best.
    """
    search = context.search
    if still <= 0 or (isinstance(criterion, PhraseCriterion) and (criterion.in_order or criterion.within_words is not None)):
        return ()
    unlike = search.phrases(criterion.unlike, "exact")
    found: list[Evidence] = []
    for phrases in missing.values():
        hits = search.hits_otherwise(search.phrases(phrases, criterion.match_mode), unlike, searched)
        if hits:
            surest = max(hits, key=lambda hit: (hit.share, -hit.utterance))
            found.append(search.utterance_evidence(search.by_number[surest.utterance], surest.phrase, surest.share))
    return tuple(found) if len(found) >= still else ()


def _needed(criterion: WordedCriterion, count: int) -> int:
    need = criterion.need if isinstance(criterion, PhraseCriterion) else 1
    return {"one": 1, "all": count}[need] if isinstance(need, str) else need


def _arranged(criterion: WordedCriterion, said: dict[str, list[Hit]]) -> list[Hit] | None:
    """One hit of each group said, in order and near each other where the criterion wants it; None where they do not lie so."""
    if not isinstance(criterion, PhraseCriterion) or (not criterion.in_order and criterion.within_words is None):
        return [_earliest(hits) for hits in said.values()]
    names = [name for name in criterion.groups if name in said]
    for start in sorted(said[names[0]], key=lambda hit: hit.start):
        chosen = [start]
        for name in names[1:]:
            later = [hit for hit in said[name] if not criterion.in_order or hit.start >= chosen[-1].end]
            if not later:
                break
            chosen.append(min(later, key=lambda hit: abs(hit.start - start.start)))
        if len(chosen) < len(names):
            continue
        length = max(hit.end for hit in chosen) - min(hit.start for hit in chosen)
        if criterion.within_words is None or length <= criterion.within_words:
            return chosen
    return None


def check_semantic(criterion: WordedCriterion | SemanticCriterion, context: Context) -> Verdict:
    """An utterance of the window has the list's meaning, whatever its words."""
    searched = search_window(criterion, context)
    evidence = _by_meaning(context.search, criterion, searched)
    if evidence:
        return Verdict(
            outcome=Outcome.MET, reason_code="said_by_meaning", evidence=in_order(evidence), searched=searched, occurrences=len(evidence),
            places=len(evidence),
        )  # fmt: skip
    heard = context.search.most_probable(criterion.meaning, searched)
    return Verdict(outcome=Outcome.NOT_MET, reason_code="not_said", evidence=(heard,) if heard else (), searched=searched)


def valid_hits(search: Search, criterion: WordedCriterion, phrases: PhraseLists, searched: Searched) -> list[Hit]:
    """Hits that nothing takes back."""
    hits = search.hits(search.phrases(phrases, criterion.match_mode), searched)
    unlike = search.hits(search.phrases(criterion.unlike, "exact"), searched) if hits else []
    return [hit for hit in hits if not any(other.start < hit.end and hit.start < other.end for other in unlike)]


def _earliest(hits: list[Hit]) -> Hit:
    return min(hits, key=lambda hit: (hit.start, -hit.similarity))


def _by_meaning(search: Search, criterion: SearchingCriterion, searched: Searched) -> tuple[Evidence, ...]:
    if criterion.meaning is None:
        return ()
    unlike = {hit.utterance for hit in search.hits(search.phrases(criterion.unlike, "exact"), searched)}
    return tuple(
        search.utterance_evidence(utterance, criterion.meaning.list, probability)
        for utterance, probability in search.meaning_hits(criterion.meaning, searched)
        if utterance.utterance not in unlike
    )
