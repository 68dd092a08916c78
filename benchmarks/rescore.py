"""Scoring stored calls again, reading and writing included: `python benchmarks/rescore.py [--sizes 1000 10000 100000] [--meanings]`.

For each size: fills a results root with so many five-minute calls (half Chinese, half English; 80 utterances and about 1,000 words each, with times),
scores them by a rubric of 15 criteria as `qa-pipeline rescore` does, and prints calls a second, peak memory of all processes together, and from size to
size the exponent of growth (1: linear). Calls are made block by block: 200 conversations are built utterance by utterance, and every further block is
the same with other ids and with other numbers in every utterance, put in column by column, so that hardly an utterance repeats. `--meanings` adds
random vectors and matching by meaning. `--stages` also times reading alone and writing alone. Other work on the machine makes all figures worse.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake
from memory_of import PeakMemory
from ruamel.yaml import YAML

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation
from qa_pipeline.results.rows import call_row, metric_row, utterance_rows
from qa_pipeline.results.scored import score_tables
from qa_pipeline.results.tables import TABLES
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.running.environment import open_store
from qa_pipeline.running.rescoring import Selection, plan_rescoring, rescore
from qa_pipeline.running.run import Run
from qa_pipeline.scoring.score import prepare, score_many
from qa_pipeline.settings import Settings, load_settings

_BLOCK, _BLOCKS_A_DAY, _UTTERANCES = 200, 10, 80
_FIRST_DAY = datetime(2026, 1, 1, 2, tzinfo=UTC)
_NUMBER = r"^(?P<before>.*?)(?P<number>\d{5})(?P<after>.*)$"

# One number in every sentence; twelve units on average.
_SENTENCES = {
    "zh": {
        "opening": ["您好，这里是尚德金融，工号{n}很高兴为您服务。", "早上好，我是尚德金融的客服{n}号，请讲。"],
        "agent": [
            "请问您是想咨询编号{n}的订单，对吗？", "我这边查到您的尾号是{n}，麻烦您核对一下。", "这笔费用一共是{n}元，下个月十五号扣款。",
            "好的，我帮您登记一下，登记编号是{n}。", "您的申请{n}已经提交，一般三个工作日有结果。", "请您稍等，我把{n}号工单转给技术部门处理。",
            "关于您刚才说的问题，我们内部记录是{n}。", "如果您方便的话，请把验证码{n}报给我听一下。",
        ],
        "customer": [
            "我上个星期买的那个东西，单号是{n}，到现在还没到。", "你们上次说{n}块钱就能办下来，现在怎么变了。", "我姓王，电话号码后面几位是{n}。",
            "嗯，那个{n}我记下来了，还需要别的材料吗？", "我觉得这个{n}的方案可以，就按照你说的办。", "你等一下，我找一下合同，上面写的是{n}。",
        ],
        "closing": ["请问还有其他可以帮您的吗，单号{n}已经处理好。", "感谢您的来电，编号{n}，祝您生活愉快，再见。"],
    },
    "en": {
        "opening": ["Good morning, you are through to Northgate Finance, staff number {n}.", "Hello, my name is Alice from Northgate, desk {n}."],
        "agent": [
            "Can I just confirm that the order you are calling about is {n}?", "I can see on my screen that the reference number here is {n}.",
            "The total amount on that account would be {n} and it is due in June.", "Let me put you down for the visit, the booking number is {n}.",
            "Your application {n} has been passed on, you should hear within three days.", "I will transfer case {n} to our technical team right now.",
            "According to the notes that we keep for {n} the engineer came twice already.", "Could you please read me the code {n} from the letter?",
        ],
        "customer": [
            "I bought it last week and the number on the receipt is {n} I think.", "Your colleague told me it would cost {n} and not a penny more.",
            "My surname is Walker and the last digits of my phone are {n}.", "Right, I wrote down {n}, do you need anything else from me?",
            "That plan with {n} sounds fine to me so let us go ahead then.", "Hang on a second while I find the contract, it says {n} here.",
        ],
        "closing": ["Is there anything else I can help you with today, ticket {n} is done.", "Thank you for calling, your reference is {n}, have a nice day, bye."],
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000])
    parser.add_argument("--meanings", action="store_true", help="with vectors and criteria that compare meanings")
    parser.add_argument("--workers", type=int, default=None, help="processes (default: one for each processor)")
    parser.add_argument("--stages", action="store_true", help="also reading alone, building values alone, scoring alone, writing alone")
    parser.add_argument("--folder", help="where the temporary results roots go")
    given = parser.parse_args()
    measured: list[tuple[int, float]] = []
    for size in given.sizes:
        with tempfile.TemporaryDirectory(prefix="qa-rescore-", dir=given.folder) as root:
            began = time.perf_counter()
            # In a process of its own, so that its memory is not counted.
            filling = get_context("spawn").Process(target=fill, args=(root, size, given.meanings))
            filling.start()
            filling.join()
            print(f"{size} calls made in {time.perf_counter() - began:.0f} s", flush=True)
            settings = load_settings(results=root)
            rubric = make_rubric(Path(root), meanings=given.meanings)
            if given.stages:
                show_stages(settings, rubric, size)
            measured.append((size, measure(settings, rubric, size, given.workers)))
    for (few, short), (many, long) in zip(measured, measured[1:], strict=False):
        print(f"growth {few} to {many}: exponent {math.log(long / short) / math.log(many / few):.2f}")


def measure(settings: Settings, rubric: Rubric, size: int, workers: int | None) -> float:
    """Score a root as the command does; seconds."""
    run = Run(settings=settings, store=open_store(settings), rubrics={rubric.id: rubric})
    busy = _processor_seconds()
    with PeakMemory() as memory:
        began = time.perf_counter()
        plan = plan_rescoring(run, select=Selection(), named=rubric.id)
        planned = time.perf_counter() - began
        summary = rescore(plan, run, workers=workers)
        seconds = time.perf_counter() - began
    busy = _processor_seconds() - busy
    if summary.scored != size or summary.failures:
        raise SystemExit(f"{summary.scored} of {size} calls scored, {len(summary.failures)} failed: {summary.failures[:1]}")
    print(
        f"{size} calls, {len(rubric.criteria)} criteria: {seconds:.1f} s ({planned:.1f} s of it planning), {size / seconds:.0f} calls/s, "
        f"{1000 * busy / size:.1f} ms of processor time a call, peak memory {memory.peak / 1e9:.2f} GB",
        flush=True,
    )
    return seconds


def show_stages(settings: Settings, rubric: Rubric, size: int) -> None:
    """Each stage alone, in one process, over at most 2,000 calls."""
    store = open_store(settings)
    spent: dict[str, float] = {}

    def timed(name: str, value: Any) -> Any:
        nonlocal began
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - began
        began = time.perf_counter()
        return value

    scorecard = prepare(rubric, {})
    few = min(size, 2_000)
    began = time.perf_counter()
    lots = iter(store.stream(size=200))
    tables = []
    for _ in range(-(-few // 200)):
        lot = timed("read", next(lots))
        conversations = timed("values", list(lot))
        scores = timed("score", score_many(conversations, scorecard))
        tables.append(timed("rows", score_tables(scores, purposes=["trial"] * len(scores), run_id="stages", timezone=settings.timezone)))
    for each in tables:
        store.write_score_tables(each)
    timed("write", None)
    total = sum(spent.values())
    print("one process: " + ", ".join(f"{name} {1000 * value / few:.2f} ms a call ({value / total:.0%})" for name, value in spent.items()))


def _processor_seconds() -> float:
    """Processor time of this process and those it has waited for: what other work on the machine does not change."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def make_rubric(folder: Path, *, meanings: bool) -> Rubric:
    """Fifteen criteria: those of the shipped rubrics and what else call centres ask for."""
    shipped = {
        criterion["id"]: criterion
        for name in ("hotline", "followup")
        for section in YAML(typ="safe").load((load_settings().rubrics / f"{name}.yaml").read_text("utf-8"))["sections"]
        for criterion in section["criteria"]
    }
    more: list[dict[str, Any]] = [
        {"id": "order_number", "check": "capture", "capture": "number", "who": "any", "within": {"first": {"seconds": 60}},
         "phrases": {"zh": ["登记编号是"], "en": ["order you are calling about is"]}},
        {"id": "registers", "check": "phrase", "who": "agent", "within": {"first": {"seconds": 120}},
         "phrases": {"zh": ["帮您(登记|查|处理)", "(提交|转给)"], "en": ["(put you down|pass it on|let me check)", "transfer {any:3} to"]}},
        {"id": "names_the_date", "check": "phrase", "who": "agent", "within": {"last": {"seconds": 120}},
         "phrases": {"zh": ["{number}个工作日", "下个月{number}号"], "en": ["within {number} days", "due in {some:1}"]}},
        {"id": "listens", "check": "metric", "metric": "agent_talk_share", "at_most": 0.7},
        {"id": "no_dead_air", "check": "metric", "metric": "silence_share", "at_most": 0.4},
        {"id": "calm_pace", "check": "metric", "metric": "agent_speech_rate", "at_most": 320},
        {"id": "polite_frame", "check": "all", "of": ["greeting", "closing_line"]},
        {"id": "some_service", "check": "any", "of": ["registers", "names_the_date"]},
    ]  # fmt: skip
    chosen = (
        "greeting",
        "self_identification",
        "convenience_check",
        "forbidden_phrases",
        "anything_else",
        "closing_line",
        "customer_sentiment",
    )
    criteria = [*(shipped[name] for name in chosen), *more]
    path = folder / "benchmark.yaml"
    path.write_text(json.dumps({"id": "benchmark", "version": 1, "sections": [{"id": "all", "criteria": criteria}]}), "utf-8")
    rubric = load_rubric(path)
    return rubric if meanings else _without_meanings(rubric)


