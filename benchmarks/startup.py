"""How soon the command answers, and what scoring imports: `python benchmarks/startup.py`."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

PROGRAM = str(Path(sys.executable).with_name("qa-pipeline"))
RUBRIC = Path(__file__).resolve().parent.parent / "rubrics" / "followup.yaml"
COMMANDS = (["--help"], ["rubric", "check", str(RUBRIC)], ["rubric", "test", RUBRIC.stem])
HEAVY = ("torch", "pyannote", "faster_whisper", "transformers", "prefect")


def _children_seconds() -> float:
    """Processor time of finished children: says more than the clock on a machine that others use."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def main() -> None:
    for command in COMMANDS:
        times, used = [], _children_seconds()
        for _ in range(7):
            began = time.perf_counter()
            # A rubric that is being worked on may miss a case (exit code 1): the time is the same.
            done = subprocess.run([PROGRAM, *command], capture_output=True, text=True)
            times.append(time.perf_counter() - began)
        if done.returncode > 1:
            sys.exit(done.stdout + done.stderr)
        shown = " ".join(Path(part).name for part in command)
        used = (_children_seconds() - used) / len(times)
        print(
            f"qa-pipeline {shown}: median {median(times):.2f} s of {len(times)} (min {min(times):.2f}, max {max(times):.2f}); {used:.2f} s of processor"
        )
    probe = f"import sys, qa_pipeline.scoring.score; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout.strip()
    print(f"heavy modules that scoring imports: {found or 'none'}")


if __name__ == "__main__":
    main()
