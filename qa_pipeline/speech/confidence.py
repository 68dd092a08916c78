"""What a recogniser's probability of a word is worth: the share of words of that probability that are right.

Whisper's probabilities below a half are too low for telephone speech: half of such words are right. The curve was read off `qa-pipeline evaluate`
over sample_audio and real recordings (docs/evaluation.md), neighbouring classes pooled where they were out of order (isotonic regression; Zadrozny and
Elkan, 2002). Another recogniser needs its own.
"""

from __future__ import annotations

import numpy as np

# Probability → share right, at the middle of each class of words.
_CURVE = ((0.0, 0.40), (0.25, 0.47), (0.51, 0.57), (0.71, 0.72), (0.86, 0.87), (0.94, 0.935), (1.0, 0.98))
_FROM, _TO = zip(*_CURVE, strict=True)


def calibrated(probability: float) -> float:
    """Confidence (0–1) for a probability (0–1)."""
    return round(float(np.interp(probability, _FROM, _TO)), 4)
