"""The checks: each a plain function (criterion, context) → Verdict, in one dict.

A check says met or not_met and shows why; whether it applies at all, and whether the measurement allows an answer, is decided in score.py
around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from qa_pipeline.call import Outcome, Role, Utterance
from qa_pipeline.language.normalise import unit_spans
from qa_pipeline.language.phrases import Hit, Phrase
from qa_pipeline.rubric.matching import Evidence, Listening
from qa_pipeline.rubric.schema import LANGUAGES, Criterion, PhraseLists
from qa_pipeline.rubric.situations import Facts
from qa_pipeline.rubric.windows import Searched, select

# Words recognised with less confidence than this do not convict anybody. Chosen on recorded calls.
FORBIDDEN_CONFIDENCE = 0.35
_ANSWER_UTTERANCES = 3
# Shorter examples mean too many things outside the sentence they were taken from.
_EXAMPLE_UNITS = 4
_JUDGED_UNITS = 6
_FRAGMENT_MS = 1_500
_QUOTE_REACH_CHARS = {"zh": 10, "": 30}

_QUOTING: PhraseLists = {
    "zh": (
        "(您|他|她|客户|同事|师傅|人家|销售|业务员|客服){any:4}(说|讲|骂|回复|告诉您|告诉你|跟您说|跟你说)",
        "(您|你)(刚才|是|的意思是){any:2}(说|讲)",
        "(所谓|原话)(的|是)?",
    ),
    "en": (
        "(you|he|she|they|colleague|driver|advisor|agent|someone|somebody) {any:2} (said|say|says|told|mentioned|mean)",
        "(told|telling) (you|me|us|them)",
        "(said|says|saying) (to you|to me|that|it|something)",
        "(she|he|they|the {some:2}) (said|told|says)",
        "so {any:2}(she|he|they|the {some:2}) (said|told)",
        "(the )?words (were|was)",
        "quote",
    ),
    "pl": ("(pan|pani|on|ona|kolega) {any:2}(powiedzial|mowi)",),
    "sv": ("(du|han|hon|de) (sa|sager)", "sa till dig"),
}
# Asked after the words: whether that is what was said.
_CONFIRMING: PhraseLists = {
    "zh": ("是这样吗", "是这么说的吗", "(这样|这么)(跟您)?说的(吗|吧)"),
    "en": ("is that (right|correct|what {some:2} said)", "did i get that right"),
    "pl": ("czy tak",),
    "sv": ("stammer det",),
}
_POLITE: PhraseLists = {
    "zh": ("不好意思", "对不起", "抱歉", "麻烦您", "请您再", "没听清", "没有听清", "再说一遍", "再重复"),
    "en": ("sorry", "pardon", "could you", "would you", "can you repeat", "say that again", "please", "apolog"),
    "pl": ("przepraszam", "prosze", "czy moze pan"),
    "sv": ("ursakta", "forlat", "kan du", "skulle du kunna"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found. `reason_code` with `reason_args` fills a sentence of reasons.py."""

    outcome: Outcome
    reason_code: str
    reason_args: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    searched: Searched | None = None
    answer: str | None = None
    occurrences: int = 0
    credit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check may look at. `verdicts`: those of criteria judged before."""

    listening: Listening
    facts: Facts
    verdicts: Mapping[str, Verdict]


def search_window(criterion: Criterion, context: Context) -> Searched:
    """The utterances a criterion looks at."""
    before = _first_hit(context, criterion.before)
    after = _first_hit(context, criterion.after)
    roles = (Role.AGENT,) if criterion.who == "agent" else (Role.CUSTOMER,)
    return select(context.listening.conversation, roles, criterion.within, before=before, after=after)


def _first_hit(context: Context, criterion_id: str | None) -> int | None:
    if criterion_id is None or criterion_id not in context.verdicts:
        return None
    hits = [e.utterance for e in context.verdicts[criterion_id].evidence if e.kind == "hit"]
    return min(hits, default=None)


def check_phrase(criterion: Criterion, context: Context) -> Verdict:
    """Phrases, groups of phrases or a meaning, said in the window. `need`: one, all, or how many groups."""
    searched = search_window(criterion, context)
    groups = criterion.groups or {"said": criterion.phrases}
    found: dict[str, Evidence] = {}
    for name, phrases in groups.items():
        if evidence := _best(context.listening, criterion, phrases, searched):
            found[name] = evidence
    needed = {"one": 1, "all": len(groups)}.get(criterion.need, criterion.need) if isinstance(criterion.need, str) else criterion.need
    if len(found) >= int(needed):
        return Verdict(outcome=Outcome.MET, reason_code="said", evidence=_in_order(found.values()), searched=searched, occurrences=1)
    by_meaning = _by_meaning(context.listening, criterion, searched)
    if by_meaning:
        return Verdict(outcome=Outcome.MET, reason_code="said_by_meaning", evidence=by_meaning[:1], searched=searched, occurrences=1)
    missing = [name for name in groups if name not in found]
    heard = list(found.values())
    for name in missing:
        nearest = context.listening.nearest(context.listening.phrases(groups[name], criterion.match), searched)
        if nearest:
            heard.append(nearest)
    code = "parts_missing" if criterion.groups else "not_said"
    return Verdict(
        outcome=Outcome.NOT_MET, reason_code=code, reason_args={"missing": ", ".join(missing)},
        evidence=_in_order(_as_heard(e) for e in heard), searched=searched,
    )  # fmt: skip


def check_question(criterion: Criterion, context: Context) -> Verdict:
    """Asked → met, with how the other side answered (an id of `answers`, or `unclear`); not asked → not met."""
    asked = check_phrase(criterion, context)
    if asked.outcome is not Outcome.MET:
        return Verdict(
            outcome=asked.outcome, reason_code="not_asked", reason_args=asked.reason_args, evidence=asked.evidence, searched=asked.searched
        )
    answer, evidence = _answer(criterion, context, asked.evidence[-1].utterance)
    code = "asked_by_meaning" if asked.reason_code == "said_by_meaning" else "asked"
    return Verdict(
        outcome=Outcome.MET, reason_code=code, reason_args={"answer": answer or "unclear"}, evidence=(*asked.evidence, *evidence),
        searched=asked.searched, answer=answer or "unclear", occurrences=1,
    )  # fmt: skip


def check_forbidden(criterion: Criterion, context: Context) -> Verdict:
    """Not met when the agent says what is forbidden, in the list's words or by its meaning, as their own words."""
    listening = context.listening
    searched = search_window(criterion, context)
    phrases = listening.phrases(criterion.phrases, "strict")
    hits = [hit for hit in listening.hits(phrases, searched) if not _is_excused(listening, criterion, hit.utterance, hit.start_ms)]
    examples = _example_phrases(listening, criterion)
    hits += [
        hit
        for hit in listening.hits(examples, searched)
        if not _is_excused(listening, criterion, hit.utterance, hit.start_ms) and not _is_polite(listening, criterion, hit.utterance)
    ]
    whole = listening.phrases(criterion.whole_turn, "strict", whole_turn=True)
    hits += [
        hit
        for hit in listening.hits(whole, searched)
        if _is_own_turn(listening, hit.utterance)
        and not _is_excused(listening, criterion, hit.utterance, hit.start_ms)
        and not _is_polite(listening, criterion, hit.utterance)
    ]
    sure = [hit for hit in hits if hit.confidence is None or hit.confidence >= FORBIDDEN_CONFIDENCE]
    taken_back = {hit.utterance for hit in listening.hits(listening.phrases(criterion.unlike, "exact"), searched)}
    evidence = {hit.utterance: listening.evidence(hit) for hit in sure if hit.utterance not in taken_back}
    for utterance, probability in listening.meaning_hits(criterion.meaning, searched):
        if utterance.utterance in evidence or utterance.utterance in taken_back or criterion.meaning is None:
            continue
        if (
            len(unit_spans(utterance.text)) < _JUDGED_UNITS
            or (utterance.confidence is not None and utterance.confidence < FORBIDDEN_CONFIDENCE)
            or _is_excused(listening, criterion, utterance.utterance, None)
        ):
            continue
        evidence[utterance.utterance] = listening.utterance_evidence(utterance, criterion.meaning.list, probability)
    if evidence:
        ordered = _in_order(evidence.values())
        return Verdict(outcome=Outcome.NOT_MET, reason_code="forbidden_said", evidence=ordered, searched=searched, occurrences=len(ordered))
    return Verdict(outcome=Outcome.MET, reason_code="nothing_forbidden", searched=searched)


