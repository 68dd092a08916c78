"""Files encrypted at rest: opened with their key alone, told when they were changed, put under another key without being written anew in their chunks."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.errors import EnvironmentNotReady
from qa_pipeline.sealed import (
    CHUNK,
    Keys,
    SealError,
    is_sealed,
    key_of,
    load_keys,
    make_key,
    read_bytes,
    read_part,
    seal,
    size_of,
    unseal,
    wrap_anew,
    write_bytes,
)

OLD, NEW = Keys({"old": b"1" * 32}), Keys({"old": b"1" * 32, "new": b"2" * 32})
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_is_opened_again_and_holds_nothing_readable(size: int) -> None:
    content = (b"what was said " * (size // 14 + 1))[:size]
    sealed = seal(content, OLD)
    assert unseal(sealed, OLD) == content and is_sealed(sealed) and key_of(sealed) == "old"
    assert b"what was said" not in sealed and seal(content, OLD) != sealed


@given(place=st.integers(0, 10**6), content=st.sampled_from([b"", b"words", b"w" * (CHUNK + 5)]))
def test_a_byte_that_was_changed_anywhere_is_noticed(place: int, content: bytes) -> None:
    sealed = bytearray(seal(content, OLD))
    place %= len(sealed)
    sealed[place] ^= 1
    if place < 8:
        assert not is_sealed(bytes(sealed))
    else:
        with pytest.raises(SealError):
            unseal(bytes(sealed), OLD)


def test_chunks_can_be_neither_left_out_nor_changed_about() -> None:
    sealed = seal(bytes(3 * CHUNK), OLD)
    step = CHUNK + 16
    head, a, b, c = sealed[: -3 * step], sealed[-3 * step : -2 * step], sealed[-2 * step : -step], sealed[-step:]
    for changed in (head + a + b, head + a + c, head + b + a + c, head, head[:-3], sealed[:20]):
        with pytest.raises(SealError):
            unseal(changed, OLD)


@pytest.mark.parametrize("size", SIZES)
def test_any_part_is_read_without_the_rest(tmp_path: Path, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    write_bytes(tmp_path / "f", content, OLD)
    assert size_of(tmp_path / "f", OLD) == size
    for start, end in ((0, size), (size // 2, size), (max(0, CHUNK - 3), min(size, CHUNK + 3)), (0, min(1, size))):
        assert read_part(tmp_path / "f", OLD, start, end) == content[start:end]


def test_another_key_takes_over_and_the_first_one_can_be_dropped(tmp_path: Path) -> None:
    path, plain = tmp_path / "f", tmp_path / "g"
    write_bytes(path, b"words", OLD)
    plain.write_bytes(b"as it was before")
    chunks = path.read_bytes()[-21:]
    assert wrap_anew(path, NEW) and wrap_anew(plain, NEW) and not wrap_anew(path, NEW)
    assert path.read_bytes()[-21:] == chunks and key_of(path.read_bytes()) == "new"
    only = Keys({"new": b"2" * 32})
    assert read_bytes(path, only) == b"words" and read_bytes(plain, only) == b"as it was before"
    with pytest.raises(SealError, match="key new, which is not there"):
        read_bytes(path, OLD)
    with pytest.raises(SealError, match="is encrypted"):
        read_bytes(path, None)


def test_what_was_written_before_is_read_as_it_is(tmp_path: Path) -> None:
    write_bytes(tmp_path / "f", b"plain", None)
    assert read_bytes(tmp_path / "f", OLD) == b"plain" and read_bytes(tmp_path / "f", None) == b"plain"


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# ours\n{make_key()}\n{make_key()}\n", "utf-8")
    path.chmod(0o640)
    with pytest.raises(EnvironmentNotReady, match="may be read or written by others"):
        load_keys(path, None)
    path.chmod(0o600)
    found = load_keys(path, None)
    assert found is not None and len(found.by_id) == 2 and found.current == path.read_text("utf-8").split()[-2]
    assert load_keys(None, None) is None
    key = path.read_text("utf-8").split()[-1]
    assert key not in repr(found) and base64.b64decode(key) not in repr(found).encode()


@pytest.mark.parametrize("text", ["", "# none\n", "a b\n", f"a {base64.b64encode(b'short').decode()}\n"])
def test_a_line_that_is_no_key_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(EnvironmentNotReady, match="key") as refused:
        load_keys(path, None)
    assert "c2hvcnQ" not in str(refused.value)


def test_a_command_prints_keys_and_what_it_says_is_not_shown_when_it_fails(tmp_path: Path) -> None:
    line = make_key()
    (tmp_path / "key").write_text(line, "utf-8")
    found = load_keys(None, f"cat {tmp_path / 'key'}")
    assert found is not None and found.current == line.split()[0]
    with pytest.raises(EnvironmentNotReady, match="gave no keys") as refused:
        load_keys(None, "sh -c 'echo SECRET; exit 3'")
    assert "SECRET" not in str(refused.value)
    with pytest.raises(EnvironmentNotReady, match="cannot be read"):
        load_keys(tmp_path / "gone", None)
