"""How soon the command answers, and what scoring imports: `python benchmarks/startup.py`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

COMMAND = [str(Path(sys.executable).with_name("qa-pipeline")), "--help"]
HEAVY = ("torch", "pyannote", "faster_whisper", "transformers", "prefect")


def main() -> None:
    times = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(COMMAND, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    print(f"qa-pipeline --help: median {median(times):.2f} s of {len(times)} (min {min(times):.2f}, max {max(times):.2f})")
    probe = f"import sys, qa_pipeline.rubric.score; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout.strip()
    print(f"heavy modules that scoring imports: {found or 'none'}")


if __name__ == "__main__":
    main()