def _without_meanings(rubric: Rubric) -> Rubric:
    def strip(part: Any) -> Any:
        return part.model_copy(update={"meaning": None}) if getattr(part, "meaning", None) else part

    sections = [s.model_copy(update={"criteria": tuple(strip(c) for c in s.criteria)}) for s in rubric.sections]
    situations = rubric.situations
    if situations:
        situations = situations.model_copy(update={name: strip(getattr(situations, name)) for name in type(situations).model_fields})
    return rubric.model_copy(update={"sections": tuple(sections), "situations": situations})


def fill(root: str, size: int, meanings: bool) -> None:
    """Write so many stored calls, a day at a time."""
    block = _Block(random.Random(1))
    numbers = np.random.default_rng(1)
    for day, first in enumerate(range(0, size, _BLOCK * _BLOCKS_A_DAY)):
        made = [
            block.copy(number, min(_BLOCK, size - number), _FIRST_DAY + timedelta(days=day), numbers, meanings=meanings)
            for number in range(first, min(size, first + _BLOCK * _BLOCKS_A_DAY), _BLOCK)
        ]
        for name in made[0]:
            partition = TABLES[name].partition
            data = pa.concat_tables([each[name] for each in made])
            write_deltalake(f"{root}/{name}", data, mode="append", partition_by=[partition] if partition else None)


