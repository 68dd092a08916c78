"""The checks: each a plain function (criterion, context) → Verdict, in one dict.

A check says met or not_met and shows why; whether it applies at all, and whether the measurement allows an answer, is decided in score.py
around it.
"""

from __future__ import annotations

from collections.abc import Callable

from qa_pipeline.call import Outcome, Role
from qa_pipeline.phrases.search import Hit, MatchMode
from qa_pipeline.rubric.schema import Criterion, LevelBounds, PhraseLists
from qa_pipeline.scoring.answers import find_answer, replies_to
from qa_pipeline.scoring.captures import check_capture
from qa_pipeline.scoring.forbidden import check_forbidden
from qa_pipeline.scoring.matching import Evidence, Listening
from qa_pipeline.scoring.metadata import check_metadata
from qa_pipeline.scoring.surveys import check_survey
from qa_pipeline.scoring.verdict import Context, Verdict, as_heard, first_hit, in_order, search_window
from qa_pipeline.scoring.windows import Searched


def check_phrase(criterion: Criterion, context: Context) -> Verdict:
    """Phrases, groups of phrases or a meaning, said in the window. `need`: one, all, or how many groups; `in_order`, `within_words` bind them."""
    searched = search_window(criterion, context)
    if criterion.match == "meaning":
        return check_semantic(criterion, context)
    groups = criterion.groups or {"said": criterion.phrases}
    found = {name: hits for name, phrases in groups.items() if (hits := _kept_hits(context.listening, criterion, phrases, searched))}
    needed = {"one": 1, "all": len(groups)}.get(criterion.need, criterion.need) if isinstance(criterion.need, str) else criterion.need
    chosen = _arranged(criterion, found) if len(found) >= int(needed) else None
    if chosen:
        evidence = in_order(context.listening.evidence(hit) for hit in chosen)
        return Verdict(outcome=Outcome.MET, reason_code="said", evidence=evidence, searched=searched, occurrences=1)
    by_meaning = _by_meaning(context.listening, criterion, searched)
    if by_meaning:
        return Verdict(outcome=Outcome.MET, reason_code="said_by_meaning", evidence=by_meaning[:1], searched=searched, occurrences=1)
    missing = [name for name in groups if name not in found]
    heard = [context.listening.evidence(_earliest(hits)) for hits in found.values()]
    for name in missing:
        nearest = context.listening.nearest(context.listening.phrases(groups[name], _mode(criterion)), searched)
        if nearest:
            heard.append(nearest)
    code = "not_arranged" if len(found) >= int(needed) else "parts_missing" if criterion.groups else "not_said"
    return Verdict(
        outcome=Outcome.NOT_MET, reason_code=code, reason_args={"missing": ", ".join(missing)},
        evidence=in_order(as_heard(e) for e in heard), searched=searched,
    )  # fmt: skip


def _arranged(criterion: Criterion, found: dict[str, list[Hit]]) -> list[Hit] | None:
    """One hit of each group found, in order and near each other where the criterion wants it; None where they do not lie so."""
    if not criterion.in_order and criterion.within_words is None:
        return [_earliest(hits) for hits in found.values()]
    names = [name for name in criterion.groups if name in found]
    for start in sorted(found[names[0]], key=lambda hit: hit.start):
        chosen = [start]
        for name in names[1:]:
            later = [hit for hit in found[name] if not criterion.in_order or hit.start >= chosen[-1].end]
            if not later:
                break
            chosen.append(min(later, key=lambda hit: abs(hit.start - start.start)))
        if len(chosen) < len(names):
            continue
        length = max(hit.end for hit in chosen) - min(hit.start for hit in chosen)
        if criterion.within_words is None or length <= criterion.within_words:
            return chosen
    return None


def check_semantic(criterion: Criterion, context: Context) -> Verdict:
    """An utterance of the window has the list's meaning, whatever its words."""
    searched = search_window(criterion, context)
    found = _by_meaning(context.listening, criterion, searched)
    if found:
        return Verdict(
            outcome=Outcome.MET, reason_code="said_by_meaning", evidence=in_order(found), searched=searched, occurrences=len(found)
        )
    heard = context.listening.most_probable(criterion.meaning, searched)
    return Verdict(outcome=Outcome.NOT_MET, reason_code="not_said", evidence=(heard,) if heard else (), searched=searched)


