"""What a trainer's page lets be done in a worker process (running/jobs.py): cases, a dialogue, a comparison over stored calls, publishing.

Each takes `tell`, to say how far it is, then settings whose rubrics folder is the one to work with: for drafts that of `bench_settings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from qa_pipeline.call import Role
from qa_pipeline.errors import InputRefused, WarningTexts
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.database import open_database, writing
from qa_pipeline.reading.pages import Wanted
from qa_pipeline.reading.viewer import MACHINE, Viewer
from qa_pipeline.reading.words import Spoken, find_words
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import named_rubric
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.opening import open_desk, open_lists
from qa_pipeline.review.record import LOOKED
from qa_pipeline.review.record import note as record
from qa_pipeline.review.trust import Trust, trust
from qa_pipeline.review.verdicts import said_by_people
from qa_pipeline.rubric.cases import cases_path
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import score
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.answers_measured import unmeasured_questions
from qa_pipeline.trainer.diff import Diff, calls_to_compare, diff
from qa_pipeline.trainer.hidden import hide_diff, hide_spoken, hide_tried
from qa_pipeline.trainer.history import PUBLISHED, note
from qa_pipeline.trainer.pasted import read_pasted
from qa_pipeline.trainer.publish import fit_missing, open_workbench, publish, stored_calls
from qa_pipeline.trainer.trial import Tried, tried
from qa_pipeline.yaml_text import read_document

Tell = Callable[[int, int], None]
T = TypeVar("T")
MOST_COMPARED = 5_000
"""Calls that a comparison of a page is over, at most: the newest. The command line compares without a limit."""
AS_SAVED = ""
"""Compare with the file as it stands on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case and what differs. `line`: where it is written, from 1."""

    name: str
    line: int
    misses: tuple[str, ...]


def run_cases_of(tell: Tell, settings: Settings, name: str) -> tuple[CaseLine, ...]:
    """Run one rubric's cases. Raises RubricError with its faults, or those of its cases."""
    path = settings.rubrics / f"{name}.yaml"
    bench = open_workbench(settings, files=[path])
    document = read_document(cases_path(path)) if cases_path(path).is_file() else None
    found = []
    for number, result in enumerate(bench.run(name, stored_calls(open_store(settings)))):
        line = document.place((number,))[0] if document else 1
        found.append(CaseLine(name=result.case.name, line=line, misses=result.misses))
    return tuple(found)


def try_dialogue(
    tell: Tell,
    settings: Settings,
    name: str,
    text: str,
    language: str | None,
    columns: Mapping[str, str],
    call_id: str | None,
    viewer: Viewer = MACHINE,
) -> Tried:
    """What a rubric makes of a dialogue as it is typed, or of a stored call as `viewer` may see it. Raises InputRefused, RubricError."""
    path = settings.rubrics / f"{name}.yaml"
    bench = open_workbench(settings, files=[path])
    if call_id:
        heard = stored_calls(open_store(settings))(call_id)
        if heard is None:
            raise InputRefused(f"There is no call {call_id!r} in the results.", advice="Look at the list of calls that are yours to see.")
    else:
        heard = read_pasted(text, name="the dialogue", language=language, columns=columns, encode=bench.encode_for(name))
    found = tried(score(heard, bench.scorecards[name]))
    return hide_tried(found, heard, load_policy(settings.privacy_policy).of(viewer)) if call_id else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison. `found`: calls of those days; where there are more than were compared, the newest were."""

    diff: Diff
    found: int


def compare_with(
    tell: Tell,
    settings: Settings,
    saved: Path,
    name: str,
    before: str,
    since: date | None,
    until: date | None,
    every: bool,
    viewer: Viewer = MACHINE,
) -> Compared:
    """Which stored calls change when a rubric as it is at hand replaces another. `saved`: the rubrics folder itself.

    `before`: AS_SAVED, or NAME@VERSION as kept beside the results. Raises RubricError.
    """
    store = open_store(settings)
    new = load_rubric(settings.rubrics / f"{name}.yaml")
    old = load_rubric(saved / f"{name}.yaml") if before == AS_SAVED else named_rubric(before, {}, store)
    cards = ready_scorecards({"old": old, "new": new}, settings)
    engine = open_lists(settings, store)
    ids = calls_to_compare(store, engine, viewer, cards["old"], cards["new"], since=since, until=until, every=every)
    engine.dispose()
    chosen = ids[-MOST_COMPARED:]
    heard = counted(store.stream_conversations(chosen), len(chosen), tell)
    people = said_by_people(store, {old.id, new.id})
    found = diff(heard, cards["old"], cards["new"], people=people)
    hiding = load_policy(settings.privacy_policy).of(viewer)
    changed = {effect.call_id for effect in found.changed} if hiding.words else set()
    again = (one for one in store.stream_conversations(chosen, with_vectors=False) if one.call.call_id in changed) if changed else ()
    return Compared(diff=hide_diff(found, again, hiding), found=len(ids))


def counted(several: Iterable[T], total: int, tell: Tell) -> Iterator[T]:
    """The same one after the other, telling how many have been taken: now and then, as a page does not look more often."""
    tell(0, total)
    for number, one in enumerate(several, 1):
        yield one
        if number % 10 == 0 or number == total:
            tell(number, total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A rubric that was published, and what is to be said of it all the same."""

    rubric_id: str
    version: int
    warnings: tuple[str, ...]


def publish_now(tell: Tell, settings: Settings, names: tuple[str, ...], by: Viewer) -> tuple[Published, ...]:
    """Publish rubrics as their files stand, with the meanings of changed lists fitted before, and put on record who did. Raises RubricError."""
    tell(0, 2)
    fit_missing(settings, names)
    tell(1, 2)
    store = open_store(settings)
    store.prepare()
    done = publish(names, settings, store)
    engine = open_database(settings)
    bring_up(engine)
    for rubric in done:
        note(engine, by, PUBLISHED, f"{rubric.id} {rubric.version}")
    return tuple(
        Published(rubric_id=rubric.id, version=rubric.version, warnings=tuple(unmeasured(rubric, settings, store, by))) for rubric in done
    )


def unmeasured(rubric: Rubric, settings: Settings, store: Store, viewer: Viewer) -> WarningTexts:
    """What to say of a rubric's questions that count before anybody has measured them; nothing is looked up for a rubric without."""
    if not any(criterion.check == "ask" and criterion.status == "stable" for criterion in rubric.criteria):
        return ()
    people = people_say(settings, store, viewer, rubric.id)
    return unmeasured_questions(rubric, people, bar=settings.agreement_bar, least_calls=settings.agreement_calls)


def people_say(settings: Settings, store: Store, viewer: Viewer, rubric_id: str) -> tuple[Trust, ...]:
    """How far people agree with each criterion of a rubric; nothing where there are no results yet."""
    return trust(open_desk(settings, store), viewer, settings, rubric_id=rubric_id) if store.is_there else ()


def search_words(
    tell: Tell, settings: Settings, viewer: Viewer, words: str, wanted: Wanted, role: Role | None, most: int
) -> tuple[Spoken, ...]:
    """Stored calls in which something was said (reading/words.py)."""
    store = open_store(settings)
    engine = open_lists(settings, store)
    found = find_words(store, engine, viewer, words, wanted, role=role, most=most, tell=tell)
    shown = hide_spoken(store, found, words, load_policy(settings.privacy_policy).of(viewer))
    bring_up(engine)
    with writing(engine) as connection:
        for call_id in sorted({one.line.call_id for one in shown}):
            record(connection, viewer, LOOKED, call_id=call_id, about="words found")
    return shown