class _Block:
    """Some conversations as rows, to be copied with other ids and numbers."""

    def __init__(self, chance: random.Random) -> None:
        spoken = [spoken_call(chance, "zh" if index % 2 else "en") for index in range(_BLOCK)]
        self._tables = {
            "calls": _rows(
                "calls", [call_row(c, run_id="made", processed_at=_FIRST_DAY, timezone="UTC", code_version="0") for c in spoken]
            ),
            "utterances": _rows("utterances", [row for c in spoken for row in utterance_rows(c, run_id="made", timezone="UTC")]),
            "metrics": _rows("metrics", [metric_row(c, run_id="made", timezone="UTC") for c in spoken]),
        }
        utterances = self._tables["utterances"]
        words = utterances["words"].combine_chunks()
        self._offsets, self._words = words.offsets, words.values
        self._split = {name: _split(utterances[name].combine_chunks()) for name in ("text", "norm")}
        self._split["word"] = _split(self._words.field("text"))
        self._owner = np.repeat(np.arange(_BLOCK), _UTTERANCES)

    def copy(self, first: int, count: int, start: datetime, numbers: np.random.Generator, *, meanings: bool) -> dict[str, pa.Table]:
        """The first `count` of them as calls number `first` and on, at a time, with other numbers."""
        ids = pa.array([hashlib.sha256(f"{first + index}".encode()).hexdigest()[:32] for index in range(_BLOCK)])
        names = pa.array([f"call-{first + index}" for index in range(_BLOCK)])
        said = pa.array(numbers.integers(10_000, 99_999, _BLOCK * _UTTERANCES).astype(str))
        calls = _with(
            self._tables["calls"], call_id=names, conversation_id=ids, started_at=start, call_date=start.date(), processed_at=start
        )
        owner = pa.array(self._owner)
        texts = {name: _joined(self._split[name], said) for name in ("text", "norm")}
        fields = [self._words.field(field.name) for field in self._words.type]
        fields[self._words.type.get_field_index("text")] = _joined(self._split["word"], said)
        words = pa.ListArray.from_arrays(self._offsets, pa.StructArray.from_arrays(fields, fields=list(self._words.type)))
        utterances = _with(
            self._tables["utterances"],
            call_id=names.take(owner),
            conversation_id=ids.take(owner),
            call_date=start.date(),
            words=words,
            **texts,
        )
        made = {
            "utterances": utterances.slice(0, count * _UTTERANCES),
            "metrics": _with(self._tables["metrics"], call_id=names, conversation_id=ids).slice(0, count),
            "calls": calls.slice(0, count),
        }
        return made | ({"embeddings": _vectors(made["utterances"], numbers)} if meanings else {})


