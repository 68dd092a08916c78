"""Conversions that `models pull` runs once after fetching: `python -m qa_pipeline.speech.convert NAME FOLDER`.

Each reads files of FOLDER and writes others there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def convert_e5(folder: Path) -> None:
    from qa_pipeline.speech.convert_e5 import write_bert

    write_bert(folder)


def convert_campplus(folder: Path) -> None:
    from qa_pipeline.speech.convert_campplus import write_onnx

    write_onnx(folder)


CONVERSIONS: dict[str, Callable[[Path], None]] = {"e5_q4": convert_e5, "campplus_onnx": convert_campplus}

if __name__ == "__main__":
    CONVERSIONS[sys.argv[1]](Path(sys.argv[2]))
