"""What happened in the call, with evidence: wrong person, voicemail, busy, who ended first; and from that its disposition.

Rules are data (rubrics/situations.yaml). Criteria name situations in `not_applicable_when` and `excused_when`. One module, though long: its signs bear each other
out, and are read together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from qa_pipeline.call import Conversation, Disposition, Role, Utterance
from qa_pipeline.languages.load import table
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.schema import SituationRule, Situations
from qa_pipeline.rubric.shared_keys import Situation
from qa_pipeline.scoring.answers import find_answer, gives_way, hits_of, is_question, polarity_of, worded_answer
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.windows import Searched, turns_until
from qa_pipeline.values.find import find_values

# A machine answers with an announcement and then listens: more than this from the called side is a person.
_MOST_WORDS_OF_MACHINE_SIDE = 2
# "Before it could be asked": the agent has had at most this many turns when the customer says so.
_EARLY_AGENT_TURNS = 3
# Situations that others hang on need two signs: a sound-alike or a likely meaning counts where this much of the meaning is there as well, or what follows
# bears it out. Chosen on written dialogues (models/certainty/dialogues).
_SUPPORTED_FROM = 0.5
_LIKELY_FROM = {"wrong_person": 0.9, "customer_busy": 0.8, "refused": 0.9}
_BORNE_OUT_FROM = 0.8
_MAY_MEAN_BUSY_FROM = 0.2
# Below this nobody was put off: who regrets something and speaks of a later call regrets something else.
_HARDLY_MEANS_BUSY = 0.02
# The other side's next turns, in which a sign is borne out.
_FOLLOWING = 4
# Regrets, when to call again, leave-taking: more turns of the agent are the call itself, and nobody was too busy for it.
_MOST_TURNS_WITH_BUSY = 3
# Where the agent does not give way in so many words, busy is who says so at once.
_MOST_TURNS_BEFORE_BUSY = 2
# Who is no stranger has been taken for the right one by then. Chosen on written dialogues.
_MOST_TURNS_BEFORE_STRANGER = 3
_CLAUSE_MARKS = tuple(",，.。!！、")
# What nobody can say before the agent has spoken.
_REPLIES = ("refused", "opted_out")
# Signs of who does not want to talk.
_UNWILLING = ("refused", "customer_busy", "wrong_person")
# Regrets, when to reach the right one, thanks and leave-taking; more turns than this are the call itself.
_MOST_TURNS_WITH_STRANGER = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Situations that hold, each with its evidence (empty where the absence of words is the evidence), and the disposition."""

    situations: dict[Situation, tuple[Evidence, ...]]
    disposition: Disposition | None
    disposition_evidence: tuple[Evidence, ...] = ()

    @property
    def signs(self) -> frozenset[int]:
        """The utterances by which all of this was found."""
        found = (*self.disposition_evidence, *(e for evidence in self.situations.values() for e in evidence))
        return frozenset(e.utterance for e in found)


@dataclass(frozen=True, slots=True)
class _Sign:
    """Something a rule found. Its evidence is made only where it is shown: most signs just stand in some utterance.

    `is_sure`: said in so many words, or as surely meant as the rule wants; else it counts only where something else bears it out. `is_meant`: no phrase has it.
    """

    utterance: int
    make: Callable[[], Evidence]
    is_sure: bool = True
    is_meant: bool = False

    @property
    def shown(self) -> tuple[Evidence, ...]:
        """As the evidence of a situation."""
        return (self.make(),)


