"""Who is the agent, by words alone: `python benchmarks/roles.py [--rates 0 0.1 0.2] [--part test] [--misses]`.

The calls of role_calls/ were written apart from the lexicon and the training sentences, many of them hard (see its README). Voices are taken as told apart;
roles are taken away, words are misheard by misheard.py, and roles proved again. Printed: how many calls come out the right way round by role_confidence (the
reliability table), calls exchanged with certainty, and the share of utterances right by kind of call. Calls are divided by number into `fit` (odd), on which
numbers of roles.py were chosen, and `test` (even).
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from misheard import misheard
from ruamel.yaml import YAML

from qa_pipeline.call import Call, Role, Utterance
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.role_head import load_role_head, log_odds
from qa_pipeline.conversation.roles import Roles, assign_roles
from qa_pipeline.settings import load_settings
from qa_pipeline.testing import conversation

FOLDER = Path(__file__).with_name("role_calls")
EDGES = (0.0, 0.6, 0.8, 0.9, 0.97, 1.001)
# Whose words are whose side's: a second employee is none of the two parties.
TRUTH = {"agent": Role.AGENT, "customer": Role.CUSTOMER, "other": Role.OTHER, "agent2": Role.OTHER}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCall:
    """One written call: `voices` names who speaks each utterance (agent, customer, other, agent2)."""

    name: str
    kind: str
    call: Call
    utterances: tuple[Utterance, ...]
    voices: tuple[str, ...]

    @property
    def has_two_parties(self) -> bool:
        return set(self.voices) == {"agent", "customer"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0, 0.1, 0.2])
    parser.add_argument("--part", choices=("fit", "test", "all"), default="test")
    parser.add_argument("--calls", type=Path, default=FOLDER)
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    settings = load_settings()
    listener, head = Listener(settings), load_role_head(settings.manifests / "roles" / "head.json")
    for rate in arguments.rates:
        found = []
        for call in read_calls(arguments.calls, arguments.part, rate):
            vectors = listener.encode([u.text for u in call.utterances])
            found.append((call, assign_roles(call.utterances, call.call, head_log_odds=log_odds(vectors, head))))
        show(rate, found, arguments.misses)


def read_calls(folder: Path, part: str, rate: float) -> Iterator[RoleCall]:
    """The calls of the YAML files, named by voices in an order that says nothing."""
    for path in sorted(folder.glob("*.yaml")):
        for number, data in enumerate(YAML(typ="safe").load(path.read_text("utf-8")), 1):
            if part == "all" or (part == "test") == (number % 2 == 0):
                yield read_call(data, path.stem, rate)


def read_call(data: dict[str, Any], language: str, rate: float) -> RoleCall:
    turns = [(voice, misheard(text, rate, language, seed=1)) for turn in data["turns"] for voice, text in turn.items()]
    labels = sorted({voice for voice, _ in turns})
    random.Random(data["id"]).shuffle(labels)
    utterances: list[Utterance] = []
    voices: list[str] = []
    clock = 0
    for voice, text in turns:
        if not text.strip():
            continue
        for utterance in conversation(f"0:00 agent: {text}", language=language).utterances:
            moved = replace(
                utterance, utterance=len(utterances), role=Role.UNKNOWN, speaker=f"voice{labels.index(voice)}",
                start_ms=(utterance.start_ms or 0) + clock, end_ms=(utterance.end_ms or 0) + clock, words=(),
            )  # fmt: skip
            utterances.append(moved)
            voices.append(voice)
        clock = (utterances[-1].end_ms or 0) + 400
    call = Call(
        call_id=data["id"],
        source_uri="",
        audio_sha256="",
        direction=data.get("direction"),
        agent_name=data.get("agent_name"),
        language=language,
    )
    return RoleCall(name=data["id"], kind=data["kind"], call=call, utterances=tuple(utterances), voices=tuple(voices))


def show(rate: float, found: Sequence[tuple[RoleCall, Roles]], misses: bool) -> None:
    two = [(call, roles) for call, roles in found if call.has_two_parties]
    print(f"\n{rate:.0%} misheard: {len(found)} calls, {len(two)} of two parties")
    for first, last in zip(EDGES, EDGES[1:], strict=False):
        inside = [(c, r) for c, r in two if first <= r.role_confidence < last]
        if inside:
            mean = sum(r.role_confidence for _, r in inside) / len(inside)
            right = sum(way(c, r) > 0 for c, r in inside)
            print(
                f"  confidence {first:.2f}–{min(last, 1):.2f}: mean {mean:.3f}, right way round {right} of {len(inside)} ({right / len(inside):.3f})"
            )
    below = sum(r.role_confidence < 0.8 for _, r in two)
    exchanged = [c.name for c, r in two if r.role_confidence >= 0.8 and way(c, r) < 0]
    print(f"  below 0.8: {below} of {len(two)} ({below / len(two):.3f}); exchanged at 0.8 or more: {len(exchanged)} {exchanged}")
    by: dict[str, Counter[str]] = defaultdict(Counter)
    for call, roles in found:
        for utterance, voice in zip(roles.utterances, call.voices, strict=True):
            verdict = "unknown" if utterance.role is Role.UNKNOWN else "right" if utterance.role is TRUTH[voice] else "wrong"
            for name in (call.kind, str(call.call.language), "all"):
                by[name][verdict] += 1
            by[f"voice {voice}"][verdict] += 1
    for name, counts in sorted(by.items()):
        total = counts.total()
        print(
            f"  {name:22} right {counts['right'] / total:.3f}  unknown {counts['unknown'] / total:.3f}  wrong {counts['wrong'] / total:.3f}  of {total}"
        )
    if misses:
        for call, roles in found:
            wrong = [
                f"{v}→{u.role.value}: {u.text}"
                for u, v in zip(roles.utterances, call.voices, strict=True)
                if u.role not in (TRUTH[v], Role.UNKNOWN)
            ]
            if wrong or roles.role_confidence < 0.8:
                evidence = {v: round(roles.evidence.get(u.speaker, 0.0), 1) for u, v in zip(call.utterances, call.voices, strict=True)}
                print(f"  {call.name} {call.kind} {call.call.direction} {roles.role_confidence:.2f} {evidence}")
                print("".join(f"      {line}\n" for line in wrong[:6]), end="")


def way(call: RoleCall, roles: Roles) -> float:
    """Which way round a call came out, by the evidence alone: above 0 right, below 0 exchanged (unknown counts as it would have been)."""
    at = {voice: roles.evidence.get(u.speaker, 0.0) for u, voice in zip(call.utterances, call.voices, strict=True)}
    return at["agent"] - at["customer"]


if __name__ == "__main__":
    main()
