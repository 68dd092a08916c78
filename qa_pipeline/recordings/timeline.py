"""One audio track of a file as samples on the recording's own clock: what a player plays at a moment stands at that moment.

In: decoded frames and packets that could not be decoded. Out: samples at 16 kHz, with silence where nothing was sent or something was lost, and
which stretches were lost. A change of sample rate or of channels in mid-file begins a new run of the resampler.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

SAMPLE_RATE = 16_000
# Time stamps in whole milliseconds, jittered by a network, or moved by an encoder's delay are no gap. Chosen, not measured.
_SLACK = SAMPLE_RATE * 40 // 1000
# A clock that jumps further ahead, or back, was set anew: what follows goes on where the sound before ended.
LONGEST_GAP = SAMPLE_RATE * 3600
_SET_BACK = SAMPLE_RATE
_DOUBTFUL_FOR = SAMPLE_RATE * 5

Tracks = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`samples`: (1 or 2, n) float32 at 16 kHz. `lost`: stretches that could not be decoded, in samples; they are silent."""

    samples: Tracks
    lost: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Run:
    """Frames of one form, one after the other. `start`: where it begins; `taken`: how long it is, in seconds."""

    form: tuple[int, int, str]
    resampler: AudioResampler
    start: int
    taken: Fraction = Fraction(0)
    pieces: list[Tracks] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + round(self.taken * SAMPLE_RATE)


