"""A batch in which one in twenty is broken: `python benchmarks/broken_batch.py [--calls 200] [--seconds 8]`.

So many short recordings cut from the sample calls, each a call of its own, of which a twentieth is broken in ten kinds, go through the command
`qa-pipeline run` with the real models. Prints what came of each kind (stage, message, advice), the counts and the exit status, and fails when a whole
call is missing or a broken one is not among the failures.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.reading.tables import rows
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import load_settings

Sound = np.ndarray


def write(path: Path, sound: Sound, rate: int = SAMPLE_RATE, channels: int | None = None) -> None:
    data = (np.clip(sound, -1, 1).T * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels or sound.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(data.tobytes())


def break_file(kind: str, path: Path, sound: Sound) -> None:
    """Make the file that its name promises, broken in one of ten ways."""
    if kind == "empty file":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("Error 404: recording not found\n" * 20)
    elif kind == "random bytes":
        path.write_bytes(np.random.default_rng(1).bytes(40_000))
    elif kind == "header only":
        write(path, sound)
        path.write_bytes(path.read_bytes()[:44])
    elif kind == "half a header":
        write(path, sound)
        path.write_bytes(path.read_bytes()[:20])
    elif kind == "six channels":
        write(path, np.repeat(sound[:1], 6, axis=0))
    elif kind == "4 kHz":
        write(path, sound[:, ::4], rate=4000)
    elif kind == "a picture":
        path.write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de") + bytes(200))
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a dead link":
        path.symlink_to(path.with_name("nowhere.wav"))


KINDS = (
    "empty file",
    "text",
    "random bytes",
    "header only",
    "half a header",
    "six channels",
    "4 kHz",
    "a picture",
    "a folder",
    "a dead link",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=8.0)
    given = parser.parse_args()
    broken = given.calls // 20
    paths = sorted(path for path in (PACKAGE_ROOT / "sample_audio").iterdir() if path.suffix in (".flac", ".mp3", ".wav", ".ogg", ".m4a"))
    sounds = [decode(str(path)).samples for path in paths]
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="qa-batch-") as root:
        folder = Path(root) / "calls"
        folder.mkdir()
        lines, kinds = ["file,call_id,direction"], {}
        for number in range(given.calls):
            name = f"{number:04d}.wav"
            sound = sounds[number % len(sounds)]
            start = int(chance.integers(0, sound.shape[1] - int(given.seconds * SAMPLE_RATE)))
            part = sound[:, start : start + int(given.seconds * SAMPLE_RATE)]
            if number % 20 == 7:
                kinds[f"c{number}"] = KINDS[len(kinds) % len(KINDS)]
                break_file(kinds[f"c{number}"], folder / name, part)
            else:
                write(folder / name, part)
            lines.append(f"{name},c{number},outbound")
        (folder / "calls.csv").write_text("\n".join(lines), "utf-8")
        cache = Path(root) / "cache"
        cache.mkdir()
        (cache / "models").symlink_to(load_settings().model_cache)
        began = time.perf_counter()
        command = [sys.executable, "-m", "qa_pipeline.cli.main", "run", str(folder), "--results", f"{root}/results"]
        done = subprocess.run(command, env={**os.environ, "QA_PIPELINE_CACHE": str(cache)}, capture_output=True, text=True, check=False)
        took = time.perf_counter() - began
        store = open_store(load_settings(results=f"{root}/results"))
        scored = {row["call_id"] for row in rows(store, "select call_id from current_scores")}
        failures = {row["call_id"]: row for row in rows(store, "select * from current_failures")}
        for call_id, kind in kinds.items():
            row = failures.get(call_id)
            told = f"{row['stage']}: {row['message'].rpartition('/')[2]} {row['advice']}" if row else "NOT AMONG THE FAILURES"
            print(f"{kind:14s} {told}")
        print(
            f"{given.calls} recordings, {broken} broken: {len(scored)} scored, {len(failures)} failures, exit status {done.returncode}, {took:.0f} s"
        )
        whole = {f"c{number}" for number in range(given.calls)} - kinds.keys()
        is_right = scored == whole and failures.keys() == kinds.keys() and done.returncode == 1
        if not is_right:
            print(done.stdout[-2000:], done.stderr[-2000:], sorted(whole - scored), sorted(failures.keys() ^ kinds.keys()))
        return 0 if is_right else 1


if __name__ == "__main__":
    raise SystemExit(main())
