"""Match by meaning: fitting a head, keeping it, and what it may judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qa_pipeline.call import Outcome
from qa_pipeline.conversation.written import conversation, with_vectors
from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.rubric.canonical import canonical_json, revive
from qa_pipeline.rubric.lists import ExampleList, Meaning
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.meanings import HEADS_NAME, Head, fit_head, fit_heads, head_key, keep_used, load_heads
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import choose_manifest
from tests.full_disk import full_disk
from tests.rubric.built_rubrics import rubric

GREETS = ExampleList(id="greets", like={"en": ("good morning to you", "a very good day", "hi")}, unlike={"en": ("the morning was bad",)})
BACKGROUND = ExampleList(id="background", unlike={"en": ("it rains a lot", "the parcel is late")})


def cloud(*centre: float, count: int = 20) -> NDArray[np.float32]:
    """Vectors of norm 1 near a direction."""
    vectors = np.random.default_rng(0).normal(0, 0.1, (count, 384))
    vectors[:, : len(centre)] += centre
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Whoever says "good" points one way, everybody else another."""
    vectors = np.zeros((len(texts), 384), np.float32)
    for row, text in zip(vectors, texts, strict=True):
        row[0 if "good" in text else 1] = 1.0
    return vectors


def by_meaning(at_least: float = 0.5, check: str = "phrase") -> Rubric:
    """A rubric whose one criterion goes by the meaning of GREETS."""
    plain = rubric({"check": check, "phrases": {"en": ["hello"]}})
    meaning = Meaning(list="lists/greets.yaml", at_least=at_least, examples=GREETS)
    criterion = plain.criteria[0].model_copy(update={"meaning": meaning})
    section = plain.sections[0].model_copy(update={"criteria": (criterion,)})
    return plain.model_copy(update={"sections": (section,), "background": BACKGROUND})


def pointing_head(list_id: str = "greets") -> Head:
    """Probability 1 / (1 + e⁻⁴) = 0.982 for "good" vectors, 0.018 for others."""
    weights = np.zeros(384, np.float32)
    weights[:2] = 4, -4
    return Head(list_id=list_id, weights=weights, bias=0.0)


def test_a_head_tells_two_clouds_apart() -> None:
    head = fit_head("two", cloud(3, 0), cloud(0, 3), cloud(0, 0, 3))
    assert head.probability(cloud(3, 0, count=5)).min() > 0.9
    assert head.probability(cloud(0, 3, count=5)).max() < 0.1


def test_probability_is_the_logistic_of_the_score() -> None:
    vectors = np.zeros((3, 384), np.float32)
    vectors[1, 0], vectors[2, 1] = 1, 1
    assert pointing_head().probability(vectors) == pytest.approx([0.5, 0.98201, 0.01799], abs=1e-5)


@pytest.mark.parametrize(("like", "rest"), [(0, 3), (3, 0)])
def test_nothing_to_tell_apart_is_refused(like: int, rest: int) -> None:
    with pytest.raises(EnvironmentNotReady, match="List two needs examples"):
        fit_head("two", cloud(3, count=like), cloud(0, 3, count=rest), cloud(0, 3, count=0))


def test_a_head_that_was_kept_gives_the_same_probability(tmp_path: Path) -> None:
    store = tmp_path / "heads.json"
    fitted = fit_heads([GREETS], BACKGROUND, encoder_id="e5", encode=encode, store=store)
    loaded, missing = load_heads([by_meaning()], encoder_id="e5", stores=[store])
    vectors = np.concatenate([cloud(3, 0), cloud(0, 3)])
    assert missing == ()
    assert loaded["greets"].probability(vectors).tolist() == fitted["greets"].probability(vectors).tolist()


def test_a_list_without_a_head_is_reported(tmp_path: Path) -> None:
    heads, missing = load_heads([by_meaning()], encoder_id="e5", stores=[tmp_path / "none.json"])
    assert (heads, missing) == ({}, (GREETS,))


