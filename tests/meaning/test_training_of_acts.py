"""Training of the reader of acts: sentences that are learnt from a second time, from where on acts convict, and what the files hold."""

from __future__ import annotations

import random
from typing import cast

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from models import training
from models.adapting import FIRST_LAYER, lower
from models.forbidden import train
from models.forbidden.train import (
    APART,
    CLASSES,
    FILES,
    FOLDER,
    MARGIN,
    NEWEST,
    Scored,
    Sentence,
    joined,
    losses_of,
    misheard,
    scored,
    sure_from,
    thresholds,
)
from qa_pipeline.meaning.acts import ActReader
from qa_pipeline.meaning.encoder import Encoder

CALLS = FOLDER.parent / "certainty"
# Nothing is encoded.
NO_ENCODER = cast(Encoder, None)
SCOLDS = CLASSES.index("scolding")


def test_a_joined_sentence_stays_the_act_that_it_was() -> None:
    learnt = [Sentence("en", SCOLDS, "Are you deaf?", "more"), Sentence("en", 0, "Good morning.", "more")] * 200
    pairs = joined(learnt, random.Random(0))
    assert pairs
    assert all("Good morning" in pair.text for pair in pairs)
    assert all((pair.act == SCOLDS) == ("deaf" in pair.text) for pair in pairs)


def test_a_misheard_sentence_stays_the_act_that_it_was() -> None:
    heard = misheard([Sentence("pl", SCOLDS, "Ile razy mam powtarzać to samo, głuchy pan jest?", "more")] * 20, random.Random(0))
    assert heard
    assert {(s.language, s.act) for s in heard} == {("pl", SCOLDS)}


def read(odds: float, source: str = "more", *, beside: float = np.inf) -> Scored:
    return Scored(Sentence("en", 0, str(odds), source), odds, beside)


THOUSAND = [read(number / 100) for number in range(1000)]


@pytest.mark.parametrize(("source", "highest"), [("everyday", 10.0), ("ordinary apart", 10.0), ("more", 9.96)])
def test_acts_convict_with_a_margin_above_what_is_said_in_everyday_calls(source: str, highest: float) -> None:
    # Of 1,001 allowed ones four may be above.
    assert sure_from([*THOUSAND, read(10.0, source)], []) == pytest.approx(highest + MARGIN if source in APART else highest)


def test_acts_convict_with_a_margin_above_every_known_good_call() -> None:
    assert sure_from([read(0.0)] * 1000, [read(-1.0), read(6.0)]) == pytest.approx(6 + MARGIN)


def test_what_stands_beside_harmless_words_raises_no_bar() -> None:
    harmless = [read(12.0, source, beside=-2.1) for source in ("everyday", "more") for _ in range(10)]
    assert sure_from([*THOUSAND, *harmless], harmless) == pytest.approx(9.95)
    plainly = [read(12.0, source, beside=-4.1) for source in ("everyday", "more") for _ in range(10)]
    assert [thresholds([*THOUSAND, *own])[0] for own in (plainly, harmless)] == [(1.0, pytest.approx(9.98)), (1.0, 12.0)]


def test_a_text_is_read_sentence_by_sentence_as_scoring_reads_it() -> None:
    odds = {"So you can't get down to it.": 8.0, "That's quite all right.": -5.0, "Are you deaf?": 7.0, "I haven't got all day.": 3.0}
    texts = [
        "So you can't get down to it. That's quite all right.",
        "So you can't get down to it.",
        "Are you deaf? Oh. I haven't got all day.",
    ]
    found = scored(
        [Sentence("en", 0, text, "everyday") for text in texts], lambda parts: np.array([[odds[part]] for part in parts], np.float32)
    )
    assert [(own.of.text, own.odds, own.convicts_by) for own in found] == [
        (texts[0], 8.0, -np.inf),
        # What stands beside it is an act if anything is.
        (texts[0], -5.0, -5.0),
        (texts[1], 8.0, 8.0),
        # "Oh." is too short to be judged, and to clear anything.
        (texts[2], 7.0, 7.0),
        (texts[2], 3.0, 3.0),
    ]


def test_what_is_read_badly_and_what_is_new_is_learnt_from() -> None:
    learnt = [
        Sentence("en", 0, "Good morning.", "more"),
        Sentence("en", SCOLDS, "Are you deaf?", "more"),
        Sentence("en", 0, "Hello.", NEWEST),
    ]
    odds = np.full((3, len(CLASSES) - 1), -20, np.float32)
    odds[1, SCOLDS - 1] = 0.0
    assert losses_of(learnt, odds) == pytest.approx([0.0, np.log(2), np.inf], abs=1e-6)


def test_what_goes_on_from_a_reader_ends_half_way() -> None:
    reader = cast(train.Reader, torch.nn.Linear(1, 1))
    before = {name: torch.full_like(own, 3.0) for name, own in reader.named_parameters()}
    after = {name: own.item() for name, own in reader.named_parameters()}
    train.go_half_way(reader, before)
    assert {name: own.item() for name, own in reader.named_parameters()} == pytest.approx(
        {name: (own + 3) / 2 for name, own in after.items()}
    )


@pytest.mark.models
def test_a_reader_that_training_goes_on_from_reads_as_the_shipped_one() -> None:
    encoder = training.load_encoder()
    texts = ["Are you deaf?", "Good morning, this is Anna.", "这不归我管，你找别人去。", "Det är inte mitt problem."]
    hidden = lower(encoder, texts)
    reader = train.Reader(encoder.layers[FIRST_LAYER:])
    reader.top.centre(hidden, len(hidden))
    reader.load(FOLDER / "reader.safetensors")
    reader.eval()
    shipped = ActReader(encoder, FOLDER / "reader.safetensors").read(texts)
    # The lower layers were worked out in half precision.
    assert train.log_odds(reader, hidden) == pytest.approx(shipped, abs=0.5)


@pytest.mark.slow
def test_nothing_that_is_measured_on_is_learnt_from_and_nothing_left_out_is_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "said_by_agents", lambda texts, _: list(texts))
    everything = train.sentences(NO_ENCODER)
    assert {s.source for s in everything} > {"good", "parts of good", "roles", "dialogues", "ordinary", *APART, *FILES}
    assert all(s.is_kept_apart for s in everything if s.source in APART)
    texts = {s.text for s in everything if not s.act}
    rows = [line.split("\t") for line in (FOLDER / "left_out.tsv").read_text("utf-8").splitlines()]
    assert [value for kind, value in rows if kind == "text" and value in texts] == []
    calls = [call for path in CALLS.glob("*/*.yaml") for call in YAML(typ="safe").load(path.read_text("utf-8"))]
    assert {value for kind, value in rows if kind == "call"} <= {call["id"] for call in calls}


def test_no_sentence_of_the_files_is_both_forbidden_and_allowed() -> None:
    labels: dict[str, set[str]] = {}
    for name in FILES:
        for line in (FOLDER / f"{name}.tsv").read_text("utf-8").splitlines():
            _, label, family, text = line.split("\t")
            assert (label, family == "ok") in (("0", True), ("1", False)), line
            assert family in CLASSES, line
            labels.setdefault(text.lower().strip(" .!?。！？"), set()).add(label)
    assert [text for text, several in labels.items() if len(several) > 1] == []
