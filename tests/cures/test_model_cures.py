"""Models, heads and what is sealed: files that are damaged or not there, and the same after the cure, which is to have them anew."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qa_pipeline.conversation.role_head import load_role_head
from qa_pipeline.meaning.acts import ActReader, load_strictness, reader_version
from qa_pipeline.meaning.encoder import Encoder
from qa_pipeline.meaning.replies import load_heads, load_read_heads
from qa_pipeline.meaning.reply_reader import ReplyReader, reply_reader_version
from qa_pipeline.meaning.sentiment import HubSentiment, _label_columns, load_head
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.privacy.reader import load_reader
from qa_pipeline.scoring.certainty import load_model
from qa_pipeline.sealed import CHUNK, Keys, read_bytes, read_part, write_bytes
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.speech import models
from qa_pipeline.speech.convert_e5 import SOURCE, write_bert
from qa_pipeline.speech.diarize import Diarizer
from qa_pipeline.speech.diarize_pretrained import PretrainedDiarizer
from qa_pipeline.speech.models import choose_manifest, load_manifest, model_folder, profile_manifests, pull
from qa_pipeline.speech.segmentation import Segmentation
from tests.cures.texts import Do, follow
from tests.meaning.test_sentiment import tiny_model
from tests.speech.test_convert_e5 import packed_model, tensors
from tests.speech.test_models import FIRST, SECOND, manifest, write_wheel

SHIPPED = packaged_folder("models")
_WRITTEN = json.loads(manifest().model_dump_json())


def _shipped(name: str) -> Do:
    """As the package brings it: the folder of a model, with all that lies in it."""
    return lambda folder: shutil.copytree(SHIPPED / Path(name).parent, folder / Path(name).parent.name)


def _head(name: str, load: Any, damage: Mapping[str, object] | str | None) -> tuple[Do, Do]:
    """A file of the package that is damaged, and as it is installed anew. `damage`: what stands in it, keys that are otherwise; None: it is gone."""

    def slip(folder: Path) -> object:
        path = Path(str(_shipped(name)(folder))) / Path(name).name
        told = path.with_suffix(".json") if name.startswith("forbidden") else path
        if damage is None:
            path.unlink()
        elif isinstance(damage, str):
            told.write_text(damage, "utf-8")
        else:
            told.write_text(json.dumps(json.loads(told.read_text("utf-8")) | dict(damage)), "utf-8")
        return load(path)

    return slip, lambda folder: load(Path(str(_shipped(name)(folder))) / Path(name).name)


def _layers(*sizes: int) -> list[dict[str, Any]]:
    return [
        {"weights": [[0.5] * wide for _ in range(narrow)], "bias": [0.5] * narrow} for wide, narrow in zip(sizes, sizes[1:], strict=False)
    ]


_READ_HEADS = json.loads((SHIPPED / "replies" / "reader_heads.json").read_text("utf-8"))
HEADS = (
    ("{path} is no role head: {error}.", *_head("roles/head.json", load_role_head, "{")),
    ("{path} has layers …; wanted layers", *_head("roles/head.json", load_role_head, {"layers": _layers(3, 1)})),
    ("{path} is no sentiment head: {error}.", *_head("sentiment/head.json", load_head, "[]")),
    ("{path} has {found}; wanted {wanted}.", *_head("sentiment/head.json", load_head, {"classes": ["glad", "sad"]})),
    ("{path} is no model of certainty: {error}.", *_head("certainty/model.json", load_model, "{}")),
    ("{path} holds no heads of replies: {why}.", *_head("replies/head.json", load_heads, "nothing")),
    ("its classes or widths are others", *_head("replies/head.json", load_heads, {"heads": {}})),
    ("what knows its questions is of other widths", *_head("replies/reader_heads.json", load_read_heads, {"moment": _READ_HEADS["heads"]["satisfaction"]["question"]})),
    ("{path} is no reader of replies: {why}.", *_head("replies/reader.safetensors", reply_reader_version, None)),
    ("{path} is no reader of acts: {why}.", *_head("forbidden/reader.safetensors", reader_version, None)),
    ("it tells …; wanted …", *_head("forbidden/reader.safetensors", load_strictness, {"acts": ["humming"]})),
    ("The reader of personal data cannot be read", *_head("privacy/reader.safetensors", lambda path: load_reader(path.parent), "no weights")),
)  # fmt: skip


def _packed(content: bytes) -> Do:
    def do(folder: Path) -> object:
        (folder / SOURCE).write_bytes(content)
        write_bert(folder)
        return (folder / "model.safetensors").stat().st_size > 0

    return do


def _without(name: str, change: tuple[int, int, bytes] | None = None) -> bytes:
    parts = {key: part for key, part in tensors().items() if key != name}
    return packed_model(parts if change is None else {**parts, name: change})


_WHOLE = packed_model(tensors())
PACKED = tuple(
    (text, _packed(damaged), _packed(_WHOLE))
    for text, damaged in (
        ("e5-small-q4.bin cannot be converted", b""),
        ("it starts with …", b"no model at all"),
        ("its header cannot be read", _WHOLE[:30]),
        ("its blocks hold {block} weights", _WHOLE[:40] + (16).to_bytes(4, "little") + _WHOLE[44:]),
        ("it lacks tensor {source}", _without("emb.ln.w")),
        ("{source} has {count} values, wanted …", _without("emb.ln.w", (0, 4, bytes(16)))),
        ("… bytes where a tensor of {wanted} should be", _WHOLE[:-5]),
    )
)


def _manifest(**changes: object) -> Do:
    def do(folder: Path) -> object:
        path = folder / "made-up.yaml"
        path.write_text(json.dumps(_WRITTEN | changes), "utf-8")
        return load_manifest(path).id

    return do


def _settings(folder: Path) -> Settings:
    return load_settings(cache=folder / "cache")


def _pulled(folder: Path, one: dict[str, bytes] | bytes, **changes: Any) -> object:
    """A model pulled, of wheels as the index has them."""
    settings = _settings(folder)
    store = settings.model_cache / ".wheels"
    store.mkdir(parents=True, exist_ok=True)
    for name, members in (("one", one), ("two", {"data/2": SECOND})):
        path = store / f"{name}-1.0-py3-none-any.whl"
        # As pip brings it where it is not here yet.
        if not path.exists() and isinstance(members, dict):
            write_wheel(path, members)
        elif not path.exists():
            path.write_bytes(bytes(members))
    return pull(manifest(**changes), settings).name


_GOOD = {"data/1": FIRST, "data/config.json": b"{}"}


def _again(bad: dict[str, bytes]) -> Do:
    """Pulled from a wheel of other content, and again when the index has the right one."""

    def do(folder: Path) -> object:
        with pytest.raises(models.ModelError):
            _pulled(folder, bad)
        return _pulled(folder, _GOOD)

    return do


def _mirrored(revision: str) -> Do:
    def do(folder: Path) -> object:
        (folder / "hub" / "abc").mkdir(parents=True)
        (folder / "hub" / "abc" / "model.bin").write_bytes(FIRST)
        made = manifest(source="hub", repository=str(folder / "hub"), revision=revision, wheels={}, files=[{"name": "model.bin"}])
        return pull(made, _settings(folder)).name

    return do


def _profile(name: str) -> Do:
    def do(folder: Path) -> object:
        return sorted(profile_manifests(load_settings(cache=folder, profile=name)))

    return do


def _folder_of_model(is_pulled: bool) -> Do:
    def do(folder: Path) -> object:
        if is_pulled:
            _pulled(folder, _GOOD)
        return model_folder(manifest(), _settings(folder)).name

    return do


_FILES = [{**file, "sha256": None} for file in _WRITTEN["files"]]
MANIFESTS = (
    ("No model manifest {path}.", lambda folder: load_manifest(folder / "none.yaml"), _manifest()),
    ("No model profile {profile} in {path}.", _profile("tiny"), _profile("base")),
    ("{path}: {error}", _manifest(purpose="poetry"), _manifest(purpose="asr")),
    ("a hub manifest needs `repository` and `revision`", _manifest(source="hub"), _manifest(source="hub", repository="a/b", revision="0" * 40)),
    ("{name}: a file from wheels needs", _manifest(files=_FILES), _manifest()),
    ("{name}: no wheel is called {wheel}", _manifest(wheels={"two": _WRITTEN["wheels"]["two"]}), _manifest()),
    ("Model {id} is not in {model_cache}.", _folder_of_model(False), _folder_of_model(True)),
    ("{name} has SHA-256 {found}, wanted {sha256}.", lambda folder: _pulled(folder, {**_GOOD, "data/1": b"other"}), _again({**_GOOD, "data/1": b"other"})),
    ("{name} lacks {member} or is damaged.", lambda folder: _pulled(folder, {"data/1": FIRST}), _again({"data/1": FIRST})),
    ("{id}: {source} is not there.", _mirrored("abd"), _mirrored("abc")),
)  # fmt: skip

OLD, BOTH, OTHER = Keys({"old": b"1" * 32}), Keys({"new": b"2" * 32, "old": b"1" * 32}), Keys({"old": b"3" * 32})
WORDS = b"words" * CHUNK


def _sealed(keys: Keys | None, *, part: bool = False, change: Any = bytes) -> Do:
    """A file sealed with a key, changed on the disk, and read again; `keys`: those that are at hand then."""

    def do(folder: Path) -> object:
        path = folder / "c.json.gz"
        write_bytes(path, WORDS, OLD)
        path.write_bytes(change(path.read_bytes()))
        return (read_part(path, keys, 0, 9) if part else read_bytes(path, keys))[:5] == b"words"

    return do


def _flipped(content: bytes) -> bytes:
    return content[:90] + bytes([content[90] ^ 1]) + content[91:]


# What was damaged is deleted and made again: sealed as it was.
SEALED = (
    ("{path} is encrypted.", _sealed(None), _sealed(OLD)),
    ("… is sealed with key {named}, which is not there.", _sealed(Keys({"new": b"2" * 32})), _sealed(BOTH)),
    ("… was changed since it was written, or key {named} is another one.", _sealed(OTHER), _sealed(OLD)),
    ("… was changed, or cut off, since it was written.", _sealed(OLD, change=_flipped), _sealed(OLD)),
    ("{path} was changed since it was written.", _sealed(OLD, part=True, change=_flipped), _sealed(OLD, part=True)),
    ("… was cut off.", _sealed(OLD, change=lambda content: content[:72]), _sealed(OLD)),
)  # fmt: skip

ENCODER = (
    ("The text encoder lacks {name} in {folder}.", lambda folder: Encoder(folder, threads=1), _folder_of_model(True)),
    ("{path} is not there.", lambda folder: Diarizer(segmentation=folder / "a.bin", embedding=folder / "b.onnx", step=0.1, threads=1), _folder_of_model(True)),
    ("The sentiment model's labels are", lambda _: _label_columns({0: "LABEL_0", 1: "LABEL_1"}, {}),
     lambda _: _label_columns({0: "LABEL_0", 1: "LABEL_1"}, {"LABEL_0": "negative", "LABEL_1": "positive"})),
)  # fmt: skip


def _adapted(reader: Any, name: str, *, is_shipped: bool) -> Do:
    """A reader over an encoder of the layers that it adapts, with no numbers of their own; its head as it is shipped, or of another form."""

    def do(folder: Path) -> object:
        from safetensors.torch import load_file, save_file

        from qa_pipeline.meaning.bert import Layer

        path = Path(str(_shipped(name)(folder))) / Path(name).name
        if not is_shipped:
            save_file({**load_file(path), "head.weights": load_file(path)["head.weights"][:2].clone()}, path)
        first = json.loads(path.with_suffix(".json").read_text("utf-8"))["first_layer"]
        layers = [None] * first + [Layer(384, 1536, heads=12, epsilon=1e-12) for _ in range(first, 12)]
        return type(reader(SimpleNamespace(layers=layers), path)).__name__

    return do


def _encoder(*, is_whole: bool) -> Do:
    """A small encoder, pulled; or with a file of weights that has none."""

    def do(folder: Path) -> object:
        (folder / SOURCE).write_bytes(_WHOLE)
        write_bert(folder)
        (folder / "tokenizer.json").write_text(json.dumps(_TOKENIZER), "utf-8")
        if not is_whole:
            (folder / "model.safetensors").write_bytes(b"no weights")
        return type(Encoder(folder, threads=1)).__name__

    return do


def _segmentation(*, is_whole: bool) -> Do:
    """The segmentation model as it is pulled; or a file that is none."""

    def do(folder: Path) -> object:
        settings = load_settings(cache=PULLED)
        whole = model_folder(choose_manifest(settings, "segmentation"), settings) / "pytorch_model.bin"
        (folder / whole.name).write_bytes(whole.read_bytes() if is_whole else b"no model")
        return type(Segmentation(folder / whole.name, step=0.1, device="cpu")).__name__

    return do


def _pipeline(*, of_file: bool | None) -> Do:
    """What pyannote gives for a folder: a pipeline for one that has the file of one; else it fails, or gives nothing."""

    def do(folder: Path) -> object:
        def from_pretrained(place: Path) -> object:
            if of_file:
                return SimpleNamespace(to=lambda device: None, instantiate=lambda given: None)
            if of_file is None:
                return None
            raise OSError(f"no config.yaml in {place}")

        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "pyannote.audio", SimpleNamespace(Pipeline=SimpleNamespace(from_pretrained=from_pretrained)))
            return type(PretrainedDiarizer(folder)).__name__

    return do


def _classifier(*, is_whole: bool) -> Do:
    def do(folder: Path) -> object:
        if is_whole:
            tiny_model(folder, {0: "Negative", 1: "Neutral", 2: "Positive"})
        return type(HubSentiment(folder, threads=1)).__name__

    return do


PULLED = load_settings().cache
_TOKENIZER = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}}
LOADED = (
    ("its head is {shape}, wanted …", _adapted(ActReader, "forbidden/reader.safetensors", is_shipped=False), _adapted(ActReader, "forbidden/reader.safetensors", is_shipped=True)),
    ("its head is {shape}, wanted …", _adapted(ReplyReader, "replies/reader.safetensors", is_shipped=False), _adapted(ReplyReader, "replies/reader.safetensors", is_shipped=True)),
    ("{folder} holds no text encoder: {error}.", _encoder(is_whole=False), _encoder(is_whole=True)),
    ("{folder} holds no pyannote pipeline: {error}", _pipeline(of_file=False), _pipeline(of_file=True)),
    ("{folder} holds no pyannote pipeline.", _pipeline(of_file=None), _pipeline(of_file=True)),
    ("{folder} holds no classification model: {error}", _classifier(is_whole=False), _classifier(is_whole=True)),
)  # fmt: skip
SEGMENTATION = ("{path} is not a pyannote model.", _segmentation(is_whole=False), _segmentation(is_whole=True))

ROWS: tuple[tuple[str, Do, Do], ...] = (*LOADED, *HEADS, *PACKED, *MANIFESTS, *SEALED, *ENCODER)


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[row[0] for row in ROWS])
def test_after_its_cure_it_is_read(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


@pytest.mark.models
def test_a_model_that_was_damaged_is_one_again_once_it_is_pulled(tmp_path: Path) -> None:
    follow(*SEGMENTATION, tmp_path)
