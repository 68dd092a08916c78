"""What is added to files of the rubrics folder: a case from a call, words to a list. A text in, a text out; all else of it stays as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from io import StringIO
from typing import Any

from qa_pipeline.call import Conversation, Outcome
from qa_pipeline.errors import InputRefused
from qa_pipeline.rubric.cases import Case
from qa_pipeline.trainer.explain import moment

_FIRST_LINE = "# Dialogues with the outcomes they must have. Run them: qa-pipeline rubric test.\n"


def case_of(heard: Conversation, name: str, expected: Mapping[str, Outcome], *, around: int | None = None, beside: int = 3) -> Case:
    """A case of what was said in a stored call: all of it, or `beside` utterances before and after the one numbered `around`.

    Raises InputRefused for a call without words, or whose language is not known.
    """
    spoken = [u for u in heard.utterances if around is None or abs(u.utterance - around) <= beside]
    if not spoken or heard.language is None:
        raise InputRefused(f"Nothing is known of what was said in {heard.call.call_id}.", advice="Write the case by hand.")
    lines = []
    for u in spoken:
        at = "" if u.start_ms is None else f"{moment(u.start_ms)} "
        lines.append(f"{at}{u.role.value}: {_plain(u.text)}")
    return Case(
        name=name,
        language=heard.language,
        dialogue="\n".join(lines),
        expected={criterion: outcome.value for criterion, outcome in expected.items()},
        times=any(u.start_ms is not None for u in spoken),
    )


def with_case(text: str, case: Case) -> str:
    """A case file with one more case, under a name that none has yet."""
    name, number = case.name, 2
    while f"name: {_quoted(name)}\n" in text:
        name, number = f"{case.name} ({number})", number + 1
    before = text if not text or text.endswith("\n") else f"{text}\n"
    lines = case_lines(case.model_copy(update={"name": name}), set(case.expected))
    return (before or _FIRST_LINE) + "\n".join(lines) + "\n"


def with_words(text: str, rows: Sequence[tuple[str, str, str]], *, list_id: str) -> tuple[str, int]:
    """A list file with (language, kind, words) added, comments kept, and how many were not there. An empty text becomes a list of that id."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 10_000
    writer.indent(mapping=2, sequence=4, offset=2)
    content: Any = writer.load(text) if text else {"id": list_id}
    added = 0
    for language, kind, words in rows:
        by_language = content.setdefault(kind, {})
        texts = by_language.setdefault(language, [])
        # Examples may be grouped into families; new ones get a family of their own.
        families = list(texts.values()) if isinstance(texts, dict) else [texts]
        if any(words in family for family in families):
            continue
        own = texts.setdefault("imported", []) if isinstance(texts, dict) else texts
        # Quoted, so that no reader of YAML takes 10:00 or no for anything but text.
        own.append(DoubleQuotedScalarString(words))
        added += 1
    if not added and text:
        return text, 0
    out = StringIO()
    writer.dump(content, out)
    return out.getvalue(), added


def _plain(text: str) -> str:
    """Words on one line, without marks that no eye sees."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def case_lines(case: Case, wanted: Set[str]) -> list[str]:
    """A case as lines of a case file, with what it expects of these criteria."""

    def flow(mapping: dict[str, str]) -> str:
        return "{" + ", ".join(f"{key}: {_quoted(value)}" for key, value in mapping.items()) + "}"

    expected = {criterion: str(outcome) for criterion, outcome in case.expected.items() if criterion in wanted}
    lines = [f"- name: {_quoted(case.name)}", f"  language: {case.language}", "  dialogue: |"]
    lines += [f"    {line}" for line in (case.dialogue or "").splitlines()]
    lines.append(f"  expected: {flow(expected)}")
    if case.metadata:
        lines.append(f"  metadata: {flow({key: str(value) for key, value in case.metadata.items()})}")
    if case.sentiment:
        lines.append(f"  sentiment: [{case.sentiment[0]}, {case.sentiment[1]}]")
    for key in ("confidence", "role_confidence", "starts_cut", "ends_cut", "times"):
        value = getattr(case, key)
        if value != Case.model_fields[key].default:
            lines.append(f"  {key}: {str(value).lower()}")
    return lines


def _quoted(text: str) -> str:
    plain = (
        text.replace("_", "").isalnum()
        and not text[:1].isdigit()
        and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null")
    )
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
