"""A recording as samples: decode with PyAV, resample to 16 kHz.

In: a path or an fsspec URI. Out: Audio. Packets are decoded in container.py, placed in time in timeline.py; whether a file is whole is in ends.py, how it
carries the parties in layout.py, what it means (who, when) in ingest.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from qa_pipeline.errors import CallFailed, RecordingError
from qa_pipeline.recordings.address import Raw, parse_address
from qa_pipeline.recordings.avi import read_avi, seconds_told
from qa_pipeline.recordings.container import GAPLESS, Decoder, refuse_length, seconds_of
from qa_pipeline.recordings.edits import edits_of_tag, has_pieces, read_edits, seconds_played
from qa_pipeline.recordings.ends import End, examine_end, read_at
from qa_pipeline.recordings.extent import Extent, examine_extent
from qa_pipeline.recordings.files import Reader, open_file
from qa_pipeline.recordings.layout import as_parties
from qa_pipeline.recordings.opening import form_of, open_form, opened_container, refuse_form, undecodable
from qa_pipeline.recordings.pieces import pieces_of
from qa_pipeline.recordings.timeline import SAMPLE_RATE as SAMPLE_RATE
from qa_pipeline.recordings.timeline import TrackBuilder
from qa_pipeline.recordings.wavpack import mended

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext

# A recording that misses less at its end is whole: encoders fill a last frame, or drop one.
_MISSING_SECONDS = Fraction(1, 2)
# Where something is known to be damaged, this much more is told.
_NOTICED_SECONDS = Fraction(1, 10)
# An empty recording is a header and no more.
EMPTY_BYTES = 8_192
# No recorder writes so far beyond full scale; chosen.
_FAR_BEYOND = 16.0
_SIXTEEN_BITS = 32_768
# Speech and noise have a mean of 0; what a sample of 8 bits is rounded by is less. Chosen.
_OFF_CENTRE = 0.01
_RAW_PACKET = 4_096
_RAW_SAMPLES_A_BYTE = {"s16le": 0.5, "vox": 2.0, "g722": 2.0, "g726": 2.0, "g726le": 2.0, "g729": 8.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audio:
    """Decoded sound. `samples`: (channels, n) float32 in [−1, 1] at 16 kHz, 1 or 2 channels; where a player plays nothing there is silence.

    `lost`: stretches that were damaged, in ms; they are silent. `missing_ms`: sound that has no place in the recording any more: cut off at its end,
    or damaged where no time stamps say how much. `is_truncated`: the file ends before its own structure says.
    """

    samples: NDArray[np.float32]
    is_truncated: bool = False
    lost: tuple[tuple[int, int], ...] = ()
    missing_ms: int = 0

    @property
    def duration_ms(self) -> int:
        """Length of the recording."""
        return int(self.samples.shape[1] * 1000 // SAMPLE_RATE)

    @property
    def lost_ms(self) -> int:
        """How much of what was recorded is not there to be heard."""
        return sum(end - start for start, end in self.lost) + self.missing_ms

    def mixed(self) -> NDArray[np.float32]:
        """All channels as one track: (n,)."""
        mixed: NDArray[np.float32] = self.samples.mean(axis=0, dtype=np.float32) if self.samples.shape[0] > 1 else self.samples[0]
        return mixed


def decode(uri: str) -> Audio:
    """Decode a recording: any format PyAV reads, 8 kHz and up, 1–2 channels or tracks that hold sound of their own; an address.py of several files, too.

    A damaged stretch costs itself, and a file that breaks off what is missing; both are told. Raises RecordingError when nothing can be decoded, or
    the form is not ours, and ReadFailed when the disk or the network did not give the file.
    """
    address = parse_address(uri)
    if address.party is not None:
        return _side_by_side(uri, [decode(file) for file in address.files])
    if address.following:
        return _in_a_row(uri, [decode(file) for file in address.files])
    return _decode_raw(uri, address.raw) if address.raw is not None and address.raw.form == "vox" else _decode_file(uri, address.raw)


def known_seconds(uri: str) -> float | None:
    """Length of a local recording without decoding it; 0 when nothing can be read there, None when it lies elsewhere.

    Where the header only guesses, or says nothing, the packets are counted.
    """
    import av

    if "://" in uri:
        return None
    address = parse_address(uri)
    if not address.is_plain and address.raw is None:
        lengths = [known_seconds(file) or 0.0 for file in address.files]
        return max(lengths) if address.party else sum(lengths)
    try:
        if address.raw:
            with open_file(uri) as file:
                return file.size * _RAW_SAMPLES_A_BYTE.get(address.raw.form, 1.0) / (address.raw.rate * address.raw.channels)
        with open_file(uri) as file:
            if pieces := pieces_of(file):
                return sum(_seconds_in(piece) for piece in pieces)
            return _seconds_in(file)
    except (av.FFmpegError, CallFailed, ValueError):
        return 0.0


def _seconds_in(file: Reader) -> float:
    end = examine_end(file)
    edits = read_edits(file)
    if told := seconds_told(read_avi(file)):
        return told
    file.seek(0)
    with open_form(file) as container:
        if not container.streams.audio:
            return 0.0
        if has_pieces(edits) or (edits := edits_of_tag(container)):
            return float(seconds_played(edits))
        is_guess = form_of(container) in GAPLESS and not end.has_length
        if container.duration and not is_guess:
            return float(container.duration) / 1e6
        stream = container.streams.audio[0]
        return float(sum((seconds_of(packet, packet.duration) for packet in container.demux(stream)), Fraction(0)))


def holds_nothing(uri: str) -> bool:
    """Whether a file is a whole recording of no sound at all: a header, as recorders leave of a call that nobody answered."""
    import av

    try:
        with open_file(uri) as file:
            if not 0 < file.size <= EMPTY_BYTES:
                return False
            end = examine_end(file)
            file.seek(0)
            with open_form(file) as container:
                packets = sum(packet.size for packet in container.demux(container.streams.audio) if packet.size)
                return bool(container.streams.audio) and not packets and not end.missing_bytes
    except (av.FFmpegError, CallFailed, ValueError):
        return False


def _decode_file(uri: str, raw: Raw | None) -> Audio:
    with open_file(uri) as file:
        pieces = pieces_of(file) if raw is None else []
        if not pieces:
            return _decode_opened(uri, file, raw)
        first = _decode_opened(uri, pieces[0], None)
        parts = [first, *(_decode_further(uri, piece, first, pieces[0].size) for piece in pieces[1:])]
        file.raise_failure()
        return _in_a_row(uri, parts)


def _decode_further(uri: str, piece: Reader, first: Audio, size: int) -> Audio:
    """A piece behind the first, whose bytes are `size`. One that cannot be decoded is missing, as long as the first is for its bytes."""
    try:
        return _decode_opened(uri, piece, None)
    except RecordingError:
        return Audio(samples=first.samples[:, :0], missing_ms=round(first.duration_ms * piece.size / size))


def _decode_opened(uri: str, file: Reader, raw: Raw | None) -> Audio:
    end = End() if raw else examine_end(file)
    edits = {} if raw else read_edits(file)
    extent = None if raw else examine_extent(file)
    avi = {} if raw else read_avi(file)
    if raw is None and (part := mended(file)):
        file.raise_failure()
        # There is no last packet that would say that all is there.
        file, end, extent = part.file, End(missing_bytes=part.lacking, has_length=True), Extent(begins=0, last=part.file.size)
    in_pieces = has_pieces(edits)
    if raw is None and read_at(file, 0, 4) == b"RIFX":
        # FFmpeg takes its samples for such of a RIFF, and makes noise of them.
        raise RecordingError(
            f"{uri} is a WAV with the bytes of its numbers the other way round (RIFX).",
            advice="Convert it: `sox FILE NEW.wav`.",
            stage="decode",
        )
    file.seek(0)
    with opened_container(uri, file, end, raw, as_recorded=in_pieces) as container:
        decoder = Decoder(uri, container, file, edits=edits if in_pieces else {}, extent=extent, avi=avi)
        decoder.run()
        file.raise_failure()
        timelines, missed = decoder.finish(end, file.size)
        missing = float(missed)
        # The index of an MP3 counts bytes and frames: what has all its frames is whole, whatever the other says.
        is_whole = decoder.is_gapless and end.has_length and missing <= _MISSING_SECONDS
        if not timelines and decoder.is_unknown:
            raise undecodable(uri, container.streams.audio[0])
    if not timelines:
        raise RecordingError(
            f"{uri} holds no sound that can be decoded.",
            advice="The file is empty or damaged: copy it again from the recorder.",
            stage="decode",
        )
    several = len(timelines) > 1
    tracks = as_parties([timeline.samples for timeline in timelines])
    if tracks is None and not several:
        raise RecordingError(
            f"{uri} has sound of its own on {timelines[0].samples.shape[0]} channels; one or two are wanted.",
            advice='Export the channels of the two parties, the first and the second as: `ffmpeg -i FILE -af "pan=stereo|c0=c0|c1=c1" NEW.wav`.',
            stage="decode",
        )
    if tracks is None:
        shapes = " and ".join(str(timeline.samples.shape[0]) for timeline in timelines)
        raise RecordingError(
            f"{uri} has {len(timelines)} audio tracks, of {shapes} channels; two tracks of one party each are wanted.",
            advice="Export one track, or a track a party: `ffmpeg -i FILE -map 0:a:0 -map 0:a:1 -ac 1 NEW.m4a`.",
            stage="decode",
        )
    is_cut = end.missing_bytes > 0 and not is_whole if end.missing_bytes is not None else end.has_length and missing > _MISSING_SECONDS
    return Audio(
        samples=np.clip(_centred(_at_scale(tracks)), -1.0, 1.0),
        is_truncated=is_cut,
        lost=_merged([span for timeline in timelines for span in timeline.lost]),
        missing_ms=round(missing * 1000)
        if is_cut or missing > _MISSING_SECONDS or (decoder.has_failed and missing > _NOTICED_SECONDS)
        else 0,
    )


def _at_scale(tracks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples of a float file that has whole numbers of 16 bits in it, as programs write that forget to divide: between −1 and 1."""
    if tracks.size and float(np.abs(tracks).max()) > _FAR_BEYOND and float(np.percentile(np.abs(tracks), 95)) > _FAR_BEYOND:
        return tracks / np.float32(_SIXTEEN_BITS)
    return tracks