def check_question(criterion: Criterion, context: Context) -> Verdict:
    """Asked → met, with how the other side answered (an id of `answers`, or `unclear`); not asked → not met."""
    asked = _asked(criterion, context)
    if asked.outcome is not Outcome.MET:
        return asked
    conversation = context.listening.conversation
    asker = Role.CUSTOMER if criterion.party == "customer" else Role.AGENT
    replies = replies_to(conversation, asked.evidence[-1].utterance, asker, again=_asked_again(criterion, context, asked))
    answer, evidence = find_answer(context.listening, criterion.answers, replies)
    return Verdict(
        outcome=Outcome.MET, reason_code=asked.reason_code, reason_args={"answer": answer or "unclear"},
        evidence=(*asked.evidence, *evidence), searched=asked.searched, answer=answer or "unclear", occurrences=1,
    )  # fmt: skip


def _asked(criterion: Criterion, context: Context) -> Verdict:
    """The verdict on a question's words alone."""
    said = check_phrase(criterion, context)
    code = {"said": "asked", "said_by_meaning": "asked_by_meaning"}.get(said.reason_code, "not_asked")
    return Verdict(
        outcome=said.outcome,
        reason_code=code,
        reason_args=said.reason_args,
        evidence=said.evidence,
        searched=said.searched,
        occurrences=said.occurrences,
    )


def _asked_again(criterion: Criterion, context: Context, asked: Verdict) -> frozenset[int]:
    if asked.searched is None:
        return frozenset()
    return frozenset(hit.utterance for hit in _kept_hits(context.listening, criterion, criterion.phrases, asked.searched))


def check_survey_item(criterion: Criterion, context: Context) -> Verdict:
    """One item of a questionnaire: asked, and what was answered."""
    return check_survey(criterion, context, _asked(criterion, context))


def check_sequence(criterion: Criterion, context: Context) -> Verdict:
    """The criteria of `of` were said in this order; those that do not apply are left out."""
    places: list[tuple[str, Verdict, int]] = []
    args = {"of": ", ".join(criterion.of)}
    undetermined = False
    for name in criterion.of:
        verdict = context.verdicts[name]
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            continue
        place = first_hit(verdict)
        if verdict.outcome is Outcome.UNDETERMINED:
            undetermined = True
        elif verdict.outcome is Outcome.NOT_MET or place is None:
            return Verdict(outcome=Outcome.NOT_MET, reason_code="step_missing", reason_args={"step": name, **args})
        else:
            places.append((name, verdict, place))
    evidence = tuple(next(e for e in verdict.evidence if e.kind == "hit") for _, verdict, _ in places)
    for (name, _, here), (after, _, there) in zip(places, places[1:], strict=False):
        if there < here:
            return Verdict(
                outcome=Outcome.NOT_MET, reason_code="out_of_order", reason_args={"first": after, "then": name}, evidence=evidence
            )
    if undetermined:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="combination", reason_args=args, evidence=evidence)
    if not places:
        return Verdict(outcome=Outcome.NOT_APPLICABLE, reason_code="combination", reason_args=args)
    return Verdict(outcome=Outcome.MET, reason_code="in_order", reason_args=args, evidence=evidence)


def check_metric(criterion: Criterion, context: Context) -> Verdict:
    """A figure of the conversation between `at_least` and `at_most`; a level its bounds hold gives its credit."""
    conversation = context.listening.conversation
    value = getattr(conversation.metrics, criterion.metric or "")
    bounds = [
        f"{word} {limit:g}" for word, limit in (("at least", criterion.at_least), ("at most", criterion.at_most)) if limit is not None
    ]
    args = {"metric": criterion.metric or "", "value": str(value), "wanted": ", ".join(bounds) or "one of the levels"}
    if value is None or isinstance(value, str):
        has_times = any(u.start_ms is not None for u in conversation.utterances) or not conversation.utterances
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="not_measured" if has_times else "no_times", reason_args=args)
    level = next(
        ((name, level) for name, level in criterion.levels.items() if isinstance(level, LevelBounds) and _holds(value, level)), None
    )
    has_bounds = criterion.at_least is not None or criterion.at_most is not None
    is_met = _holds(value, criterion) if has_bounds else level is not None and level[1].credit > 0
    credit = level[1].credit if level else None
    return Verdict(
        outcome=Outcome.MET if is_met else Outcome.NOT_MET,
        reason_code="metric",
        reason_args=args,
        answer=level[0] if level else None,
        credit=credit,
    )


