"""Watch mode for a long time: `python benchmarks/soak.py [--minutes 60] [--every 10]`.

A process of `qa-pipeline watch` with the real models, and a folder into which this one puts a new short recording every so many seconds (a stretch of a
sample call, each with other noise, so that each is a call of its own), written in two pieces as a recorder does. Prints every five minutes how many calls
were put there and are scored, and the memory (its own and its workers'), open files and threads of the process; at the end the growth between the first
half hour and the last. Nothing is kept.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
import psutil
from memory_of import resident

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings

_SECONDS = 8


def put(folder: Path, number: int, sounds: list[np.ndarray], chance: np.random.Generator) -> None:
    """One more recording, in two pieces."""
    samples = sounds[number % len(sounds)]
    start = int(chance.integers(0, max(1, samples.shape[1] - _SECONDS * SAMPLE_RATE)))
    part = samples[:, start : start + _SECONDS * SAMPLE_RATE] + chance.normal(0, 0.001, (samples.shape[0], 1)).astype(np.float32)
    data = (np.clip(part, -1, 1).T * 32767).astype("<i2").tobytes()
    path = folder / f"{number:06d}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(part.shape[0])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(data[: len(data) // 2])
        time.sleep(1.0)
        file.writeframes(data[len(data) // 2 :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two recordings")
    given = parser.parse_args()
    sounds = [
        decode(str(path)).samples
        for path in sorted((PACKAGE_ROOT / "sample_audio").glob("*.*"))
        if path.suffix in (".flac", ".mp3", ".wav", ".ogg")
    ]
    chance = np.random.default_rng(int(time.time()))
    with tempfile.TemporaryDirectory(prefix="qa-soak-") as root:
        folder, results = Path(root) / "calls", f"{root}/results"
        folder.mkdir()
        cache = Path(root) / "cache"
        cache.mkdir()
        (cache / "models").symlink_to(load_settings().model_cache)
        env = {**os.environ, "QA_PIPELINE_CACHE": str(cache), "QA_PIPELINE_SETTLE_SECONDS": "5", "QA_PIPELINE_WORKERS": "1"}
        command = [
            sys.executable,
            "-m",
            "qa_pipeline.cli.main",
            "watch",
            str(folder),
            "--results",
            results,
            "--interval",
            "5",
            "--direction",
            "outbound",
        ]
        with (Path(root) / "log").open("w") as log:
            watcher = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        began, number, looks = time.monotonic(), 0, []
        print(f"{'min':>4s} {'put':>5s} {'scored':>6s} {'watcher MB':>10s} {'all MB':>7s} {'files':>6s} {'threads':>7s}", flush=True)
        try:
            while (elapsed := time.monotonic() - began) < given.minutes * 60:
                put(folder, number, sounds, chance)
                number += 1
                if len(looks) < elapsed // 300 + 1 and elapsed > 60:
                    process = psutil.Process(watcher.pid)
                    scored = rows(open_store(load_settings(results=results)), "select count(*) n from current_scores")[0]["n"]
                    look = (
                        elapsed / 60,
                        number,
                        scored,
                        process.memory_info().rss / 1e6,
                        resident(watcher.pid) / 1e6,
                        process.num_fds(),
                        process.num_threads(),
                    )
                    looks.append(look)
                    print("{:4.0f} {:5d} {:6d} {:10.0f} {:7.0f} {:6d} {:7d}".format(*look), flush=True)
                time.sleep(max(0.0, given.every * number - (time.monotonic() - began)))
        finally:
            watcher.send_signal(signal.SIGTERM)
            watcher.wait(timeout=120)
        if watcher.returncode:
            print((Path(root) / "log").read_text()[-2000:])
        final = rows(open_store(load_settings(results=results)), "select count(*) n from current_scores")[0]["n"]
        print(f"exit {watcher.returncode}; {number} put, {final} scored")
        middle = max(1, len(looks) // 2)
        for name, column in (("watcher MB", 3), ("all MB", 4), ("open files", 5), ("threads", 6)):
            early, late = (sum(look[column] for look in part) / len(part) for part in (looks[:middle], looks[-middle:]))
            print(f"{name}: {early:.0f} in the first half, {late:.0f} in the second ({late / early - 1:+.1%})")


if __name__ == "__main__":
    main()
