"""The packed 4-bit encoder becomes a folder of a BERT with the same numbers, and they are used as its authors' library does."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa_pipeline.errors import ModelError
from qa_pipeline.speech.convert_e5 import SOURCE, dequantise, write_bert

pytestmark = pytest.mark.slow

WIDE, INNER, VOCABULARY, POSITIONS = 32, 64, 2, 3
# Scale 0.5; byte i holds nibble i below and 15 − i above: weights 0…15 are (i − 8) / 2, weights 16…31 are (7 − i) / 2.
BLOCK = struct.pack("<e", 0.5) + bytes(i | (15 - i) << 4 for i in range(16))
BLOCK_VALUES = [(i - 8) / 2 for i in range(16)] + [(7 - i) / 2 for i in range(16)]


def tensors() -> dict[str, tuple[int, int, bytes]]:
    """Name → type, count, bytes of a model of one layer; float tensors count 0, 1, 2, …"""

    def packed(count: int) -> tuple[int, int, bytes]:
        return 1, count, BLOCK * (count // 32)

    def plain(count: int) -> tuple[int, int, bytes]:
        return 0, count, np.arange(count, dtype="<f4").tobytes()

    found = {"emb.word": packed(VOCABULARY * WIDE), "emb.pos": plain(POSITIONS * WIDE), "emb.type": plain(2 * WIDE)}
    found |= {"emb.ln.w": plain(WIDE), "emb.ln.b": plain(WIDE)}
    for name in ("q", "k", "v", "ao"):
        found |= {f"l0.{name}.w": packed(WIDE * WIDE), f"l0.{name}.b": plain(WIDE)}
    found |= {"l0.fi.w": packed(INNER * WIDE), "l0.fi.b": plain(INNER), "l0.fo.w": packed(WIDE * INNER), "l0.fo.b": plain(WIDE)}
    for name in ("aln", "oln"):
        found |= {f"l0.{name}.w": plain(WIDE), f"l0.{name}.b": plain(WIDE)}
    return found


def packed_model(parts: dict[str, tuple[int, int, bytes]]) -> bytes:
    """The file, with a tokenizer of two pieces that must be skipped."""
    head = b"E5S1" + struct.pack("<I7ifi", 1, WIDE, 1, 2, INNER, VOCABULARY, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", 2, 0, 2, 1, 3, 4) + bytes(4 * 3 + 4 * 2) + b"abcd"
    head += struct.pack("<iI", 1, 9) + bytes(9)
    offset = len(head) + 4 + sum(2 + len(name) + 21 for name in parts)
    directory, data = struct.pack("<i", len(parts)), b""
    for name, (kind, count, content) in parts.items():
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, offset + len(data), len(content))
        data += content
    return head + directory + data


def test_a_block_is_its_nibbles_less_eight_times_its_scale() -> None:
    assert dequantise(BLOCK).tolist() == BLOCK_VALUES


def test_every_block_has_its_own_scale() -> None:
    other = struct.pack("<e", -2.0) + bytes([0x9F] * 16)
    values = dequantise(BLOCK + other)
    assert values[:32].tolist() == BLOCK_VALUES
    assert values[32:].tolist() == [-14.0] * 16 + [-2.0] * 16


def test_the_folder_holds_the_model_under_berts_names(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    (tmp_path / SOURCE).write_bytes(packed_model(tensors()))
    write_bert(tmp_path)
    found = load_file(tmp_path / "model.safetensors")
    words = found["embeddings.word_embeddings.weight"]
    assert words.dtype == np.float16
    assert words.tolist() == [BLOCK_VALUES, BLOCK_VALUES]
    assert found["embeddings.position_embeddings.weight"][2].tolist() == list(range(64, 96))
    assert found["encoder.layer.0.intermediate.dense.weight"].shape == (INNER, WIDE)
    assert found["encoder.layer.0.output.dense.weight"].shape == (WIDE, INNER)
    assert found["encoder.layer.0.attention.self.query.bias"].tolist() == list(range(32))
    assert len(found) == 5 + 16


def test_the_configuration_states_the_sizes(tmp_path: Path) -> None:
    (tmp_path / SOURCE).write_bytes(packed_model(tensors()))
    write_bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    sizes = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "max_position_embeddings")
    assert [config[name] for name in sizes] == [32, 1, 2, 64, 2, 3]
    assert config["layer_norm_eps"] == pytest.approx(1e-12)


def test_the_encoder_computes_what_transformers_computes_of_the_same_folder(tmp_path: Path) -> None:
    import torch
    from transformers import BertModel

    from qa_pipeline.meaning.bert import Bert

    (tmp_path / SOURCE).write_bytes(packed_model(tensors()))
    write_bert(tmp_path)
    load: Any = BertModel.from_pretrained
    theirs, report = load(tmp_path, add_pooling_layer=False, local_files_only=True, output_loading_info=True, dtype=torch.float32)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    # Weights of these sizes would leave nothing to compare: every attention is all or nothing.
    spread = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=spread) / 4)
    theirs.save_pretrained(tmp_path)
    ours = Bert(tmp_path)
    ids, is_token = torch.tensor([[0, 1, 1], [1, 0, 1]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    mask = (1.0 - is_token)[:, None, None, :] * torch.finfo(torch.float32).min
    with torch.inference_mode():
        hidden = ours.embed(ids)
        for layer in ours.layers:
            hidden = layer(hidden, mask)
        wanted = theirs(input_ids=ids, attention_mask=is_token).last_hidden_state
    assert torch.allclose(hidden[is_token == 1], wanted[is_token == 1], atol=1e-5)
    assert wanted.std() > 0.1


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / SOURCE).write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="GGUF"):
        write_bert(tmp_path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / SOURCE).write_bytes(packed_model(tensors())[:-1])
    with pytest.raises(ModelError, match="127 bytes where a tensor of 128 should be"):
        write_bert(tmp_path)


def test_a_file_cut_in_its_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / SOURCE).write_bytes(packed_model(tensors())[:60])
    with pytest.raises(ModelError, match="header cannot be read"):
        write_bert(tmp_path)


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    parts = tensors()
    del parts["l0.k.b"]
    (tmp_path / SOURCE).write_bytes(packed_model(parts))
    with pytest.raises(ModelError, match=r"lacks tensor l0\.k\.b"):
        write_bert(tmp_path)


def test_a_tensor_of_another_size_is_named(tmp_path: Path) -> None:
    parts = tensors()
    parts["emb.pos"] = (0, 32, bytes(128))
    (tmp_path / SOURCE).write_bytes(packed_model(parts))
    with pytest.raises(ModelError, match=r"emb\.pos has 32 values, wanted 3 × 32"):
        write_bert(tmp_path)
