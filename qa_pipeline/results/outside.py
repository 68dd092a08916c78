"""What a run of this program leaves outside the tables: one list of names, places, what they hold, who writes them and when they go.

The tables say for each column what it holds (tables.py); this says it for every other file, so that nobody has to remember where callers' words lie.
docs/tables.md shows it, and a test looks that a batch leaves no file that is not listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from qa_pipeline.results.columns import Kind


class Place(Enum):
    """Below what the pattern of a file is read."""

    RESULTS = "the results root"
    CACHE = "`CACHE`, the cache folder"
    RUBRICS = "the rubrics folder"
    TEMPORARY = "the system's folder for temporary files"
    NAMED = "where a person or a setting says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Files of one sort. `patterns`: paths below the place, `*` for any part; of what is named by a person, what it is called.

    `holds`: kinds as of columns; `by`: who writes it; `until`: when it goes.
    """

    name: str
    place: Place
    patterns: tuple[str, ...]
    holds: tuple[Kind, ...]
    by: str
    until: str

    def covers(self, path: str) -> bool:
        """Whether a path below the place, with `/` between its parts, is one of them."""
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)


OUTSIDE: tuple[Outside, ...] = (
    Outside(
        name="stage outputs", place=Place.CACHE, patterns=("work/??/*.json.gz*", "work/??/*.partial"), holds=(Kind.WORDS, Kind.TIME),
        by="listening: what the speech models said of a recording; encrypted with `encryption_key_file`", until="`retain`, or with the cache",
    ),
    Outside(
        name="sound to play", place=Place.CACHE, patterns=("work/sound/??/*.flac*", "work/sound/??/*.peaks*"), holds=(Kind.WORDS,),
        by="`serve`: recordings that browsers cannot play, decoded; how loud each moment is", until="`retain`, or with the cache",
    ),
    Outside(
        name="hashes of recordings", place=Place.CACHE, patterns=("work/files.sqlite*",), holds=(Kind.PATH, Kind.ID), by="`run`, `watch`, nights",
        until="with the cache",
    ),
    Outside(
        name="lots under way", place=Place.CACHE, patterns=("work/rescore-*",), holds=(Kind.WORDS, Kind.PERSON, Kind.PATH), by="scoring stored calls",
        until="at the end of the run; those of a killed one at the next",
    ),
    Outside(
        name="drafts of rubrics", place=Place.CACHE, patterns=("drafts/*",), holds=(Kind.NOTE, Kind.WORDS),
        by="the trainer's pages: drafts beside links to the rubrics, to check and try them", until="with the cache; the drafts are in the review database",
    ),
    Outside(
        name="norms of phrases and cases", place=Place.CACHE, patterns=("norms-*",), holds=(Kind.NOTE,),
        by="whatever reads rubrics; no words of calls", until="with the cache",
    ),
    Outside(
        name="fitted heads", place=Place.CACHE, patterns=("heads.json*",), holds=(Kind.FIGURE,), by="scoring by lists that are not shipped",
        until="with the cache",
    ),
    Outside(
        name="vectors of cases and of examples", place=Place.CACHE, patterns=("case_vectors.npz*", "example_vectors.npz*"), holds=(Kind.FIGURE,),
        by="`rubric test` and scoring; no words of calls", until="with the cache",
    ),
    Outside(
        name="models", place=Place.CACHE, patterns=("models/*",), holds=(Kind.FIGURE, Kind.LABEL), by="`models pull`", until="with the cache",
    ),
    Outside(
        name="locks and claims", place=Place.RESULTS, patterns=("_leases/*", "_claims/*"), holds=(Kind.ID, Kind.LABEL),
        by="whoever writes; ids of calls, names of machines, numbers of processes", until="at the end of the run, or found dead by the next",
    ),
    Outside(
        name="answers under way", place=Place.RESULTS, patterns=("_nights/*/reply-*",), holds=(Kind.WORDS, Kind.PERSON, Kind.PATH),
        by="whoever asks a language model: an answer each with the call it is about, until it is committed; encrypted with `encryption_key_file`",
        until="with the commit; those of a killed run are taken over by the next that asks, or go with `retain`",
    ),
    Outside(
        name="a night's batches", place=Place.RESULTS, patterns=("_nights/*",), holds=(Kind.WORDS, Kind.PERSON, Kind.PATH),
        by="the nightly flow: calls with their metadata, and dialogues that came as text", until="at the end of the night; those of a killed one with `retain`",
    ),
    Outside(
        name="stones of forgotten calls", place=Place.RESULTS, patterns=("_forgotten/*",), holds=(Kind.ID, Kind.PERSON, Kind.WORDS),
        by="`forget`: empty files named by salted hashes; while it works, a note of what is to go", until="the note at its end; the stones stay",
    ),
    Outside(
        name="review database", place=Place.RESULTS, patterns=("review.db", "review.db-wal", "review.db-shm"),
        holds=(Kind.PERSON, Kind.ID, Kind.LABEL, Kind.FIGURE, Kind.NOTE, Kind.PATH, Kind.WORDS), by="whatever lists calls or decides about them; elsewhere with `review_database`",
        until="decisions and their words with `retain`; accounts and the record of who looked are yours to keep",
    ),
    Outside(
        name="probe", place=Place.RESULTS, patterns=(".probe",), holds=(), by="every run, to see whether it may write", until="at once",
    ),
    Outside(
        name="report", place=Place.RESULTS, patterns=("report.html*", "report_days/*"), holds=(Kind.WORDS, Kind.PERSON, Kind.PATH, Kind.FIGURE),
        by="`report`: pages with words and sound of calls; `--html` puts them elsewhere", until="yours to delete",
    ),
    Outside(
        name="markers of stages", place=Place.TEMPORARY, patterns=("qa-stages-*",), holds=(Kind.ID, Kind.LABEL), by="listening", until="at the end of the run",
    ),
    Outside(
        name="rows that wait", place=Place.TEMPORARY, patterns=("qa-rows-*",), holds=(Kind.WORDS, Kind.PERSON), by="reading many calls",
        until="at the end of the reading",
    ),
    Outside(
        name="published versions, fitted heads, vectors of cases", place=Place.RUBRICS, patterns=("published.lock*", "heads.json*", "case_vectors.npz*"),
        holds=(Kind.ID, Kind.FIGURE), by="`rubric publish`, `rubric fit`", until="part of the rubrics",
    ),
    Outside(
        name="exports", place=Place.NAMED, patterns=("the file that `export` names", "of `scorecard --html`", "of `redact --to`", "of `access-report --to`"), holds=(Kind.WORDS, Kind.PERSON, Kind.FIGURE), by="whoever asks for them; where they lie is on record",
        until="yours to delete, or `forget --exports`",
    ),
    Outside(
        name="pages of differences", place=Place.NAMED, patterns=("the file of `rubric diff --html`",), holds=(Kind.WORDS, Kind.PERSON, Kind.FIGURE),
        by="`rubric diff`", until="yours to delete",
    ),
    Outside(
        name="logs", place=Place.NAMED, patterns=("standard error",), holds=(Kind.PATH, Kind.ID, Kind.FIGURE), by="every command; no words of calls",
        until="whoever keeps them",
    ),
    Outside(
        name="counts for Prometheus", place=Place.NAMED, patterns=("`metrics_file`",), holds=(Kind.FIGURE, Kind.TIME), by="`run`, `watch`, nights",
        until="written over by the next run",
    ),
    Outside(
        name="notices", place=Place.NAMED, patterns=("`notify_command`, `notify_webhook`",), holds=(Kind.PATH, Kind.NOTE, Kind.FIGURE),
        by="`run`, `watch`, nights: the summary with failures; no words of calls", until="whoever gets them",
    ),
    Outside(
        name="Prefect's database", place=Place.NAMED, patterns=("Prefect's home, or its PostgreSQL",), holds=(Kind.PATH, Kind.NOTE, Kind.FIGURE),
        by="the flows: names of runs, paths of batches, summaries; no words of calls", until="Prefect's own settings",
    ),
)  # fmt: skip


def unlisted(paths: Iterable[str], place: Place) -> list[str]:
    """Of paths below a place, those that nothing in the list covers."""
    known = [one for one in OUTSIDE if one.place is place]
    return [path for path in paths if not any(one.covers(path) for one in known)]
