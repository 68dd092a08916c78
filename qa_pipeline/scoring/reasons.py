"""Reason codes → sentences in the language of the interface, as they are stored. What scorecards say in the call's language: report/reasons.py."""

from __future__ import annotations

from collections.abc import Mapping

from qa_pipeline.languages.interface import interface_language
from qa_pipeline.languages.load import table
from qa_pipeline.languages.reason_tables import ReasonWords

SITUATION_NAMES: dict[str, str] = {
    "agent_absent": "the agent never came on the line",
    "voicemail": "a machine answered",
    "wrong_person": "the person wanted was not reached",
    "customer_busy": "the customer said they were busy before it could be asked",
    "customer_ended_first": "the customer ended the call first",
    "customer_hung_up": "the customer hung up first",
}

LOOKED = "looked"
ALSO_SAID = ("because", LOOKED)
"""Arguments that hold codes of sentences which stand beside the first: why the likelier reading of what is withheld is thought of; what a second look came to."""
# Arguments that name outcomes.
_OUTCOMES = frozenset(("likely", "other", "look_first"))


def reason_text(code: str, args: Mapping[str, str]) -> str:
    """The sentence for a code. Raises KeyError for an unknown one."""
    told = {name: value.replace("_", " ") if name in _OUTCOMES else value for name, value in args.items()}
    return table(interface_language(), ReasonWords).sentences[code].format_map(told)


def cause_text(who: str, said: str, start_ms: int | None) -> str:
    """The words that something else follows from, as a sentence."""
    words = table(interface_language(), ReasonWords)
    return cause_sentence(words, who, said, start_ms)


def cause_sentence(words: ReasonWords, who: str, said: str, start_ms: int | None) -> str:
    """The same in the words of a language. Raises KeyError where it has no such sentence."""
    code = "cause" if start_ms is None else "cause_at"
    moment = "" if start_ms is None else f"{start_ms // 60_000}:{start_ms // 1000 % 60:02d}"
    return words.sentences[code].format(who=words.words.get(who, who), said=said.strip(), at=moment)
