"""check: forbidden — what the agent must not say as their own words, in a list's wordings or by its meaning.

Quoting somebody, and asking politely to repeat, convict nobody (`except`); nor do words that were recognised badly.
"""

from __future__ import annotations

import re
from functools import lru_cache

from qa_pipeline.call import Outcome, Utterance
from qa_pipeline.phrases.search import Phrase
from qa_pipeline.rubric.atoms import LANGUAGES, PhraseLists
from qa_pipeline.rubric.criteria import ForbiddenCriterion
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.verdict import Context, Verdict, in_order, search_window
from qa_pipeline.scoring.windows import Searched
from qa_pipeline.text.normalise import unit_spans

# Words recognised with less confidence than this do not convict anybody. Chosen on recorded calls.
FORBIDDEN_CONFIDENCE = 0.5
# Shorter examples mean too many things outside the sentence they were taken from.
_EXAMPLE_UNITS = 4
_JUDGED_UNITS = 6
_FRAGMENT_MS = 1_500

_QUOTING: PhraseLists = {
    "zh": (
        "(您|他|她|客户|同事|师傅|人家|销售|业务员|客服){any:4}(说|讲|骂|回复|告诉您|告诉你|跟您说|跟你说)",
        "(您|你)(刚才|是|的意思是){any:2}(说|讲)",
        "(所谓|原话)(的|是)?",
    ),
    "en": (
        "(you|he|she|they|colleague|driver|advisor|agent|someone|somebody) {any:2} (said|say|says|told|mentioned|mean)",
        "(told|telling) (you|me|us|them)",
        "(be|being|been|was|were|get|got) told",
        "(said|says|saying) (to you|to me|that|it|something)",
        "(she|he|they|the {some:2}) (said|told|says)",
        "so {any:2}(she|he|they|the {some:2}) (said|told)",
        "(the )?words (were|was)",
        "quote",
    ),
    "pl": (
        "(powiedział|powiedziała|mówił|mówiła|mówi|stwierdził|stwierdziła|wspomniał|wspomniała|usłyszał|usłyszała) (pan|pani) ",
        "(pan|pani) {any:1}(mówi|mówił|twierdzi|usłyszał|usłyszała|wspomniał|wspomniała|stwierdził) że",
        "(on|ona|ktoś|kolega|koleżanka|konsultant|konsultantka|pracownik|pracownica|sprzedawca|kierowca|kurier|mechanik|technik|lekarz|szef|kierownik) "
        "{any:3}(powiedział|powiedziała|mówił|mówiła|odpowiedział|odpowiedziała|stwierdził|stwierdziła|krzyczał|kazał|kazała|rzucił|rzuciła)",
        "(powiedziano|kazano|powiedzieli|kazali|odpowiedziano|rzucili|napisali) {any:1}(panu|pani)",
        "(czyli|więc|rozumiem że) {any:2}(powiedział|powiedziała|usłyszał|usłyszała|powiedziano|kolega|koleżanka)",
        "(cytuję|cytat|dosłownie)",
        "(jego|jej|ich|pana|pani) słowa",
    ),
    "sv": (
        "(du|han|hon|de|man|ni) {any:2}(sa|säger|sade|sagt|berättade|påstod|nämnde|menade|skrek)",
        "(sa|sade|svarade|skrek|ropade|bad) (han|hon|de|du|kollegan|säljaren|chauffören|någon) {any:1}",
        "(fick du höra|du fick höra|fick höra)",
        "(sa|sade|sagt|säger) {any:1}(till|åt) (dig|er|honom|henne)",
        "(kollegan|kollega|handläggaren|säljaren|chauffören|budet|teknikern|mekanikern|chefen|någon|läkaren|personalen) {any:3}(sa|sade|sagt|svarade|skrek|bad)",
        "(så|alltså) {any:1}(han|hon|de|kollegan|säljaren|chauffören) {any:2}(sa|sade|svarade)",
        "(citat|jag citerar|ordagrant)",
        "(hans|hennes|deras|dina) ord",
    ),
}
# Asked after the words: whether that is what was said.
_CONFIRMING: PhraseLists = {
    "zh": ("是这样吗", "是这么说的吗", "(这样|这么)(跟您)?说的(吗|吧)"),
    "en": ("is that (right|correct|what {some:2} said)", "did i get that right"),
    "pl": (
        "czy (tak|zgadza się|dobrze zrozumiałam|dobrze zrozumiałem|to się zgadza)",
        "(tak|dobrze) {any:1}(powiedział|powiedziała|to brzmiało)",
        "zgadza się",
    ),
    "sv": (
        "stämmer det",
        "var det så {any:2}(sa|sade|lät)",
        "har jag {any:1}(förstått|uppfattat) {any:2}rätt",
        "är det {any:1}(riktigt|rätt) uppfattat",
    ),
}
# "Att det är ditt ansvar?": the other side's words, given back as a question.
_ECHOED = re.compile(r"(?:that|att|że|ze)\b.*\?$", re.IGNORECASE)
_POLITE: PhraseLists = {
    "zh": ("不好意思", "对不起", "抱歉", "麻烦您", "请您再", "没听清", "没有听清", "再说一遍", "再重复"),
    "en": ("sorry", "pardon", "could you", "would you", "can you repeat", "say that again", "please", "apolog"),
    # proszę is in every Polish command, rude ones too: alone it excuses nothing.
    "pl": (
        "przepraszam",
        "przykro mi",
        "niestety",
        "(czy )(może|mógłby|mogłaby) (pan|pani)",
        "proszę {any:1}(powtórzyć|o powtórzenie)",
        "nie (dosłyszałam|dosłyszałem|usłyszałam|usłyszałem|zrozumiałam|zrozumiałem|słyszę)",
        "słucham pana",
        "słucham panią",
    ),
    "sv": (
        "ursäkta",
        "förlåt",
        "tyvärr",
        "ledsen",
        "beklagar",
        "kan du {any:2}(säga|upprepa|ta|prata)",
        "skulle du kunna",
        "är du snäll",
        "hörde inte",
        "hör dig (dåligt|inte)",
    ),
}


