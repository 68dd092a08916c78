"""What questions to a language model cost: `python benchmarks/ask.py [--calls 1000] [--without-tokens]`.

Fills a root with so many written calls of five minutes (half Chinese, half English; 80 utterances each, as benchmarks/rescore.py makes them; 200 different ones, and the same again on
other days), scores them, and asks two questions of each, in three wordings, of a judge in the same process that answers at once: what is measured is this program and the size of what it
sends, not a model nor a connection. How much of the time the judge itself took is told. Then the same with a cascade, where a phrase settles one of the questions. Tokens are counted over some
1,000 of the requests, drawn by chance, by the tokenizer of Gemma 3 (a llama.cpp server from the package index, as in tests); with `--without-tokens` bytes alone are told. Prints requests, tokens, bytes
sent and kept, the seconds of each part, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from memory_of import PeakMemory
from rescore import spoken_call

from qa_pipeline.call import Conversation, Quote
from qa_pipeline.reading.stored import Selection
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.ask_plan import plan_asking
from qa_pipeline.running.asking import carry_out_asking
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.judge import Told
from qa_pipeline.running.rescoring import plan_rescoring, rescore
from qa_pipeline.running.run import Run
from qa_pipeline.scoring.score import prepare
from qa_pipeline.settings import load_settings

# The openings of half of the calls.
_SETTLING = {"id": "named", "check": "phrase", "phrases": {"en": ["my name is Alice"], "zh": ["早上好"]}}
_QUESTIONS = (
    {
        "id": "explained", "check": "ask", "applies": {"en": "the customer complains about a delay"},
        "question": {"en": "Did the agent explain why the delivery is late?", "zh": "坐席是否解释了为什么送货晚了？"},
        "like": {"en": ["the lorry broke down"], "zh": ["货车坏了"]},
    },
    {"id": "offered", "check": "ask", "question": {"en": "Did the agent offer to call back?", "zh": "坐席是否提出回电？"}},
)  # fmt: skip


_DIFFERENT = 200
# Requests whose tokens are counted, about.
_COUNTED = 1_000


class AtOnce:
    """A judge that answers at once: a quote of the first line, and yes. `share` of the requests is kept, for their tokens; `seconds`: what answering took."""

    def __init__(self, share: float) -> None:
        self.bodies: list[str] = []
        self.written: list[str] = []
        self.asked, self.seconds = 0, 0.0
        self._share, self._chance = share, random.Random(2)

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Told:
        """Answer one question."""
        began = time.monotonic()
        told = self._answer(messages, schema)
        self.seconds += time.monotonic() - began
        return told

    def _answer(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Told:
        text = messages[-1]["content"].split("The call:\n")[1]
        number, _, words = text.split("\n", 1)[0].split(" ", 2)
        quote = json.loads(words)[:60]
        body = json.dumps({"messages": list(messages), "schema": schema}, ensure_ascii=False)
        answer = json.dumps({"quotes": [{"line": int(number), "words": quote}], "answer": "yes"}, ensure_ascii=False)
        if self._chance.random() < self._share:
            self.bodies.append("\n".join(message["content"] for message in messages))
            self.written.append(answer)
        self.asked += 1
        return Told(
            answer="yes", value=None, quotes=(Quote(utterance=int(number), text=quote),), served_by="at once", prompt_tokens=None, answer_tokens=None,
            took_ms=0, sent=len(body.encode()), received=len(answer.encode()),
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--without-tokens", action="store_true", help="count bytes alone, without a server for its tokenizer")
    given = parser.parse_args()
    print(f"{given.calls} calls of five minutes, 2 questions, 3 wordings")
    chance = random.Random(1)
    # Chinese sentences are taken apart for each of them: making calls takes longer than anything that is measured.
    made = [spoken_call(chance, "zh" if number % 2 else "en") for number in range(min(given.calls, _DIFFERENT))]
    calls = [_call(made[number % len(made)], number) for number in range(given.calls)]
    for name, settled in (("without a cascade", False), ("with a cascade", True)):
        with tempfile.TemporaryDirectory() as folder, PeakMemory() as memory:
            judge, told = measure(Path(folder), calls, settled=settled)
        told += f"; {memory.peak / 1e6:.0f} MB of memory at most"
        print(f"{name}: {told}", flush=True)
        if not given.without_tokens:
            print(f"  {tokens(judge)}")


def measure(folder: Path, calls: Sequence[Conversation], *, settled: bool) -> tuple[AtOnce, str]:
    """Ask about calls; what it took."""
    settings = load_settings(
        results=str(folder / "results"), cache=folder / "cache", ask_model="at once", ask_calls=len(calls), ask_tokens=10**12
    )
    rubric = _rubric(settled=settled)
    run = Run(
        settings=settings, store=open_store(settings), rubrics={rubric.id: rubric}, scorecards={rubric.id: prepare(rubric, {}, answered_by="at once")}
    )  # fmt: skip
    run.store.write_conversations(calls, run_id="r")
    rescore(plan_rescoring(run, select=Selection()), run, workers=0)
    began = time.monotonic()
    plan = plan_asking(run, select=Selection())
    planned = time.monotonic() - began
    judge = AtOnce(share=min(1.0, _COUNTED / max(1, plan.requests)))
    summary = carry_out_asking(plan, run, judge)
    again = summary.rescored.seconds if summary.rescored else 0.0
    run.store.compact()
    kept = sum(path.stat().st_size for path in (folder / "results" / "replies").rglob("*.parquet") if "_delta_log" not in path.parts)
    return judge, (
        f"{summary.requests} requests about {summary.calls} calls, {summary.sent / 1e6:.1f} MB sent, {summary.received / 1e6:.2f} MB received, "
        f"{kept / 1e6:.2f} MB kept; {planned:.0f} s to find what is open, {summary.seconds - again:.0f} s to ask and keep, of which the judge took "
        f"{judge.seconds:.1f} s, {again:.0f} s to score anew"
    )


def tokens(judge: AtOnce) -> str:
    """Tokens read and written, counted over the requests that were kept."""
    bodies, written, asked = judge.bodies, judge.written, judge.asked
    with tempfile.TemporaryDirectory() as folder, _tokenizer(Path(folder)) as count, ThreadPoolExecutor(2) as pool:
        read, wrote = (sum(pool.map(count, texts)) / len(texts) for texts in (bodies, written))
    return (
        f"{read * asked / 1e6:.2f} million tokens read, {wrote * asked / 1e6:.2f} million written ({read:.0f} and {wrote:.0f} a request; "
        f"counted over {len(bodies)} of them)"
    )


@contextmanager
def _tokenizer(folder: Path) -> Iterator[Any]:
    from tests.small_model import small_model

    with small_model(folder) as url, httpx.Client(base_url=url.removesuffix("/v1"), timeout=60) as client:
        yield lambda text: len(client.post("/tokenize", json={"content": text}).json()["tokens"])


def _rubric(*, settled: bool) -> Rubric:
    first, second = _QUESTIONS
    criteria = [_SETTLING, {**first, "settled_by": ["named"]} if settled else first, second]
    data = {"id": "asked", "version": 1, "applies_to": {"direction": "inbound"}, "sections": [{"id": "all", "criteria": criteria}]}
    return Rubric.model_validate_json(json.dumps(data))


def _call(made: Conversation, number: int) -> Conversation:
    call = replace(
        made.call, call_id=f"c{number}", source_uri=f"c{number}.wav", direction="inbound",
        started_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number // 200),
    )  # fmt: skip
    return replace(made, call=call, conversation_id=f"conversation-{number}")


if __name__ == "__main__":
    main()
