"""What is open about a call for a language model: questions of `check: ask` that nobody answered yet, second looks at unsure findings, and the lines as the model sees them.

Comes in: a conversation, a scorecard, what the policy hides. Goes out: requests with the messages to send. Who asks, when and how much: asking.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from qa_pipeline.call import Call, Conversation, Role, Utterance
from qa_pipeline.languages.load import language_codes
from qa_pipeline.privacy.names import own_places
from qa_pipeline.privacy.policy import Hiding
from qa_pipeline.privacy.redact import hide_found
from qa_pipeline.privacy.rows import hidden_in
from qa_pipeline.rubric.asking import AskCriterion
from qa_pipeline.scoring.ask import NOT_ASKED, SETTLED, requests_open
from qa_pipeline.scoring.prompts import Request, lines_of
from qa_pipeline.scoring.score import Scorecard, judge_call, weigh_call
from qa_pipeline.scoring.verdict import Context
from qa_pipeline.values.companies import short_names
from qa_pipeline.values.names import spoken_to

# Of a prompt's bytes, a token: about four letters, or one and a third Chinese characters. Only for what is said before anything is asked.
_BYTES_A_TOKEN = 4
_ANSWER_TOKENS = 80
_AGENT = "[agent]"

Question = tuple[str, Request, tuple[Mapping[str, str], ...]]
"""A criterion, a request about it, and the messages to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call about which something is to be asked. `are_looks`: second looks at findings of other checks; `settled`: criteria whose question a cheaper one made needless."""

    call: Call
    conversation_id: str
    questions: tuple[Question, ...]
    are_looks: bool = False
    settled: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """About how many it takes to ask."""
        texts = (message["content"] for _, _, messages in self.questions for message in messages)
        return sum(len(text.encode()) for text in texts) // _BYTES_A_TOKEN + _ANSWER_TOKENS * len(self.questions)


def open_calls(conversation: Conversation, scorecard: Scorecard, hiding: Hiding) -> tuple[OpenCall, OpenCall]:
    """What is open about a conversation: questions of the rubric, and second looks; either may be none."""
    (search,) = scorecard.searches([conversation])
    unsure: tuple[str, ...] = ()
    if scorecard.looks:
        weighed = weigh_call(search, scorecard)
        context, unsure = weighed.context, weighed.unsure
    else:
        context = judge_call(search, scorecard)
    waiting = [c for c in scorecard.rubric.criteria if isinstance(c, AskCriterion) and context.verdicts[c.id].reason_code == NOT_ASKED]
    found = [tuple(_requests(criteria, context)) for criteria in (waiting, [scorecard.looks[name] for name in unsure])]
    shown = as_shown(conversation, hiding) if any(found) else {}
    asks, looks = (
        tuple((name, request, tuple(request.messages([shown[u.utterance] for u in lines_of(conversation, request.stretch)]))) for name, request in one)
        for one in found
    )  # fmt: skip
    settled = tuple(
        c.id for c in scorecard.rubric.criteria if isinstance(c, AskCriterion) and context.verdicts[c.id].reason_code == SETTLED
    )
    open_call = OpenCall(call=conversation.call, conversation_id=conversation.conversation_id, questions=asks, settled=settled)
    return open_call, replace(open_call, questions=looks, are_looks=True)


def open_requests(conversation: Conversation, scorecard: Scorecard, hiding: Hiding) -> tuple[Question, ...]:
    """What is still to be asked about a conversation before a rubric has judged it."""
    return open_calls(conversation, scorecard, hiding)[0].questions


def as_shown(conversation: Conversation, hiding: Hiding) -> dict[int, Utterance]:
    """Utterances by number as the model may see them: without what the policy hides, and never with the agent's name, as the metadata have it or as agents say it of
    themselves.
    """
    hidden = hidden_in(conversation, hiding) if hiding.words else None
    said = hide_found(conversation.utterances, hidden.found) if hidden else conversation.utterances
    agent = conversation.call.agent_name
    language = conversation.language if conversation.language in language_codes() else None
    forms = {agent, *agent.split(), *(short_names(agent, language) if language else ())} if agent else set()
    shown = {}
    for utterance in said:
        text = utterance.text
        places = sorted(set(own_places(utterance)), reverse=True) if utterance.role is Role.AGENT else []
        for start, end in places:
            name = utterance.text[start:end]
            forms |= {name, *name.split(), *spoken_to(name, utterance.language)}
            text = text[:start] + _AGENT + text[end:]
        shown[utterance.utterance] = replace(utterance, text=text) if places else utterance
    pattern = _pattern(forms)
    return {number: replace(u, text=pattern.sub(_AGENT, u.text)) for number, u in shown.items()} if pattern else shown


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Any of some names as whole words; of Han characters, wherever they stand. One character alone is a word of every day."""
    found = sorted({name for name in names if len(name) > 1}, key=lambda name: (-len(name), name))
    parts = [rf"(?<!\w){re.escape(n)}(?!\w)" if n[0].isascii() or n[0].lower() != n[0].upper() else re.escape(n) for n in found]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _requests(criteria: Iterable[AskCriterion], context: Context) -> Iterator[tuple[str, Request]]:
    for criterion in criteria:
        for request in requests_open(criterion, context):
            yield criterion.id, request
