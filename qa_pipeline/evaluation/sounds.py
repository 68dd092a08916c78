"""Sounds of telephone calls in which nobody speaks, made by formula: what a recogniser must give no words for.

Tones follow ITU-T E.180 supplement 2 (ringing and busy), Q.23 (DTMF), T.30 and V.21 (fax); the rest is noise and music put together by chance.
All are (n,) float32 at 16 kHz, band-limited and companded as a telephone line does (G.711 µ-law at 8 kHz).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
_RATE = 8_000
_SCALES = ((0, 2, 4, 7, 9), (0, 2, 4, 5, 7, 9, 11), (0, 3, 5, 7, 10))
_DTMF = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477, 1633)]

Sound = NDArray[np.float32]
_Raw = NDArray[np.float64]


def non_speech(seconds: float, *, seed: int = 0) -> dict[str, Sound]:
    """One of every kind, `seconds` long, by name. The same seed gives the same sounds."""
    makers: dict[str, Callable[[int, np.random.Generator], _Raw]] = {
        "digital_silence": lambda n, rng: np.zeros(n),
        "line_silence": lambda n, rng: 0.0008 * rng.normal(size=n),
        "hum": lambda n, rng: 0.02 * _tone(n, 50) + 0.01 * _tone(n, 150) + 0.002 * rng.normal(size=n),
        "white_noise": lambda n, rng: 0.05 * rng.normal(size=n),
        "pink_noise": lambda n, rng: 0.08 * _coloured(n, 0.5, rng),
        "brown_noise": lambda n, rng: 0.15 * _coloured(n, 1.0, rng),
        "wind": lambda n, rng: 0.2 * _coloured(n, 1.0, rng) * (0.3 + np.abs(_slow(n, 0.6, rng))),
        "crackle": lambda n, rng: 0.003 * rng.normal(size=n) + 0.3 * (rng.random(n) < 0.0008) * rng.normal(size=n),
        "applause": _applause,
        "typing": _typing,
        "ringing_425": lambda n, rng: 0.15 * _tone(n, 425) * _cadence(n, 1.0, 4.0),
        "ringing_450": lambda n, rng: 0.15 * _tone(n, 450) * _cadence(n, 1.0, 4.0),
        "ringing_us": lambda n, rng: 0.1 * (_tone(n, 440) + _tone(n, 480)) * _cadence(n, 2.0, 4.0),
        "busy": lambda n, rng: 0.15 * _tone(n, 450) * _cadence(n, 0.35, 0.35),
        "dtmf": _dtmf,
        "fax_calling": lambda n, rng: 0.2 * _tone(n, 1100) * _cadence(n, 0.5, 3.0),
        "fax_data": _fax_data,
        "beeps": lambda n, rng: 0.2 * _tone(n, 1400) * _cadence(n, 0.4, 14.6),
        "music_melody": lambda n, rng: _music(n, rng, voices=1),
        "music_chords": lambda n, rng: _music(n, rng, voices=3),
        "music_drums": lambda n, rng: 0.7 * _music(n, rng, voices=2) + _drums(n, rng),
        "music_sung_like": lambda n, rng: _music(n, rng, voices=1, vibrato=True),
    }
    count = round(seconds * _RATE)
    return {name: as_telephone(make(count, np.random.default_rng((seed, place)))) for place, (name, make) in enumerate(makers.items())}


def as_telephone(sound: _Raw) -> Sound:
    """8 kHz samples → as they come out of a G.711 line, at 16 kHz."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(sound.size, 1 / _RATE)
    spectrum[(hertz < 200) | (hertz > 3500)] *= 0.05
    narrow = np.clip(np.fft.irfft(spectrum, sound.size), -1, 1)
    coded = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log1p(255) * 127) / 127
    decoded = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(255)) / 255
    at_16_khz: Sound = np.interp(np.arange(2 * sound.size) / 2, np.arange(sound.size), decoded).astype(np.float32)
    return at_16_khz


