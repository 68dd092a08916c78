"""Why a criterion came out as it did, step by step, from the conversation and the rubric alone: the same pure parts as scoring, made visible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from qa_pipeline.call import Conversation, Outcome
from qa_pipeline.languages.interface import interface_language, shown
from qa_pipeline.languages.load import table
from qa_pipeline.languages.reason_tables import ReasonWords
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.rubric.criteria import Criterion
from qa_pipeline.rubric.shared_keys import PlacedCriterion, SearchingCriterion
from qa_pipeline.scoring.identity import JudgedBy, judged_by_now
from qa_pipeline.scoring.judging import ROLE_CONFIDENCE
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.prompts import lines_of, stretches
from qa_pipeline.scoring.score import Finding, Score, Scorecard, score
from qa_pipeline.scoring.second_look import LookQuestion
from qa_pipeline.scoring.situations import Facts, find_facts
from qa_pipeline.scoring.verdict import ROLES, Context, Verdict, search_window
from qa_pipeline.scoring.windows import Searched

_MOST_LINES = 30
_MOST_PHRASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the reasoning: what was looked at, and what was found."""

    title: str
    lines: tuple[str, ...]


def explain(conversation: Conversation, scorecard: Scorecard, criterion_id: str) -> tuple[Step, ...]:
    """The steps from the words of the call to the outcome of one criterion. Raises KeyError for a criterion the rubric does not have."""
    scored = score(conversation, scorecard)
    findings = {finding.criterion.id: finding for finding in scored.findings}
    finding = findings[criterion_id]
    criterion = finding.criterion
    (search,) = scorecard.searches([conversation])
    situations = scorecard.rubric.situations
    facts = find_facts(search, situations) if situations else Facts(situations={}, disposition=None)
    return tuple(
        Step(title=title, lines=tuple(lines))
        for title, lines in (
            ("The criterion", list(_criterion_lines(criterion))),
            ("The call", list(_call_lines(conversation, scored))),
            ("Situations", list(_situation_lines(criterion, facts))),
            ("What it depends on", list(_parent_lines(criterion, findings))),
            *_search_steps(criterion, scored, search, facts, scorecard.looks.get(criterion_id)),
            ("What it found", list(_evidence_lines(finding))),
            ("How sure it is", list(_certainty_lines(finding, scorecard.bar_of(criterion)))),
            ("Outcome", list(_outcome_lines(finding))),
        )
        if lines
    )


def other_scoring(conversation: Conversation, scorecard: Scorecard, outcome: Outcome | None, by: JudgedBy | None) -> Step | None:
    """What is stored of a criterion, where other scoring made it than explains it now; None where the same did.

    `outcome`: what is stored (None: nothing); `by`: what judged it, None where it was stored before that was recorded.
    """
    now = replace(
        judged_by_now(conversation),
        replies_digest=scorecard.replies_digest(conversation),
    )
    if by == now:
        return None
    lines = [f"the stored verdict is {outcome.value.replace('_', ' ')}" if outcome else "no verdict on this criterion is stored"]
    if by is None:
        lines.append("it was made before it was recorded what judges a call; what follows is by the scoring of now")
    else:
        others = [
            f"scoring version {by.scoring_version} (now {now.scoring_version})" if by.scoring_version != now.scoring_version else "",
            "other data of the language" if by.language_digest != now.language_digest else "",
            "other norms" if by.norm_version != now.norm_version else "",
            "other models of certainty or of replies" if by.certainty_digest != now.certainty_digest else "",
            "acts read otherwise or not at all" if by.acts_version != now.acts_version else "",
            "replies read otherwise or not at all" if by.reply_version != now.reply_version else "",
            "other replies of a language model" if by.replies_digest != now.replies_digest else "",
        ]
        lines.append(f"it was made with {', '.join(other for other in others if other)}; what follows is by the scoring of now")
    return Step(title="What is stored", lines=(*lines, "`qa-pipeline rescore` scores the call anew"))


def _criterion_lines(criterion: Criterion) -> Iterator[str]:
    title = shown(criterion.title)
    yield f"{criterion.id}: {title[1]}" if title else criterion.id
    kind = "critical, " if criterion.critical is True else "critical for its section, " if criterion.critical else ""
    yield f"check: {criterion.check}, {kind}weight {criterion.weight:g}, status {criterion.status}"