def find_facts(
    search: Search,
    rules: Situations,
    *,
    without: frozenset[str] = frozenset(),
    unsaid: frozenset[int] = frozenset(),
    refusals: frozenset[int] = frozenset(),
) -> Facts:
    """Recognise the situations of a conversation. `without`: signs that the rest of the call speaks against, by name; `unsaid`: utterances that are no sign of who does
    not want to talk; `refusals`: those that refuse what was asked, and are no wish to be left alone unless they say so in so many words. Pure.
    """
    conversation = search.conversation
    situations: dict[Situation, tuple[Evidence, ...]] = {}
    said = _borne_out(search, rules, {name: _said(search, getattr(rules, name), name) for name in Situations.model_fields})
    said |= {name: [] for name in without}
    if unsaid:
        said |= {name: [sign for sign in said[name] if sign.utterance not in unsaid] for name in _UNWILLING}
        # Who asks in so many words not to be called again is heard, whatever they were asked.
        said["opted_out"] = [sign for sign in said["opted_out"] if not sign.is_meant or sign.utterance not in refusals]
    if not conversation.utterances:
        return Facts(situations=situations, disposition=given_disposition(conversation))
    if not conversation.by_role(Role.AGENT) and not conversation.by_role(Role.UNKNOWN):
        situations["agent_absent"] = ()
    if said["voicemail"] and _machine_answered(search, said["voicemail"]):
        situations["voicemail"] = said["voicemail"][0].shown
    if said["wrong_person"] and _went_no_further(search, said["wrong_person"][0]):
        situations["wrong_person"] = said["wrong_person"][0].shown
    if busy := _early(search, said["customer_busy"], said["first_question"]):
        situations["customer_busy"] = busy.shown
    customer_first = _ended_first([sign for sign in said["customer_ends"] if _takes_leave(search, sign)], said["agent_ends"])
    if customer_first and conversation.call.hangup_by != "agent":
        situations["customer_ended_first"] = customer_first.shown
    if _customer_hung_up(search, said):
        closing = (
            search.utterance_evidence(_last_of(conversation, Role.CUSTOMER), "last words", 1.0)
            if conversation.by_role(Role.CUSTOMER)
            else None
        )
        situations["customer_hung_up"] = (closing,) if closing else ()
        situations.setdefault("customer_ended_first", situations["customer_hung_up"])
    disposition, evidence = _disposition(search, situations, said)
    return Facts(situations=situations, disposition=disposition, disposition_evidence=evidence)


def _said(search: Search, rule: SituationRule, name: str) -> list[_Sign]:
    """Everything a rule finds, in order of time."""
    roles = {"agent": (Role.AGENT,), "customer": (Role.CUSTOMER,), "other": (Role.OTHER, Role.CUSTOMER)}[rule.who]
    searched = search.select(roles, rule.within)
    hits = search.hits(search.phrases(rule.phrases), searched)
    likely_from = _LIKELY_FROM.get(name)
    meant = search.meaning_hits(rule.meaning, searched, at_least=likely_from)
    if not hits and not meant:
        return []
    taken_back = {hit.utterance for hit in search.hits(search.phrases(rule.unlike, "exact"), searched)}
    to_the_letter = (
        {hit.utterance for hit in search.hits(search.phrases(rule.phrases, "exact"), searched)} if hits and likely_from else set()
    )
    signs = [
        _Sign(
            hit.utterance,
            partial(search.evidence, hit),
            is_sure=not likely_from or hit.utterance in to_the_letter or _is_supported(search, rule, hit.utterance),
        )
        for hit in hits
        if hit.utterance not in taken_back
    ]
    known = {sign.utterance for sign in signs if sign.is_sure} | taken_back
    for utterance, probability in meant:
        if utterance.utterance not in known and rule.meaning:
            make = partial(search.utterance_evidence, utterance, rule.meaning.list, probability)
            signs.append(_Sign(utterance.utterance, make, is_sure=probability >= rule.meaning.at_least, is_meant=True))
    return sorted(signs, key=lambda sign: sign.utterance)


def _is_supported(search: Search, rule: SituationRule, utterance: int) -> bool:
    """Whether a sound-alike means what it was taken for. Calls without vectors have nothing to ask: there it is believed as it was found."""
    if not search.conversation.vectors:
        return True
    probability = search.probability(rule.meaning, utterance)
    return probability is not None and probability >= _SUPPORTED_FROM


def _borne_out(search: Search, rules: Situations, said: dict[str, list[_Sign]]) -> dict[str, list[_Sign]]:
    """Signs that are sure, and those that what was said next bears out; none of what the rest of the call speaks against."""
    first_by_agent = min((u.utterance for u in search.conversation.by_role(Role.AGENT)), default=None)
    borne_out = {
        name: [
            sign
            for sign in signs
            if (sign.is_sure or _follows(search, rules, said, name, sign))
            and not (name in _REPLIES and first_by_agent is not None and sign.utterance < first_by_agent)
            and (name != "customer_busy" or _gave_way(search, said, sign))
            and (name != "wrong_person" or not (_agreed_first(search, sign) or _is_too_late(search, sign)))
        ]
        for name, signs in said.items()
    }
    if not borne_out["customer_busy"] and (put_off := _put_off(search, rules, said)):
        borne_out["customer_busy"] = [put_off]
    return borne_out


