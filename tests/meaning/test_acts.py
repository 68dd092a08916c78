"""Acts: how strict a reader is, which parts of a text are judged, and what the trained reader makes of plain sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.acts import ACTS, ActReader, Strictness, load_strictness, pieces_of, reader_path, reader_version
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import load_manifest, model_folder

STRICTNESS = Strictness(version="v", sure=6.0, suspects=((1.0, 4.0), (10.0, 2.0), (100.0, -1.0)))


@pytest.mark.parametrize(
    ("per_1000", "odds"),
    [(0.5, 4.0), (1, 4.0), (10, 2.0), (100, -1.0), (500, -1.0), (10**0.5, 3.0), (10**1.5, 0.5)],
)
def test_the_threshold_lies_between_measured_counts_by_their_logarithms(per_1000: float, odds: float) -> None:
    assert STRICTNESS.suspected_from(per_1000) == pytest.approx(odds)


def test_a_short_text_is_judged_whole() -> None:
    assert pieces_of("Take it up with the shop. It is not my problem.") == ("Take it up with the shop. It is not my problem.",)


def test_a_long_text_is_judged_by_sentences() -> None:
    text = (
        "好的，我给您查一下您这边的订单信息，麻烦您稍等一会儿。您的包裹昨天下午已经到了本地的分拨中心，今天会派送。这个你别问我，找快递去。"
    )
    assert pieces_of(text)[-1] == "这个你别问我，找快递去。"
    assert "".join(pieces_of(text)) == text


def test_another_readers_acts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "reader.safetensors"
    path.with_suffix(".json").write_text(json.dumps({"acts": ["humming"], "sure": 1, "suspects": [[1, 1]]}), "utf-8")
    with pytest.raises(ModelError, match="it tells humming; wanted passing_the_buck"):
        load_strictness(path)


def test_a_reader_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no reader of acts"):
        reader_version(tmp_path / "reader.safetensors")


def test_the_shipped_reader_asks_more_of_sure_than_of_suspected() -> None:
    strictness = load_strictness(reader_path(load_settings()))
    assert [odds for _, odds in strictness.suspects] == sorted((odds for _, odds in strictness.suspects), reverse=True)
    assert strictness.sure >= strictness.suspected_from(10)


@pytest.fixture(scope="module")
def reader() -> ActReader:
    manifest = load_manifest(packaged_folder("models") / "multilingual-e5-small.yaml")
    return ActReader(Encoder(model_folder(manifest, load_settings()), threads=1), reader_path(load_settings()))


@pytest.mark.models
def test_each_text_has_the_log_odds_of_each_act(reader: ActReader) -> None:
    assert reader.read([]).shape == (0, len(ACTS))
    assert reader.read(["您好", "good morning"]).shape == (2, len(ACTS))


@pytest.mark.models
@pytest.mark.parametrize(
    ("forbidden", "allowed"),
    [
        ("这个不归我管，你自己去找厂家吧。", "这个由厂家负责，我帮您联系他们，好吗？"),
        ("How many times do I have to tell you the same thing?", "How many times has the machine stopped this week?"),
        ("Jak się panu nie podoba, to do widzenia.", "Jeśli panu nie odpowiada termin, poszukam innego."),
        ("Säg att du är jättenöjd när de ringer, annars ryker min bonus.", "Svara precis som du tycker när de ringer."),
    ],
)
def test_what_is_forbidden_is_told_from_its_near_miss(reader: ActReader, forbidden: str, allowed: str) -> None:
    found, near = reader.read([forbidden, allowed]).max(axis=1)
    assert found > near + 3


@pytest.mark.models
def test_one_sentence_among_many_is_found(reader: ActReader) -> None:
    long = " ".join(["I have checked your order and it left the warehouse this morning in the first van."] * 4)
    said = reader.read([long, f"{long} That's not my problem, take it up with the courier."])
    assert np.max(said[1]) > np.max(said[0]) + 3
