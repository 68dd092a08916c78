"""The canonical form: hashes of published rubrics stand for ever, and what was frozen comes back."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from qa_pipeline.rubric.canonical import HashesOf, canonical_json, criterion_sha256, revive, rubric_sha256
from qa_pipeline.rubric.load import load_rubric, read_lock, rubric_paths
from qa_pipeline.settings import packaged_folder
from tests.rubric.built_rubrics import rubric

RUBRICS = packaged_folder("rubrics")


def test_a_criterion_gives_the_keys_of_all_checks_of_the_first_language() -> None:
    keys = {tuple(json.loads(canonical_json(rubric(plain).criteria[0]))) for plain in ({"check": "manual"}, {"check": "all", "of": ["c0"]})}
    assert len(keys) == 1
    assert len(next(iter(keys))) == 45


def test_the_hash_of_a_criterion_is_what_it_ever_was() -> None:
    """Decisions of people belong to this hash. A key that is new to the language belongs into no other check's canonical form."""
    (criterion,) = rubric({"id": "a", "check": "manual"}).criteria
    assert criterion_sha256(criterion) == "4342bf7481a729f8852a77837e41d85c24d78b0107225a452d454d4273572fd2"


@pytest.mark.parametrize("path", rubric_paths(RUBRICS), ids=lambda path: path.stem)
def test_a_shipped_rubric_is_published_and_comes_back_from_its_text(path: Path) -> None:
    loaded = load_rubric(path)
    cure = f"{loaded.id} or a list that it uses was changed: raise its `version`, then `qa-pipeline rubric publish {loaded.id} --lock-only`"
    assert read_lock(RUBRICS)[loaded.id].get(str(loaded.version)) == rubric_sha256(loaded), cure
    assert revive(canonical_json(loaded)) == loaded


def test_a_check_that_is_not_known_any_more_is_refused() -> None:
    data = json.loads(canonical_json(rubric({"check": "manual"})))
    data["sections"][0]["criteria"][0]["check"] = "guess"
    with pytest.raises(ValidationError):
        revive(json.dumps(data))


def test_a_criterion_without_acts_keeps_the_hash_that_it_was_published_by() -> None:
    plain = rubric({"check": "forbidden", "phrases": {"en": ["no way"]}}).criteria[0]
    assert "acts" not in canonical_json(plain)
    assert "suspects" not in canonical_json(plain)


def test_acts_and_their_budget_are_part_of_the_hash() -> None:
    made = [
        rubric({"check": "forbidden", "acts": acts, "suspects": budget}) for acts, budget in ((["cure"], 5), (["prize"], 5), (["cure"], 9))
    ]
    assert len({rubric_sha256(one) for one in made}) == 3
    assert revive(canonical_json(made[0])) == made[0]


def test_a_hash_is_worked_out_once_for_a_part_and_anew_for_another_in_its_place() -> None:
    kept = HashesOf()
    (one,) = rubric({"id": "a", "check": "manual"}).criteria
    assert kept.known(one, "!") is None
    assert kept.keep("a!", one, "!") == kept.known(one, "!") == "a!"
    assert kept.known(one, "?") is None
    # A copy is another part, also where the first one's number is given again.
    for number in range(50):
        one = one.model_copy(update={"id": f"b{number}"})
        gc.collect(0)
        assert kept.known(one, "!") is None
        kept.keep(f"b{number}!", one, "!")


def test_a_copy_has_a_hash_of_its_own() -> None:
    first = rubric({"id": "a", "check": "manual"})
    before = rubric_sha256(first)
    assert rubric_sha256(first.model_copy(update={"version": 2})) != before == rubric_sha256(first)
