"""What people said that criteria are, over many calls: of each call and criterion the verdict in force, read from the tables.

Whoever asks with it compares verdicts with the program's (trainer/diff.py). One call's verdicts, with what follows from them, are effective.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from qa_pipeline.call import Outcome
from qa_pipeline.results.store import Store
from qa_pipeline.review.decisions import Decision, as_text, from_row
from qa_pipeline.review.effective import in_force, verdict_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person's verdict on a criterion of a call. `answer` None: they named an outcome alone."""

    outcome: Outcome
    answer: str | None = None

    def agrees(self, outcome: Outcome | None, answer: str | None) -> bool:
        """Whether the program says the same; `outcome` None: its rubric does not have the criterion."""
        return outcome is self.outcome and self.answer in (None, answer)


def said_by_people(store: Store, rubric_ids: Iterable[str]) -> dict[tuple[str, str], Said]:
    """Verdicts of people on calls that one of these rubrics scored, by call_id and criterion_id. Without a database: what is decided is in the tables too."""
    wanted = frozenset(rubric_ids)
    rows = [row for row in store.read("decisions").to_pylist() if row["rubric_id"] in wanted or row["kind"] == "take_back"]
    rows.sort(key=lambda row: (row["call_id"], row["at"]))
    # The order of a call's decisions is that of their times; numbers are the database's own.
    decided = [from_row({**row, "at": as_text(row["at"]), "version": n, "account": None, "session": 0}) for n, row in enumerate(rows, 1)]
    return {
        (call_id, criterion_id): said
        for call_id, of_call in groupby(decided, key=attrgetter("call_id"))
        for criterion_id, said in _of_call(tuple(of_call)).items()
    }


def _of_call(decided: tuple[Decision, ...]) -> Mapping[str, Said]:
    found = {}
    for decision in in_force(decided):
        verdict = verdict_of(decision)
        if verdict is not None and decision.criterion_id is not None:
            found[decision.criterion_id] = Said(outcome=verdict[0], answer=verdict[1])
    return found
