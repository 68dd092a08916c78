"""The conversations that certainty is fitted on: written dialogues read as transcripts, and made into speech that was heard well, badly or in part; the
rubrics' cases. Each comes with what is true of it.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import training
from qa_pipeline.call import Conversation, Role, Utterance, Word
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.written import spoken_texts, with_vectors
from qa_pipeline.evaluation.dialogues import WrittenDialogue, load_dialogues
from qa_pipeline.languages.load import is_han
from qa_pipeline.meaning.meanings import read_by
from qa_pipeline.rubric.cases import heard_in
from qa_pipeline.scoring.case_vectors import CaseVectors
from qa_pipeline.settings import Settings
from qa_pipeline.text.norm_cache import cached_norm
from qa_pipeline.trainer.publish import Workbench

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from misheard import misheard  # the benchmark that measures mishearing is no package

FOLDER = Path(__file__).parent
CASE_WEIGHT = 0.2
# Phrases were mended after the misses of some dialogues: what comes out right there is surer to than elsewhere, so these count little.
TUNED, TUNED_WEIGHT = "tuned_", 0.15
# Shares of the words that are misheard, and how much a finding on such speech counts.
RATES = ((0.05, 0.4), (0.1, 0.4), (0.2, 0.3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A conversation with what is true of it. `group`: the dialogue it was made of; `weight`: how much each of its findings counts; `kind`: how it was made.

    `is_tuned`: phrases were mended after it was read.
    """

    group: str
    kind: str
    weight: float
    conversation: Conversation
    expected: Mapping[str, str]
    disposition: str | None
    rubric: str
    is_tuned: bool = False


class Reader(Listener):
    """Reads transcripts as the product does, with what the encoder said kept for the next training."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        kept = Path(tempfile.gettempdir()) / "qa-certainty-vectors.npz"
        known_by = f"{training.manifest_sha256(training.encoder_manifest())} {read_by(settings)}"
        self.vectors = CaseVectors((kept,), encoder_id=known_by, encode=self.read_meanings, keep=kept)

    def _meanings(self, utterances: Sequence[Utterance]) -> NDArray[np.float32]:
        return self.vectors([u.text for u in utterances])


def written(bench: Workbench, listener: Reader) -> Iterator[Heard]:
    """The dialogues beside this file, as transcripts and as speech heard well and badly."""
    # All texts at once: one by one the store would be written as often.
    stored = [
        (path, d) for path in sorted((FOLDER / "dialogues").glob("*.yaml")) for d in load_dialogues(path) if d.rubric in bench.scorecards
    ]
    dialogues, tuned = [d for _, d in stored], {d.id for path, d in stored if path.name.startswith(TUNED)}
    listener.vectors.learn(text for d in dialogues for text in spoken_texts(*d.lines))
    made: list[tuple[WrittenDialogue, str, float, Conversation]] = []
    for d in dialogues:
        rubric = bench.scorecards[d.rubric].rubric
        made.append((d, "text", 1.0, d.read(rubric, listener)))
        spoken = d.spoken(rubric)
        for rate, weight in RATES:
            made.append((d, f"speech {rate:.0%} misheard", weight, badly_heard(spoken, rate, d.language)))
        made.append((d, "speech with losses", 0.25, thinned(confident(spoken, spoken))))
        made.append((d, "roles open", 0.25, doubted(confident(spoken, spoken))))
    listener.vectors.learn(u.text for _, _, _, c in made if not c.vectors for u in c.utterances)
    for d, kind, weight, conversation in made:
        full = conversation if conversation.vectors else with_vectors(conversation, listener.vectors)
        yield Heard(
            group=d.id,
            kind=kind,
            weight=weight * (TUNED_WEIGHT if d.id in tuned else 1.0),
            is_tuned=d.id in tuned,
            conversation=full,
            expected=d.expected,
            disposition=d.disposition,
            rubric=d.rubric,
        )


def cases(bench: Workbench) -> Iterator[Heard]:
    """The rubrics' cases as they are written. They are right because rubrics are made so, and count a little."""
    for name, scorecard in bench.scorecards.items():
        for case in bench.cases[name]:
            if case.call is None:
                spoken = heard_in(case, scorecard.rubric, bench.encode_for(name))
                yield Heard(
                    group=f"{name}/{case.language}/{case.name}", kind="case", weight=CASE_WEIGHT, conversation=spoken, expected=case.expected,
                    disposition=case.disposition, rubric=name,
                )  # fmt: skip


