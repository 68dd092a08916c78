"""A night from its sources to its end: what `run`, the nightly flow and watch mode do alike.

Look at the sources, plan, claim, work in pieces, join, write the run's row, tidy (batch.py); then tell whom the settings name, and mark recordings
that play in several calls. What is shown of it, and where the pieces are worked on, is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.known_files import KnownFiles
from qa_pipeline.recordings.taken import Unavailable
from qa_pipeline.running.asking import AskSummary, ask_tonight
from qa_pipeline.running.batch import InPieces, carry_out, in_one_piece
from qa_pipeline.running.corrections import Recorded, mark_announcements
from qa_pipeline.running.environment import check_environment
from qa_pipeline.running.notify import notify
from qa_pipeline.running.observe import RunMetrics, observed
from qa_pipeline.running.plan import Plan, plan
from qa_pipeline.running.record import Summary
from qa_pipeline.running.run import Run
from qa_pipeline.running.window import window_of
from qa_pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a night is about: which calls, and how they are taken. `since`: as window_of reads it; `call_ids`: only these, empty for all.

    `source_uris`: with it, calls of these files too, by whatever id; ids that no recording has are then left out.
    `growing`: files that are known to be written still; `is_quiet`: a folder without recordings is no fault.
    """

    sources: Sequence[str]
    defaults: Defaults
    since: str | None = None
    call_ids: tuple[str, ...] = ()
    source_uris: tuple[str, ...] = ()
    force: bool = False
    retry_failed: bool = False
    priorities: Sequence[Mapping[str, str]] = ()
    growing: Set[str] = frozenset()
    is_quiet: bool = False

    def plan(self, run: Run, *, checks: bool = True, known: KnownFiles | None = None) -> Plan:
        """Look at the sources and decide what each call needs. `checks`: refuse what would fail later.

        Raises InputRefused, EnvironmentNotReady, ModelError, RubricError.
        """
        settings = run.settings
        known = known or known_files(settings)
        intake = ingest(self.sources, self.defaults, hash_of=known.sha256, growing=self.growing, quiet=self.is_quiet)
        intake = window_of(self.since, run.store, settings.timezone, now=run.started_at).of(intake, settings.timezone)
        if self.source_uris:
            intake = _of_files(intake, self.call_ids, self.source_uris)
        elif self.call_ids:
            intake = _only(intake, self.call_ids)
        if checks and (intake.calls or not self.source_uris):
            check_environment(settings, run.store, needs_speech=intake.needs_speech)
        # Where not all may be done, the newest are.
        priorities = self.priorities or ([{}] if run.pace_now.deadline else ())
        return plan(intake, run, force=self.force, retry_failed=self.retry_failed, priorities=priorities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a night ended. `recorded`: recordings that play in several calls; None where they were not looked for. `asked`: what a language model was asked."""

    summary: Summary
    recorded: Recorded | None
    asked: AskSummary | None = None

    @property
    def failed(self) -> int:
        """Calls that could not be processed, or not be scored again."""
        return self.summary.failed + (self.recorded.failed if self.recorded else 0) + (len(self.asked.failures) if self.asked else 0)


def known_files(settings: Settings) -> KnownFiles:
    """Hashes of files that earlier nights have read."""
    return KnownFiles(settings.work / "files.sqlite")


def carry_out_night(
    plan: Plan,
    run: Run,
    *,
    in_pieces: InPieces = in_one_piece,
    on_summary: Callable[[Summary], None] = lambda summary: None,
    on_warning: Callable[[str], None] = lambda text: None,
    metrics: RunMetrics | None = None,
    finds_recordings: bool = True,
    asks: bool = True,
) -> Ended:
    """Carry out the plan of a night, tell how it ended, and mark recordings among what was listened to.

    `metrics`: counts over the runs of this process, where there are several. `on_summary` comes before anybody else is told. `asks`: put what is open to the
    language model, last of all, as the settings have it: a night's budget is spent once a night.
    """
    summary = carry_out(plan, run, in_pieces=in_pieces)
    on_summary(summary)
    for line in (*summary.remarks, *observed(summary, run.settings, metrics), *notify(summary, run.settings)):
        on_warning(line)
    recorded = None
    if finds_recordings and summary.processed and run.purpose == "official":
        recorded = mark_announcements(run.store, run.settings, run.rubrics, since=run.started_at)
    return Ended(summary=summary, recorded=recorded, asked=ask_tonight(run) if asks else None)


def _only(intake: Intake, call_ids: Sequence[str]) -> Intake:
    """The calls asked for. Raises InputRefused when one is not among the recordings."""
    call_of = {call.call_id: call for call in intake.calls}
    if missing := [name for name in call_ids if name not in call_of]:
        raise InputRefused(
            f"No recording is call {', '.join(missing)}.",
            advice="Name the folder it lies in; ids are those of the metadata, or of `report`.",
        )
    return _narrowed(intake, tuple(call_of[name] for name in dict.fromkeys(call_ids)), ())


def _of_files(intake: Intake, call_ids: Sequence[str], source_uris: Sequence[str]) -> Intake:
    """Calls of these ids or files, and what of these files cannot be had."""
    ids, files = set(call_ids), set(source_uris)
    calls = tuple(call for call in intake.calls if call.call_id in ids or call.source_uri in files)
    return _narrowed(intake, calls, tuple(one for one in intake.unavailable if one.call_id in ids or one.source_uri in files))


def _narrowed(intake: Intake, calls: tuple[Call, ...], unavailable: tuple[Unavailable, ...]) -> Intake:
    dialogues = {call.call_id: intake.dialogues[call.call_id] for call in calls if call.call_id in intake.dialogues}
    return replace(intake, calls=calls, unavailable=unavailable, dialogues=dialogues)
