"""What is stored of the meaning of utterances: read in one pass as encoder and readers read it each by itself; and heads of replies that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.acts import ACTS_END, ActReader, reader_path
from qa_pipeline.meaning.encoder import WIDTH, Encoder
from qa_pipeline.meaning.meanings import MEANING_WIDTH, MeaningReader, read_by
from qa_pipeline.meaning.replies import load_read_heads, read_head_path, shipped_read_heads
from qa_pipeline.meaning.reply_reader import reply_reader_version
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import load_manifest, model_folder


def test_the_shipped_heads_are_for_the_shipped_reader() -> None:
    assert shipped_read_heads().reader == read_by(load_settings()).replies


def test_a_reader_of_replies_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no reader of replies"):
        reply_reader_version(tmp_path / "reader.safetensors")


def test_heads_of_other_widths_are_refused(tmp_path: Path) -> None:
    told = json.loads(read_head_path().read_text("utf-8"))
    told["heads"]["satisfaction"]["layers"][0]["weights"][0].pop()
    with pytest.raises(ModelError, match="holds no heads of replies"):
        _load(tmp_path, told)
    with pytest.raises(ModelError, match="holds no heads of replies"):
        _load(tmp_path, {"reader": "r", "heads": {}})


def _load(folder: Path, told: object) -> object:
    path = folder / "reader_heads.json"
    path.write_text(json.dumps(told), "utf-8")
    return load_read_heads(path)


@pytest.mark.models
def test_one_pass_reads_what_encoder_and_reader_of_acts_read() -> None:
    settings = load_settings()
    encoder = Encoder(model_folder(load_manifest(packaged_folder("models") / "multilingual-e5-small.yaml"), settings), threads=1)
    long = " ".join(["I have checked your order and it left the warehouse this morning in the first van."] * 4)
    texts = ["您对我们的服务满意吗？", "nie narzekam", f"{long} That's not my problem, take it up with the courier."]
    read = MeaningReader(encoder, settings).read(texts)
    assert read.shape == (3, MEANING_WIDTH)
    assert read[:, :WIDTH] == pytest.approx(encoder.encode(texts), abs=1e-5)
    assert read[:, WIDTH:ACTS_END] == pytest.approx(ActReader(encoder, reader_path(settings)).read(texts), abs=1e-2)
    assert np.isfinite(read[:, ACTS_END:]).all()