def _call_lines(conversation: Conversation, scored: Score) -> Iterator[str]:
    yield f"language {conversation.language or 'unknown'}, {len(conversation.utterances)} utterances, layout {conversation.layout.value}"
    enough = "enough" if conversation.role_confidence >= ROLE_CONFIDENCE else "too little"
    yield f"certainty of roles {conversation.role_confidence:.2f} ({enough}; {ROLE_CONFIDENCE:g} is needed)"
    if conversation.starts_cut or conversation.ends_cut:
        yield f"the recording is cut at the {'start' if conversation.starts_cut else 'end'}"
    if scored.disposition:
        yield f"the call ended as {scored.disposition.value}" + _because(scored.disposition_evidence)


def _situation_lines(criterion: Criterion, facts: Facts) -> Iterator[str]:
    for key, names in (("not applicable when", criterion.not_applicable_when), ("excused when", criterion.excused_when)):
        for name in names:
            evidence = facts.situations.get(name)
            yield f"{key} {name}: " + ("does not hold" if evidence is None else "holds" + _because(evidence))


def _because(evidence: tuple[Evidence, ...]) -> str:
    return f", because of {evidence[0].role.value} {moment(evidence[0].start_ms)} “{evidence[0].text}”" if evidence else ""


def _parent_lines(criterion: Criterion, findings: dict[str, Finding]) -> Iterator[str]:
    for condition in criterion.when:
        if condition.criterion:
            parent = findings[condition.criterion]
            wanted = condition.outcome or f"answered {' or '.join(condition.answers)}"
            given = parent.outcome.value + (f", answered {parent.answer}" if parent.answer else "")
            yield f"when {condition.criterion} is {wanted}: it is {given}"
        else:
            yield f"when {condition.model_dump_json(exclude_none=True, by_alias=True)}"
    for place, name in criterion.references():
        if place[0] != "when":
            yield f"{place[0]} {name}: it is {findings[name].outcome.value}"


def _search_steps(
    criterion: Criterion, scored: Score, search: Search, facts: Facts, look: LookQuestion | None
) -> Iterator[tuple[str, list[str]]]:
    """Where a check of words looked, and what it looked for there."""
    if not isinstance(criterion, PlacedCriterion):
        return
    verdicts = {
        f.criterion.id: Verdict(outcome=f.outcome, reason_code=f.reason_code, evidence=f.evidence, captures=f.captures)
        for f in scored.findings
    }
    searched = search_window(criterion, Context(rubric=scored.rubric, search=search, facts=facts, verdicts=verdicts))
    yield "Where it looked", list(_window_lines(criterion, searched))
    if isinstance(criterion, AskCriterion):
        yield "What it asked", list(_asked_lines(criterion, search.conversation, searched))
    if isinstance(criterion, SearchingCriterion):
        yield "What it looked for", list(_phrase_lines(criterion, search, searched))
    if look and any(reply.question_sha256 == look.question_sha256 for reply in search.conversation.replies):
        yield "What a language model was asked a second time", list(_asked_lines(look, search.conversation, searched))


def _asked_lines(criterion: AskCriterion, conversation: Conversation, searched: Searched) -> Iterator[str]:
    """The question, and every stored answer to it as the model gave it: whether its quotes hold is told by what it found."""
    yield from (f"{language}: {text}" for language, text in criterion.question.items())
    for stretch in stretches(criterion, conversation, searched):
        yield f"put about {len(lines_of(conversation, stretch))} lines, {stretch.first} to {stretch.last}, in {criterion.phrasings} wordings"
    replies = [reply for reply in conversation.replies if reply.question_sha256 == criterion.question_sha256]
    for reply in replies:
        quotes = "; ".join(f"line {quote.utterance} “{quote.text}”" for quote in reply.quotes) or "no quote"
        value = f" ({reply.value})" if reply.value else ""
        yield f"  {reply.model}, wording {reply.phrasing + 1}, lines {reply.first} to {reply.last}: {reply.answer}{value}; {quotes}"
    if not replies:
        yield "  nobody has answered it yet"