def _holds(value: float, bounds: LevelBounds | Criterion) -> bool:
    return (bounds.at_least is None or value >= bounds.at_least) and (bounds.at_most is None or value <= bounds.at_most)


def check_sentiment(criterion: Criterion, context: Context) -> Verdict:
    """Met unless the customer's words are negative over the call; the label is the answer."""
    metrics = context.listening.conversation.metrics
    label, value = metrics.customer_sentiment_label, metrics.customer_sentiment
    if label is None or value is None:
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="no_customer_words")
    spoken = [u for u in context.listening.conversation.by_role(Role.CUSTOMER) if u.sentiment is not None]
    strongest = sorted(spoken, key=lambda u: -(u.sentiment or 0.0) * (1 if value >= 0 else -1))[:2]
    evidence = tuple(
        context.listening.utterance_evidence(u, label, abs(u.sentiment or 0.0)) for u in strongest if abs(u.sentiment or 0) >= 0.25
    )
    outcome = Outcome.NOT_MET if label == "negative" else Outcome.MET
    return Verdict(
        outcome=outcome,
        reason_code="sentiment",
        reason_args={"label": label, "value": f"{value:+.2f}"},
        evidence=in_order(evidence),
        answer=label,
    )


def check_manual(criterion: Criterion, context: Context) -> Verdict:
    """Waits for a person."""
    return Verdict(outcome=Outcome.UNDETERMINED, reason_code="needs_person")


def check_combination(criterion: Criterion, context: Context) -> Verdict:
    """all / any / not over other criteria, in three-valued logic: what is not judged decides nothing."""
    outcomes = [context.verdicts[name].outcome for name in criterion.of]
    judged = [outcome for outcome in outcomes if outcome is not Outcome.NOT_APPLICABLE]
    args = {"of": ", ".join(criterion.of)}
    if not judged:
        return Verdict(outcome=Outcome.NOT_APPLICABLE, reason_code="combination", reason_args=args)
    deciding, otherwise = (Outcome.NOT_MET, Outcome.MET) if criterion.check == "all" else (Outcome.MET, Outcome.NOT_MET)
    if criterion.check == "not":
        opposite = {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET}
        return Verdict(outcome=opposite.get(judged[0], judged[0]), reason_code="combination", reason_args=args)
    if deciding in judged:
        return Verdict(outcome=deciding, reason_code="combination", reason_args=args)
    outcome = Outcome.UNDETERMINED if Outcome.UNDETERMINED in judged else otherwise
    return Verdict(outcome=outcome, reason_code="combination", reason_args=args)


CHECKS: dict[str, Callable[[Criterion, Context], Verdict]] = {
    "phrase": check_phrase,
    "question": check_question,
    "forbidden": check_forbidden,
    "capture": check_capture,
    "survey": check_survey_item,
    "sequence": check_sequence,
    "metric": check_metric,
    "sentiment": check_sentiment,
    "metadata": check_metadata,
    "semantic": check_semantic,
    "manual": check_manual,
    "all": check_combination,
    "any": check_combination,
    "not": check_combination,
}


def _mode(criterion: Criterion) -> MatchMode:
    return "tolerant" if criterion.match == "meaning" else criterion.match


def _kept_hits(listening: Listening, criterion: Criterion, phrases: PhraseLists, searched: Searched) -> list[Hit]:
    """Hits that nothing takes back."""
    hits = listening.hits(listening.phrases(phrases, _mode(criterion)), searched)
    unlike = listening.hits(listening.phrases(criterion.unlike, "exact"), searched) if hits else []
    return [hit for hit in hits if not any(other.start < hit.end and hit.start < other.end for other in unlike)]


def _earliest(hits: list[Hit]) -> Hit:
    return min(hits, key=lambda hit: (hit.start, -hit.similarity))


def _by_meaning(listening: Listening, criterion: Criterion, searched: Searched) -> tuple[Evidence, ...]:
    if criterion.meaning is None:
        return ()
    unlike = {hit.utterance for hit in listening.hits(listening.phrases(criterion.unlike, "exact"), searched)}
    return tuple(
        listening.utterance_evidence(utterance, criterion.meaning.list, probability)
        for utterance, probability in listening.meaning_hits(criterion.meaning, searched)
        if utterance.utterance not in unlike
    )