def _is_too_late(search: Search, stranger: _Sign) -> bool:
    """Whether no phrase says that somebody is a stranger, who would have said so before that many turns of theirs."""
    turns = search.party((Role.CUSTOMER,)).turns
    return stranger.is_meant and turns.get(stranger.utterance, 0) >= _MOST_TURNS_BEFORE_STRANGER


def _agreed_first(search: Search, stranger: _Sign) -> bool:
    """Whether the customer's words begin with a yes to who they are taken for: yes, I am her mother."""
    utterance = search.by_number[stranger.utterance]
    yes = search.phrases({search.language: table(search.language, AnswerWords).plain_yes}, "exact")
    searched = Searched(utterances=(utterance,), start_ms=None, end_ms=None)
    text = utterance.text.lstrip()
    found = next((hit for hit in search.hits(yes, searched) if text.startswith(hit.text)), None)
    return found is not None and text[len(found.text) :][:1] in _CLAUSE_MARKS


def _gave_way(search: Search, said: dict[str, list[_Sign]], busy: _Sign) -> bool:
    """Whether the agent offered a later call or soon ended: who goes on talking was not too busy, nor is who says to go ahead."""
    in_words_only = busy.is_sure and not busy.is_meant
    if _convenient(search, busy.utterance, in_words_only=in_words_only) == "willing":
        return False
    if gives_way(search, Role.AGENT, [search.by_number[busy.utterance]]):
        return True
    later = [u.utterance for u in search.conversation.by_role(Role.AGENT) if u.utterance > busy.utterance]
    if any(offer.utterance in later[:_FOLLOWING] for offer in said["call_back"]):
        return True
    turns = search.party((Role.AGENT,)).turns
    before = {turn for number, turn in turns.items() if number < busy.utterance}
    return len(before) <= _MOST_TURNS_BEFORE_BUSY and _turns_after(search, busy) <= _MOST_TURNS_WITH_BUSY


def _put_off(search: Search, rules: Situations, said: dict[str, list[_Sign]]) -> _Sign | None:
    """The customer's no to the question for a good moment, where the agent then offers a later call to the letter: busy in whatever words, if they may mean that
    at all.
    """
    conversation = search.conversation
    turns = search.party((Role.AGENT,)).turns
    for offer in said["call_back"]:
        before = [u for u in conversation.by_role(Role.CUSTOMER) if u.utterance < offer.utterance]
        is_early = 0 < turns[offer.utterance] <= _EARLY_AGENT_TURNS and _turns_after(search, offer) <= _MOST_TURNS_WITH_BUSY
        if not before or not is_early or offer.make().similarity < 1.0:
            continue
        last = before[-1]
        if _names_a_time(search, offer):
            likeliest = max(before, key=lambda u: _chance_of_busy(search, rules, u) or 0.0)
            answer = _convenient(search, likeliest.utterance)
            may_be = answer == "unwilling" or (answer != "willing" and _is_possible(_chance_of_busy(search, rules, likeliest)))
            # Who agreed in so many words right before is asked for the time of a visit.
            if may_be and _convenient(search, last.utterance, in_words_only=True) != "willing":
                return _Sign(likeliest.utterance, partial(search.utterance_evidence, likeliest, "unwilling", 1.0))
        convenient, chance = _convenient(search, last.utterance), _chance_of_busy(search, rules, last)
        may_be = convenient == "unwilling" and chance is not None and chance >= _MAY_MEAN_BUSY_FROM
        if may_be or (convenient != "willing" and _is_possible(chance) and _gives_way_besides(search, last, offer)):
            return _Sign(last.utterance, partial(search.utterance_evidence, last, "unwilling", 1.0))
    return None


def _chance_of_busy(search: Search, rules: Situations, utterance: Utterance) -> float | None:
    return search.probability(rules.customer_busy.meaning, utterance.utterance)


def _is_possible(chance_of_busy: float | None) -> bool:
    """Whether words may mean that somebody is busy; where nobody knows they may."""
    return chance_of_busy is None or chance_of_busy >= _HARDLY_MEANS_BUSY