@pytest.mark.parametrize(
    ("encoder", "examples", "background"),
    [
        ("other", GREETS, BACKGROUND),
        ("e5", GREETS.model_copy(update={"like": {"en": ("good evening to you",)}}), BACKGROUND),
        ("e5", GREETS, BACKGROUND.model_copy(update={"unlike": {}})),
    ],
)
def test_a_head_belongs_to_its_encoder_examples_and_background(encoder: str, examples: ExampleList, background: ExampleList) -> None:
    assert head_key(examples, background, encoder) != head_key(GREETS, BACKGROUND, "e5")


def test_the_order_of_languages_and_families_is_nothing_to_a_head() -> None:
    like = {"zh": ("早上好",), "en": {"b": ("hello to you",), "a": ("good day to you",)}}
    turned = {"en": {"a": ("good day to you",), "b": ("hello to you",)}, "zh": ("早上好",)}
    first, other = (ExampleList(id="greets", like=one) for one in (like, turned))
    assert head_key(first, BACKGROUND, "e5") == head_key(other, BACKGROUND, "e5")


@pytest.mark.parametrize("name", ["followup", "hotline"])
def test_a_version_that_was_kept_finds_the_heads_that_judged_then(name: str) -> None:
    loaded = load_rubric(packaged_folder("rubrics") / f"{name}.yaml")
    encoder, stores = choose_manifest(load_settings(), "encoder").id, (packaged_folder("rubrics") / HEADS_NAME,)
    heads, missing = load_heads([revive(canonical_json(loaded))], encoder_id=encoder, stores=stores)
    assert missing == ()
    assert heads.keys() == load_heads([loaded], encoder_id=encoder, stores=stores)[0].keys() != set()


def test_a_head_is_the_same_however_its_examples_are_laid_out(tmp_path: Path) -> None:
    turned = GREETS.model_copy(update={"like": {"en": tuple(reversed(GREETS.likes()))}})
    one, other = (
        fit_heads([examples], BACKGROUND, encoder_id="e5", encode=encode, store=tmp_path / f"{n}.json")["greets"]
        for n, examples in enumerate((GREETS, turned))
    )
    assert (one.weights.tolist(), one.bias) == (other.weights.tolist(), other.bias)


def test_what_a_list_is_about_does_not_change_its_head() -> None:
    assert head_key(GREETS.model_copy(update={"about": {"en": "greetings"}}), BACKGROUND, "e5") == head_key(GREETS, BACKGROUND, "e5")


def test_fitting_another_list_keeps_the_first(tmp_path: Path) -> None:
    store = tmp_path / "heads.json"
    other = GREETS.model_copy(update={"id": "other", "like": {"en": ("good night to all",)}})
    fit_heads([other], BACKGROUND, encoder_id="e5", encode=encode, store=store)
    fit_heads([GREETS], BACKGROUND, encoder_id="e5", encode=encode, store=store)
    assert len(store.read_text().splitlines()) == 4
    keep_used([by_meaning()], encoder_id="e5", store=store)
    assert len(store.read_text().splitlines()) == 3
    assert load_heads([by_meaning()], encoder_id="e5", stores=[store])[1] == ()


def test_a_full_disk_leaves_the_heads_that_were_there(tmp_path: Path) -> None:
    store = tmp_path / "heads.json"
    fit_heads([GREETS], BACKGROUND, encoder_id="e5", encode=encode, store=store)
    before = store.read_text()
    with pytest.raises(EnvironmentNotReady, match="could not be written"), full_disk():
        fit_heads(
            [GREETS.model_copy(update={"id": "other", "like": {"en": ("good night to all",)}})],
            BACKGROUND,
            encoder_id="e5",
            encode=encode,
            store=store,
        )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("heads.json", before)]


def judged(text: str, at_least: float = 0.5) -> Outcome:
    spoken = with_vectors(conversation(f"0:00 agent: {text}.", language="en"), encode)
    return score(spoken, prepare(by_meaning(at_least), {"greets": pointing_head()})).findings[0].outcome


