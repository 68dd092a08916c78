"""What is known to be true of recordings, in the forms people keep it: one Truth for each recording, whichever files tell it.

`STEM.truth.json` (everything), `STEM.rttm` (who spoke when, as the NIST evaluations write it; speakers called agent, customer or other are
roles, any others voices), `transcripts.tsv` (file, language, text) and columns `expect_CRITERION` of a metadata CSV.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qa_pipeline.call import Outcome, Role
from qa_pipeline.errors import InputRefused
from qa_pipeline.recordings.delimited import decoded, read_table
from qa_pipeline.recordings.remarks import Remarks

_ROLES = frozenset(role.value for role in Role)
_EXPECT = "expect_"
_SENTIMENT = "customer_sentiment"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueTurn:
    """A stretch of speech. `speaker`: a role's name, or a voice's; `text` is None where only the times are known."""

    speaker: str
    start_ms: int
    end_ms: int
    text: str | None = None

    @property
    def role(self) -> Role | None:
        """The role, where the truth names one."""
        return Role(self.speaker) if self.speaker in _ROLES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is known of one recording. `turns` None: nobody wrote down who spoke when; empty: nobody speaks. `text`: all words in order."""

    language: str | None = None
    turns: tuple[TrueTurn, ...] | None = None
    text: str | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    sentiment: str | None = None
    disposition: str | None = None


def read_truths(folder: Path) -> dict[str, Truth]:
    """Truth by file stem. Raises InputRefused for a file of another form, and when there is none at all."""
    found: dict[str, Truth] = {}
    for path in sorted(folder.glob("*.rttm")):
        found[path.stem] = Truth(turns=tuple(_rttm(path)))
    for path in sorted(folder.glob("*.tsv")):
        for row in _tabbed(path):
            if row.get("file") and row.get("text"):
                stem = Path(row["file"]).stem
                found[stem] = replace(found.get(stem, Truth()), text=row["text"], language=row.get("language") or None)
    for path in sorted(folder.glob("*.csv")):
        for row in _expecting(path):
            expected = {name.removeprefix(_EXPECT): value for name, value in row.items() if name.startswith(_EXPECT) and value}
            if row.get("file") and expected:
                stem = Path(row["file"]).stem
                found[stem] = _with_expected(found.get(stem, Truth()), expected, path)
    for path in sorted(folder.glob("*.truth.json")):
        found[path.name.removesuffix(".truth.json")] = _json(path)
    if not found:
        raise InputRefused(
            f"{folder} has no truth files.", advice="Put STEM.truth.json or STEM.rttm beside the recordings; docs/evaluation.md."
        )
    return found


def _with_expected(truth: Truth, expected: Mapping[str, str], path: Path) -> Truth:
    outcomes = {name: value for name, value in expected.items() if name != _SENTIMENT}
    if unknown := {value for value in outcomes.values() if value not in set(Outcome)}:
        raise InputRefused(f"{path}: {sorted(unknown)[0]!r} is no outcome.", advice="Write met, not_met, not_applicable or undetermined.")
    return replace(truth, expected=outcomes, sentiment=expected.get(_SENTIMENT, truth.sentiment))


def _tabbed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _expecting(path: Path) -> list[dict[str, str]]:
    """Rows of a metadata CSV with columns of expectations, read as a run reads it; none of any other CSV."""

    def expects(header: Sequence[str]) -> bool:
        return "file" in header and any(name.startswith(_EXPECT) for name in header)

    remarks = Remarks()
    text = decoded(str(path), path.read_bytes(), "utf-8", remarks)
    if text is None:
        # What is wrong with calls.csv is told where the recordings are taken in; other tables are not ours.
        return []
    table = read_table(str(path), text, expects, remarks)
    if not expects(table.header):
        return []
    rows = [dict(zip(table.header, record.cells, strict=False)) for record in table.records]
    if remarks.faults:
        raise InputRefused(f"{path.name} has {len(remarks.faults)} fault{'s' if len(remarks.faults) > 1 else ''}.", faults=remarks.faults)
    return rows


def _rttm(path: Path) -> Iterator[TrueTurn]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, length = float(fields[3]), float(fields[4])
            yield TrueTurn(speaker=fields[7], start_ms=round(start * 1000), end_ms=round((start + length) * 1000))
        except (IndexError, ValueError) as error:
            raise InputRefused(
                f"{path}:{number}: not a line of RTTM.", advice="SPEAKER FILE 1 START LENGTH <NA> <NA> NAME <NA> <NA>"
            ) from error


def _json(path: Path) -> Truth:
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        turns = tuple(
            TrueTurn(speaker=turn["role"], start_ms=turn["start_ms"], end_ms=turn["end_ms"], text=turn.get("text"))
            for turn in data["turns"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputRefused(f"{path} is no truth file ({error!r}).", advice="docs/evaluation.md shows the form.") from error
    return Truth(
        language=data.get("language"), turns=turns, expected=data.get("expected", {}), sentiment=data.get("customer_sentiment"),
        disposition=data.get("disposition"),
    )  # fmt: skip
