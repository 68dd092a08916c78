"""A file as a container of sound: opened with FFmpeg in the forms that recordings have, or refused by name.

In: an open file. Out: FFmpeg's container, whose packets container.py decodes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from qa_pipeline.errors import RecordingError
from qa_pipeline.recordings.address import USUAL_FORMS, Raw
from qa_pipeline.recordings.ends import End, is_adts, read_at, tag_size
from qa_pipeline.recordings.files import Reader
from qa_pipeline.recordings.mistaken import LOOKED_AT, mistaken_for_sound

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

LOWEST_RATE = 8_000
# 7.1 and what recorders of rooms write. Of more than two, the others must be silent or copies (layout.py).
_MOST_CHANNELS = 8
# What recorders, telephones and platforms write. FFmpeg knows hundreds more (games, pictures, playlists, descriptions of streams that it would fetch), which
# have nothing to say here and much that can go wrong.
_FORMS = (
    "wav,w64,aiff,au,caf,mp3,aac,ac3,eac3,loas,latm,ogg,flac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,avi,flv,mpegts,mpeg,amr,amrnb,amrwb,gsm,wv,tta,ape,dss,voc,"
    "sox,ircam,nistsphere,qcp,xwma,nut,mpc,mpc8,mulaw,alaw,s16le,s8,u8,g722,g723_1,g726,g726le,g729,bit,act,ilbc,codec2,sbc,rm,dts,shn,pvf,oma,tak,dsf,iff,mxf"
)
# A file may name no other one, and no address: only what lies in it is read.
_ONLY_ITSELF = {"format_whitelist": _FORMS, "protocol_whitelist": ""}
# Codecs that have one rate, or are always of one channel, are told no other.
_OPTIONS_OF_RAW: Mapping[str, tuple[str, ...]] = {"g722": (), "g726": ("sample_rate",), "g726le": ("sample_rate",), "g729": ()}
_EXPORT_OTHERWISE = "Export it from the recorder in another form, such as WAV (PCM), MP3 or Opus."
CHECK_FILE = "Check that the file is whole and is a recording: wav, mp3, ogg, m4a, flac …"


def open_form(file: Reader, *, form: str | None = None, options: Mapping[str, str] | None = None) -> InputContainer:
    """A file as FFmpeg reads it: of the forms that recordings have, and nothing beside it. Raises av.FFmpegError, ValueError."""
    import av

    if form is None and (tag := tag_size(read_at(file, 0, 10))) and is_adts(read_at(file, tag, 2)):
        # FFmpeg takes what has a large tag (a picture) before it for MP3.
        form = "aac"
    file.seek(0)
    return av.open(file, "r", format=form, options={**_ONLY_ITSELF, **(options or {})})


@contextlib.contextmanager
def opened_container(uri: str, file: Reader, end: End, raw: Raw | None = None, *, as_recorded: bool = False) -> Iterator[InputContainer]:
    """The container of a file, which holds sound in a form that is ours. `as_recorded`: edit lists are not followed."""
    import av

    try:
        if raw is None:
            container = open_form(file, options={"ignore_editlist": "1"} if as_recorded else None)
        else:
            told = {"sample_rate": str(raw.rate), "ch_layout": "mono" if raw.channels == 1 else "stereo"}
            asked = _OPTIONS_OF_RAW.get(raw.form, tuple(told))
            container = open_form(file, form=raw.form, options={name: told[name] for name in asked})
    except (av.FFmpegError, ValueError) as error:
        file.raise_failure()
        if end.index_missing:
            raise RecordingError(
                f"{uri} breaks off before its index, without which nothing in it can be decoded.",
                advice="Copy it again from the recorder, which may have been stopped while it wrote.",
                stage="decode",
            ) from error
        # A file of a form without a header may begin with any bytes.
        usual = next((f"{ending}={form}" for ending, form in USUAL_FORMS.items() if uri.lower().endswith(ending)), None)
        found = None if usual else mistaken_for_sound(read_at(file, 0, LOOKED_AT))
        if found is not None:
            raise RecordingError(f"{uri} is {found.what}, and no recording.", advice=found.advice, stage="decode") from error
        advice = f"If it is sound without a header, say how it is read: --raw {usual}." if usual else CHECK_FILE
        raise RecordingError(
            f"{uri} is not audio that can be decoded ({type(error).__name__}).",
            advice=advice,
            stage="decode",
        ) from error
    with container:
        if not container.streams.audio:
            raise RecordingError(f"{uri} has no audio track.", advice="Export the call with its sound.", stage="decode")
        for stream in container.streams.audio:
            # Of AAC-LD, FFmpeg learns no more than the name.
            if not has_decoder(stream) or not stream.codec_context.channels:
                raise undecodable(uri, stream)
            refuse_form(uri, stream.codec_context.channels, stream.codec_context.sample_rate)
        yield container


def has_decoder(stream: AudioStream) -> bool:
    """Whether there is anything that decodes a track."""
    # PyAV's types do not say so, but a track of an unknown kind has none.
    return stream.codec_context is not None


def undecodable(uri: str, stream: AudioStream) -> RecordingError:
    """The refusal of a track for which there is no decoder, or one that knows its name alone."""
    kind = "unknown"
    if has_decoder(stream):
        kind = " ".join(name for name in (stream.codec_context.name, stream.codec_context.profile) if name)
    return RecordingError(f"{uri} is sound of a kind that cannot be decoded ({kind}).", advice=_EXPORT_OTHERWISE, stage="decode")


def form_of(container: InputContainer) -> str:
    """The name of a container's form, as FFmpeg calls it."""
    return container.format.name.split(",")[0]


def refuse_form(uri: str, channels: int, rate: int) -> None:
    """Raise RecordingError for more channels than are looked into, or a rate below 8 kHz."""
    if not 0 < channels <= _MOST_CHANNELS:
        raise RecordingError(
            f"{uri} has {channels} channels; one or two are wanted.",
            advice="Export it as mono, or as stereo with one party a side.",
            stage="decode",
        )
    if rate < LOWEST_RATE:
        raise RecordingError(
            f"{uri} has {rate} Hz; at least {LOWEST_RATE} are wanted.", advice="Export it at 8 kHz or more.", stage="decode"
        )
