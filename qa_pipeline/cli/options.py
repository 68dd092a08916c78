"""What commands have in common: options, what they make of them, and the settings and results root they open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_pipeline.errors import InputRefused, QaError, RubricError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from qa_pipeline.privacy.policy import Hiding
    from qa_pipeline.reading.viewer import Viewer
    from qa_pipeline.recordings.defaults import Defaults
    from qa_pipeline.results.store import Store
    from qa_pipeline.rubric.schema import Rubric
    from qa_pipeline.settings import Settings

results_option = click.option("--results", metavar="ROOT", help="Results root: a folder or an object-store URI.")
_IS_JSON = "qa_pipeline.stderr_is_json"
DATE = click.DateTime(formats=["%Y-%m-%d"])


class _LanguageChoice(click.Choice[str]):
    """Codes of the languages there are: looked up when a value or the help is asked for, not when the module is imported."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]  # read only is enough
        """As click names what may be chosen."""
        from qa_pipeline.languages.load import language_codes

        return language_codes()


LANGUAGE = _LanguageChoice()
profile_option = click.option("--profile", metavar="NAME", help="Model profile (base, small, large).")
_DESCRIBING = (
    profile_option,
    click.option("--rubric", metavar="NAME|PATH", help="Rubric for calls whose metadata name none; a path scores as a trial."),
    click.option("--direction", type=click.Choice(["inbound", "outbound"]), help="For calls whose metadata do not say."),
    click.option("--agent-channel", type=click.IntRange(0, 1), help="Track of the agent in stereo calls: 0 first (left)."),
    click.option("--language", type=LANGUAGE, help="Language, instead of detecting it."),
    click.option("--timezone", metavar="ZONE", help="Zone of times written without one."),
    click.option("--encoding", default="utf-8-sig", show_default=True, help="Encoding of metadata and transcripts."),
    click.option(
        "--map",
        "mapping",
        metavar="NAME|FILE",
        help="Headers and values of another system: vicidial, five9 … (docs/input.md), or a YAML file.",
    ),
    click.option("--roles", metavar="LABEL=ROLE,…", help="Who is who in transcripts, as Anna=agent,Visitor=customer."),
    click.option(
        "--raw", metavar="ENDING=FORM,…", help="Sound without a header, as .ulaw=mulaw,.vox=vox,.pcm=s16le:16000:2 (Hz, channels)."
    ),
    click.option("--join", is_flag=True, help="Files whose names say so are one call: …-in and …-out, …-part1 and …-part2."),
    click.option("--filename-pattern", metavar="PATTERN", help="Metadata in file names, as {campaign}_{agent_id}_{started_at}."),
)


