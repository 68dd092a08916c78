"""Training of the reader of acts: sentences that are learnt from a second time, and several readers made one."""

from __future__ import annotations

import random

import torch

from models.forbidden.train import CLASSES, FILES, FOLDER, Reader, Sentence, joined, mean_of, misheard, sure_from
from qa_pipeline.meaning.bert import Layer
from qa_pipeline.meaning.encoder import WIDTH

SCOLDS = CLASSES.index("scolding")


def _reader(seed: int) -> Reader:
    torch.manual_seed(0)
    layers = [Layer(WIDTH, 2 * WIDTH, heads=12, epsilon=1e-12) for _ in range(2)]
    reader = Reader(layers).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        for part in reader.top.difference:
            part.copy_(torch.randn(part.shape) * 0.03)
    return reader


def test_the_mean_of_one_reader_twice_reads_as_it_does() -> None:
    reader = _reader(1)
    hidden = [torch.randn(5, WIDTH), torch.randn(9, WIDTH)]
    with torch.inference_mode():
        assert torch.allclose(mean_of([reader, reader])(hidden)[1], reader(hidden)[1], atol=1e-4)


def test_the_mean_of_two_readers_is_neither() -> None:
    one, other = _reader(1), _reader(2)
    hidden = [torch.randn(5, WIDTH)]
    with torch.inference_mode():
        mean = mean_of([one, other])(hidden)[1]
        assert not torch.allclose(mean, one(hidden)[1], atol=1e-4)
        assert not torch.allclose(mean, other(hidden)[1], atol=1e-4)


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
    odds = torch.arange(1001).float()[:, None].numpy() / 100
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
