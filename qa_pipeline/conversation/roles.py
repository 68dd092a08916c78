"""Who is the agent: roles proved from what is said, never from the track or loudness, and hardly from who speaks first.

Evidence, as log-odds per voice: a trained head over the meaning of each utterance and of what it answers, knowing the call's direction
(role_head.py), a fixed lexicon per language (languages/*/roles.yaml), the agent's known name, who answers an inbound call. How much each weighs is fitted on
whole calls. The voices are compared with each other; `role_confidence` is the posterior of the assignment chosen. Of three voices one may be a second
employee or an interpreter: role `other`. Menus, announcements and voicemail machines are role `other`, by utterance where they share a track with a
person. A channel map settles the matter, unless the words contradict it: that lowers the confidence, and words that prove the opposite exchange the
tracks. Below `LEAST_CONFIDENCE` nobody has a role: what is said counts for nobody and against nobody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache

from qa_pipeline.call import Call, Role, Utterance
from qa_pipeline.conversation.role_head import RoleJudgement, RoleWeights
from qa_pipeline.languages.conversation_tables import RoleWords
from qa_pipeline.languages.load import table
from qa_pipeline.phrases.search import MatchMode, Phrase, Speech, compile_phrase, find_phrase
from qa_pipeline.text.normalise import unit_count

# The option that names the version of what roles are told by.
LEXICON_OPTION = "role_lexicon"
# Evidence of one voice saturates: a long call must not be surer than its best proofs. Chosen, not measured.
_MOST_PER_VOICE = 12.0
_MACHINE_WEIGHT = 3.0
_INTERPRETER_WEIGHT = 3.0
# Without a head, the lexicon and the name as they stand. Chosen, not fitted.
_WORDS_ALONE = RoleWeights(total=0.0, mean=0.0, lexicon=1.0, name=2.0, answers=0.0)
# Announcements thank and wish well too; offering help or naming one's part of the firm is a person's.
_PERSONAL = 2.0
_MACHINE_SHARE = 0.5
# A menu plays before anybody speaks; later, the same voice or track is a person's.
MENU_MS = 40_000
_AFTER_MACHINE_CONFIDENCE = 0.9
_CONTRADICTION = 0.03
# Words this sure that the map is wrong are believed instead; then too a person should look.
_PROOF = 0.005
_SWAPPED_CONFIDENCE = 0.79
# Below, an agent might be scored on the customer's words. Of calls that were written apart from those trained on, half are the right way round from 0.6 to 0.7
# (7 of 14), eight of eleven from 0.7 to 0.8.
LEAST_CONFIDENCE = 0.7
# Scored, because the map was given, but low enough that a person looks.
_CONTRADICTED_CONFIDENCE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The utterances with roles, and how sure the assignment is (0–1). `evidence`: log-odds for "agent" per speaker.

    `is_swapped`: the words proved that the channel map has the parties the wrong way round.
    """

    utterances: tuple[Utterance, ...]
    role_confidence: float
    evidence: Mapping[str, float]
    is_swapped: bool = False


def assign_roles(
    utterances: Sequence[Utterance], call: Call, *, judged: RoleJudgement | None = None, recorded: Set[int] = frozenset()
) -> Roles:
    """Give every utterance its role.

    `judged`: what the trained head says of these utterances; None leaves it out. `recorded`: numbers of utterances that are known to be recordings.
    """
    if not utterances:
        return Roles(utterances=(), role_confidence=0.0, evidence={})
    machine = _machine_utterances(utterances, call.direction, recorded)
    people = [u for u in utterances if u.utterance not in machine]
    speakers = sorted({u.speaker for u in people})
    odds = dict(zip((u.utterance for u in utterances), judged.log_odds.tolist(), strict=True)) if judged else {}
    weights = judged.weights if judged else _WORDS_ALONE
    evidence = {speaker: _evidence([u for u in people if u.speaker == speaker], people, call, odds, weights) for speaker in speakers}
    agents, confidence, is_swapped = _choose(evidence, people, call)
    if machine and len(evidence) == 1 and call.direction == "outbound":
        # A machine answered an outbound call: the one person left on the line is the caller.
        agents, confidence = set(evidence), max(confidence if agents else 0.0, _AFTER_MACHINE_CONFIDENCE)
    third = _third_parties(evidence, agents, people, call) if not is_swapped else set()
    assigned = []
    for utterance in utterances:
        if utterance.utterance in machine or utterance.speaker in third:
            role = Role.OTHER
        elif confidence < LEAST_CONFIDENCE:
            role = Role.UNKNOWN
        else:
            role = Role.AGENT if utterance.speaker in agents else Role.CUSTOMER
        assigned.append(replace(utterance, role=role))
    return Roles(utterances=tuple(assigned), role_confidence=round(confidence, 4), evidence=evidence, is_swapped=is_swapped)