def _is_own_turn(listening: Listening, utterance: int) -> bool:
    """Whether an utterance stands alone, and is not a fragment of what the same party goes on to say."""
    own = listening.by_number[utterance]
    for number in (utterance - 1, utterance + 1):
        other = listening.by_number.get(number)
        if other is None or other.role is not own.role or own.start_ms is None or own.end_ms is None:
            continue
        gap = max(own.start_ms - (other.end_ms or 0), (other.start_ms or 0) - own.end_ms)
        if gap < _FRAGMENT_MS:
            return False
    return True


def _example_phrases(listening: Listening, criterion: Criterion) -> tuple[Phrase, ...]:
    """The list's own examples as phrases: what is said almost as an example has it needs no judgement of meaning."""
    if criterion.meaning is None or criterion.meaning.examples is None or listening.language not in LANGUAGES:
        return ()
    texts = criterion.meaning.examples.likes(listening.language)
    return listening.phrases({listening.language: tuple(text for text in texts if len(unit_spans(text)) >= _EXAMPLE_UNITS)}, "strict")


def check_metric(criterion: Criterion, context: Context) -> Verdict:
    """A figure of the conversation between `at_least` and `at_most`."""
    value = getattr(context.listening.conversation.metrics, criterion.metric or "")
    args = {"metric": criterion.metric or "", "value": str(value), "at_least": str(criterion.at_least), "at_most": str(criterion.at_most)}
    if value is None or isinstance(value, str):
        return Verdict(outcome=Outcome.UNDETERMINED, reason_code="not_measured", reason_args=args)
    is_met = (criterion.at_least is None or value >= criterion.at_least) and (criterion.at_most is None or value <= criterion.at_most)
    return Verdict(outcome=Outcome.MET if is_met else Outcome.NOT_MET, reason_code="metric", reason_args=args)


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
        evidence=_in_order(evidence),
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
    "metric": check_metric,
    "sentiment": check_sentiment,
    "manual": check_manual,
    "all": check_combination,
    "any": check_combination,
    "not": check_combination,
}


