"""Publishing a rubric: its cases pass, its version is new, its hash is frozen in published.lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric.case_vectors import VECTORS_NAME, CaseVectors
from qa_pipeline.rubric.cases import Case, CaseResult, StoredCall, cases_path, dialogue_of, load_cases, run_case
from qa_pipeline.rubric.load import (
    LOCK_NAME,
    is_published,
    load_rubric,
    load_rubrics,
    read_lock,
    rubric_paths,
    rubric_sha256,
    stable_faults,
)
from qa_pipeline.rubric.meanings import HEADS_NAME, fit_heads, keep_used, load_heads
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.rubric.score import Scorecard, prepare
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest, model_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """Rubrics with all that cases need to run: fitted heads, and vectors of their texts."""

    scorecards: Mapping[str, Scorecard]
    cases: Mapping[str, tuple[Case, ...]]
    vectors: CaseVectors

    def run(self, name: str, stored: StoredCall | None = None) -> list[CaseResult]:
        """Run one rubric's cases."""
        return [run_case(case, self.scorecards[name], self.vectors, stored) for case in self.cases[name]]


def open_workbench(settings: Settings, names: Sequence[str] = (), *, files: Sequence[Path] = ()) -> Workbench:
    """Load rubrics (by name, all by default; or by file) and their cases. The text encoder is loaded only for texts or lists not met before."""
    paths = list(files) or _paths_of(settings, names)
    rubrics = {path.stem: load_rubric(path) for path in paths}
    cases = {path.stem: load_cases(cases_path(path)) for path in paths}
    manifest = choose_manifest(settings, "encoder")

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        from qa_pipeline.language.encoder import Encoder

        return Encoder(model_folder(manifest, settings), threads=settings.threads).encode(texts)

    heads, missing = load_heads(
        rubrics.values(), encoder_id=manifest.id, stores=(settings.rubrics / HEADS_NAME, settings.cache / HEADS_NAME)
    )
    if missing:
        background = next(rubric.background for rubric in rubrics.values() if rubric.background)
        heads |= fit_heads(missing, background, encoder_id=manifest.id, encode=encode, store=settings.cache / HEADS_NAME)
    kept = settings.cache / VECTORS_NAME
    vectors = CaseVectors((settings.rubrics / VECTORS_NAME, kept), encoder_id=manifest.id, encode=encode, keep=kept)
    vectors.learn(_texts(rubrics, cases))
    return Workbench(scorecards={name: prepare(rubric, heads) for name, rubric in rubrics.items()}, cases=cases, vectors=vectors)


def _paths_of(settings: Settings, names: Sequence[str]) -> list[Path]:
    paths = {path.stem: path for path in rubric_paths(settings.rubrics)}
    unknown = sorted(set(names) - set(paths))
    if unknown:
        raise RubricError(f"No rubric is called {', '.join(unknown)}.", advice=f"There are: {', '.join(sorted(paths))}.")
    return [paths[name] for name in names or sorted(paths)]


def _texts(rubrics: Mapping[str, Rubric], cases: Mapping[str, Sequence[Case]]) -> list[str]:
    """Every utterance of the cases' dialogues."""
    return [
        utterance.text
        for name, rubric in rubrics.items()
        for case in cases[name]
        if case.dialogue is not None
        for utterance in dialogue_of(case, rubric).utterances
    ]


def run_cases(settings: Settings, names: Sequence[str] = (), stored: StoredCall | None = None) -> Iterator[tuple[str, list[CaseResult]]]:
    """Run the cases of some rubrics (all by default)."""
    bench = open_workbench(settings, names)
    for name in bench.scorecards:
        yield name, bench.run(name, stored)


def fit_lists(settings: Settings) -> tuple[int, int]:
    """Fit the meanings of every list the rubrics use and keep them beside the rubrics (heads.json), with the vectors of the cases' texts.

    Returns how many lists were fitted anew, and how many texts there are.
    """
    from qa_pipeline.language.encoder import Encoder

    rubrics = load_rubrics(settings.rubrics)
    manifest = choose_manifest(settings, "encoder")
    store = settings.rubrics / HEADS_NAME
    _, missing = load_heads(rubrics.values(), encoder_id=manifest.id, stores=(store,))
    background = next((rubric.background for rubric in rubrics.values() if rubric.background), None)
    encoder = Encoder(model_folder(manifest, settings), threads=settings.threads)
    if missing and background:
        fit_heads(missing, background, encoder_id=manifest.id, encode=encoder.encode, store=store)
    keep_used(rubrics.values(), encoder_id=manifest.id, store=store)
    cases = {name: load_cases(cases_path(settings.rubrics / f"{name}.yaml")) for name in rubrics}
    shipped = settings.rubrics / VECTORS_NAME
    vectors = CaseVectors((shipped, settings.cache / VECTORS_NAME), encoder_id=manifest.id, encode=encoder.encode, keep=None)
    return len(missing), vectors.save(_texts(rubrics, cases), shipped)


def check_published(rubrics: Iterable[Rubric], folder: Path) -> None:
    """Official runs use published rubrics only. Raises RubricError naming every one that is not."""
    changed = [rubric for rubric in rubrics if not is_published(rubric, folder)]
    if changed:
        names = ", ".join(f"{rubric.id} version {rubric.version}" for rubric in changed)
        raise RubricError(
            f"Not published as they stand: {names}.",
            advice="Raise `version` and run `qa-pipeline rubric publish NAME`, or try it with --rubric PATH.",
        )


def publish(name: str, settings: Settings) -> Rubric:
    """Freeze a rubric. Raises RubricError when it has faults, a case fails, or the version is published with another hash."""
    path = next((p for p in rubric_paths(settings.rubrics) if p.stem == name), None)
    if path is None:
        raise RubricError(f"No rubric is called {name!r}.", advice="`qa-pipeline rubric check` lists the files.")
    rubric = load_rubric(path)
    faults = stable_faults(rubric, path)
    for _, results in run_cases(settings, [name]):
        faults += [Fault(path=str(cases_path(path)), message=f"{r.case.name}: {miss}") for r in results for miss in r.misses]
    lock = read_lock(settings.rubrics)
    versions = lock.setdefault(name, {})
    digest = rubric_sha256(rubric)
    if versions.get(str(rubric.version), digest) != digest:
        faults.append(Fault(path=str(path), message=f"version {rubric.version} is published with other content", advice="raise `version`"))
    if faults:
        raise RubricError(f"{name} cannot be published.", faults=faults)
    versions[str(rubric.version)] = digest
    (settings.rubrics / LOCK_NAME).write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n", "utf-8")
    return rubric
