"""Reason codes → English sentences. Other languages translate by code and arguments."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: dict[str, str] = {
    "said": "Said in the window searched.",
    "said_by_meaning": "Said in other words, recognised by meaning.",
    "not_said": "Not heard in the window searched.",
    "parts_missing": "Not complete in the window searched; missing: {missing}.",
    "asked": "Asked; the answer was {answer}.",
    "asked_by_meaning": "Asked in other words, recognised by meaning; the answer was {answer}.",
    "not_asked": "Not asked in the window searched.",
    "forbidden_said": "The agent said something forbidden as their own words.",
    "nothing_forbidden": "Nothing forbidden was heard from the agent.",
    "not_arranged": "Said, but not in the order or nearness wanted.",
    "captured": "Taken from the call: {value}.",
    "not_captured": "No {what} was heard in the window searched.",
    "read_back": "Read back: {what}.",
    "not_read_back": "Not read back: {what}.",
    "in_order": "Said in this order: {of}.",
    "out_of_order": "{first} came before {then}.",
    "step_missing": "{step} is missing, so there is no order.",
    "metadata": "{column} is {value}.",
    "no_metadata": "The metadata do not give {column}.",
    "in_call_window": "Called at {value}.",
    "outside_call_window": "Called at {value}, outside the hours allowed.",
    "on_holiday": "Called on a public holiday ({holiday}; {value}).",
    "metric": "{metric} is {value} ({wanted}).",
    "not_measured": "{metric} could not be measured.",
    "sentiment": "The customer's words are {label} over the call ({value}).",
    "no_customer_words": "Nothing was heard from the customer.",
    "not_felt": "The feeling of the customer's words was not measured in this dialogue.",
    "needs_person": "Waits for a person.",
    "combination": "Follows from {of}.",
    "situation": "Does not apply: {situation}.",
    "parent": "Depends on {parent}, which is {outcome}.",
    "condition": "Its condition does not hold: {condition}.",
    "role_unknown": "Who is the agent could not be told well enough ({confidence}).",
    "unclear_words": "The words in the window were recognised too badly ({confidence}).",
    "cut_off": "The recording is cut inside the window searched.",
    "wrong_language": "The rubric has no phrases for {language}.",
    "nobody_spoke": "Nothing was heard from the {who}.",
    "too_short": "No speech was recognised.",
    "no_times": "The transcript has no times.",
}

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
    return REASONS[code].format_map(args)
