"""Memory of one worker over many calls: `python benchmarks/memory.py [--calls 500] [--seconds 6]`.

Listens to so many short pieces of a sample call, each as a call of its own and from nothing kept, and prints the resident memory on the way: after the
models are loaded it must not grow. 500 calls of 6 s take about a quarter of an hour on one processor.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from layouts import write

from qa_pipeline.call import Call
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=6.0)
    given = parser.parse_args()
    settings = load_settings()
    samples = decode(str(PACKAGE_ROOT / "sample_audio" / "zh_fruit_refund.flac")).samples
    length = round(given.seconds * SAMPLE_RATE)
    starts = np.random.default_rng(0).integers(0, samples.shape[1] - length, given.calls)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(settings.model_cache)
        listener = Listener(settings.model_copy(update={"cache": Path(folder)}))
        for number, start in enumerate(starts.tolist()):
            path = Path(folder) / "piece.wav"
            write(path, samples[:, start : start + length])
            listener.listen(
                Call(call_id=f"c{number}", source_uri=str(path), audio_sha256=f"{number:064d}", language="zh", direction="outbound")
            )
            if number % 25 == 0 or number == given.calls - 1:
                print(f"after {number + 1} calls: {resident():.2f} GB", flush=True)


def resident() -> float:
    """Resident memory of this process in GB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e9


if __name__ == "__main__":
    main()
