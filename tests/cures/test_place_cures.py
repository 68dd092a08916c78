"""Places that cannot be written or do not answer: disks, roots of results, the review database, ports, the index of packages and the hub; and the same once they can."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from bare import unset
from full_disk import full_disk
from stored import heard, make_store

from qa_pipeline.reading.database import open_database
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.results.lease import Lock
from qa_pipeline.review.desk import bring_up
from qa_pipeline.review.record import LOOKED, keep_on_record
from qa_pipeline.review.written import Sort, keep_written
from qa_pipeline.scoring.meanings import fit_head
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.speech import models
from qa_pipeline.speech.models import pull
from qa_pipeline.web.provider import Provider, _secret
from qa_pipeline.web.serving import listen
from qa_pipeline.whole_file import write_whole
from tests.cures.texts import Do, follow
from tests.speech.test_models import FIRST, SECOND, WHOLE, manifest, write_wheel

REAL = subprocess.run


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return unset(monkeypatch, tmp_path)


def _in_the_way(folder: Path) -> Path:
    """A place below what is a file."""
    (folder / "file").write_text("in the way", "utf-8")
    return folder / "file" / "below"


def _settings(folder: Path, **values: object) -> Settings:
    return load_settings(**{"results": str(folder / "results"), "cache": folder / "cache", **values})


def _locked(folder: Path) -> object:
    with Lock(str(folder)):
        return folder.name


def _waited(folder: Path, *, is_over: bool) -> object:
    """Writing while another machine does, and when it has ended."""
    place = folder / "_leases" / "commit"
    place.mkdir(parents=True)
    (place / "000000000004.json").write_text(
        '{"state": "released"}' if is_over else '{"machine": "elsewhere/1", "pid": 1, "state": "held", "beat": 3}', "utf-8"
    )
    with Lock(str(folder), patience_seconds=0.0):
        return folder.name


def _kept(folder: Path, *, after: Callable[[], Any]) -> object:
    store = make_store(folder)
    with after():
        store.write_conversations([heard()], run_id="r")
    return folder.name


@contextmanager
def _with_space() -> Iterator[None]:
    yield


def _no_database(folder: Path) -> Settings:
    """Results in which the review database cannot be written."""
    (folder / "results" / "review.db").mkdir(parents=True)
    return _settings(folder)


def _elsewhere(folder: Path) -> Settings:
    """The same with another place for it."""
    _no_database(folder)
    return _settings(folder, review_database=f"sqlite:///{folder / 'own.db'}")


def _shown(settings: Settings) -> object:
    keep_on_record(settings, local_viewer("Wu"), LOOKED, call_id="c1")
    return "shown"


def _written(settings: Settings, folder: Path) -> object:
    keep_written(settings, [folder / "report.html"], Sort.REPORT, author="Wu")
    return "written"


def _filled(folder: Path, *, after: Callable[[], Any]) -> object:
    engine = open_database(_settings(folder))
    with after():
        bring_up(engine)
    return "kept"


def _listening(port: int | None) -> Do:
    """A port that another program has, or any that is free."""

    def do(_: Path) -> object:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with listen("127.0.0.1", taken.getsockname()[1] if port is None else port) as ours:
                return ours.getsockname()[0]

    return do


def _signing_on(issuer: str) -> Do:
    return lambda folder: Provider(_settings(folder, oidc_issuer=issuer, oidc_client_id="qa", web_address="https://qa.example"))._about()[
        "issuer"
    ]


def _of_client(name: str) -> Do:
    def do(folder: Path) -> object:
        (folder / "secret").write_text("words", "utf-8")
        return _secret(_settings(folder, oidc_client_secret_file=folder / name))

    return do


def _from_pip(*, is_reached: bool) -> Do:
    """A model pulled by pip, which reaches an index of packages or does not."""

    def do(folder: Path) -> object:
        def run(command: list[str], **_: object) -> SimpleNamespace:
            name = command[-1].partition("==")[0]
            if is_reached:
                members = {"one": {"data/1": FIRST, "data/config.json": b"{}"}, "two": {"data/2": SECOND}}[name]
                write_wheel(Path(command[command.index("--dest") + 1]) / f"{name}-1.0-py3-none-any.whl", members)
            return SimpleNamespace(returncode=0 if is_reached else 1, stdout="", stderr="no such host")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(models.subprocess, "run", run)
            return pull(manifest(), _settings(folder)).name

    return do


def _from_hub(*, is_reached: bool, content: bytes = WHOLE) -> Do:
    def do(folder: Path) -> object:
        blob = folder / "blob"
        blob.write_bytes(content)

        def download(*_: object, **__: object) -> str:
            if not is_reached:
                raise OSError("no such host")
            return str(blob)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("huggingface_hub.hf_hub_download", download)
            made = manifest(source="hub", repository="a/b", revision="0" * 40, wheels={}, files=[{"name": "model.bin"}])
            return pull(made, _settings(folder)).name

    return do


def _converted(code: int) -> Do:
    def do(folder: Path) -> object:
        def run(command: list[str], **_: object) -> SimpleNamespace:
            if not code:
                (Path(command[-1]) / "made.bin").write_bytes(b"made")
            return SimpleNamespace(returncode=code, stdout="", stderr="no torch")

        store = _settings(folder).model_cache / ".wheels"
        store.mkdir(parents=True)
        write_wheel(store / "one-1.0-py3-none-any.whl", {"data/1": FIRST, "data/config.json": b"{}"})
        write_wheel(store / "two-1.0-py3-none-any.whl", {"data/2": SECOND})
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(models.subprocess, "run", run)
            return pull(manifest(convert={"name": "made", "produces": ["made.bin"]}), _settings(folder)).name

    return do


def _fitted(likes: int) -> Do:
    import numpy as np

    vectors = np.eye(384, dtype=np.float32)
    return lambda _: type(fit_head("late", vectors[:likes], vectors[5:8], vectors[8:9])).__name__


ROWS: tuple[tuple[str, Do, Do], ...] = (
    ("{path} could not be written: ….", lambda folder: write_whole(_in_the_way(folder), "x"), lambda folder: write_whole(folder / "other", "x")),
    ("Results cannot be written to {root}: {strerror}.", lambda folder: make_store(_in_the_way(folder)), lambda folder: make_store(folder / "other").root),
    ("Results cannot be written to {root}: ….", lambda folder: _locked(_in_the_way(folder)), _locked),
    ("Another process has been writing to", lambda folder: _waited(folder, is_over=False), lambda folder: _waited(folder, is_over=True)),
    ("Table {name} could not be written: {error}.", lambda folder: _kept(folder, after=lambda: full_disk(1_000)), lambda folder: _kept(folder, after=_with_space)),
    ("Words of calls are shown only where", lambda folder: _shown(_no_database(folder)), lambda folder: _shown(_elsewhere(folder))),
    ("Files with words of calls are written only where", lambda folder: _written(_no_database(folder), folder), lambda folder: _written(_elsewhere(folder), folder)),
    ("The review database cannot be read or written", lambda folder: _filled(folder, after=full_disk), lambda folder: _filled(folder, after=_with_space)),
    ("The review database does not answer: …", lambda folder: open_database(_settings(folder, review_database="postgresql://a:b@127.0.0.1:9/c")), lambda folder: str(open_database(_settings(folder)).url)),
    ("The review database cannot be ….", lambda folder: open_database(_settings(folder, review_database="mysql://a:b@127.0.0.1:9/c")), lambda folder: str(open_database(_settings(folder)).url)),
    ("review_database is no URL of a database.", lambda folder: open_database(_settings(folder, review_database="own.db")), lambda folder: str(open_database(_settings(folder)).url)),
    ("Port {port} of {host} cannot be used", _listening(None), _listening(0)),
    ("oidc_client_secret_file cannot be read", _of_client("secrt"), _of_client("secret")),
    ("pip could not download {file}", _from_pip(is_reached=False), _from_pip(is_reached=True)),
    ("{id}: {name} of {repository} at {revision} could not be downloaded", _from_hub(is_reached=False), _from_hub(is_reached=True)),
    ("Conversion {name} failed: …", _converted(1), _converted(0)),
    ("List {list_id} needs examples", _fitted(0), _fitted(3)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "cured"), ROWS, ids=[row[0] for row in ROWS])
def test_once_it_can_be_it_is(tmp_path: Path, text: str, slip: Do, cured: Do) -> None:
    follow(text, slip, cured, tmp_path)


def test_a_provider_that_is_named_as_it_calls_itself_and_answers_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, **_: object) -> httpx.Response:
        request = httpx.Request("GET", url)
        if "away" in url:
            raise httpx.ConnectError("no such host", request=request)
        return httpx.Response(200, json={"issuer": "https://login.example/"}, request=request)

    monkeypatch.setattr(httpx, "get", get)
    follow(
        "The provider of single sign-on calls itself ….",
        _signing_on("https://login.example"),
        _signing_on("https://login.example/"),
        tmp_path,
    )
    for name in ("slip", "cured"):
        shutil.rmtree(tmp_path / name)
    follow(
        "The provider of single sign-on does not answer.",
        _signing_on("https://away.example/"),
        _signing_on("https://login.example/"),
        tmp_path,
    )


def test_what_a_hub_served_otherwise_than_pinned_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"

    def download(*_: object, **__: object) -> str:
        # As the hub's library does: what it has it gives.
        if not kept.exists():
            kept.write_bytes(served.pop(0))
        return str(kept)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    pinned = [{"name": "model.bin", "sha256": manifest().files[0].sha256}]
    made = manifest(source="hub", repository="a/b", revision="0" * 40, wheels={}, files=pinned)
    served = [b"other", WHOLE]
    with pytest.raises(models.ModelError, match="has SHA-256"):
        pull(made, _settings(tmp_path))
    assert (pull(made, _settings(tmp_path)) / "model.bin").read_bytes() == WHOLE


ALL_TEXTS = (
    *(row[0] for row in ROWS),
    "The provider of single sign-on calls itself ….",
    "The provider of single sign-on does not answer.",
)