def badly_heard(spoken: Conversation, rate: float, language: str) -> Conversation:
    """Speech of which a share of the words is misheard; those mostly with a low confidence, as recognisers give it."""
    utterances = []
    for u in spoken.utterances:
        text = misheard(u.text, rate, language) or u.text
        utterances.append(u if text == u.text else replace(u, text=text, norm=cached_norm(text, language), words=_words(u, text, language)))
    return confident(replace(spoken, utterances=tuple(utterances), conversation_id=f"{spoken.conversation_id}{rate}"), spoken)


def _words(u: Utterance, text: str, language: str) -> tuple[Word, ...]:
    pieces = list(text) if is_han(language) else [f"{' ' if n else ''}{w}" for n, w in enumerate(text.split())]
    start, end = u.start_ms or 0, u.end_ms or 0
    step = (end - start) / max(1, len(pieces))
    return tuple(
        Word(text=p, start_ms=round(start + n * step), end_ms=round(start + (n + 1) * step), confidence=0.9) for n, p in enumerate(pieces)
    )


def confident(heard: Conversation, said: Conversation) -> Conversation:
    """The conversation with confidences as a recogniser has them: words heard rightly mostly high, others mostly low. Drawn, the same each time."""
    chance = random.Random(heard.call.call_id + str(len(heard.utterances)))
    utterances = []
    for u, true in zip(heard.utterances, said.utterances, strict=True):
        right: set[int] = set()
        texts, wanted = [w.text.strip() for w in u.words], [w.text.strip() for w in true.words]
        for block in SequenceMatcher(None, texts, wanted, autojunk=False).get_matching_blocks():
            right |= set(range(block.a, block.a + block.size))
        words = tuple(
            replace(w, confidence=round(chance.betavariate(*((9, 1.2) if n in right else (2.2, 2.2))), 3)) for n, w in enumerate(u.words)
        )
        mean = sum(w.confidence for w in words) / len(words) if words else u.confidence
        utterances.append(replace(u, words=words, confidence=mean))
    return replace(heard, utterances=tuple(utterances))


def thinned(heard: Conversation) -> Conversation:
    """Some utterances got no words, or were lost with their stretch of the recording."""
    chance = random.Random(heard.call.call_id)
    rate, is_lost = chance.uniform(0.05, 0.3), chance.random() < 0.3
    kept = [u for u in heard.utterances if chance.random() >= rate]
    gone = sum((u.end_ms or 0) - (u.start_ms or 0) for u in heard.utterances) - sum((u.end_ms or 0) - (u.start_ms or 0) for u in kept)
    spoken = gone + sum((u.end_ms or 0) - (u.start_ms or 0) for u in kept)
    numbered = tuple(replace(u, utterance=n) for n, u in enumerate(kept))
    return replace(heard, utterances=numbered, lost_ms=gone if is_lost else 0, wordless_share=0.0 if is_lost else gone / max(1, spoken))


def doubted(heard: Conversation) -> Conversation:
    """Who is who is told with some confidence, and wrongly as often as that says."""
    chance = random.Random(heard.call.call_id)
    confidence = chance.choice((0.65, 0.75, 0.85, 0.95))
    other = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}
    if chance.random() < confidence:
        return replace(heard, role_confidence=confidence)
    turned = tuple(replace(u, role=other.get(u.role, u.role)) for u in heard.utterances)
    return replace(heard, role_confidence=confidence, utterances=turned)
