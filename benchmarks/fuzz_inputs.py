"""Inputs from numbers: good ones to begin with, and what becomes of them when bytes, characters or values of them are changed. Pure but for the seeds' files."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

NASTY = (
    "", " ", "\x00", "\ufeff", "\u202e", "\ud7ff", "\uffff", "𝒳", "ß", "İ", "ﬁ", "𠮷", "👩‍👩‍👧", "a" * 5_000, "é" * 300, "-1", "0", "1e400", "NaN", "Infinity", "9" * 400,
    "2026-13-45", "0001-01-01", "9999-12-31T23:59:59+14:00", "24:00", "99:99:99", "00:00:00.0000000001", "../../etc/passwd", "/etc/passwd", "C:\\x", "file:///etc/passwd",
    "http://127.0.0.1:9/x", "s3://nowhere/x", "a::b", "*", "**/*", "[", "(", ")", "{", "}", "{company}", "{any:999}", "|", "(a|", "(a+)+$", "(?P<x>", "%s", "%(x)s", "{0}", "${x}",
    "'", '"', "\\", ";", "--", "' OR 1=1 --", "=1+1", "@x", "<script>alert(1)</script>", "]]>", "&#0;", "&lol;", "*a", "&a", "!!python/object:os.system", "null", "true", "no", "~",
    "\r", "\n", "\r\n", "\t", "，", "：", "“", "WEBVTT", "-->", "#EXTM3U", "# a", "[SPEAKER_TURN]",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    0.5,
    -0.0,
    2**31,
    2**63,
    -(2**63),
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    {},
    [[]],
    {"": None},
    [None],
    [1, "a"],
)
_BYTES = (
    b"\x00",
    b"\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"RIFF",
    b"OggS",
    b"fLaC",
    b"ftyp",
    b"moov",
    b"mdat",
    b"#EXTM3U\n/etc/passwd\n",
    b"ID3",
)


def change_bytes(raw: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, taken out, put in, doubled or moved; more often near the beginning, where headers are."""
    data = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        size = max(1, len(data))
        at = min(int(rng.random() ** rng.choice((1, 3, 6)) * size), size - 1)
        length = min(rng.choice((1, 2, 4, 64, 1024)), size)
        kind = rng.randrange(8)
        if kind == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            del data[at : at + length]
        elif kind == 3:
            data[at:at] = rng.choice(_BYTES)
        elif kind == 4:
            piece = rng.choice(_BYTES)
            data[at : at + len(piece)] = piece
        elif kind == 5:
            data[at:at] = data[at : at + length]
        elif kind == 6:
            del data[at:]
        else:
            other = rng.randrange(size)
            data[at : at + length] = data[other : other + length]
    return bytes(data)


def change_text(text: str, rng: random.Random) -> str:
    """Some characters or lines changed, nasty ones put in; now and then very many of them."""
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        at = rng.randrange(len(text) + 1)
        length = rng.choice((1, 3, 20, 200))
        kind = rng.randrange(8)
        if kind == 0:
            text = text[:at] + rng.choice(NASTY) + text[at:]
        elif kind == 1:
            text = text[:at] + rng.choice(NASTY) + text[at + length :]
        elif kind == 2:
            text = text[:at] + text[at + length :]
        elif kind == 3:
            text = text[:at] + text[at : at + length] * rng.choice((2, 2, 3, 50)) + text[at + length :]
        elif kind == 4:
            lines = text.split("\n")
            rng.shuffle(lines)
            text = "\n".join(lines)
        elif kind == 5:
            lines = text.split("\n")
            lines[rng.randrange(len(lines))] = rng.choice(NASTY)
            text = "\n".join(lines)
        elif kind == 6:
            text = text[:at] + rng.choice("[]{}()<>:,\"'|&*-#=;\\") * rng.choice((1, 2, 60, 3_000)) + text[at:]
        else:
            text = text[:at] + chr(rng.choice((rng.randrange(1, 0xD800), rng.randrange(1, 128)))) + text[at:]
        text = text[:200_000]
    return text