def _choose(evidence: Mapping[str, float], people: Sequence[Utterance], call: Call) -> tuple[set[str], float, bool]:
    """The speakers who are the agent, the posterior of that choice, and whether it goes against the channel map."""
    if people and _has_map(people, call):
        mapped = {u.speaker for u in people if u.channel == call.agent_channel}
        rest = set(evidence) - mapped
        if mapped and rest:
            believed = _posterior(max(evidence[s] for s in mapped) - max(evidence[s] for s in rest))
            if believed < _PROOF:
                return rest, _SWAPPED_CONFIDENCE, True
            return mapped, _CONTRADICTED_CONFIDENCE if believed < _CONTRADICTION else 1.0, False
        return mapped, 1.0, False
    if not evidence:
        return set(), 0.0, False
    if len(evidence) == 1:
        (speaker, odds), *_ = evidence.items()
        return ({speaker}, _posterior(odds), False) if odds > 0 else (set(), _posterior(-odds), False)
    ranked = sorted(evidence, key=lambda speaker: -evidence[speaker])
    best, others = ranked[0], ranked[1:]
    # The customer is the other voice that is least like an agent; further voices go to the side their own words speak for.
    customer = others[-1]
    agents = {best, *(s for s in others[:-1] if evidence[s] - evidence[customer] > evidence[best] - evidence[s])}
    return agents, _posterior(evidence[best] - evidence[customer]), False


def _has_map(people: Sequence[Utterance], call: Call) -> bool:
    """Whether the metadata say on which track the agent is, and there are tracks."""
    return call.agent_channel is not None and all(u.channel is not None for u in people)


