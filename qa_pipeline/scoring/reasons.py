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


def reason_text(code: str, args: Mapping[str, str]) -> str:
    """The sentence for a code. Raises KeyError for an unknown one."""
    return table(interface_language(), ReasonWords).sentences[code].format_map(args)
