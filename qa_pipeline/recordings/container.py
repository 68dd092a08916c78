"""The packets of a container → its audio tracks on the recording's clock. Goes on after errors, and tells what they cost.

In: an open file. Out: a Timeline a track, and how much sound has no place in them. What the tracks mean is in audio.py and layout.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.address import USUAL_FORMS, Raw
from qa_pipeline.recordings.ends import End
from qa_pipeline.recordings.files import Reader
from qa_pipeline.recordings.timeline import SAMPLE_RATE, Timeline, TrackBuilder

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

_LOWEST_RATE = 8_000
# Forms whose clock begins at 0: a track that begins later begins with silence. The clock of the others begins anywhere.
_FROM_ZERO = ("mov", "matroska")
# Forms without time stamps of their own, in which nothing can be left out on purpose.
GAPLESS = frozenset(("flac", "mp3", "aac"))
# Forms in which bytes between two packets are more than their wrapping.
_WRAPPED_CLOSELY = ("ogg", "matroska")
_WRAPPING_BYTES = 600
# So many errors one after the other, and nothing more is to be had.
_MOST_ERRORS = 1_000
# What recorders, telephones and platforms write. FFmpeg knows hundreds more (games, pictures, playlists, descriptions of streams that it would fetch), which
# have nothing to say here and much that can go wrong.
_FORMS = (
    "wav,w64,aiff,au,caf,mp3,aac,ac3,eac3,loas,latm,ogg,flac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,avi,flv,mpegts,mpeg,amr,amrnb,amrwb,gsm,wv,tta,ape,dss,voc,"
    "sox,ircam,nistsphere,qcp,xwma,nut,mpc,mpc8,mulaw,alaw,s16le,s8,u8,g722"
)
# A file may name no other one, and no address: only what lies in it is read.
_ONLY_ITSELF = {"format_whitelist": _FORMS, "protocol_whitelist": ""}
# A day's shift in one file is no call; a megabyte may say that it is silence for weeks.
_LONGEST_SECONDS = 6 * 3600
_CHECK_FILE = "Check that the file is whole and is a recording: wav, mp3, ogg, m4a, flac …"


def open_form(file: Reader, *, form: str | None = None, options: Mapping[str, str] | None = None) -> InputContainer:
    """A file as FFmpeg reads it: of the forms that recordings have, and nothing beside it. Raises av.FFmpegError, ValueError."""
    import av

    return av.open(file, "r", format=form, options={**_ONLY_ITSELF, **(options or {})})


@contextlib.contextmanager
def opened_container(uri: str, file: Reader, end: End, raw: Raw | None = None) -> Iterator[InputContainer]:
    """The container of a file, which holds sound in a form that is ours."""
    import av

    try:
        if raw is None:
            container = open_form(file)
        else:
            told = {"sample_rate": str(raw.rate), "ch_layout": "mono" if raw.channels == 1 else "stereo"}
            container = open_form(file, form=raw.form, options={} if raw.form == "g722" else told)
    except (av.FFmpegError, ValueError) as error:
        file.raise_failure()
        if end.index_missing:
            raise RecordingError(
                f"{uri} breaks off before its index, without which nothing in it can be decoded.",
                advice="Copy it again from the recorder, which may have been stopped while it wrote.",
                stage="decode",
            ) from error
        usual = next((f"{ending}={form}" for ending, form in USUAL_FORMS.items() if uri.lower().endswith(ending)), None)
        advice = f"If it is sound without a header, say how it is read: --raw {usual}." if usual else _CHECK_FILE
        raise RecordingError(
            f"{uri} is not audio that can be decoded ({type(error).__name__}).",
            advice=advice,
            stage="decode",
        ) from error
    with container:
        if not container.streams.audio:
            raise RecordingError(f"{uri} has no audio track.", advice="Export the call with its sound.", stage="decode")
        for stream in container.streams.audio:
            if not has_decoder(stream):
                raise RecordingError(f"{uri} is sound of a kind that cannot be decoded.", advice=_CHECK_FILE, stage="decode")
            refuse_form(uri, stream.codec_context.channels, stream.codec_context.sample_rate)
        yield container


class Decoder:
    """Decodes all audio tracks of a container, going on after errors."""

    def __init__(self, uri: str, container: InputContainer, file: Reader) -> None:
        self._uri, self._container, self._file = uri, container, file
        self._form = form_of(container)
        start = Fraction(container.start_time, 1_000_000) if container.start_time is not None else None
        origin = Fraction(0) if self._form in _FROM_ZERO else start
        self._streams = container.streams.audio
        self._builders = {s.index: TrackBuilder(origin=origin, is_gapless=self._form in GAPLESS) for s in self._streams}
        self._decoded_bytes = 0
        self.has_failed = False

    def run(self) -> None:
        """Decode to the end. Raises RecordingError when the form is not ours."""
        # Where the packet before this one began (in Ogg: its page), and how many bytes came from there.
        place, taken = None, 0
        for packet in self._packets():
            builder = self._builders.get(packet.stream_index)
            if packet.size and packet.pos is not None and packet.pos != place:
                if builder and place is not None and self._form in _WRAPPED_CLOSELY and packet.pos - place > taken + _WRAPPING_BYTES:
                    builder.doubt()
                place, taken = packet.pos, 0
            taken += packet.size
            if builder:
                self._decode(packet, builder)

    def timelines(self, end: End) -> list[Timeline]:
        """The tracks that hold sound."""
        made = []
        for stream in self._streams:
            builder = self._builders[stream.index]
            if not builder.end:
                continue
            is_whole = end.missing_bytes == 0 and end.has_length and self._form not in GAPLESS
            made.append(builder.finish(seconds=self._promised(stream) if is_whole else None))
        return made

    def missing_seconds(self, end: End, timelines: Sequence[Timeline], size: int) -> Fraction:
        """How much sound has no place in the recording: what is cut off by the structure of the file, or was damaged in a form without a clock."""
        heard = Fraction(max((timeline.samples.shape[1] for timeline in timelines), default=0), SAMPLE_RATE)
        if end.missing_bytes and self._form in ("wav", "caf"):
            rate = self._streams[0].codec_context.bit_rate or 0
            return Fraction(end.missing_bytes * 8, rate) if rate else Fraction(0)
        if end.has_length:
            return max(Fraction(0), *(self._promised(stream) - heard for stream in self._streams))
        if self._form in GAPLESS and self.has_failed and self._decoded_bytes:
            lost = sum(end - start for timeline in timelines for start, end in timeline.lost)
            sound = heard - Fraction(lost, SAMPLE_RATE)
            return max(Fraction(0), (size - self._decoded_bytes) * sound / self._decoded_bytes - Fraction(lost, SAMPLE_RATE))
        return Fraction(0)

    def _promised(self, stream: AudioStream) -> Fraction:
        """Length of a track by its header, from the start of the recording."""
        if stream.duration and stream.time_base:
            begins = max(0, stream.start_time or 0) if self._form in _FROM_ZERO else 0
            return (begins + stream.duration) * Fraction(stream.time_base)
        return Fraction(self._container.duration or 0, 1_000_000)

    def _packets(self) -> Iterator[Packet[Any]]:
        """All packets; an error of the container costs what it concerns."""
        import av

        packets = self._container.demux()
        for _ in range(_MOST_ERRORS):
            try:
                yield from packets
            except av.EOFError:
                return
            except av.FFmpegError:
                self._file.raise_failure()
                self.has_failed = True
                for builder in self._builders.values():
                    builder.doubt()
                packets = self._container.demux()
            else:
                return

    def _decode(self, packet: Packet[AudioStream], builder: TrackBuilder) -> None:
        import av

        try:
            frames = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError:
            self.has_failed = True
            builder.lose(seconds_of(packet, packet.duration))
            return
        self._decoded_bytes += packet.size
        for frame in frames:
            channels = frame.layout.nb_channels
            refuse_form(self._uri, channels, frame.sample_rate)
            try:
                builder.add(frame, channels)
            except (av.FFmpegError, MemoryError) as error:
                raise RecordingError(
                    f"{self._uri} has {frame.sample_rate} Hz, which cannot be brought to ours.", advice=_CHECK_FILE, stage="decode"
                ) from error
        refuse_length(self._uri, builder.end)


def has_decoder(stream: AudioStream) -> bool:
    """Whether there is anything that decodes a track."""
    # PyAV's types do not say so, but a track of an unknown kind has none.
    return stream.codec_context is not None


def form_of(container: InputContainer) -> str:
    """The name of a container's form, as FFmpeg calls it."""
    return container.format.name.split(",")[0]


def seconds_of(packet: Packet[AudioStream], ticks: int | None) -> Fraction:
    """Ticks of a packet's clock in seconds."""
    return Fraction(ticks or 0) * (packet.time_base or 0)


def refuse_length(uri: str, samples: int) -> None:
    """Raise RecordingError for more sound, in samples at 16 kHz, than any call has."""
    if samples > _LONGEST_SECONDS * SAMPLE_RATE:
        raise RecordingError(
            f"{uri} holds more than {_LONGEST_SECONDS // 3600} hours of sound.",
            advice="Split it into its calls: `ffmpeg -i FILE -f segment -segment_time 3600 -c copy part%03d.wav`.",
            stage="decode",
        )


def refuse_form(uri: str, channels: int, rate: int) -> None:
    """Raise RecordingError for more than two channels, or a rate below 8 kHz."""
    if channels not in (1, 2):
        raise RecordingError(
            f"{uri} has {channels} channels; one or two are wanted.",
            advice="Export it as mono, or as stereo with one party a side.",
            stage="decode",
        )
    if rate < _LOWEST_RATE:
        raise RecordingError(
            f"{uri} has {rate} Hz; at least {_LOWEST_RATE} are wanted.", advice="Export it at 8 kHz or more.", stage="decode"
        )