def _names_a_time(search: Search, offer: _Sign) -> bool:
    """Whether the customer's next turn says when: who asks when to call again, and is told, was not let through with the call itself."""
    reply: list[Utterance] = []
    for u in search.conversation.utterances:
        if u.utterance > offer.utterance and u.role is Role.CUSTOMER:
            reply.append(u)
        elif reply:
            break
    return any(find_values("datetime", u.text, search.language, None) for u in reply)


def _gives_way_besides(search: Search, reply: Utterance, offer: _Sign) -> bool:
    """Whether the agent's next turn gives way in other words than those that offer a later call: I won't keep you. When may I ring?"""
    way = gives_way(search, Role.AGENT, [reply])
    return way is not None and way.utterance <= offer.utterance and way.text not in offer.make().text and offer.make().text not in way.text


def _convenient(search: Search, utterance: int, *, in_words_only: bool = False) -> str | None:
    """How the turn of the customer that holds an utterance answers whether it is a convenient time; None where it tells nothing. `in_words_only`: whatever it
    may mean besides, as where so many words say the opposite.
    """
    *before, reply = turns_until(search.conversation, utterance)
    asked = before[-1] if before else []
    polarity = polarity_of(search, asked)
    answers: dict[str, PhraseLists] = {"willing": {}, "unwilling": {}}
    if in_words_only:
        return worded_answer(search, answers, reply, polarity)
    return find_answer(search, answers, reply, polarity, asked=asked, whatever_was_asked=True)[0]


def _follows(search: Search, rules: Situations, said: dict[str, list[_Sign]], name: str, sign: _Sign) -> bool:
    """A stranger: something else is said of the wrong person. Somebody busy: a later call is offered. A refusal: the agent soon ends."""
    later = [u for u in search.conversation.utterances if u.utterance > sign.utterance]
    if name == "wrong_person":
        chances = (search.probability(rules.wrong_person.meaning, u.utterance) for u in later[:_FOLLOWING])
        return any(chance is not None and chance >= _BORNE_OUT_FROM for chance in chances) or _regrets_number(search, sign)
    agent = [u.utterance for u in later if u.role is Role.AGENT]
    if name == "customer_busy":
        return any(other.utterance in agent[:_FOLLOWING] for other in said["call_back"])
    return len(agent) <= _FOLLOWING


def _regrets_number(search: Search, stranger: _Sign) -> bool:
    """Whether the agent's next turn takes it for a wrong number."""
    after = [u for u in search.conversation.by_role(Role.AGENT) if u.utterance > stranger.utterance][:_FOLLOWING]
    turns = search.party((Role.AGENT,)).turns
    reply = tuple(u for u in after if turns[u.utterance] == turns[after[0].utterance])
    return bool(hits_of(search, table(search.language, AnswerWords).wrong_number, reply, "exact"))


def _machine_answered(search: Search, announcements: list[_Sign]) -> bool:
    conversation = search.conversation
    machine = {evidence.utterance for evidence in announcements}
    first = min(machine)
    people = [u for u in conversation.by_role(Role.CUSTOMER) if u.utterance not in machine and u.utterance > first]
    return len(people) <= _MOST_WORDS_OF_MACHINE_SIDE


def _went_no_further(search: Search, stranger: _Sign) -> bool:
    """Whether the call ended soon after somebody else had answered, instead of going on with them."""
    return _turns_after(search, stranger) <= _MOST_TURNS_WITH_STRANGER


def _turns_after(search: Search, sign: _Sign) -> int:
    """How many turns the agent has after a sign."""
    turns = search.party((Role.AGENT,)).turns
    return len({turn for number, turn in turns.items() if number > sign.utterance})


def _early(search: Search, busy: list[_Sign], questions: list[_Sign]) -> _Sign | None:
    if not busy:
        return None
    turns = search.party((Role.AGENT,)).turns
    first_question = min((q.utterance for q in questions), default=None)
    for evidence in busy:
        before = {turn for number, turn in turns.items() if number < evidence.utterance}
        if len(before) <= _EARLY_AGENT_TURNS and (first_question is None or evidence.utterance < first_question):
            return evidence
    return None


