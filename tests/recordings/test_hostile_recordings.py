"""Files that are made to do harm when they are decoded: they name other files or addresses, or become more sound than any call has."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import av
import numpy as np
import pytest
from sounds import tone, write_sound

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings import container
from qa_pipeline.recordings.audio import decode, holds_nothing, known_seconds
from qa_pipeline.recordings.edits import read_edits
from qa_pipeline.recordings.ends import examine_end
from qa_pipeline.recordings.extent import examine_extent
from qa_pipeline.recordings.files import Reader
from qa_pipeline.recordings.pieces import pieces_of
from qa_pipeline.recordings.playback import type_played

_SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"


@pytest.mark.parametrize("name", ["call.wav", "call.au", "call.m3u8"])
def test_a_playlist_or_a_description_of_a_stream_is_no_recording_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        there = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts".encode()
        for content in (
            _SDP,
            b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n" + there + b"\n#EXT-X-ENDLIST\n",
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"ffconcat version 1.0\nfile '" + there + b"'\n",
        ):
            path = tmp_path / name
            path.write_bytes(content)
            with pytest.raises(RecordingError, match=r"not audio|and no recording"):
                decode(str(path))
            assert (known_seconds(str(path)), holds_nothing(str(path)), type_played(str(path))) == (0.0, False, None)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_small_file_that_becomes_more_sound_than_a_call_has_is_refused_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "_LONGEST_SECONDS", 20)
    path = tmp_path / "silence.flac"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=16_000, layout="mono")
        for second in range(40):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, second * 16_000
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert path.stat().st_size < 20_000
    with pytest.raises(RecordingError, match="hours of sound"):
        decode(str(path))


def test_an_end_that_breaks_off_in_its_mark_is_an_end(tmp_path: Path) -> None:
    for content in (b"ID3\x03", b"ID3\x03\x00\x00\x7f", b"OggS"):
        path = tmp_path / "x.mp3"
        path.write_bytes(content)
        with pytest.raises(RecordingError):
            decode(str(path))
        assert type_played(str(path)) is None


def test_a_track_that_nothing_decodes_is_told_as_one(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", tone(1.0))
    raw = bytearray(path.read_bytes())
    # The kind of its sound: one that nobody has given a meaning.
    raw[20:22] = b"\xf0\xee"
    path.write_bytes(raw)
    with pytest.raises(RecordingError):
        decode(str(path))
    assert type_played(str(path)) is None


_BEGINNINGS = {
    "wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data", "avi": b"RIFF\x24\0\0\0AVI LIST", "aiff": b"FORM\0\0\0\x24AIFFCOMM",
    "w64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0", "au": b".snd\0\0\0\x18", "caf": b"caff\0\x01\0\0desc", "mp4": b"\0\0\0\x18ftypM4A \0\0\0\0\0\0\0\x10moov", "matroska": b"\x1a\x45\xdf\xa3\x01\x18\x53\x80\x67",
    "ogg": b"OggS\0\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01", "vorbis": b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x01vorbis", "flac": b"fLaC\0\0\0\x22", "amr": b"#!AMR\n\x3c", "mp3": b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64", "asf": b"\x30\x26\xb2\x75",
}  # fmt: skip


@pytest.mark.parametrize("form", _BEGINNINGS)
@pytest.mark.parametrize("filled", [0, 255])
def test_a_file_may_end_anywhere_in_its_head(form: str, filled: int) -> None:
    whole = _BEGINNINGS[form] + bytes([filled]) * 64
    for length in range(len(whole)):
        for examine in (examine_end, examine_extent, read_edits, pieces_of):
            examine(Reader(io.BytesIO(whole[:length])))
