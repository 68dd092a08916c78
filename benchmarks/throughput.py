"""Real-time factor by stage, and peak memory: `python benchmarks/throughput.py [FOLDER]` (default: sample_audio).

Listens to every recording of the folder in one process, as a worker does, with nothing kept from earlier runs. Real-time factor = seconds of work ÷
seconds of recording; loading the models is shown apart. Whole-process figures; other work on the machine makes them worse, so compare ratios
within one run.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from qa_pipeline.call import Layout
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.recordings.audio import decode
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.layout import examine
from qa_pipeline.rubric.load import choose_rubric, load_rubrics
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import score
from qa_pipeline.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="sample_audio")
    parser.add_argument("--most", type=int, default=0, help="at most this many calls of each layout (0: all)")
    arguments = parser.parse_args()
    settings = load_settings()
    rubrics = load_rubrics(settings.rubrics)
    scorecards = ready_scorecards(rubrics, settings)
    calls = ingest([arguments.folder], Defaults(timezone=settings.timezone)).calls
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    recorded: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as fresh:
        settings_fresh = settings.model_copy(update={"cache": Path(fresh)})
        (Path(fresh) / "models").symlink_to(settings.model_cache)
        listener = Listener(settings_fresh)
        began = time.perf_counter()
        for call in (calls[0], next((c for c in calls if c.source_uri != calls[0].source_uri), calls[0])):
            listener.listen(call)
        print(f"models loaded and warm: {time.perf_counter() - began:.1f} s (two calls included)")
        for path in Path(fresh).joinpath("work").rglob("*.gz"):
            path.unlink()
        for call in calls:
            kind = "stereo" if examine(decode(call.source_uri).samples).layout is Layout.STEREO else "mono"
            if arguments.most and counts[kind] >= arguments.most:
                continue
            clock = _Clock()
            conversation = listener.listen(call, stage=clock.enter)
            clock.enter("score")
            rubric = choose_rubric(call, rubrics)
            if rubric:
                score(conversation, scorecards[rubric.id])
            clock.enter("")
            counts[kind] += 1
            recorded[kind] += conversation.duration_ms / 1000
            for name, seconds in clock.seconds.items():
                spent[kind][name] += seconds
    print(f"{settings.threads} threads, profile {settings.profile}")
    for layout, seconds in sorted(recorded.items()):
        total = sum(spent[layout].values())
        stages = ", ".join(f"{name} {value / seconds:.3f}" for name, value in spent[layout].items())
        print(f"{layout}: real-time factor {total / seconds:.3f} over {counts[layout]} calls, {seconds:.0f} s ({stages})")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


class _Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._stage, self._since = "", time.perf_counter()

    def enter(self, stage: str) -> None:
        """A stage begins; the one before ends."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now


if __name__ == "__main__":
    main()