def _takes_leave(search: Search, leave: _Sign) -> bool:
    """Whether words with which customers end a call did so here: said to the letter, not in reply to a question, and with the agent's leave-taking still to come.
    Whose last words nobody answered has hung up at most (`_customer_hung_up`).
    """
    conversation = search.conversation
    before = search.by_number.get(leave.utterance - 1)
    is_reply = before is not None and before.role is Role.AGENT and is_question(before.text)
    is_answered = any(u.utterance > leave.utterance for u in conversation.by_role(Role.AGENT))
    return is_answered and not is_reply and leave.make().similarity == 1.0


def _ended_first(customer: list[_Sign], agent: list[_Sign]) -> _Sign | None:
    """The customer's words that began the end, when the agent had not begun it before."""
    if not customer:
        return None
    first_by_agent = min((e.utterance for e in agent), default=None)
    return customer[0] if first_by_agent is None or customer[0].utterance < first_by_agent else None


def _customer_hung_up(search: Search, said: dict[str, list[_Sign]]) -> bool:
    """Whether the customer left before the agent could close: the metadata say so, the agent is left asking whether they are there, or theirs are the last words, and say so."""
    conversation = search.conversation
    customer, agent = conversation.by_role(Role.CUSTOMER), conversation.by_role(Role.AGENT)
    if not customer or not agent:
        return False
    checking = {e.utterance for e in said["line_check"]}
    last_customer = customer[-1].utterance
    agent_after = [u for u in agent if u.utterance > last_customer]
    if conversation.call.hangup_by == "customer" and not said["agent_ends"]:
        return True
    if agent_after:
        # Only "hello? are you still there?" after the customer's last words: nobody was on the line any more.
        return all(u.utterance in checking for u in agent_after)
    # A goodbye to which nobody replied is no hanging up, nor is a refusal: of 46 written calls that end so, without metadata, not one excuses the agent.
    if said["agent_ends"] or conversation.call.hangup_by is not None:
        return False
    return bool(hits_of(search, table(search.language, AnswerWords).hangs_up, customer[-2:], "exact"))


def _last_of(conversation: Conversation, role: Role):  # type: ignore[no-untyped-def]
    return conversation.by_role(role)[-1]


def given_disposition(conversation: Conversation) -> Disposition | None:
    """How the call ended as its metadata have it; None where they do not say, or name no ending known here."""
    given = conversation.call.disposition
    return Disposition(given) if given in set(Disposition) else None


def _disposition(
    search: Search, situations: dict[Situation, tuple[Evidence, ...]], said: dict[str, list[_Sign]]
) -> tuple[Disposition | None, tuple[Evidence, ...]]:
    """The metadata's disposition, else the strongest situation. Order: a machine, a stranger, an opt-out, a refusal, a later call, a cut, done."""
    conversation = search.conversation
    if given := given_disposition(conversation):
        return given, ()
    is_outbound = conversation.call.direction != "inbound"
    rules: list[tuple[Disposition, Callable[[], tuple[Evidence, ...] | None]]] = [
        (Disposition.VOICEMAIL, lambda: situations.get("voicemail") if is_outbound else None),
        (Disposition.WRONG_PERSON, lambda: situations.get("wrong_person") if is_outbound else None),
        (Disposition.OPTED_OUT, lambda: said["opted_out"][0].shown if is_outbound and said["opted_out"] else None),
        (
            Disposition.CALL_BACK,
            lambda: said["call_back"][0].shown if is_outbound and said["call_back"] and said["customer_busy"] else None,
        ),
        (Disposition.REFUSED, lambda: said["refused"][0].shown if is_outbound and said["refused"] else None),
        (Disposition.CALL_BACK, lambda: situations.get("customer_busy") if is_outbound else None),
        (Disposition.CUT_OFF, lambda: () if conversation.ends_cut else None),
    ]
    for disposition, rule in rules:
        evidence = rule()
        if evidence is not None:
            return disposition, evidence
    if conversation.by_role(Role.AGENT):
        return Disposition.COMPLETED, ()
    # Who waited for an agent and hung up was cut off from them.
    has_given_up = conversation.call.hangup_by == "customer" and bool(conversation.by_role(Role.CUSTOMER))
    return (Disposition.CUT_OFF if has_given_up else None), ()