def _best(listening: Listening, criterion: Criterion, phrases: PhraseLists, searched: Searched) -> Evidence | None:
    """The first hit that nothing takes back."""
    hits = listening.hits(listening.phrases(phrases, criterion.match), searched)
    unlike = listening.hits(listening.phrases(criterion.unlike, "exact"), searched) if hits else []
    kept = [hit for hit in hits if not any(other.start < hit.end and hit.start < other.end for other in unlike)]
    return listening.evidence(_earliest(kept)) if kept else None


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


def _answer(criterion: Criterion, context: Context, asked: int) -> tuple[str | None, tuple[Evidence, ...]]:
    """How the other side answered within its next utterances."""
    conversation = context.listening.conversation
    other = Role.CUSTOMER if criterion.who == "agent" else Role.AGENT
    replies = [u for u in conversation.utterances if u.utterance > asked and u.role is other][:_ANSWER_UTTERANCES]
    searched = Searched(utterances=tuple(replies), start_ms=None, end_ms=None)
    best: tuple[int, float, str, Hit] | None = None
    for name, phrases in criterion.answers.items():
        for hit in context.listening.hits(context.listening.phrases(phrases), searched):
            # The first reply decides; in one reply the longer phrase (不方便 over 方便) does.
            rank = (hit.utterance, -(hit.end - hit.start) * hit.similarity, name, hit)
            if best is None or rank[:2] < best[:2]:
                best = rank
    if best is None:
        return None, tuple(context.listening.utterance_evidence(u, "answer", 0.0, "answer") for u in replies[:1])
    return best[2], (context.listening.evidence(best[3], "answer"),)


def _is_excused(listening: Listening, criterion: Criterion, utterance: int, start_ms: int | None) -> bool:
    """Whether the words are somebody else's, quoted: a quoting phrase shortly before in the same utterance, or it ends the one before."""
    if "quoting" not in criterion.except_:
        return False
    own = listening.by_number[utterance]
    near = [own]
    if (before := listening.by_number.get(utterance - 1)) and before.role is own.role:
        near.insert(0, before)
    if listening.hits(listening.phrases(_CONFIRMING, "strict"), Searched(utterances=(own,), start_ms=None, end_ms=None)):
        return True
    searched = Searched(utterances=tuple(near), start_ms=None, end_ms=None)
    for hit in listening.hits(listening.phrases(_QUOTING), searched):
        if hit.utterance == utterance:
            if start_ms is None or hit.start_ms is None or hit.start_ms < start_ms:
                return True
        elif (
            near[0].text.rstrip()[-1:] not in "。.?!？！"
            and near[0].end_ms is not None
            and hit.end_ms is not None
            and near[0].end_ms - hit.end_ms < 600
        ):
            return True
    return False


def _is_polite(listening: Listening, criterion: Criterion, utterance: int) -> bool:
    """Whether the utterance, or the agent's next to it, asks politely to repeat."""
    if "asking_to_repeat" not in criterion.except_:
        return False
    role = listening.by_number[utterance].role
    near: list[Utterance] = [
        found for number in (utterance - 1, utterance, utterance + 1) if (found := listening.by_number.get(number)) and found.role is role
    ]
    return bool(listening.hits(listening.phrases(_POLITE), Searched(utterances=tuple(near), start_ms=None, end_ms=None)))


def _as_heard(evidence: Evidence) -> Evidence:
    return Evidence(
        kind="heard", utterance=evidence.utterance, role=evidence.role, text=evidence.text, start_ms=evidence.start_ms,
        end_ms=evidence.end_ms, expected=evidence.expected, similarity=evidence.similarity,
    )  # fmt: skip


def _in_order(evidence) -> tuple[Evidence, ...]:  # type: ignore[no-untyped-def]
    return tuple(sorted(evidence, key=lambda e: (e.start_ms if e.start_ms is not None else e.utterance, e.utterance)))