def _window_lines(criterion: PlacedCriterion, searched: Searched) -> Iterator[str]:
    whose = " and ".join(role.value for role in ROLES[criterion.party])
    window = criterion.within
    extent = window and (window.first or window.last)
    if window and extent:
        parts = [f"{extent.seconds:g} seconds"] if extent.seconds else []
        parts += [f"{extent.turns} turns"] if extent.turns else []
        further = ", whichever reaches further" if len(parts) > 1 else ""
        yield f"words of {whose}, {'first' if window.first else 'last'} {' or '.join(parts)}{further}"
    else:
        yield f"words of {whose}, the whole call"
    for utterance in searched.utterances[:_MOST_LINES]:
        confidence = "" if utterance.confidence is None else f" [heard with confidence {utterance.confidence:.2f}]"
        yield f"  {moment(utterance.start_ms)} {utterance.role.value}: {utterance.text}{confidence}"
        for other in utterance.alternatives:
            yield f"      or heard as {other.text} ({100 * other.share:.0f} %)"
    if len(searched.utterances) > _MOST_LINES:
        yield f"  … and {len(searched.utterances) - _MOST_LINES} more"
    if not searched.utterances:
        yield "  nothing was said there"


def _phrase_lines(criterion: SearchingCriterion, search: Search, searched: Searched) -> Iterator[str]:
    looked_for = [found for found in criterion.phrase_lists() if found[0][0] in ("phrases", "groups", "values")]
    if any(place[0] == "groups" for place, _, _ in looked_for):
        looked_for = [found for found in looked_for if found[0][0] == "groups"]
    for place, phrases, mode in looked_for:
        mode = "strict" if criterion.check == "forbidden" else mode
        compiled = search.phrases(phrases, mode)
        if not compiled:
            continue
        name = " ".join(str(part) for part in place if part != "groups")
        hits = search.hits(compiled, searched)
        yield f"{name}: {len(compiled)} in {search.language}, matched {mode}; found {len(hits)}"
        for hit in hits[:_MOST_PHRASES]:
            yield f"  “{hit.text}” at {moment(hit.start_ms)} is {hit.phrase!r} ({hit.similarity:.2f})"
        if not hits and (near := search.nearest(compiled, searched)):
            yield f"  nearest: “{near.text}” at {moment(near.start_ms)} for {near.expected!r} ({near.similarity:.2f}): not near enough"
    for hit in search.hits(search.phrases(criterion.unlike, "exact"), searched):
        yield f"taken back by {hit.phrase!r}: “{hit.text}” at {moment(hit.start_ms)}"
    if criterion.meaning:
        likeliest = search.most_probable(criterion.meaning, searched)
        said = f"likeliest “{likeliest.text}” with probability {likeliest.similarity:.2f}" if likeliest else "no utterance has a vector"
        yield f"meaning {criterion.meaning.list}, from probability {criterion.meaning.at_least:g}: {said}"


def _evidence_lines(finding: Finding) -> Iterator[str]:
    for e in finding.evidence:
        yield f"{e.kind}: {moment(e.start_ms)} {e.role.value} “{e.text}” for {e.expected!r} ({e.similarity:.2f})"
    for capture in finding.captures:
        yield f"captured {capture.name} = {capture.value} ({capture.value_type})"


def _certainty_lines(finding: Finding, bar: float) -> Iterator[str]:
    if finding.certainty is None:
        return
    outcome = (finding.likely or finding.outcome).value.replace("_", " ")
    withheld = f"; that is below {100 * bar:.0f} %, so it is withheld" if finding.likely else ""
    yield f"{100 * finding.certainty.share:.0f} % for {outcome}{withheld}"
    grounds = table(interface_language(), ReasonWords).grounds
    for ground in finding.certainty.grounds:
        raises = ground.weight > 0
        words = grounds.get(ground.key, (ground.key, ground.key))[0 if raises else 1]
        yield f"  {'+' if raises else '−'} {words} ({ground.weight:+.1f})"


def _outcome_lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.outcome.value.replace('_', ' ')}: {finding.reason}"
    if finding.answer:
        yield f"answer: {finding.answer}"
    points = "no points: not judged" if finding.points is None else f"{finding.points:g} of {finding.max_points:g} points"
    yield points if finding.deduction is None else f"{finding.deduction:g} points taken off"


def moment(ms: int | None) -> str:
    """A time of the call as M:SS; – where the transcript has none."""
    return "–" if ms is None else f"{ms // 60_000}:{ms // 1000 % 60:02d}"
