"""Why a criterion came out as it did, in the language of the call and in words: titles for ids, words for outcomes and answers, no signs of the grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from qa_pipeline.languages.interface import interface_language
from qa_pipeline.languages.load import is_language, language, table
from qa_pipeline.languages.reason_tables import ReasonWords
from qa_pipeline.scoring.reasons import ALSO_SAID, SITUATION_NAMES, cause_sentence

Row = Mapping[str, Any]

# What stands for a reason whose words were deleted by retention.
REASON_GONE = "The words of this call are not kept any more."
# Arguments that name criteria.
_CRITERIA = frozenset(("of", "parent", "step", "first", "then"))
# Arguments that are quoted as they were said or measured.
_AS_IT_IS = frozenset(("value", "confidence", "holiday", "question", "look_question"))
_SITUATIONS = {text: name for name, text in SITUATION_NAMES.items()}
_LIMITS = {"at least": "≥", "at most": "≤"}
_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")


def reason_of(finding: Row, language: str | None, title_of: Callable[[str], str]) -> tuple[str, str]:
    """Language and sentence: the call's language where it has the sentence, else the interface's. `title_of`: a criterion's title by its id."""
    if finding["reason"] is None:
        return interface_language(), REASON_GONE
    given = _in_units({pair["key"]: pair["value"] for pair in finding.get("reason_args") or ()})
    # A verdict withheld as unsure says also why its likelier reading is thought of; what follows from something else, what that was found by.
    codes = [finding["reason_code"], *(given[name] for name in ALSO_SAID if name in given)]
    cause = next((e for e in finding.get("evidence") or () if e["kind"] == "cause"), None)
    for code in (language, interface_language()):
        words = table(code, ReasonWords) if code else ReasonWords()
        if code and all(name in words.sentences for name in codes):
            told = {name: _told(name, value, words.words, title_of) for name, value in given.items()}
            try:
                said = (words.sentences[name].format_map(told) for name in codes)
                parts = [sentence[:1].upper() + sentence[1:] for sentence in said]
                return code, " ".join([*parts, cause_sentence(words, cause["role"], cause["text"], cause["start_ms"])] if cause else parts)
            except KeyError:
                # It was stored by another version, with other arguments, or the language has no such sentence.
                continue
    return interface_language(), str(finding["reason"])


def _in_units(given: Mapping[str, str]) -> dict[str, str]:
    """Figures of a metric as people say them: seconds for ms, per cent for shares."""
    metric = given.get("metric", "")

    def said(match: re.Match[str]) -> str:
        figure = float(match[0])
        if metric.endswith("_ms"):
            return f"{figure / 1000:.1f} s"
        return f"{100 * figure:.0f} %" if metric.endswith("_share") else f"{figure:.4g}"

    return {name: _FIGURE.sub(said, value) if metric and name in ("value", "wanted") else value for name, value in given.items()}


def _told(name: str, value: str, words: Mapping[str, str], title_of: Callable[[str], str]) -> str:
    if name in _CRITERIA:
        return ", ".join(title_of(part) for part in value.split(", ") if part)
    if name == "condition":
        return _condition(value, words, title_of)
    if name == "wanted":
        for text, sign in _LIMITS.items():
            value = value.replace(text, sign)
    if name == "language":
        return language(value).name if is_language(value) else value
    if name in _AS_IT_IS:
        return value
    value = _SITUATIONS.get(value, value)
    return words.get(value) or ", ".join(words.get(part, part.replace("_", " ")) for part in value.split(", "))


def _condition(text: str, words: Mapping[str, str], title_of: Callable[[str], str]) -> str:
    """A condition of `when` as it is stored, in words."""
    condition: dict[str, Any] = json.loads(text)

    def told(value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        return " / ".join(words.get(str(one), str(one).replace("_", " ")) for one in values)

    wanted = [told(condition[key]) for key in ("outcome", "answer", "is", "in", "disposition") if condition.get(key)]
    wanted += [f"{sign} {condition[key]:g}" for key, sign in (("at_least", "≥"), ("at_most", "≤")) if condition.get(key) is not None]
    about = title_of(condition["criterion"]) if condition.get("criterion") else told(condition.get("metadata") or "")
    return ": ".join(part for part in (about, ", ".join(wanted)) if part)