def spoken_call(chance: random.Random, language: str) -> Conversation:
    parts = _SENTENCES[language]
    lines = [f"agent: {chance.choice(parts['opening'])}"]
    while len(lines) < _UTTERANCES - 2:
        role = "customer" if len(lines) % 2 else "agent"
        lines.append(f"{role}: {chance.choice(parts[role])}")
    lines += [f"agent: {line}" for line in parts["closing"]]
    numbered = [line.format(n=chance.randrange(10_000, 99_999)) for line in lines]
    given = {"direction": "inbound", "agent_id": str(chance.randrange(50)), "team": chance.choice("abcde"), "campaign": "spring"}
    made = conversation(*numbered, language=language, sentiment=(chance.uniform(-1, 1), "neutral"), **given)
    if len(made.utterances) != _UTTERANCES:
        raise SystemExit(f"{len(made.utterances)} utterances, wanted {_UTTERANCES}: a line was split")
    return replace(made, asr_model="whisper-base", manifest_sha256="0" * 64)


def _rows(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=TABLES[name].schema)


def _with(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with other columns; a single value fills its column."""
    for name, values in columns.items():
        field = table.schema.field(name)
        filled = values.cast(field.type) if isinstance(values, pa.Array) else pa.repeat(pa.scalar(values, field.type), len(table))
        table = table.set_column(table.schema.get_field_index(name), field, filled)
    return table


def _split(texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """What stands before and after the number, and where there is one."""
    found = pc.extract_regex(texts, _NUMBER)
    has = pc.is_valid(found)
    return pc.if_else(has, found.field("before"), texts), pc.if_else(has, found.field("after"), ""), has


def _joined(split: tuple[pa.Array, pa.Array, pa.Array], numbers: pa.Array) -> pa.Array:
    """The texts with other numbers, one for each text that has one."""
    before, after, has = split
    blank = pa.repeat(pa.scalar(""), len(before))
    return pc.binary_join_element_wise(before, pc.replace_with_mask(blank, has, numbers), after, "")


def _vectors(utterances: pa.Table, numbers: np.random.Generator) -> pa.Table:
    count = len(utterances)
    vectors = numbers.standard_normal((count, 384), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = pa.array(vectors.astype(np.float16).astype(np.float32).ravel())
    lists = pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype=np.int32) * 384), flat)
    shared = {name: utterances[name] for name in ("conversation_id", "utterance", "run_id", "call_date")}
    return pa.table({**shared, "vector": lists}).select(TABLES["embeddings"].schema.names).cast(TABLES["embeddings"].schema)


if __name__ == "__main__":
    main()