@pytest.mark.parametrize(
    ("text", "at_least", "outcome"),
    [
        ("a good start today", 0.5, Outcome.MET),
        ("a good start today", 0.99, Outcome.NOT_MET),
        ("a bad start today", 0.5, Outcome.NOT_MET),
        ("hello there you", 0.5, Outcome.MET),
    ],
)
def test_an_utterance_as_probable_as_asked_for_is_met(text: str, at_least: float, outcome: Outcome) -> None:
    assert judged(text, at_least) is outcome


def test_utterances_of_fewer_than_three_units_are_not_judged() -> None:
    assert judged("very good") is Outcome.NOT_MET
    assert judged("very very good") is Outcome.MET


def test_without_vectors_or_heads_meanings_match_nothing() -> None:
    spoken = conversation("0:00 agent: a good start to you all today.", language="en")
    assert score(spoken, prepare(by_meaning(), {"greets": pointing_head()})).findings[0].outcome is Outcome.NOT_MET
    assert score(with_vectors(spoken, encode), prepare(by_meaning(), {})).findings[0].outcome is Outcome.NOT_MET


def test_a_forbidden_meaning_needs_clear_words() -> None:
    card = prepare(by_meaning(check="forbidden"), {"greets": pointing_head()})
    clear = with_vectors(conversation("0:00 agent: a good start to you all today.", language="en"), encode)
    unclear = replace(clear, utterances=tuple(replace(u, confidence=0.3) for u in clear.utterances))
    nothing = replace(clear, utterances=tuple(replace(u, confidence=0.0) for u in clear.utterances))
    outcomes = [score(spoken, card).findings[0].outcome for spoken in (clear, unclear, nothing)]
    # Of words that were hardly heard nobody is convicted; whether enough was heard for more than that is for how sure a verdict must be.
    assert outcomes[0] is Outcome.NOT_MET
    assert Outcome.NOT_MET not in outcomes[1:]


def with_meaning(plain: Rubric, at_least: float) -> Rubric:
    """A rubric whose last criterion goes by the meaning of GREETS too."""
    meaning = Meaning(list="lists/greets.yaml", at_least=at_least, examples=GREETS)
    *others, last = plain.sections[0].criteria
    section = plain.sections[0].model_copy(update={"criteria": (*others, last.model_copy(update={"meaning": meaning}))})
    return plain.model_copy(update={"sections": (section,), "background": BACKGROUND})


@pytest.mark.parametrize(("said", "outcome"), [("a good start today", Outcome.MET), ("hello today", Outcome.NOT_APPLICABLE)])
def test_a_child_of_what_was_not_found_is_met_where_its_words_mean_it(said: str, outcome: Outcome) -> None:
    parent = {"id": "parent", "check": "phrase", "phrases": {"en": ["complaint"]}}
    child = {"check": "phrase", "phrases": {"en": ["hello"]}, "when": [{"criterion": "parent", "outcome": "met"}]}
    spoken = with_vectors(conversation(f"0:00 agent: {said}.", language="en"), encode)
    found = score(spoken, prepare(with_meaning(rubric(parent, child), 0.5), {"greets": pointing_head()})).findings
    assert (found[0].outcome, found[1].outcome) == (Outcome.NOT_MET, outcome)


@pytest.mark.parametrize(
    ("asked", "reply", "outcome"),
    [
        ("a good start today?", "Sure, go ahead.", Outcome.MET),
        ("a good start today?", "Yes.", Outcome.NOT_MET),
        ("a good start today?", "What is it?", Outcome.NOT_MET),
        ("a good start today.", "Sure, go ahead.", Outcome.NOT_MET),
        ("a bad start today?", "Sure, go ahead.", Outcome.NOT_MET),
    ],
)
def test_a_likely_question_counts_with_the_answer_that_only_it_would_get(asked: str, reply: str, outcome: Outcome) -> None:
    question = {
        "check": "question",
        "phrases": {"en": ["hello"]},
        "answers": {"willing": {"en": ["go ahead"]}, "unwilling": {"en": ["busy"]}},
    }
    spoken = with_vectors(conversation(f"0:00 agent: {asked}", f"0:03 customer: {reply}", language="en"), encode)
    assert score(spoken, prepare(with_meaning(rubric(question), 0.99), {"greets": pointing_head()})).findings[0].outcome is outcome
