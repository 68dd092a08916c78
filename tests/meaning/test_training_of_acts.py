"""Training of the reader of acts: sentences that are learnt from a second time, from where on acts convict, and what the files hold."""

from __future__ import annotations

import random

import numpy as np

from models.forbidden.train import CLASSES, FILES, FOLDER, Sentence, joined, misheard, sure_from

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


def test_acts_convict_above_every_sentence_of_known_good_calls() -> None:
    kept = [Sentence("en", 0, str(number), "more") for number in range(1000)] + [Sentence("en", 0, "good", "good")]
    odds = np.arange(1001, dtype=np.float32)[:, None] / 100
    assert sure_from(kept, odds) == 10.0


def test_no_sentence_of_the_files_is_both_forbidden_and_allowed() -> None:
    labels: dict[str, set[str]] = {}
    for name in FILES:
        for line in (FOLDER / f"{name}.tsv").read_text("utf-8").splitlines():
            _, label, family, text = line.split("\t")
            assert (label, family == "ok") in (("0", True), ("1", False)), line
            assert family in CLASSES, line
            labels.setdefault(text.lower().strip(" .!?。！？"), set()).add(label)
    assert [text for text, several in labels.items() if len(several) > 1] == []
