"""Publishing a rubric: its cases pass, its version is new, its hash is frozen in published.lock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import spoken_texts
from qa_pipeline.errors import Fault, RubricError, WarningTexts
from qa_pipeline.meaning.acts import load_strictness, reader_path
from qa_pipeline.meaning.meanings import MeaningReader, read_by
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.cases import Case, StoredCall, cases_path, heard_in, load_cases, stable_faults
from qa_pipeline.rubric.load import LOCK_NAME, load_rubric, load_rubrics, read_lock, readable_rubrics, rubric_paths
from qa_pipeline.rubric.overlap import overlaps
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.case_vectors import VECTORS_NAME, CaseVectors, Encode, example_vectors
from qa_pipeline.scoring.cases import CaseResult, compare
from qa_pipeline.scoring.meanings import HEADS_NAME, fit_heads, heads_of_each, keep_used, load_heads, needs_vectors
from qa_pipeline.scoring.score import Scorecard, prepare, score_many
from qa_pipeline.scoring.second_look import SecondLooks
from qa_pipeline.settings import Settings
from qa_pipeline.speech.models import choose_manifest, model_folder
from qa_pipeline.text.norm_cache import open_norm_cache
from qa_pipeline.trainer.known_good import KnownGood, hit_faults, load_known_good, new_hits
from qa_pipeline.whole_file import write_whole
from qa_pipeline.yaml_text import read_document

if TYPE_CHECKING:
    from qa_pipeline.meaning.encoder import Encoder

    # Reading tables is for those who publish; cases run without it.
    from qa_pipeline.results.store import Store


_VERSION = re.compile(r"""(\bversion["']?\s*:\s*)\d+""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """Rubrics with all that cases need to run: fitted heads, and vectors of their texts."""

    scorecards: Mapping[str, Scorecard]
    cases: Mapping[str, tuple[Case, ...]]
    vectors: CaseVectors

    def run(self, name: str, stored: StoredCall | None = None) -> list[CaseResult]:
        """Run one rubric's cases."""
        scorecard, cases, encode = self.scorecards[name], self.cases[name], self.encode_for(name)
        heard = [heard_in(case, scorecard.rubric, encode, stored) for case in cases]
        return [compare(case, scored) for case, scored in zip(cases, score_many(heard, scorecard), strict=True)]

    def encode_for(self, name: str) -> Encode | None:
        """What gives vectors to the words a rubric is run on; None where it matches nothing by meaning, so that no encoder is needed."""
        return self.vectors if needs_vectors(self.scorecards[name].rubric) else None


def open_workbench(settings: Settings, names: Sequence[str] = (), *, files: Sequence[Path] = ()) -> Workbench:
    """Load rubrics (by name, all by default; or by file) and their cases. The text encoder is loaded only for texts or lists not met before."""
    open_norm_cache(settings.cache)
    paths = [*files, *(_paths_of(settings, names) if names or not files else [])]
    rubrics = {path.stem: load_rubric(path) for path in paths}
    cases = {path.stem: load_cases(cases_path(path)) for path in paths}
    manifest = choose_manifest(settings, "encoder")

    @cache
    def encoder() -> Encoder:
        from qa_pipeline.meaning.encoder import Encoder

        return Encoder(model_folder(manifest, settings), threads=settings.threads)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        return encoder().encode(texts)

    examples = example_vectors(settings.cache, encoder_id=manifest.id, encode=encode)
    heads = heads_of_each(
        rubrics, encoder_id=manifest.id, stores=settings.fitted_files(HEADS_NAME), encode=examples, keep=settings.cache / HEADS_NAME
    )

    @cache
    def reader() -> MeaningReader:
        return MeaningReader(encoder(), settings)

    vectors = CaseVectors(
        settings.fitted_files(VECTORS_NAME),
        encoder_id=_meanings_id(manifest.id, settings),
        encode=lambda texts: reader().read(texts),
        keep=settings.cache / VECTORS_NAME,
    )
    vectors.learn(_texts(rubrics, cases))
    strictness = load_strictness(reader_path(settings))
    scorecards = {
        name: prepare(rubric, heads[name], strictness=strictness, answered_by=settings.ask_model, second_looks=SecondLooks.of(settings))
        for name, rubric in rubrics.items()
    }
    return Workbench(scorecards=scorecards, cases=cases, vectors=vectors)


def _meanings_id(encoder_id: str, settings: Settings) -> str:
    """What the vectors of cases are known by: encoder and readers."""
    readers = read_by(settings)
    return f"{encoder_id} {readers.acts} {readers.replies}"


def _paths_of(settings: Settings, names: Sequence[str]) -> list[Path]:
    paths = {path.stem: path for path in rubric_paths(settings.rubrics)}
    unknown = sorted(set(names) - set(paths))
    if unknown:
        raise RubricError(f"No rubric is called {', '.join(unknown)}.", advice=f"There are: {', '.join(sorted(paths))}.")
    return [paths[name] for name in names or sorted(paths)]


def _texts(rubrics: Mapping[str, Rubric], cases: Mapping[str, Sequence[Case]]) -> list[str]:
    """Every utterance of the cases' dialogues, as far as a rubric matches by meaning."""
    return [
        text
        for name, rubric in rubrics.items()
        if needs_vectors(rubric)
        for case in cases[name]
        if case.dialogue is not None
        for text in spoken_texts(case.dialogue)
    ]


def _good_texts(rubrics: Mapping[str, Rubric], known: KnownGood) -> list[str]:
    """Every utterance of the known-good calls that a rubric is asked of which matches by meaning: to publish one asks it of all of them."""
    by_meaning = {name for name, rubric in rubrics.items() if needs_vectors(rubric)}
    return [
        text
        for call in known.calls
        if call.dialogue is not None and by_meaning & set(call.rubrics or rubrics)
        for text in spoken_texts(call.dialogue)
    ]


def run_cases(
    settings: Settings, names: Sequence[str] = (), stored: StoredCall | None = None, *, files: Sequence[Path] = ()
) -> Iterator[tuple[str, list[CaseResult]]]:
    """Run the cases of some rubrics (all by default), by name or by file."""
    bench = open_workbench(settings, names, files=files)
    for name in bench.scorecards:
        yield name, bench.run(name, stored)


def fit_lists(settings: Settings) -> tuple[int, int]:
    """Fit the meanings of every list the rubrics use and keep them beside the rubrics (heads.json), with the vectors of the texts of cases and of known-good calls.

    Returns how many lists were fitted anew, and how many texts there are.
    """
    from qa_pipeline.meaning.encoder import Encoder

    rubrics = load_rubrics(settings.rubrics)
    manifest = choose_manifest(settings, "encoder")
    store = settings.rubrics / HEADS_NAME
    _, missing = load_heads(rubrics.values(), encoder_id=manifest.id, stores=(store,))
    background = next((rubric.background for rubric in rubrics.values() if rubric.background), None)
    encoder = Encoder(model_folder(manifest, settings), threads=settings.threads)
    if missing and background:
        fit_heads(
            missing,
            background,
            encoder_id=manifest.id,
            encode=example_vectors(settings.cache, encoder_id=manifest.id, encode=encoder.encode),
            store=store,
        )
    keep_used(rubrics.values(), encoder_id=manifest.id, store=store)
    cases = {name: load_cases(cases_path(settings.rubrics / f"{name}.yaml")) for name in rubrics}
    shipped = settings.rubrics / VECTORS_NAME
    reader = MeaningReader(encoder, settings)
    vectors = CaseVectors(
        (shipped, settings.cache / VECTORS_NAME),
        encoder_id=_meanings_id(manifest.id, settings),
        encode=reader.read,
        keep=None,
    )
    return len(missing), vectors.save([*_texts(rubrics, cases), *_good_texts(rubrics, load_known_good(settings.rubrics)[0])], shipped)


def fit_missing(settings: Settings, names: Sequence[str]) -> None:
    """Fit the meanings of lists that some rubrics use and that nobody has fitted as they stand, as `fit_lists` does. Where none is missing it costs nothing."""
    rubrics = [load_rubric(path) for path in _paths_of(settings, names)]
    manifest = choose_manifest(settings, "encoder")
    _, missing = load_heads(rubrics, encoder_id=manifest.id, stores=settings.fitted_files(HEADS_NAME)[:2])
    if missing:
        fit_lists(settings)


def publish(names: Sequence[str], settings: Settings, store: Store | None = None, *, raises_versions: bool = False) -> list[Rubric]:
    """Freeze rubrics in published.lock, and whole in `store` when one is given: all of them or, when one is refused, none.

    `raises_versions`: where the version of a file is published with other content, the next one is written into the file. Raises RubricError with
    every reason against them: faults, missing or failing cases, content that changed under a published version, a version below a published one,
    a critical criterion that hits known-good calls.
    """
    paths = dict(zip(names, _paths_of(settings, names), strict=True))
    bench = open_workbench(settings, names)
    locked = read_lock(settings.rubrics)
    stored = stored_calls(store) if store else None
    known, _ = load_known_good(settings.rubrics)
    raised: dict[str, int] = {}
    refused: dict[str, list[Fault]] = {}
    for name, path in paths.items():
        scorecard, versions = bench.scorecards[name], locked.get(name, {})
        faults = stable_faults(scorecard.rubric, path)
        faults += [
            Fault(path=str(cases_path(path)), message=f"{r.case.name}: {miss}") for r in bench.run(name, stored) for miss in r.misses
        ]
        if raises_versions and _version_faults(scorecard.rubric, path, versions):
            raised[name] = _newest(versions) + 1
        else:
            faults += _version_faults(scorecard.rubric, path, versions)
        faults += hit_faults(new_hits(scorecard, known, bench.encode_for(name), stored), path)
        if faults:
            refused[name] = faults
    if refused:
        others = "; nothing is published" if len(paths) > len(refused) else ""
        raise RubricError(
            f"{', '.join(refused)} cannot be published{others}.", faults=[fault for faults in refused.values() for fault in faults]
        )
    for name, version in raised.items():
        _write_version(paths[name], version)
    rubrics = [load_rubric(path) for path in paths.values()]
    # The texts first: a version that is locked can always be read again.
    if store:
        from qa_pipeline.results.versions import freeze

        freeze(rubrics, store, folder=settings.rubrics)
    for rubric in rubrics:
        locked.setdefault(rubric.id, {})[str(rubric.version)] = rubric_sha256(rubric)
    write_whole(settings.rubrics / LOCK_NAME, json.dumps(locked, indent=1, sort_keys=True) + "\n")
    return rubrics


def _write_version(path: Path, version: int) -> None:
    """Write another version into a rubric's file, and touch nothing else of it."""
    line, _ = read_document(path).place(("version",))
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[line - 1] = _VERSION.sub(rf"\g<1>{version}", lines[line - 1], count=1)
    write_whole(path, "".join(lines))


def overlap_warnings(rubric: Rubric, settings: Settings, store: Store | None) -> WarningTexts:
    """Which other rubrics of the folder are for calls of this one, and of how many stored calls it can no longer be told which scores them."""
    others, _ = readable_rubrics(settings.rubrics)
    told = overlaps(rubric, others.values())
    if not told or store is None:
        return told
    from qa_pipeline.reading.stored import calls_with_metadata
    from qa_pipeline.reading.viewer import MACHINE
    from qa_pipeline.results.versions import Choices, RubricsInForce

    choices = Choices(RubricsInForce(current={**others, rubric.id: rubric}, older={}))
    for call in calls_with_metadata(store, MACHINE):
        choices.key_for(call)
    return [*told, *(f"of the stored calls, {line}" for line in choices.warnings if rubric.id in line)]


def changed_since_published(settings: Settings) -> list[Rubric]:
    """Published rubrics that are no longer as they were published: a list or situation that several use was changed. Files with faults are left out."""
    lock = read_lock(settings.rubrics)
    rubrics, _ = readable_rubrics(settings.rubrics)
    return [
        rubric for rubric in rubrics.values() if rubric.id in lock and lock[rubric.id].get(str(rubric.version)) != rubric_sha256(rubric)
    ]


def _version_faults(rubric: Rubric, path: Path, versions: Mapping[str, str]) -> list[Fault]:
    document = read_document(path)
    newest = _newest(versions)
    if versions.get(str(rubric.version), rubric_sha256(rubric)) != rubric_sha256(rubric):
        return [document.fault(("version",), f"version {rubric.version} is published with other content", f"write version: {newest + 1}")]
    if rubric.version < newest:
        return [document.fault(("version",), f"version {newest} is published already", f"write version: {newest + 1}")]
    return []


def _newest(versions: Mapping[str, str]) -> int:
    return max((int(version) for version in versions), default=0)


def stored_calls(store: Store) -> StoredCall:
    """Stored calls by id, for cases that point at one."""

    from qa_pipeline.reading.stored import current_conversation
    from qa_pipeline.reading.viewer import MACHINE

    def read(call_id: str) -> Conversation | None:
        conversation_id = current_conversation(store, MACHINE, call_id)
        found = [] if conversation_id is None else store.load_conversations([conversation_id])
        return found[0] if found else None

    return read