def _centred(tracks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tracks around zero. A card or a line that is badly earthed adds the same figure to every sample, beside which no speech stands out."""
    if not tracks.size:
        return tracks
    # One figure that is no sample of sound is far beyond all others.
    means = np.clip(tracks, -1.0, 1.0).mean(axis=1, dtype=np.float64)
    # A track of one figure throughout holds nothing beside it.
    offsets = np.where((np.abs(means) > _OFF_CENTRE) & (np.ptp(tracks, axis=1) > 0), means, 0.0).astype(np.float32)
    return tracks - offsets[:, np.newaxis] if offsets.any() else tracks


def _decode_raw(uri: str, raw: Raw) -> Audio:
    """Dialogic ADPCM (.vox), for which FFmpeg has a decoder and no container."""
    import av

    with open_file(uri) as file:
        content = file.read()
    context = cast("AudioCodecContext", av.CodecContext.create("adpcm_ima_oki", "r"))
    context.sample_rate, context.layout = raw.rate, "mono" if raw.channels == 1 else "stereo"
    refuse_form(uri, raw.channels, raw.rate)
    builder = TrackBuilder(origin=None, is_gapless=False)
    for start in range(0, len(content), _RAW_PACKET):
        for frame in context.decode(av.Packet(content[start : start + _RAW_PACKET])):
            frame.pts = None
            builder.add(frame, raw.channels)
        refuse_length(uri, builder.end)
    if not builder.end:
        raise RecordingError(f"{uri} holds no sound.", advice="The file is empty: copy it again from the recorder.", stage="decode")
    return Audio(samples=np.clip(builder.finish().samples, -1.0, 1.0))


def _side_by_side(uri: str, sides: Sequence[Audio]) -> Audio:
    """Two recordings of one party each as one of two channels."""
    tracks = as_parties([side.samples for side in sides])
    if tracks is None:
        raise RecordingError(
            f"{uri}: a file of the two holds both parties already.",
            advice="Join files of one party each; run this one by itself.",
            stage="decode",
        )
    return Audio(
        samples=tracks,
        is_truncated=any(side.is_truncated for side in sides),
        lost=_merged_ms([span for side in sides for span in side.lost]),
        missing_ms=max(side.missing_ms for side in sides),
    )


def _in_a_row(uri: str, parts: Sequence[Audio]) -> Audio:
    """Several recordings as one, one after the other."""
    channels = max(part.samples.shape[0] for part in parts)
    refuse_length(uri, sum(part.samples.shape[1] for part in parts))
    lost: list[tuple[int, int]] = []
    before = 0
    for part in parts:
        lost += [(start + before * 1000 // SAMPLE_RATE, end + before * 1000 // SAMPLE_RATE) for start, end in part.lost]
        before += part.samples.shape[1]
    even = [part.samples if part.samples.shape[0] == channels else np.repeat(part.samples, channels, axis=0) for part in parts]
    return Audio(
        samples=np.concatenate(even, axis=1),
        is_truncated=parts[-1].is_truncated,
        lost=tuple(lost),
        missing_ms=sum(part.missing_ms for part in parts),
    )


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches in samples as stretches in ms, each moment once."""
    return _merged_ms([(start * 1000 // SAMPLE_RATE, end * 1000 // SAMPLE_RATE) for start, end in spans])


def _merged_ms(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
