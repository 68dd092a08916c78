"""The packets of a container → its audio tracks on the recording's clock. Goes on after errors, and tells what they cost.

In: an open file. Out: a Timeline a track, and how much sound has no place in them. What the tracks mean is in audio.py and layout.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from posixpath import splitext
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.address import path_of
from qa_pipeline.recordings.avi import AviTrack, Progress
from qa_pipeline.recordings.edits import Edits, as_played, edits_of_tag
from qa_pipeline.recordings.ends import End
from qa_pipeline.recordings.extent import TAG_NAMES, Extent, end_of_sound, is_tag
from qa_pipeline.recordings.files import Reader
from qa_pipeline.recordings.opening import CHECK_FILE, LOWEST_RATE, form_of, refuse_form
from qa_pipeline.recordings.timeline import SAMPLE_RATE, Timeline, TrackBuilder

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

# Forms whose clock begins at 0: a track that begins later begins with silence. The clock of the others begins anywhere.
_FROM_ZERO = ("mov", "matroska", "wv")
# Forms whose header says how much of the last frame is sound.
_FILLED_UP = ("mov", "caf")
# Forms without time stamps of their own, in which nothing can be left out on purpose.
GAPLESS = frozenset(("flac", "mp3", "aac"))
# Forms in which bytes between two packets are more than their wrapping.
_WRAPPED_CLOSELY = ("ogg", "matroska")
_WRAPPING_BYTES = 600
# No recorder was found that leaves silence out of these: a jump of the clock is what was damaged.
_UNBROKEN = ("asf", "wv")
# Nobody pauses an MPEG-TS for less, in samples: that is a packet which was lost. Chosen.
_SHORTEST_PAUSE = SAMPLE_RATE // 2
# In an Ogg, a packet of the others has its time from the end of its page: what follows a page that is gone would stand in its place.
_CLOCKED_BY_PACKET = ("opus", "libopus", "vorbis")
# A page of Ogg holds less: one that begins later was cut out of a stream, and keeps the clock of that.
_LONGEST_PAGE_SECONDS = 20
_AMR_GOOD, _AMR_ZERO = 0x04, 0x83
_AMR_SPEECH_BELOW = 9
# Opus has packets of one to three bytes for silence, and longer ones of nothing but zeros for no sound at all.
_SHORTEST_OF_ZEROS = 8
# A last packet may be longer than the sound in it by less.
_OVERLONG_SECONDS = Fraction(4, 100)
# So many errors one after the other, and nothing more is to be had.
_MOST_ERRORS = 1_000
# A day's shift in one file is no call; a megabyte may say that it is silence for weeks.
_LONGEST_SECONDS = 6 * 3600


class Decoder:
    """Decodes all audio tracks of a container, going on after errors.

    `edits`: how tracks are played by their lists, where FFmpeg does not see to it. `extent`: what the file says of where its sound is; `avi`: of its chunks.
    """

    def __init__(
        self, uri: str, container: InputContainer, file: Reader, *, edits: Edits, extent: Extent | None, avi: Mapping[int, AviTrack]
    ) -> None:
        from av.codec.context import Flags2

        self._uri, self._container, self._file, self._extent = uri, container, file, extent
        self._form = form_of(container)
        self._edits = edits or edits_of_tag(container)
        self._streams = container.streams.audio
        if self._form == "caf":
            # FFmpeg takes the rest of a last frame of ALAC off a frame that is short already.
            for stream in self._streams:
                stream.codec_context.flags2 |= Flags2.skip_manual
        for stream in self._streams:
            if stream.codec_context.name == "wavpack":
                # It would go on with noise at full scale.
                stream.codec_context.options = {"err_detect": "crccheck+explode"}
        start = Fraction(container.start_time, 1_000_000) if container.start_time is not None else None
        self._origin = Fraction(0) if self._form in _FROM_ZERO else start
        # MP3 in a WAV is as MP3 is.
        is_mpeg_in_wave = self._form == "wav" and self._streams[0].codec_context.name.startswith("mp3")
        self.is_gapless = self._form in GAPLESS or is_mpeg_in_wave
        self._builders = {s.index: TrackBuilder(origin=self._origin, is_gapless=self.is_gapless) for s in self._streams}
        self._avi = {number: Progress(track) for number, track in avi.items()}
        for number, track in avi.items():
            if number in self._builders:
                self._builders[number].wait(track.late)
        # Damage may lead FFmpeg to guess anew while it reads.
        self._promises = {stream.index: self._promised(stream) for stream in self._streams}
        self._decoded_bytes = self._failed_bytes = self._stepped_over = 0
        self._decoded_seconds = Fraction(0)
        self.has_failed = False
        # The decoder said that it lacks what this sound is made with, as FFmpeg's does of some AAC-ELD.
        self.is_unknown = False

    def run(self) -> None:
        """Decode to the end. Raises RecordingError when the form is not ours."""
        # Where the packet before this one began (in Ogg: its page), and how many bytes came from there.
        place, taken = None, 0
        for packet in self._packets():
            # The packets that end each track all have the number of the first.
            builder = self._builders.get(packet.stream.index)
            if packet.size and packet.pos is not None and packet.pos != place:
                if place is None:
                    self._begin(packet.pos)
                elif builder and self._form in _WRAPPED_CLOSELY and packet.pos - place > taken + _WRAPPING_BYTES:
                    builder.doubt(is_here=self._form == "ogg" and packet.stream.codec_context.name not in _CLOCKED_BY_PACKET)
                elif self.is_gapless and packet.pos > place + taken and not is_tag(self._file, place + taken):
                    self._step_over(packet.pos - place - taken)
                place, taken = packet.pos, 0
            taken += packet.size
            if builder:
                if packet.size and packet.stream.index in self._avi:
                    self._pass_over(builder, self._avi[packet.stream.index].step(packet.pos, packet.size))
                self._decode(packet, builder)
        for number, progress in self._avi.items():
            if number in self._builders and self._builders[number].end:
                self._pass_over(self._builders[number], progress.rest())
        if self._extent and self._extent.last is not None:
            if place is None or place < self._extent.last:
                self._doubt()
        elif place is not None and (self._extent or self.is_gapless):
            stepped_over = end_of_sound(self._file, place + taken) - place - taken
            if stepped_over > _WRAPPING_BYTES:
                self._step_over(stepped_over)

    def _begin(self, place: int) -> None:
        """Hold the first packet against where sound begins by the structure of the file."""
        if self._extent is None:
            return
        begins = self._extent.begins
        is_ogg = self._form == "ogg"
        if begins is not None and (place == begins if is_ogg else place <= begins + _WRAPPING_BYTES):
            return
        self._doubt()
        if is_ogg and self._origin and self._origin < _LONGEST_PAGE_SECONDS:
            self._origin = Fraction(0)
            self._promises = {stream.index: self._promised(stream) for stream in self._streams}
            for builder in self._builders.values():
                builder.begin_at(self._origin)

    def _pass_over(self, builder: TrackBuilder, passed: tuple[Fraction, Fraction]) -> None:
        """Note seconds of sound and of silence of an AVI that FFmpeg gave no packet of."""
        lost, silent = passed
        builder.wait(silent)
        if lost:
            self.has_failed = True
            builder.lose(lost)

    def _step_over(self, count: int) -> None:
        """Note bytes between packets that FFmpeg made nothing of."""
        self._stepped_over += count
        self._doubt()

    def _doubt(self) -> None:
        self.has_failed = True
        for builder in self._builders.values():
            builder.doubt()

    def finish(self, end: End, size: int) -> tuple[list[Timeline], Fraction]:
        """The tracks that hold sound, as they are played; and how many seconds of sound have no place in them: what is cut off by the structure of the
        file, or was damaged in a form without a clock.
        """
        is_known = end.has_length or (self._extent is not None and self._extent.seconds is not None)
        # The length of an ASF is that of its last packet, which may be filled up; of a WavPack, all there is.
        is_whole = end.missing_bytes == 0 and is_known and not self.is_gapless and (self._form not in _UNBROKEN or self.has_failed)
        if is_whole:
            self._lose_the_rest()
        made = {
            stream: self._builders[stream.index].finish(
                seconds=self._promises[stream.index] if is_whole else None, may_end_before=self._form in _FILLED_UP
            )
            for stream in self._streams
            if self._builders[stream.index].end
        }
        missing = self._missing_seconds(end, list(made.values()), size)
        return [as_played(timeline, self._edits.get(stream.id, ())) for stream, timeline in made.items()], missing

    def _lose_the_rest(self) -> None:
        """Note what an AVI lacks by its header where its chunks cannot be followed to the end: no index, and one of them is broken."""
        for number, progress in self._avi.items():
            builder = self._builders.get(number)
            if builder and builder.end and not progress.track.is_whole:
                self._pass_over(builder, (max(Fraction(0), self._promises[number] - Fraction(builder.end, SAMPLE_RATE)), Fraction(0)))

    def _missing_seconds(self, end: End, timelines: Sequence[Timeline], size: int) -> Fraction:
        heard = Fraction(max((timeline.samples.shape[1] for timeline in timelines), default=0), SAMPLE_RATE)
        if self._avi and any(self._promises.values()):
            missing = max(promised - heard for promised in self._promises.values())
            return max(Fraction(0), missing)
        if end.missing_bytes and self._form == "avi":
            # Of its bytes, pictures and the index are no sound: as much as in what is there.
            return heard * end.missing_bytes / size
        if end.missing_bytes and self._form in ("wav", "w64", "caf"):
            rate = self._streams[0].codec_context.bit_rate or 0
            return Fraction(end.missing_bytes * 8, rate) if rate else Fraction(0)
        if self.is_gapless and end.missing_bytes == 0 and not self.has_failed:
            # An index that counts more frames than its bytes hold.
            return Fraction(0)
        if end.has_length:
            return max(Fraction(0), *(promised - heard for promised in self._promises.values()))
        if self._extent and self._stepped_over and self._decoded_bytes and self._extent.seconds is None:
            return self._stepped_over * heard / self._decoded_bytes
        if self.is_gapless and self.has_failed and self._decoded_bytes:
            lost = Fraction(sum(end - start for timeline in timelines for start, end in timeline.lost), SAMPLE_RATE)
            damaged = self._stepped_over + self._failed_bytes
            return max(Fraction(0), damaged * (heard - lost) / self._decoded_bytes - lost)
        return Fraction(0)

    def _promised(self, stream: AudioStream) -> Fraction:
        """Length of a track by its header, or its last page, from the start of the recording."""
        if self._extent and self._extent.seconds is not None:
            return self._extent.seconds - (self._origin or 0)
        if stream.index in self._avi:
            track = self._avi[stream.index].track
            return track.seconds + track.late if track.seconds else Fraction(0)
        edits = self._edits.get(stream.id, ())
        if len(edits) == 1 and edits[0].start is not None:
            return edits[0].start + edits[0].seconds
        if stream.duration and stream.time_base:
            begins = max(0, stream.start_time or 0) if self._form in _FROM_ZERO else 0
            return (begins + stream.duration) * Fraction(stream.time_base)
        return Fraction(self._container.duration or 0, 1_000_000)

    def _packets(self) -> Iterator[Packet[Any]]:
        """All packets; an error of the container costs what it concerns."""
        import av

        errors = 0
        while errors < _MOST_ERRORS:
            try:
                yield from self._container.demux()
            except av.EOFError:
                return
            except av.FFmpegError:
                self._file.raise_failure()
                self._doubt()
                errors += 1
            except IndexError:
                # A packet of a track that was not there at the beginning, which PyAV does not know: damage, or something else than sound.
                continue
            else:
                return

    def _decode(self, packet: Packet[AudioStream], builder: TrackBuilder) -> None:
        import av

        seconds = seconds_of(packet, packet.duration)
        if packet.stream.index in self._avi:
            seconds = self._avi[packet.stream.index].track.seconds_of(packet.size)
        try:
            frames = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError as error:
            self.is_unknown |= isinstance(error, (av.error.BugError, av.error.PatchWelcomeError))
            frames = None
        # What was ours before is not suddenly of 12 Hz.
        own = packet.stream.codec_context.channels if not builder.end else builder.channels
        is_other = bool(builder.end) and any(not _is_ours(frame.layout.nb_channels, frame.sample_rate, own) for frame in frames or ())
        if frames is None or is_other or _is_bad(packet, frames, seconds if self._form == "mov" else None):
            self.has_failed = True
            # A frame may come with the tag before it, of which none was sound.
            self._failed_bytes += 0 if self.is_gapless and bytes(packet).startswith(TAG_NAMES) else packet.size
            if self._form == "amr" and self._decoded_bytes:
                # Damage is read as frames of any length: how much sound it was is in its bytes.
                seconds = packet.size * self._decoded_seconds / self._decoded_bytes
            builder.lose(seconds)
            return
        self._decoded_bytes += packet.size
        self._decoded_seconds += seconds
        for frame in frames:
            if self._form == "amr" or packet.stream.index in self._avi:
                frame.pts = None
            channels = frame.layout.nb_channels
            refuse_form(self._uri, channels, frame.sample_rate)
            try:
                builder.add(frame, channels)
            except (av.FFmpegError, MemoryError) as error:
                raise RecordingError(
                    f"{self._uri} has {frame.sample_rate} Hz, which cannot be brought to ours.", advice=CHECK_FILE, stage="decode"
                ) from error
        if self._form in _UNBROKEN and (builder.end or self._form in _FROM_ZERO):
            builder.expect_no_gaps()
        elif self._form == "mpegts" and builder.end:
            builder.expect_no_gaps(below=_SHORTEST_PAUSE)
        refuse_length(self._uri, builder.end)


def seconds_of(packet: Packet[AudioStream], ticks: int | None) -> Fraction:
    """Ticks of a packet's clock in seconds."""
    return Fraction(ticks or 0) * (packet.time_base or 0)


