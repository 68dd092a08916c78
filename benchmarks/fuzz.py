"""Inputs that nobody meant well: `python benchmarks/fuzz.py [--minutes 60] [--parts media metadata …] [--seed 0] [--one PART NUMBER]`.

Each input is made from a number alone (fuzz_inputs.py), tried in a process that may be lost (fuzz_targets.py), and must end in an answer or in an error of
this program's own. Prints for each part how many were tried in how much processor time, and each different finding once: an error that is nobody's, an answer
500, a crash of the process, more memory than a worker has, more than twenty seconds of processor time; ends with 1 where there is one. `--minutes` is processor
time over all parts together. `--one media 4711` tries one input in this process, to see what it does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

HERE = Path(__file__).parent
PARTS = ("media", "metadata", "transcript", "rubric", "pages", "api")
# A process that no signal reaches, as native code is in it, is ended after so much of its time.
HARD_SECONDS = 60.0
# Asked for by a try itself, where Python is at work.
SOFT_SECONDS = 20


@dataclass(slots=True)
class Part:
    """What became of one part. `found`: what went wrong → numbers of inputs."""

    name: str
    tried: int = 0
    seconds: float = 0.0
    found: dict[str, list[int]] = field(default_factory=dict)

    def add(self, what: str, number: int) -> None:
        """Note a finding."""
        if what not in self.found:
            # At once: a long run may be cut short.
            print(f"found: {self.name} {number}: {what}", flush=True)
        self.found.setdefault(what, []).append(number)


def fuzz(name: str, *, seconds: float, first: int = 0, folder: Path, most: int | None = None) -> Part:
    """Try inputs of a part one after the other, for so much processor time or so many."""
    part = Part(name)
    number = first
    while part.seconds < seconds and (most is None or part.tried < most):
        number = _run(part, number, seconds=seconds - part.seconds, folder=folder, most=None if most is None else most - part.tried)
    return part


def _run(part: Part, number: int, *, seconds: float, folder: Path, most: int | None) -> int:
    """One process, as long as it lives: returns the number to go on with."""
    progress = folder / f"{part.name}.at"
    progress.write_text(str(number))
    command = [
        sys.executable,
        "-W",
        "ignore",
        str(HERE / "fuzz_targets.py"),
        part.name,
        str(number),
        str(seconds),
        str(most or 0),
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    watched = psutil.Process(process.pid)
    out = folder / f"{part.name}.out"
    at, since, used = number, 0.0, 0.0
    stuck = False
    while process.poll() is None:
        time.sleep(0.5)
        try:
            times = watched.cpu_times()
        except psutil.NoSuchProcess:
            break
        used = times.user + times.system
        if (now := int(progress.read_text() or at)) != at:
            at, since = now, used
        elif used - since > HARD_SECONDS:
            stuck = True
            process.kill()
    status = process.wait()
    at = int(progress.read_text() or at)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.exists() else []
    out.unlink(missing_ok=True)
    for line in lines:
        part.add(line["what"], line["number"])
    done = at - number
    part.tried += done + (status != 0)
    part.seconds += used
    if status:
        part.add("hangs in native code" if stuck else f"the process ended with {status}", at)
        return at + 1
    return at


def tell(parts: Sequence[Part]) -> int:
    """Print what was tried and found; the exit status."""
    print(f"{'part':<11} {'inputs':>9} {'seconds':>9}  findings")
    for part in parts:
        print(f"{part.name:<11} {part.tried:>9,} {part.seconds:>9,.0f}  {len(part.found)}")
    print(f"{'together':<11} {sum(part.tried for part in parts):>9,} {sum(part.seconds for part in parts):>9,.0f}")
    for part in parts:
        for what, numbers in sorted(part.found.items(), key=lambda one: -len(one[1])):
            print(f"\n{part.name}: {what}\n  {len(numbers)} times, as by --one {part.name} {numbers[0]}")
    return int(any(part.found for part in parts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=2, metavar=("PART", "NUMBER"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.one:
            sys.path.insert(0, str(HERE))
            from fuzz_targets import open_target

            open_target(arguments.one[0], Path(folder))(int(arguments.one[1]))
            return 0
        each = arguments.minutes * 60 / len(arguments.parts)
        return tell([fuzz(name, seconds=each, first=arguments.seed * 10_000_000, folder=Path(folder)) for name in arguments.parts])


if __name__ == "__main__":
    sys.exit(main())
