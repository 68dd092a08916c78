"""A new rubric to start from: complete, with cases, so that check and test pass before the first change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.errors import InputRefused
from qa_pipeline.languages.desk_tables import DeskWords
from qa_pipeline.languages.interface import interface_language, shown
from qa_pipeline.languages.load import table
from qa_pipeline.rubric.cases import cases_path, load_cases
from qa_pipeline.rubric.load import NOT_RUBRICS, load_rubric
from qa_pipeline.trainer.additions import case_lines
from qa_pipeline.whole_file import write_whole

_APPLIES_TO = """\
# Which calls it is for when their metadata name none, as {direction: outbound, campaign: spring}. Empty: only calls that name it.
applies_to: {}
"""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class _Template:
    about: str
    source: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    has_survey: bool = False


TEMPLATES: dict[str, _Template] = {
    "outbound": _Template(
        "a call that the centre makes",
        "followup",
        (
            ("opening", ("greeting", "self_identification", "convenience_check")),
            ("conduct", ("forbidden_phrases",)),
            ("ending", ("closing_line",)),
            ("customer", ("customer_sentiment",)),
        ),
    ),
    "inbound": _Template(
        "a call that the centre answers",
        "hotline",
        (
            ("opening", ("greeting", "self_identification")),
            ("conduct", ("forbidden_phrases",)),
            ("ending", ("anything_else", "closing_line")),
            ("customer", ("customer_sentiment",)),
        ),
    ),
    "survey": _Template(
        "a call that asks questions and counts the answers",
        "followup",
        (
            ("opening", ("greeting", "self_identification", "convenience_check")),
            ("conduct", ("forbidden_phrases",)),
            ("ending", ("closing_line",)),
        ),
        has_survey=True,
    ),
}


def create(name: str, folder: Path, *, template: str, language: str, shipped: Path) -> tuple[Path, Path]:
    """Write NAME.yaml and NAME.cases.yaml. Raises InputRefused when either is there, or the name is none."""
    _check_free(name, folder)
    path = folder / f"{name}.yaml"
    chosen = TEMPLATES[template]
    write_whole(path, _rubric_text(name, chosen, language))
    write_whole(cases_path(path), _cases_text(chosen, language, shipped))
    return path, cases_path(path)


def copy(name: str, source: Path, folder: Path) -> tuple[Path, ...]:
    """Write NAME.yaml, and NAME.cases.yaml where there are cases, as another rubric has them, as version 1 that applies to no call by itself.

    Raises InputRefused as `create` does, and RubricError for a source with faults.
    """
    _check_free(name, folder)
    load_rubric(source)
    text = source.read_text("utf-8")
    for key, line in (("id", f"id: {name}"), ("version", "version: 1"), ("effective_from", None), ("applies_to", None)):
        # A mapping may go on over lines that are indented.
        text = re.sub(rf"^{key}:.*\n(?:[ \t]+.*\n)*", f"{line}\n" if line else "", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^version: 1\n", f"version: 1\n{_APPLIES_TO}", text, count=1, flags=re.MULTILINE)
    written = [folder / f"{name}.yaml"]
    write_whole(written[0], text)
    if cases_path(source).is_file():
        written.append(cases_path(written[0]))
        write_whole(written[1], cases_path(source).read_text("utf-8"))
    return tuple(written)


def _check_free(name: str, folder: Path) -> None:
    if not _NAME.fullmatch(name):
        raise InputRefused(
            f"{name!r} cannot be a rubric's name.", advice="Use lower-case letters, digits and _, a letter first; at most 64."
        )
    path = folder / f"{name}.yaml"
    if path.name in NOT_RUBRICS:
        raise InputRefused(f"{path.name} is a file that rubrics share.", advice="Choose another name; nothing was written.")
    for existing in (path, cases_path(path)):
        if existing.exists():
            raise InputRefused(f"{existing.name} is there already.", advice="Choose another name; nothing was written.")


def _rubric_text(name: str, template: _Template, language: str) -> str:
    code, title = _in_language(language, "title")
    lines = [
        "# yaml-language-server: $schema=schema.json",
        f"# {template.about[0].upper()}{template.about[1:]}. The language: docs/rubric-language.md.",
        f"id: {name}",
        "version: 1",
        f"title: {{{code}: {title}}}",
        *_APPLIES_TO.splitlines(),
        "pass_mark: 80",
        "sections:",
    ]
    for section, criteria in template.sections:
        lines += [f"  - id: {section}", "    criteria:"]
        for criterion in criteria:
            lines.append(f"      # Taken over from the rubric {template.source}; keys written here win." if criterion == "greeting" else "")
            lines.append(f"      - {{id: {criterion}, same_as: {template.source}.{criterion}}}")
        if template.has_survey and section == "opening":
            lines += _survey_lines(language)
    if template.has_survey:
        lines += [
            "indices:",
            "  # 1–10 counts ten times its mark; the index is the mean of the items answered.",
            "  - {id: satisfaction, items: [overall_mark], times: 10}",
        ]
    return "\n".join(line for line in lines if line) + "\n"


def _in_language(language: str, name: str) -> tuple[str, str]:
    """A text for a new rubric with its language: the interface's where the one asked for has none."""
    texts = {code: text for code in (language, interface_language()) if (text := getattr(table(code, DeskWords), name))}
    return shown(texts, language) or (language, name)


def _survey_lines(language: str) -> list[str]:
    code, question = _in_language(language, "question_for_mark")
    return [
        "  - id: questions",
        "    criteria:",
        "      # A draft is judged and shown but does not count; make it stable when its cases are written.",
        "      - id: overall_mark",
        "        check: survey",
        "        answered: ten",
        f"        phrases: {{{code}: [{question}]}}",
        "        when: [{criterion: convenience_check, answer: [willing, unclear]}]",
    ]


def _cases_text(template: _Template, language: str, shipped: Path) -> str:
    """The shipped cases of the template's criteria in the language, and of others what shows an outcome that these do not."""
    wanted = {criterion for _, criteria in template.sections for criterion in criteria}
    cases = [case for case in load_cases(shipped / f"{template.source}.cases.yaml") if case.dialogue]
    seen: set[tuple[str, str]] = set()
    lines = ["# Dialogues with the outcomes they must have. Run them: qa-pipeline rubric test."]
    for case in sorted(cases, key=lambda case: case.language != language):
        shown = {(criterion, outcome) for criterion, outcome in case.expected.items() if criterion in wanted}
        if case.language == language or not shown <= seen:
            lines += case_lines(case, wanted)
        seen |= shown
    return "\n".join(lines) + "\n"
