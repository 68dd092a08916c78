"""A recording as a browser plays it: which files are played as they are, and the rest decoded into FLAC, with peaks to draw either.

In: an address (address.py) and where the two files go. Out: those files, made in a process of their own: a recording that crashes a decoder, or takes a
gigabyte, costs the page of one call and not the service. Moments are those of audio.py: what stands at a moment there is played at it here.
"""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import CallFailed, RecordingError
from qa_pipeline.recordings.address import parse_address
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.recordings.edits import is_moved, read_edits
from qa_pipeline.recordings.ends import examine_end
from qa_pipeline.recordings.files import open_file
from qa_pipeline.recordings.opening import has_decoder, open_form
from qa_pipeline.recordings.pieces import pieces_of
from qa_pipeline.sealed import Keys, SealError, read_bytes
from qa_pipeline.whole_file import replacing, write_whole

# What every browser plays and finds any moment of exactly: container and codec as FFmpeg names them. MP3 of changing rate is not: moments are guessed
# from its length. Ogg is not: Safari plays it since 18.4 only (caniuse.com/opus, caniuse.com/ogg-vorbis).
_PLAYED = {("wav", "pcm_s16le"): "audio/wav", ("flac", "flac"): "audio/flac", ("mov,mp4,m4a,3gp,3g2,mj2", "aac"): "audio/mp4"}
DECODED_TYPE = "audio/flac"
BIN_MS = 50
"""Length of a peak: an hour is 72,000 bytes a track."""
_MAGIC = b"QAPK"
_HEAD = struct.Struct("<4sBHI")
# An hour takes some seconds; whatever takes longer hangs.
_LONGEST_SECONDS = 300
# Six hours of two tracks, twice, and the libraries.
_MOST_BYTES = 12_000_000_000
_REFUSED = 3
_LATER = "Open the call again when the machine is less busy."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peaks:
    """The loudest of each BIN_MS. `values`: (channels, n) uint8, 255 is full scale."""

    bin_ms: int
    values: NDArray[np.uint8]


def type_played(uri: str) -> str | None:
    """Media type of a recording that a browser plays as it is; None for one that has to be decoded, or cannot be read at all."""
    import av

    address = parse_address(uri)
    if not address.is_plain or "://" in address.path:
        return None
    try:
        with open_file(uri) as file:
            # FFmpeg, by which browsers play, does not play pieces as their list says (edits.py), nor files one behind the other (pieces.py).
            if examine_end(file).missing_bytes or is_moved(read_edits(file)) or pieces_of(file):
                return None
            file.seek(0)
            with open_form(file) as container:
                tracks = container.streams.audio
                if len(container.streams) != 1 or len(tracks) != 1 or not has_decoder(tracks[0]) or tracks[0].codec_context.channels > 2:
                    return None
                return _PLAYED.get((container.format.name, tracks[0].codec_context.name))
    except (av.FFmpegError, CallFailed, ValueError):
        return None


def peaks_of(audio: Audio) -> Peaks:
    """The loudest sample of each bin of each channel."""
    size = SAMPLE_RATE * BIN_MS // 1000
    count = -(-audio.samples.shape[1] // size)
    loud = np.abs(audio.samples)
    padded = np.pad(loud, ((0, 0), (0, count * size - loud.shape[1])))
    highest = padded.reshape(loud.shape[0], count, size).max(axis=2) if count else np.zeros((loud.shape[0], 0))
    return Peaks(bin_ms=BIN_MS, values=np.minimum(255, np.round(highest * 255)).astype(np.uint8))


def write_peaks(path: Path, peaks: Peaks) -> None:
    """Write peaks: a head of 11 bytes, then the channels one after the other."""
    channels, count = peaks.values.shape
    write_whole(path, _HEAD.pack(_MAGIC, channels, peaks.bin_ms, count) + peaks.values.tobytes())


def load_peaks(path: Path, keys: Keys | None = None) -> Peaks | None:
    """Read peaks; None where there are none, they were written otherwise, or their key is not there."""
    try:
        raw = read_bytes(path, keys)
    except (FileNotFoundError, SealError):
        return None
    if len(raw) < _HEAD.size or raw[:4] != _MAGIC:
        return None
    _, channels, bin_ms, count = _HEAD.unpack_from(raw)
    if len(raw) != _HEAD.size + channels * count:
        return None
    return Peaks(bin_ms=bin_ms, values=np.frombuffer(raw, np.uint8, offset=_HEAD.size).reshape(channels, count))


def write_flac(path: Path, audio: Audio) -> None:
    """Write the samples as FLAC of 16 bits, all channels."""
    import av

    layout = "mono" if audio.samples.shape[0] == 1 else "stereo"
    whole = np.clip(np.round(audio.samples * 32767), -32768, 32767).astype(np.int16)
    with replacing(path) as part, av.open(str(part), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout=layout, options={"compression_level": "2"})
        # A second at a time: a seek lands on the frame it means.
        for start in range(0, whole.shape[1], SAMPLE_RATE):
            some = np.ascontiguousarray(whole[:, start : start + SAMPLE_RATE].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(some, format="s16", layout=layout)
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_playable(uri: str, *, sound: Path | None, peaks: Path) -> None:
    """Decode a recording into its peaks, and into a file to play where `sound` names one, in another process.

    Raises RecordingError with what is wrong with the recording, or where it took too long.
    """
    command = [sys.executable, "-m", "qa_pipeline.recordings.playback", uri, str(peaks), *([str(sound)] if sound else [])]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST_SECONDS, check=False, encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired as error:
        raise _not_played(uri, f"decoding took more than {_LONGEST_SECONDS} s", advice=_LATER) from error
    if done.returncode == _REFUSED:
        *why, advice = done.stderr.split("\n")
        raise _not_played(uri, "\n".join(why), advice=advice)
    if done.returncode:
        raise _not_played(uri, f"the decoder ended with {done.returncode}", advice="Copy it again from the recorder: it may be damaged.")


def _not_played(uri: str, why: str, *, advice: str) -> RecordingError:
    return RecordingError(
        f"{uri} cannot be played: {why}", advice=advice or "Check that the file is still there and whole.", stage="decode"
    )


def _make(uri: str, peaks: str, sound: str | None = None) -> int:
    """Runs in the other process, which has no more memory and time than that."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_LONGEST_SECONDS, _LONGEST_SECONDS))
    try:
        audio = decode(uri)
        if sound is not None:
            write_flac(Path(sound), audio)
        write_peaks(Path(peaks), peaks_of(audio))
    except CallFailed as error:
        sys.stderr.write(f"{error.message}\n{error.advice}")
        return _REFUSED
    except MemoryError:
        sys.stderr.write(f"it takes more memory than there is for one recording\n{_LATER}")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(_make(*sys.argv[1:]))
