"""Failures tried again: those that an operator chose, by the same code that a night works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from qa_pipeline.errors import InputRefused
from qa_pipeline.reading.stored import Selection
from qa_pipeline.recordings.defaults import written_defaults
from qa_pipeline.results.versions import official_rubrics
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.night import Night, carry_out_night
from qa_pipeline.running.pace import pace_of
from qa_pipeline.running.plan import Plan
from qa_pipeline.running.progress import Event
from qa_pipeline.running.rescoring import plan_rescoring, rescore
from qa_pipeline.running.run import Run
from qa_pipeline.settings import Settings

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A failure to be tried again. `call_id` None: it is not known what call the file would have been."""

    source_uri: str
    call_id: str | None
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of them: calls scored now, those that no rubric is for, and those that failed again, each with what was found and what to do."""

    scored: int
    unscored: int
    failed: tuple[tuple[str, str, str], ...]


def retry(tell: Tell, settings: Settings, chosen: Sequence[Failed]) -> Retried:
    """Try failures again: listening where that failed, else scoring alone. Raises InputRefused, EnvironmentNotReady, ModelError, RubricError.

    Metadata beside a recording hold as in the night before; options of that night's command line are not known here.
    """
    store = open_store(settings)
    rubrics, _ = official_rubrics(settings.rubrics, store)
    tell(0, len(chosen))

    def on_event(event: Event) -> None:
        if event.total:
            tell(event.done, event.total)

    run = Run(settings=settings, store=store, rubrics=rubrics, pace=pace_of(settings, deadline=None), on_event=on_event)
    scored, unscored, failed = 0, 0, list[tuple[str, str, str]]()
    by_score = tuple(one.call_id for one in chosen if one.stage == "score" and one.call_id)
    if by_score:
        summary = rescore(plan_rescoring(run, select=Selection(call_ids=by_score)), run, workers=0)
        scored += summary.scored
        failed += [(failure.call_id or failure.source_uri, failure.message, failure.advice) for failure in summary.failures]
    for folder, several in _by_folder([one for one in chosen if not (one.stage == "score" and one.call_id)]).items():
        ids = tuple(one.call_id for one in several if one.call_id)
        # A file of which no call is known is looked at by itself; the others with the metadata that lie beside them.
        sources = (folder,) if len(ids) == len(several) else tuple(one.source_uri for one in several)
        night = Night(
            sources=sources,
            defaults=written_defaults(rubric=None, timezone=settings.timezone, folders=settings.recording_folders),
            call_ids=ids if sources == (folder,) else (),
            # A file that was copied again may be another call by now: without metadata its content says which.
            source_uris=tuple(one.source_uri for one in several) if sources == (folder,) else (),
            retry_failed=True,
            is_quiet=True,
        )
        try:
            plan = night.plan(run)
        except InputRefused as error:
            failed += [(one.call_id or one.source_uri, error.message, error.advice) for one in several]
            continue
        failed += [_not_there(one) for one in several if not _is_in(one, plan)]
        ended = carry_out_night(plan, replace(run, on_event=on_event), asks=False)
        scored += ended.summary.scored
        unscored += ended.summary.unscored
        failed += [(failure.call_id or failure.source_uri, failure.message, failure.advice) for failure in ended.summary.failures]
    return Retried(scored=scored, unscored=unscored, failed=tuple(failed))


def _is_in(failed: Failed, plan: Plan) -> bool:
    """Whether a plan is about the file or the call of a failure, whatever it does with it. Of what is only scored again, calls are known alone."""
    calls = (*plan.listen, *plan.skipped, *(call for _, call in plan.redescribe))
    others = (*(one.source_uri for one in plan.known_failures), *(one.source_uri for one in plan.unavailable))
    return bool(plan.rescore) or failed.call_id in plan.rubric_of or failed.source_uri in {*(call.source_uri for call in calls), *others}


def _not_there(failed: Failed) -> tuple[str, str, str]:
    return failed.call_id or failed.source_uri, f"{failed.source_uri} is not there.", "Check that the file is still there and whole."


def _by_folder(failures: Sequence[Failed]) -> dict[str, list[Failed]]:
    """Failures by the folder that their files lie in; of a call in a file of many, the file's."""
    found: dict[str, list[Failed]] = {}
    for one in failures:
        file = one.source_uri.split("#", 1)[0]
        found.setdefault(file.rsplit("/", 1)[0] if "/" in file else ".", []).append(one)
    return found
