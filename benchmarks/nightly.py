"""A night with stored transcripts in the place of speech: `python benchmarks/nightly.py [--sizes 1000 10000 100000] [--prefect]`.

For each size: a folder of so many small files with `calls.csv`, one a call; a worker that hands out conversations of 30 utterances (made once, half
Chinese, half English) instead of listening; everything else as `qa-pipeline run` does it: reading metadata, hashing, planning, scoring by the shipped
rubrics, writing, the run's row. Prints calls a second of the whole and of the second run, which finds everything done, the peak memory of all
processes together, and the exponent of growth. `--prefect` runs the flow of flows/nightly.py and also prints what Prefect costs a call, as the
difference to the same without it. Nothing is kept.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from memory_of import PeakMemory
from rescore import _SENTENCES

from qa_pipeline.call import Call, Conversation
from qa_pipeline.conversation.listen import conversation_id, conversation_options
from qa_pipeline.conversation.written import conversation
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.rubric.load import load_rubrics
from qa_pipeline.running.batch import carry_out
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.isolation import Worker, WorkerProcesses
from qa_pipeline.running.night import Night
from qa_pipeline.running.record import Summary
from qa_pipeline.running.run import Run
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.speech.models import manifests_digest

_UTTERANCES, _MADE = 30, 100
_settings: Settings | None = None
_stored: list[Conversation] = []
_identity: tuple[dict[str, str], str] = ({}, "")


def start(settings: Settings, stages: str) -> None:
    """Make the conversations that this process hands out."""
    global _settings, _identity
    _settings, _identity = settings, (conversation_options(settings), manifests_digest(settings))
    for number in range(_MADE):
        chance, language = random.Random(number), ("zh", "en")[number % 2]
        parts = _SENTENCES[language]
        lines = [f"agent: {chance.choice(parts['opening'])}"]
        lines += [
            f"{role}: {chance.choice(parts[role])}" for place in range(_UTTERANCES - 2) for role in (("customer", "agent")[place % 2],)
        ]
        lines += [f"agent: {parts['closing'][-1]}"]
        _stored.append(conversation(*(line.format(n=chance.randrange(10_000, 99_999)) for line in lines), language=language))


def work(call: Call) -> Conversation:
    """One of them, as if it had been heard."""
    made = _stored[int(call.audio_sha256[:8], 16) % _MADE]
    return replace(made, call=call, conversation_id=conversation_id(call, *_identity))


STORED = Worker(start=start, work=work)


def settings_of(root: str, name: str) -> Settings:
    """Results below the root. What is kept between runs too, so that nothing is known beforehand; models from where they are."""
    cache = Path(root) / f"cache-{name}"
    if not cache.exists():
        cache.mkdir()
        (cache / "models").symlink_to(load_settings().model_cache)
    os.environ["QA_PIPELINE_CACHE"] = str(cache)
    return load_settings(results=f"{root}/{name}")


def make_folder(folder: Path, size: int) -> Path:
    """So many files, and what is known of them."""
    folder.mkdir()
    lines = ["file,call_id,agent_id,team,campaign,direction,started_at"]
    for number in range(size):
        (folder / f"{number:06d}.wav").write_bytes(b"%d" % number)
        day, second = 1 + number % 28, number % 86_400
        at = f"2026-05-{day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        lines.append(f"{number:06d}.wav,c{number},{number % 60},{'abcde'[number % 5]},spring,{('inbound', 'outbound')[number % 2]},{at}")
    (folder / "calls.csv").write_text("\n".join(lines), "utf-8")
    return folder


def night(folder: Path, settings: Settings) -> Summary:
    """One night as the command has it; recordings that play in several calls are not looked for."""
    with WorkerProcesses(settings, worker=STORED) as workers:
        run = Run(settings=settings, store=open_store(settings), rubrics=load_rubrics(settings.rubrics), workers=workers)
        plan = Night(sources=[str(folder)], defaults=Defaults(timezone=settings.timezone)).plan(run, checks=False)
        return carry_out(plan, run)


def prefect_night(folder: Path, settings: Settings) -> dict[str, int]:
    """One night through the flow."""
    from flows import nightly

    nightly.worker = STORED
    return nightly.nightly([str(folder)], results=settings.results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000])
    parser.add_argument("--prefect", action="store_true", help="also as a Prefect flow")
    parser.add_argument("--folder", help="where temporary files go")
    given = parser.parse_args()
    measured = []
    for size in given.sizes:
        with tempfile.TemporaryDirectory(prefix="qa-nightly-", dir=given.folder) as root:
            folder = make_folder(Path(root) / "calls", size)
            settings = settings_of(root, "results")
            with PeakMemory() as memory:
                began = time.perf_counter()
                summary = night(folder, settings)
                took = time.perf_counter() - began
                again = time.perf_counter()
                second = night(folder, settings)
                took_again = time.perf_counter() - again
            if (summary.processed, summary.failed, second.skipped) != (size, 0, size):
                raise SystemExit(f"{summary.processed} processed, {summary.failed} failed, then {second.skipped} skipped; wanted {size}")
            print(
                f"{size} calls: {took:.1f} s, {size / took:.0f} a second, peak {memory.peak / 1e9:.2f} GB; again, all done: {took_again:.1f} s",
                flush=True,
            )
            measured.append((size, took))
            if given.prefect:
                os.environ.setdefault("PREFECT_HOME", f"{root}/prefect")
                flow_settings = settings_of(root, "flow")
                began = time.perf_counter()
                prefect_night(folder, flow_settings)
                flow = time.perf_counter() - began
                print(f"  as a flow: {flow:.1f} s, {1000 * (flow - took) / size:.1f} ms a call more, {flow / took - 1:.0%}", flush=True)
    for (few, short), (many, long) in zip(measured, measured[1:], strict=False):
        print(f"growth {few} to {many}: exponent {math.log(long / short) / math.log(many / few):.2f}")


if __name__ == "__main__":
    main()