class TrackBuilder:
    """Lays the frames of one track on the clock. `origin`: the time stamp, in s, that is the recording's start; None: that of the first frame.

    `is_gapless`: the form has no way to leave sound out on purpose (FLAC, MP3, AAC as such), so that every gap is a loss.
    """

    def __init__(self, *, origin: Fraction | None, is_gapless: bool) -> None:
        self._origin, self._is_gapless, self._lost_below = origin, is_gapless, LONGEST_GAP + 1 if is_gapless else 0
        self._pieces: list[Tracks] = []
        self._run: _Run | None = None
        self._end = 0
        self._lost: list[tuple[int, int]] = []
        self._failed = Fraction(0)
        self._waited = Fraction(0)
        self._doubtful_until = -1
        self._gone: int | None = None
        self._last_frame = 0
        self._channels = 0

    @property
    def channels(self) -> int:
        """Of the frames so far; 0 before there are any."""
        return self._channels

    @property
    def end(self) -> int:
        """Where the sound so far ends, in samples."""
        return self._run.end if self._run else self._end

    def begin_at(self, origin: Fraction) -> None:
        """Move the recording's start to another time stamp, before there is any sound."""
        self._origin = origin

    def expect_no_gaps(self, *, below: int = LONGEST_GAP + 1) -> None:
        """Have every gap between two frames from here on be a loss; `below`: such as are shorter than so many samples."""
        self._lost_below = below

    def lose(self, seconds: Fraction) -> None:
        """Note that a packet of some length could not be decoded."""
        self._failed += seconds
        self.doubt()

    def wait(self, seconds: Fraction) -> None:
        """Note that for so long nothing was sent, in a form whose time stamps do not say so."""
        self._waited += seconds

    def doubt(self, *, is_here: bool = False) -> None:
        """Note that bytes were skipped or could not be decoded: a gap that follows soon is a loss. FFmpeg shows one of Ogg a page late; `is_here`: its place
        is where the sound ends now.
        """
        if is_here and (self._gone is None or self.end > self._doubtful_until):
            self._finish_run()
            self._gone = len(self._pieces)
        self._doubtful_until = self.end + _DOUBTFUL_FOR

    def add(self, frame: AudioFrame, channels: int) -> None:
        """Lay down one decoded frame."""
        self._close_gap(None if frame.pts is None or frame.time_base is None else Fraction(frame.pts) * frame.time_base)
        form = (frame.sample_rate, channels, frame.format.name)
        if self._run is None or self._run.form != form:
            self._finish_run()
            self._run = _Run(form=form, resampler=_resampler(frame), start=self._end)
            self._channels = max(self._channels, channels)
        frame.pts = None
        self._last_frame = round(Fraction(frame.samples, frame.sample_rate) * SAMPLE_RATE)
        self._run.taken += Fraction(frame.samples, frame.sample_rate)
        self._run.pieces += [_samples(out) for out in self._run.resampler.resample(frame)]

    def finish(self, *, seconds: Fraction | None = None, may_end_before: bool = False) -> Timeline:
        """All samples. `seconds`: how long the track is by a header that can be trusted; sound that is not there until then was not sent.
        `may_end_before`: what stands behind that, up to a frame, is what filled the last frame up.
        """
        self._finish_run()
        lost = round(self._failed * SAMPLE_RATE)
        is_doubtful = self._end <= self._doubtful_until
        if self._waited:
            self._silence(round(self._waited * SAMPLE_RATE), 0)
        if lost:
            self._silence(lost, lost)
        wanted = round(seconds * SAMPLE_RATE) - self._end if seconds is not None else 0
        if _SLACK < wanted <= LONGEST_GAP:
            self._silence(wanted, wanted if self._is_gapless or is_doubtful else 0)
        channels = max((piece.shape[0] for piece in self._pieces), default=1)
        whole = [_in_channels(piece, channels) for piece in self._pieces]
        samples = np.concatenate(whole, axis=1) if whole else np.zeros((1, 0), np.float32)
        if may_end_before and -self._last_frame <= wanted < 0:
            samples = samples[:, :wanted]
        return Timeline(samples=samples, lost=tuple(self._lost))

    def _close_gap(self, at: Fraction | None) -> None:
        """Bring the end of the sound to where the next frame begins."""
        failed = round(self._failed * SAMPLE_RATE)
        if self._waited:
            self._finish_run()
            self._silence(round(self._waited * SAMPLE_RATE), 0)
            self._waited = Fraction(0)
        if at is None:
            gap = failed
        else:
            self._origin = at if self._origin is None else self._origin
            gap = round((at - self._origin) * SAMPLE_RATE) - self.end
            if gap > LONGEST_GAP or gap < -_SET_BACK:
                gap = failed
                self._origin = at - Fraction(self.end + gap, SAMPLE_RATE)
        if gap > (0 if failed else _SLACK):
            self._finish_run()
            self._silence(gap, gap if gap < self._lost_below or self._end <= self._doubtful_until else min(gap, failed))
            self._doubtful_until, self._gone = -1, None
        self._failed = Fraction(0)

    def _silence(self, count: int, lost: int) -> None:
        place = len(self._pieces) if self._gone is None or self._end > self._doubtful_until else self._gone
        start = self._end - sum(piece.shape[1] for piece in self._pieces[place:])
        if lost:
            self._lost.append((start, start + lost))
        self._pieces.insert(place, np.zeros((1, count), np.float32))
        self._end += count

    def _finish_run(self) -> None:
        """Take what the resampler still holds; a run is exactly as long as its frames are."""
        if self._run is None:
            return
        run, self._run = self._run, None
        pieces = [*run.pieces, *(_samples(out) for out in run.resampler.resample(None))]
        samples = np.concatenate(pieces, axis=1) if pieces else np.zeros((run.form[1], 0), np.float32)
        wanted = run.end - run.start
        short = max(0, wanted - samples.shape[1])
        self._pieces.append(np.pad(samples[:, :wanted], ((0, 0), (0, short))))
        self._end = run.end


def _in_channels(piece: Tracks, channels: int) -> Tracks:
    """A piece in as many channels as the others have: of one channel in all of them, of several in the first."""
    missing = channels - piece.shape[0]
    if not missing:
        return piece
    return np.repeat(piece, channels, axis=0) if piece.shape[0] == 1 else np.pad(piece, ((0, missing), (0, 0)))


def _resampler(frame: AudioFrame) -> AudioResampler:
    import av

    channels = frame.layout.nb_channels
    layout = {1: "mono", 2: "stereo"}.get(channels, frame.layout.name)
    return av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)


def _samples(frame: AudioFrame) -> Tracks:
    samples: Tracks = frame.to_ndarray().astype(np.float32, copy=False)
    # What is no number in a file of floats is no sound.
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