def describing_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what holds where the metadata are silent; `defaults_from` reads them."""
    for option in reversed(_DESCRIBING):
        command = option(command)
    return command


def open_settings(**overrides: object) -> Settings:
    """The settings, with what the command line gives. Raises InputRefused naming every bad one.

    Where they ask for logs as JSON, everything on standard error is JSON from here to the end of the command.
    """
    from qa_pipeline.settings import load_settings

    settings = load_settings(**overrides)
    context = click.get_current_context(silent=True)
    if settings.log_format == "json" and context and not context.meta.setdefault(_IS_JSON, False):
        from qa_pipeline.running.json_stderr import json_stderr

        context.meta[_IS_JSON] = True
        context.with_resource(json_stderr())
    return settings


def open_store(settings: Settings) -> Store:
    """The results root of the settings."""
    from qa_pipeline.running import environment

    return environment.open_store(settings)


def show_error(error: QaError) -> None:
    """Tell why a command ended: message, faults and advice on standard error, or one object where the log is JSON."""
    faults = [str(fault) for fault in error.faults] if isinstance(error, InputRefused) else []
    if click.get_current_context().meta.get(_IS_JSON):
        from qa_pipeline.running.observe import JsonLog

        JsonLog().write("refused", level="error", text=error.message, faults=faults or None, advice=error.advice or None)
        return
    for line in (f"qa-pipeline: {error.message}", *(f"  {text}" for text in (*faults, error.advice) if text)):
        click.echo(line, err=True)


def warn(text: str, settings: Settings) -> None:
    """Tell a warning on standard error: as a line, or as an object where the log is JSON."""
    if settings.log_format == "json":
        from qa_pipeline.running.observe import JsonLog

        JsonLog().write("warning", level="warning", text=text)
    else:
        click.echo(f"warning: {text}", err=True)


def open_results(settings: Settings) -> Store:
    """The results root, to be read. Raises InputRefused where there is none: a wrong place is not an empty one."""
    store = open_store(settings)
    if not store.is_there:
        raise InputRefused(
            f"There are no results in {store.root}.", advice="Run `qa-pipeline run FOLDER` first, or name the right --results."
        )
    return store


def is_path(name: str) -> bool:
    """Whether what names a rubric is a file, not its id."""
    return name.endswith((".yaml", ".yml")) or "/" in name


def rubric_path(name: str) -> Path:
    """The file of a rubric given by its path or its name."""
    return Path(name) if is_path(name) else open_settings().rubrics / f"{name}.yaml"


def as_day(given: datetime | None) -> date | None:
    """The day of a date option."""
    return given.date() if given else None


def rubrics_for(settings: Settings, asked: str | None, *, trial: bool = False) -> tuple[dict[str, Rubric], str | None, str]:
    """All rubrics, the id asked for, and the purpose of the scores. A path is a trial; officially score published rubrics, and the rest is warned of."""
    from qa_pipeline.results.versions import official_rubrics
    from qa_pipeline.rubric.load import load_rubric, readable_rubrics

    if asked and is_path(asked):
        tried = load_rubric(Path(asked))
        return {tried.id: tried}, tried.id, "trial"
    rubrics, refused = readable_rubrics(settings.rubrics)
    if asked in refused:
        raise refused[asked]
    warnings: Sequence[str] = [f"{name}.yaml has faults and is left out; `rubric check {name}` lists them." for name in refused]
    if asked and asked not in rubrics:
        raise InputRefused(
            f"No rubric is called {asked!r}.", advice=f"There are: {', '.join(sorted(rubrics))}. A file is given by its path."
        )
    if not trial:
        rubrics, warnings = official_rubrics(settings.rubrics, open_store(settings), read=(rubrics, refused))
    if asked and asked not in rubrics:
        raise RubricError(
            f"{asked} is not published as it stands.",
            advice="Raise `version` if it was published before and run `qa-pipeline rubric publish NAME`, or try it with --rubric PATH.",
        )
    for warning in warnings:
        warn(warning, settings)
    return rubrics, asked, "trial" if trial else "official"


def user_name() -> str | None:
    """Name of whoever is logged in; None on a machine that knows no users."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def defaults_from(settings: Settings, rubric: str | None, options: dict[str, Any]) -> Defaults:
    """What holds where the metadata are silent, from the options of `describing_options`. Raises InputRefused."""
    from qa_pipeline.recordings.defaults import written_defaults

    names = ("direction", "agent_channel", "language", "encoding", "filename_pattern", "roles", "raw", "join", "mapping")
    return written_defaults(
        rubric=rubric, timezone=settings.timezone, folders=settings.recording_folders, **{name: options[name] for name in names}
    )


redacted_option = click.option(
    "--redacted", is_flag=True, help="Without what identifies customers: placeholders in words, a tone in sound (docs/privacy.md)."
)


def hiding_of_files(settings: Settings, is_redacted: bool) -> Hiding:
    """What is hidden in a file that may leave the house: by the policy, or all of the customer's."""
    from qa_pipeline.privacy.policy import EVERYTHING, load_policy

    of_policy = load_policy(settings.privacy_policy).files
    return of_policy | EVERYTHING if is_redacted else of_policy


def hiding_from(settings: Settings, viewer: Viewer) -> Hiding:
    """What the policy hides from somebody."""
    from qa_pipeline.privacy.policy import load_policy

    return load_policy(settings.privacy_policy).of(viewer)