def check_forbidden(criterion: ForbiddenCriterion, context: Context) -> Verdict:
    """Not met when the agent says what is forbidden, in the list's words or by its meaning, as their own words."""
    search = context.search
    searched = search_window(criterion, context)
    phrases = search.phrases(criterion.phrases, "strict")
    hits = [hit for hit in search.hits(phrases, searched) if not _is_excused(search, criterion, hit.utterance, hit.start)]
    examples = _example_phrases(search, criterion)
    hits += [
        hit
        for hit in search.hits(examples, searched)
        if not _is_excused(search, criterion, hit.utterance, hit.start) and not _is_polite(search, criterion, hit.utterance)
    ]
    whole = search.phrases(criterion.whole_turn, "strict", whole_turn=True)
    hits += [
        hit
        for hit in search.hits(whole, searched)
        if _is_own_turn(search, hit.utterance)
        and not _is_excused(search, criterion, hit.utterance, hit.start)
        and not _is_polite(search, criterion, hit.utterance)
    ]
    sure = [hit for hit in hits if hit.confidence is None or hit.confidence >= FORBIDDEN_CONFIDENCE]
    meant = search.meaning_hits(criterion.meaning, searched)
    if not sure and not meant:
        return Verdict(outcome=Outcome.MET, reason_code="nothing_forbidden", searched=searched)
    taken_back = {hit.utterance for hit in search.hits(search.phrases(criterion.unlike, "exact"), searched)}
    evidence = {hit.utterance: search.evidence(hit) for hit in sure if hit.utterance not in taken_back}
    for utterance, probability in meant:
        if utterance.utterance in evidence or utterance.utterance in taken_back or criterion.meaning is None:
            continue
        if (
            len(unit_spans(utterance.text)) < _JUDGED_UNITS
            or (utterance.confidence is not None and utterance.confidence < FORBIDDEN_CONFIDENCE)
            or _is_excused(search, criterion, utterance.utterance, None)
        ):
            continue
        evidence[utterance.utterance] = search.utterance_evidence(utterance, criterion.meaning.list, probability)
    if evidence:
        ordered = in_order(evidence.values())
        return Verdict(outcome=Outcome.NOT_MET, reason_code="forbidden_said", evidence=ordered, searched=searched, occurrences=len(ordered))
    return Verdict(outcome=Outcome.MET, reason_code="nothing_forbidden", searched=searched)


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
    if criterion.meaning is None or criterion.meaning.examples is None or search.language not in LANGUAGES:
        return ()
    texts = _long_enough(criterion.meaning.examples.likes(search.language))
    return search.phrases({search.language: texts}, "strict")


@lru_cache(maxsize=256)
def _long_enough(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if len(unit_spans(text)) >= _EXAMPLE_UNITS)


def _is_excused(search: Search, criterion: ForbiddenCriterion, utterance: int, start: int | None) -> bool:
    """Whether the words are somebody else's, quoted: a quoting phrase shortly before in the same utterance, or it ends the one before."""
    if "quoting" not in criterion.except_:
        return False
    own = search.by_number[utterance]
    if _ECHOED.match(own.text.strip()):
        return True
    near = [own]
    if (before := search.by_number.get(utterance - 1)) and before.role is own.role:
        near.insert(0, before)
    if search.hits(search.phrases(_CONFIRMING, "strict"), Searched(utterances=(own,), start_ms=None, end_ms=None)):
        return True
    searched = Searched(utterances=tuple(near), start_ms=None, end_ms=None)
    for hit in search.hits(search.phrases(_QUOTING), searched):
        if hit.utterance == utterance:
            # By place in the party's words: a transcript may have no times.
            if start is None or hit.start < start:
                return True
        elif near[0].text.rstrip()[-1:] not in "。.?!？！" and (
            near[0].end_ms is None or hit.end_ms is None or near[0].end_ms - hit.end_ms < 600
        ):
            return True
    return False


def _is_polite(search: Search, criterion: ForbiddenCriterion, utterance: int) -> bool:
    """Whether the utterance, or the agent's next to it, asks politely to repeat."""
    if "asking_to_repeat" not in criterion.except_:
        return False
    role = search.by_number[utterance].role
    near: list[Utterance] = [
        found for number in (utterance - 1, utterance, utterance + 1) if (found := search.by_number.get(number)) and found.role is role
    ]
    return bool(search.hits(search.phrases(_POLITE), Searched(utterances=tuple(near), start_ms=None, end_ms=None)))
