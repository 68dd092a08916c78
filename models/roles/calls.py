"""Written calls for training and testing who is the agent: YAML or the rubrics' own cases in, utterances by voice with the truth beside them out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import training
from qa_pipeline.call import Call, Role, Utterance
from qa_pipeline.conversation.written import conversation

# Whose side a written voice is on, for the head; a second employee sounds like the first.
SIDE = {"agent": 1, "agent2": 1, "customer": 0}
# The role that each should be given.
ROLE = {"agent": Role.AGENT, "customer": Role.CUSTOMER, "other": Role.OTHER, "agent2": Role.OTHER}
_PAUSE_MS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCall:
    """One call. `voices`: who speaks each utterance (agent, agent2, customer, other). Utterances carry neither roles nor words' times."""

    name: str
    kind: str
    call: Call
    utterances: tuple[Utterance, ...]
    voices: tuple[str, ...]

    @property
    def has_two_parties(self) -> bool:
        """Whether nobody else is heard."""
        return set(self.voices) == {"agent", "customer"}

    @property
    def sides(self) -> NDArray[np.int64]:
        """(n,): 1 the firm's, 0 the customer's, −1 nobody's."""
        return np.array([SIDE.get(voice, -1) for voice in self.voices])


def read_calls(folder: Path, *, rate: float = 0.0, seed: int = 0, is_run_on: bool = False) -> Iterator[WrittenCall]:
    """The calls of every `LANGUAGE*.yaml` in a folder. `rate`: share misheard. `is_run_on`: a turn is one utterance without punctuation, as often heard."""
    from ruamel.yaml import YAML

    for path in sorted(folder.glob("*.yaml")):
        for data in YAML(typ="safe").load(path.read_text("utf-8")):
            yield _read(data, path.stem[:2], rate, seed, is_run_on)


def _read(data: dict[str, Any], language: str, rate: float, seed: int, is_run_on: bool) -> WrittenCall:
    turns = [(voice, text) for turn in data["turns"] for voice, text in turn.items()]
    labels = sorted({voice for voice, _ in turns})
    # In an order that says nothing.
    random.Random(data["id"]).shuffle(labels)
    utterances: list[Utterance] = []
    voices: list[str] = []
    clock = 0
    for voice, text in turns:
        heard = training.misheard(text, language, rate=rate, seed=seed) if rate else text
        if is_run_on:
            heard = "".join(" " if char in "，。？！、,.?!…" else char for char in heard)
        if not heard.strip():
            continue
        for utterance in conversation(f"0:00 agent: {heard}", language=language).utterances:
            start, end = (utterance.start_ms or 0) + clock, (utterance.end_ms or 0) + clock
            utterances.append(
                replace(
                    utterance,
                    utterance=len(utterances),
                    role=Role.UNKNOWN,
                    speaker=f"voice{labels.index(voice)}",
                    start_ms=start,
                    end_ms=end,
                    words=(),
                )  # fmt: skip
            )
            voices.append(voice)
        clock = (utterances[-1].end_ms or 0) + _PAUSE_MS
    call = Call(
        call_id=data["id"],
        source_uri="",
        audio_sha256="",
        direction=data.get("direction"),
        agent_name=data.get("agent_name"),
        language=language,
    )
    return WrittenCall(name=data["id"], kind=data.get("kind", "plain"), call=call, utterances=tuple(utterances), voices=tuple(voices))


def read_cases(*, rate: float = 0.0, seed: int = 0) -> Iterator[WrittenCall]:
    """The dialogues of the shipped rubrics' cases that have both parties: short and to the point, as centres' scripts have it."""
    from qa_pipeline.rubric.cases import heard_in
    from qa_pipeline.settings import load_settings
    from qa_pipeline.trainer.publish import open_workbench

    bench = open_workbench(load_settings(), [])
    for name, cases in bench.cases.items():
        for number, case in enumerate(cases):
            if not case.dialogue:
                continue
            heard = heard_in(case, bench.scorecards[name].rubric, None)
            turns = [{u.role.value: u.text} for u in heard.utterances if u.role is not Role.UNKNOWN]
            if {"agent", "customer"} <= {voice for turn in turns for voice in turn}:
                call = heard.call
                data = {
                    "id": f"{name}-{number}",
                    "direction": call.direction,
                    "agent_name": call.agent_name,
                    "kind": "case",
                    "turns": turns,
                }
                yield _read(data, case.language, rate, seed, is_run_on=False)