def refuse_length(uri: str, samples: int) -> None:
    """Raise RecordingError for more sound, in samples at 16 kHz, than any call has."""
    if samples > _LONGEST_SECONDS * SAMPLE_RATE:
        raise RecordingError(
            f"{uri} holds more than {_LONGEST_SECONDS // 3600} hours of sound.",
            advice=f"Split it into its calls: `ffmpeg -i FILE -f segment -segment_time 3600 -reset_timestamps 1 -c copy part%03d{splitext(path_of(uri))[1]}`.",
            stage="decode",
        )


def _is_bad(packet: Packet[AudioStream], frames: Sequence[AudioFrame], seconds: Fraction | None) -> bool:
    """Whether a packet is damaged though it could be decoded. `seconds`: how long it is by an index.

    AMR says of its speech whether it is good (RFC 4867, 5.3), which zero bytes are not; damaged Opus may say that it is longer than it is.
    """
    codec = packet.stream.codec_context.name
    if codec in ("amrnb", "amrwb") and packet.size:
        head = bytes(packet)[0]
        return bool(head & _AMR_ZERO) or (not head & _AMR_GOOD and head >> 3 & 0x0F < _AMR_SPEECH_BELOW)
    if codec in ("opus", "libopus") and packet.size >= _SHORTEST_OF_ZEROS and not any(bytes(packet)):
        # Zero bytes are silence to it.
        return True
    if codec in ("opus", "libopus") and seconds is not None:
        return sum(Fraction(frame.samples, frame.sample_rate) for frame in frames) > seconds + _OVERLONG_SECONDS
    return False


def _is_ours(channels: int, rate: int, own: int) -> bool:
    """Whether a frame is of a form that a recording changes to, whose frames before had `own` channels."""
    return channels in (1, 2, own) and rate >= LOWEST_RATE