def _tone(count: int, hertz: float) -> _Raw:
    return np.sin(2 * np.pi * hertz * np.arange(count) / _RATE)


def _cadence(count: int, on: float, off: float) -> _Raw:
    return ((np.arange(count) / _RATE) % (on + off) < on).astype(float)


def _slow(count: int, hertz: float, rng: np.random.Generator) -> _Raw:
    points = rng.normal(size=max(2, round(count / _RATE * hertz * 2) + 2))
    return np.interp(np.linspace(0, points.size - 1, count), np.arange(points.size), points)


def _coloured(count: int, slope: float, rng: np.random.Generator) -> _Raw:
    """Noise whose amplitude falls with frequency to a power."""
    spectrum = np.fft.rfft(rng.normal(size=count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / _RATE), 20.0)
    noise = np.fft.irfft(spectrum / hertz**slope, count)
    scaled: _Raw = noise / np.std(noise)
    return scaled


def _bursts(count: int, places: NDArray[np.integer], length: int, rng: np.random.Generator) -> _Raw:
    """Short decaying noises."""
    sound = np.zeros(count + length)
    decay = np.exp(-np.arange(length) / (length / 5))
    for place in places:
        sound[place : place + length] += rng.uniform(0.3, 1.0) * decay * rng.normal(size=length)
    return sound[:count]


def _applause(count: int, rng: np.random.Generator) -> _Raw:
    return 0.05 * _bursts(count, rng.integers(0, count, count // 60), 160, rng)


def _typing(count: int, rng: np.random.Generator) -> _Raw:
    return 0.1 * _bursts(count, rng.integers(0, count, round(count / _RATE * 5)), 240, rng) + 0.001 * rng.normal(size=count)


def _dtmf(count: int, rng: np.random.Generator) -> _Raw:
    sound, step = np.zeros(count), round(0.18 * _RATE)
    for start in range(0, count - step, step):
        low, high = _DTMF[int(rng.integers(len(_DTMF)))]
        length = round(0.1 * _RATE)
        sound[start : start + length] = 0.15 * (_tone(length, low) + _tone(length, high))
    return sound


def _fax_data(count: int, rng: np.random.Generator) -> _Raw:
    bits = np.repeat(rng.integers(0, 2, count // 26 + 1), 27)[:count]
    return 0.2 * np.sin(np.cumsum(2 * np.pi * np.where(bits, 1650, 1850) / _RATE))


def _music(count: int, rng: np.random.Generator, *, voices: int, vibrato: bool = False) -> _Raw:
    """Notes of a scale with harmonics and decay; `vibrato`: long notes with formants, much like a voice without words."""
    sound = np.zeros(count)
    scale = _SCALES[int(rng.integers(len(_SCALES)))]
    for voice in range(voices):
        start = 0
        while start < count:
            length = round(rng.choice([0.5, 0.9, 1.6] if vibrato else [0.2, 0.4, 0.8]) * _RATE)
            hertz = 220 * 2 ** ((int(rng.choice(scale)) + 12 * int(rng.integers(0, 2)) - 5 * voice) / 12)
            clock = np.arange(min(length, count - start)) / _RATE
            wobble = 0.02 * np.sin(2 * np.pi * 5.5 * clock) if vibrato else 0.0
            note = sum(np.sin(2 * np.pi * hertz * k * (clock + wobble / hertz)) / k**1.3 for k in range(1, 7))
            envelope = np.minimum(1, clock / 0.02) * (np.exp(-clock * (0.8 if vibrato else 3.0)))
            sound[start : start + clock.size] += 0.12 / voices * note * envelope
            start += length
    return sound


def _drums(count: int, rng: np.random.Generator) -> _Raw:
    beat = round(_RATE * 60 / int(rng.integers(80, 130)))
    return 0.12 * _bursts(count, np.arange(0, count, beat), 700, rng)
