"""Publishing a rubric: its cases pass, its version is new, its hash is frozen in published.lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from qa_pipeline.errors import Fault, RubricError
from qa_pipeline.rubric.cases import CaseResult, cases_path, load_cases, run_case
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
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest, model_folder


def run_cases(settings: Settings, names: Sequence[str] = ()) -> Iterator[tuple[str, list[CaseResult]]]:
    """Run the cases of some rubrics (all by default). Loads the text encoder when a rubric matches by meaning."""
    from qa_pipeline.language.encoder import Encoder

    rubrics = load_rubrics(settings.rubrics)
    unknown = sorted(set(names) - set(rubrics))
    if unknown:
        raise RubricError(f"No rubric is called {', '.join(unknown)}.", advice=f"There are: {', '.join(sorted(rubrics))}.")
    manifest = choose_manifest(settings, "encoder")
    heads, missing = load_heads(
        rubrics.values(), encoder_id=manifest.id, stores=(settings.rubrics / HEADS_NAME, settings.cache / HEADS_NAME)
    )
    if missing:
        background = next(rubric.background for rubric in rubrics.values() if rubric.background)
        encode = Encoder(model_folder(manifest, settings), threads=settings.threads).encode
        heads |= fit_heads(missing, background, encoder_id=manifest.id, encode=encode, store=settings.cache / HEADS_NAME)
    encoder = Encoder(model_folder(manifest, settings), threads=settings.threads) if heads else None
    for name in names or sorted(rubrics):
        cases = load_cases(cases_path(settings.rubrics / f"{name}.yaml"))
        yield name, [run_case(case, rubrics[name], heads, encoder.encode if encoder else None) for case in cases]


def fit_lists(settings: Settings) -> int:
    """Fit the meanings of every list the rubrics use and keep them beside the rubrics (heads.json). Returns how many were fitted anew."""
    from qa_pipeline.language.encoder import Encoder

    rubrics = load_rubrics(settings.rubrics)
    manifest = choose_manifest(settings, "encoder")
    store = settings.rubrics / HEADS_NAME
    _, missing = load_heads(rubrics.values(), encoder_id=manifest.id, stores=(store,))
    background = next((rubric.background for rubric in rubrics.values() if rubric.background), None)
    if missing and background:
        encode = Encoder(model_folder(manifest, settings), threads=settings.threads).encode
        fit_heads(missing, background, encoder_id=manifest.id, encode=encode, store=store)
    keep_used(rubrics.values(), encoder_id=manifest.id, store=store)
    return len(missing)


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
