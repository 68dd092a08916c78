"""How soon the command answers, and what scoring imports: `python benchmarks/startup.py`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

PROGRAM = str(Path(sys.executable).with_name("qa-pipeline"))
RUBRIC = Path(__file__).resolve().parent.parent / "rubrics" / "followup.yaml"
COMMANDS = (["--help"], ["rubric", "check", str(RUBRIC)], ["rubric", "test", RUBRIC.stem])
HEAVY = ("torch", "pyannote", "faster_whisper", "transformers", "prefect")


def main() -> None:
    for command in COMMANDS:
        times = []
        for _ in range(7):
            began = time.perf_counter()
            # A rubric that is being worked on may miss a case (exit code 1): the time is the same.
            done = subprocess.run([PROGRAM, *command], capture_output=True, text=True)
            times.append(time.perf_counter() - began)
        if done.returncode > 1:
            sys.exit(done.stdout + done.stderr)
        shown = " ".join(Path(part).name for part in command)
        print(f"qa-pipeline {shown}: median {median(times):.2f} s of {len(times)} (min {min(times):.2f}, max {max(times):.2f})")
    probe = f"import sys, qa_pipeline.rubric.score; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout.strip()
    print(f"heavy modules that scoring imports: {found or 'none'}")


if __name__ == "__main__":
    main()