def change_value(data: Any, rng: random.Random) -> Any:
    """Plain data with some of its parts replaced, taken out, renamed, doubled or nested."""
    data = copy.deepcopy(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        places = list(_places(data))
        if not places:
            return copy.deepcopy(rng.choice(VALUES))
        holder, key = rng.choice(places)
        kind = rng.randrange(6)
        if kind == 0:
            # A copy: what is changed next may be within it, and each input is made from its number alone.
            holder[key] = copy.deepcopy(rng.choice(VALUES))
        elif kind == 1:
            holder[key] = rng.choice(NASTY)
        elif kind == 2:
            del holder[key]
        elif kind == 3:
            other, there = rng.choice(places)
            if there in other if isinstance(other, dict) else there < len(other):
                holder[key] = copy.deepcopy(other[there])
        elif kind == 4 and isinstance(holder, dict):
            holder[rng.choice(NASTY)] = holder.pop(key)
        else:
            for _ in range(rng.choice((1, 3, 60))):
                holder[key] = [holder[key]] if rng.random() < 0.5 else {"x": holder[key]}
    return data


def _places(data: Any) -> Any:
    waiting = [data]
    while waiting:
        one = waiting.pop()
        keys: Sequence[Any] = list(one) if isinstance(one, dict) else list(range(len(one))) if isinstance(one, list) else ()
        for key in keys:
            yield one, key
            waiting.append(one[key])


def as_json(data: Any) -> str:
    """As JSON, whatever it holds."""
    return json.dumps(data, ensure_ascii=False, default=str)


def media_seeds(folder: Path) -> list[tuple[str, bytes]]:
    """Short recordings in the forms that recorders write: ending and bytes."""
    import av
    import numpy as np

    rng = np.random.default_rng(1)
    made = []
    forms = (
        ("wav", "pcm_s16le", 8000), ("wav", "pcm_mulaw", 8000), ("wav", "adpcm_ima_wav", 8000), ("mp3", "libmp3lame", 16000), ("ogg", "libopus", 48000), ("ogg", "libvorbis", 16000),
        ("m4a", "aac", 16000), ("flac", "flac", 16000), ("mka", "libopus", 48000), ("webm", "libopus", 48000), ("aac", "aac", 16000), ("au", "pcm_s16be", 8000), ("aiff", "pcm_s16be", 16000),
        ("caf", "pcm_s16le", 16000), ("3gp", "aac", 16000), ("ts", "aac", 16000), ("wma", "wmav2", 16000), ("avi", "pcm_s16le", 16000), ("w64", "pcm_s16le", 16000),
    )  # fmt: skip
    for ending, codec, rate in forms:
        path = folder / f"seed.{ending}"
        layout = "stereo" if ending in ("flac", "m4a") else "mono"
        try:
            with av.open(str(path), "w") as container:
                stream = container.add_stream(codec, rate=rate, layout=layout)
                sound = (rng.normal(size=(1, rate * 2 // 3 * (2 if layout == "stereo" else 1))) * 3000).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(sound, format="s16", layout=layout)
                frame.sample_rate = rate
                shaped = av.AudioResampler(
                    format=stream.codec_context.format.name, layout=layout, rate=rate, frame_size=stream.codec_context.frame_size or None
                )
                for piece in (*shaped.resample(frame), *shaped.resample(None)):
                    container.mux(stream.encode(piece))
                container.mux(stream.encode(None))
        except (av.FFmpegError, ValueError):
            continue
        made.append((ending, path.read_bytes()))
    return made


PLAYLISTS = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nseed.ts\n#EXT-X-ENDLIST\n", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n",
    b"ffconcat version 1.0\nfile seed.wav\nfile /etc/passwd\n", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>http://127.0.0.1:9/</BaseURL></Representation></AdaptationSet></Period></MPD>',
    b"[playlist]\nFile1=/etc/passwd\n", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\xff\xff\xff\xff",
)  # fmt: skip

DIALOGUE = "0:00 agent: Good morning, this is Anna from Northwind.\n0:04 customer: Hello, my bill is wrong.\n0:09 agent: May I have your number?\n0:12 customer: 5550 1234.\n"
ROWS = "\n".join(
    json.dumps({"call_id": call, "role": role, "text": text, "start_ms": at, "end_ms": at + 900})
    for call in ("a", "b") for at, role, text in ((0, "agent", "Good morning."), (1000, "customer", "你好，我的账单不对。"), (2500, "agent", "Dziękuję."))
)  # fmt: skip
DOCUMENTS: tuple[Any, ...] = (
    {"segments": [{"start": 1.0, "end": 3.5, "text": " Hello.", "speaker": "SPEAKER_00", "words": [{"word": "Hello", "start": 1.0, "end": 2.0, "probability": 0.9}]}], "language": "en"},
    {"jobName": "x", "results": {"transcripts": [{"transcript": "Hello."}], "speaker_labels": {"speakers": 1, "segments": [{"start_time": "1.0", "end_time": "2.0", "speaker_label": "spk_0", "items": [{"start_time": "1.0", "speaker_label": "spk_0"}]}]}, "items": [{"type": "pronunciation", "start_time": "1.0", "end_time": "2.0", "alternatives": [{"confidence": "0.9", "content": "Hello"}]}, {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]}]}},
    {"Participants": [{"ParticipantId": "A", "ParticipantRole": "AGENT"}], "Transcript": [{"ParticipantId": "A", "Content": "Hello", "BeginOffsetMillis": 0, "EndOffsetMillis": 900}]},
    {"results": [{"alternatives": [{"transcript": "Hello", "confidence": 0.9, "words": [{"startTime": "1.000s", "endTime": "2s", "word": "Hello", "speakerTag": 1}]}], "channelTag": 1}]},
    {"recognizedPhrases": [{"channel": 0, "offsetInTicks": 10_000_000, "durationInTicks": 10_000_000, "recognitionStatus": "Success", "nBest": [{"confidence": 0.9, "display": "Hello.", "words": [{"word": "hello", "offsetInTicks": 1, "durationInTicks": 2, "confidence": 0.5}]}]}]},
    {"results": {"channels": [{"alternatives": [{"transcript": "hello", "words": [{"word": "hello", "start": 0.1, "end": 0.5, "confidence": 0.9, "speaker": 0}]}]}], "utterances": [{"start": 0.1, "end": 0.5, "transcript": "hello", "channel": 0, "speaker": 0}]}},
    {"utterances": [{"start": 100, "end": 500, "text": "hello", "speaker": "A", "confidence": 0.9, "words": [{"text": "hello", "start": 100, "end": 500}]}], "audio_duration": 3},
    [{"role": "agent", "text": "Good morning.", "start_ms": 0, "end_ms": 900}, {"role": "customer", "text": "你好"}],
    {"call_id": "x", "language": "en", "turns": [{"role": "agent", "start_ms": 0, "end_ms": 1, "text": "x"}]},
)  # fmt: skip
VTT = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.000\n<v Agent>Good morning.</v>\n\n2\n00:00:04.000 --> 00:00:06.000\n<v Customer>My <00:00:05.000>bill &amp; wrong.\n"
SRT = "1\n00:00:01,000 --> 00:00:03,000\nAgent: Good morning.\n\n2\n00:00:04,000 --> 00:00:06,000\nCustomer: My bill.\n"
LAYOUTS = "**Agent** (0:03): hello\n[00:05] Kunde - ja\n2026-05-01 10:00:00 客户：你好\nagent\tHello\n0:07 | customer | Bye\n"
CSV = 'file,call_id,agent_id,agent_name,team,started_at,direction,language,agent_channel,csat,wait_seconds,weird\na.txt,a,a1,Anna,north,2026-05-11 10:00,outbound,en,0,4.5,0:10,x\nb.txt,b,a2,"Otto, von",south,11/05/2026 10:00,inbound,zh,1,,12,\n'
CSV_ROWS = "\n".join(
    json.dumps({"file": f"{name}.txt", "call_id": name, "agent_id": "a1", "started_at": "2026-05-11T10:00:00Z", "Agent": {"Name": "x"}})
    for name in "ab"
)
PATTERN = "{call_id}_{agent_id}_{started_at}.txt"
MAPPING = 'columns:\n  call_id: Id\n  agent_name: "{First} {Last}"\nvalues:\n  direction: {IN: inbound, OUT: outbound}\ntimes: ["%d/%m/%Y %H:%M"]\n'


def transcript(number: int) -> tuple[str, bytes]:
    """A name and the bytes of a file that is said to be a transcript."""
    rng = random.Random(number)
    kind = rng.randrange(4)
    if kind == 0:
        return "x.json", change_text(as_json(rng.choice(DOCUMENTS)), rng).encode("utf-8", "surrogatepass")
    if kind == 1:
        return rng.choice(("x.json", "x.jsonl")), as_json(change_value(rng.choice(DOCUMENTS), rng)).encode("utf-8", "surrogatepass")
    name, text = rng.choice((("x.vtt", VTT), ("x.srt", SRT), ("x.txt", DIALOGUE), ("x.txt", LAYOUTS), ("x.jsonl", ROWS), ("x.txt", VTT)))
    raw = change_text(text, rng).encode(rng.choice(("utf-8", "utf-8", "utf-16", "gb18030")), "ignore")
    return name, change_bytes(raw, rng) if rng.random() < 0.15 else raw


def parameters(asked: Sequence[tuple[str, Any]], rng: random.Random) -> list[tuple[str, str]]:
    """Values for named parameters of a form or a query: often left out, sometimes doubled, mostly not what is wanted."""
    made = []
    for name, example in asked:
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            made.append((name, str(example) if example is not None and rng.random() < 0.4 else rng.choice(NASTY)))
    if rng.random() < 0.1:
        made.append((rng.choice(NASTY) or "x", "x"))
    return made


Maker = Callable[[int], Any]