def _posterior(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _third_parties(evidence: Mapping[str, float], agents: Set[str], people: Sequence[Utterance], call: Call) -> set[str]:
    """Of more than two voices, those that are neither the agent nor the customer: interpreters, and an employee before or after the agent.

    The agent is who says the agent's known name, else who spoke first. One agent's words on two voices of the diarization alternate with each other; who
    hands a call over is not heard again.
    """
    found: set[str] = set()
    if len(evidence) < 3 or _has_map(people, call):
        return found
    own = {speaker: [u for u in people if u.speaker == speaker] for speaker in evidence}
    surest = max(evidence, key=lambda speaker: evidence[speaker])
    for speaker, said in own.items():
        speech = Speech(said, said[0].language)
        leaves_both = agents - found - {speaker} and set(evidence) - agents - found - {speaker}
        if speaker != surest and leaves_both and _lexicon_odds(speech, "interpreter", said[0].language) >= _INTERPRETER_WEIGHT:
            found.add(speaker)
    employees = sorted(agents - found, key=lambda speaker: (not _says_name(own[speaker], call), own[speaker][0].utterance))
    for speaker in employees[1:]:
        agent, other = own[employees[0]], own[speaker]
        if max(u.utterance for u in agent) < other[0].utterance or max(u.utterance for u in other) < agent[0].utterance:
            found.add(speaker)
    return found


def _says_name(said: Sequence[Utterance], call: Call) -> bool:
    language = said[0].language
    return bool(call.agent_name and language) and any(
        find_phrase(phrase, Speech(said, language)) for phrase in _name_phrases(call.agent_name or "", language)
    )


def words_evidence(own: Sequence[Utterance], call: Call) -> tuple[float, bool]:
    """Log-odds for "agent" by the lexicon, within limits, of what one voice says, and whether it says the agent's name as its own."""
    language = own[0].language
    speech = Speech(own, language)
    lexicon = _lexicon_odds(speech, Role.AGENT.value, language, call.direction)
    lexicon -= _lexicon_odds(speech, Role.CUSTOMER.value, language, call.direction)
    return max(-_MOST_PER_VOICE, min(_MOST_PER_VOICE, lexicon)), _says_name(own, call)


def answers(own: Sequence[Utterance], people: Sequence[Utterance], call: Call) -> bool:
    """Whether a voice is the first that is heard in an inbound call. Weak evidence: recordings may begin late, and callers speak first too."""
    return call.direction == "inbound" and people[0].speaker == own[0].speaker


def _evidence(own: Sequence[Utterance], people: Sequence[Utterance], call: Call, odds: Mapping[int, float], weights: RoleWeights) -> float:
    judged = [odds.get(u.utterance, 0.0) for u in own]
    lexicon, says_name = words_evidence(own, call)
    total = weights.total * sum(judged) + weights.mean * sum(judged) / len(judged) + weights.lexicon * lexicon
    total += weights.name * says_name + weights.answers * answers(own, people, call)
    return max(-_MOST_PER_VOICE, min(_MOST_PER_VOICE, total))


def _lexicon_odds(speech: Speech, part: str, language: str, direction: str | None = None) -> float:
    """Log-odds for a part of the lexicon: agent, customer, other (machines), interpreter."""
    total = 0.0
    for weight, wanted, phrases in _lexicon(part, language):
        if wanted and direction and wanted != direction:
            continue
        hits = {hit.start for phrase in phrases for hit in find_phrase(phrase, speech)}
        total += weight * min(2, len(hits))
    return total


def _machine_utterances(utterances: Sequence[Utterance], direction: str | None, recorded: Set[int]) -> set[int]:
    """Numbers of what machines say: what sounds like one, all of a voice that mostly does, and what leads up to it at the start of a call."""
    sounding = {u.utterance for u in utterances if _is_machine(u, direction)}
    found = sounding | recorded
    for speaker in {u.speaker for u in utterances}:
        # Of what is known to be recorded, the rest of its track is no more of a machine.
        own = [u for u in utterances if u.speaker == speaker and u.utterance not in recorded]
        size = {u.utterance: unit_count(u.text) for u in own}
        if own and sum(size[n] for n in sounding if n in size) >= _MACHINE_SHARE * sum(size.values()):
            found |= set(size)
    opening: list[Utterance] = []
    for utterance in utterances:
        if (utterance.start_ms or 0) > MENU_MS or (opening and utterance.speaker != opening[0].speaker):
            break
        opening.append(utterance)
    last = max((u.utterance for u in opening if u.utterance in sounding | recorded), default=-1)
    return found | {u.utterance for u in opening if u.utterance < last}


def _is_machine(utterance: Utterance, direction: str | None) -> bool:
    speech = Speech([utterance], utterance.language)
    return _lexicon_odds(speech, Role.OTHER.value, utterance.language, direction) >= _MACHINE_WEIGHT


def sounds_personal(utterance: Utterance) -> bool:
    """Whether an utterance is of a kind that a recording hardly says: of oneself, a question, or what agents say to greet."""
    personal = table(utterance.language, RoleWords).personal
    if personal is None or personal.search(utterance.text):
        return True
    speech = Speech([utterance], utterance.language)
    agents = (phrases for weight, _, phrases in _lexicon(Role.AGENT.value, utterance.language) if weight >= _PERSONAL)
    return any(find_phrase(phrase, speech) for phrases in agents for phrase in phrases)


@cache
def _name_phrases(name: str, language: str) -> tuple[Phrase, ...]:
    wordings = table(language, RoleWords).own_name
    return tuple(compile_phrase(text.replace("{agent_name}", name), language) for text in wordings)


@cache
def _lexicon(part: str, language: str) -> tuple[tuple[float, str | None, tuple[Phrase, ...]], ...]:
    """Weight, direction and phrases of each sign of a part: agent, customer, other, interpreter."""
    # Taking a person for a machine loses their words, so machines must be heard clearly.
    mode: MatchMode = "strict" if part == Role.OTHER.value else "tolerant"
    return tuple(
        (sign.weight, sign.direction, tuple(compile_phrase(text, language, mode=mode) for text in sign.phrases))
        for sign in getattr(table(language, RoleWords), part)
    )


def options_of(call: Call, options: Mapping[str, str]) -> dict[str, str]:
    """A conversation's options as they hold for one call: where its language is known, other languages' lexicons have no say in its identity."""
    if call.language is None or LEXICON_OPTION not in options:
        return dict(options)
    return {**options, LEXICON_OPTION: lexicon_version((call.language,))}


def lexicon_version(languages: Sequence[str]) -> str:
    """Version of what roles are told by in these languages, as part of a conversation's options: one number where all have the same."""
    versions = {language: table(language, RoleWords).version for language in languages}
    if len(set(versions.values())) == 1:
        return str(versions[languages[0]])
    return ",".join(f"{language}{version}" for language, version in versions.items())
