"""The text encoder with its real weights, and what was trained on its vectors."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from qa_pipeline.errors import ModelError
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.settings import load_settings
from qa_pipeline.speech.models import load_manifest, model_folder
from tests.test_layers import loaded_by


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    manifest = load_manifest(packaged_folder("models") / "multilingual-e5-small.yaml")
    return Encoder(model_folder(manifest, load_settings()), threads=1)


@pytest.mark.parametrize(
    "trained", ["sentiment/head.json", "roles/head.json", "replies/head.json", "replies/reader.json", "forbidden/reader.json"]
)
def test_what_is_shipped_was_trained_on_the_shipped_encoder(trained: str) -> None:
    models = packaged_folder("models")
    manifest = load_manifest(models / "multilingual-e5-small.yaml")
    digest = hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()
    told = json.loads((models / trained).read_text("utf-8"))
    assert (told["encoder"], told["encoder_sha256"]) == (manifest.id, digest)


@pytest.mark.models
def test_vectors_are_unit_float32_of_384(encoder: Encoder) -> None:
    vectors = encoder.encode(["您好", "good morning"])
    assert vectors.shape == (2, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-6)


@pytest.mark.models
def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.models
def test_an_empty_text_has_a_vector(encoder: Encoder) -> None:
    assert np.linalg.norm(encoder.encode([""])[0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.models
def test_vectors_do_not_depend_on_neighbours(encoder: Encoder) -> None:
    texts = ["喂", "请问您现在方便吗", "the parcel never came " * 20, "Dziękuję, do widzenia."] + [f"第{i}个" for i in range(40)]
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5


@pytest.mark.models
def test_order_is_kept(encoder: Encoder) -> None:
    texts = ["a much longer sentence about a delivery that is late", "hej", "服务很好"]
    assert encoder.encode(texts)[::-1] == pytest.approx(encoder.encode(texts[::-1]), abs=1e-5)


@pytest.mark.models
def test_the_same_meaning_is_nearer_than_another_across_languages(encoder: Encoder) -> None:
    query, same, other = encoder.encode(["请问您现在方便接电话吗", "Is now a good time to talk?", "The apples were rotten."])
    # 0.84 and 0.73 measured.
    assert query @ same > query @ other + 0.08


@pytest.mark.models
def test_a_very_long_text_is_read_to_its_limit(encoder: Encoder) -> None:
    assert encoder.encode(["好的 " * 2000]).shape == (1, 384)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lacks tokenizer\.json"):
        Encoder(tmp_path, threads=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "told"),
    [("{}", "KeyError"), ('{"hidden_act": "relu"}', "hidden_act is relu, wanted gelu"), ('{"hidden_act": "gelu"}', "header")],
    ids=["no sizes", "another network", "no weights"],
)
def test_a_folder_of_something_else_is_refused(tmp_path: Path, config: str, told: str) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    Tokenizer(WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(config, "utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=f"holds no text encoder: .*{told}"):
        Encoder(tmp_path, threads=1)


@pytest.mark.models
def test_the_library_of_its_authors_is_not_loaded() -> None:
    folder = model_folder(load_manifest(packaged_folder("models") / "multilingual-e5-small.yaml"), load_settings())
    code = f"from pathlib import Path; from qa_pipeline.meaning.encoder import Encoder; Encoder(Path({str(folder)!r}), threads=1).encode(['hej'])"
    assert loaded_by(code) & {"transformers", "prefect", "pyannote"} == set()
