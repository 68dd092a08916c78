"""What other readings of the recogniser give: `python benchmarks/alternatives.py [FOLDER]`, with the real models; FOLDER as `evaluate` takes it.

Each call is heard once and judged with and without other readings. Printed: outcomes that are right; phrases of the rubrics in what was said, turn by turn and list
by list, that are found in the best reading, in another one, or in none, and such as nobody said; bytes, and time of scoring. `--misses` lists what differs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa_pipeline.call import Conversation, Role, Utterance
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.conversation.written import conversation
from qa_pipeline.evaluation.truth import Truth, read_truths
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.rubric.atoms import PhraseLists
from qa_pipeline.rubric.schema import Rubric
from qa_pipeline.scoring.matching import Search
from qa_pipeline.scoring.score import Score, Scorecard, score_many
from qa_pipeline.scoring.windows import Searched
from qa_pipeline.settings import load_settings
from qa_pipeline.trainer.publish import open_workbench

# Shorter phrases are not looked for in other readings.
_LEAST = {"zh": 3}
_LEAST_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A call with its truth."""

    conversation: Conversation
    truth: Truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=packaged_folder("rubrics").parent / "sample_audio")
    parser.add_argument("--misses", action="store_true", help="outcomes that differ, phrases gained, phrases that nobody said")
    given = parser.parse_args()
    settings = load_settings()
    listener, truths = Listener(settings), read_truths(given.folder)
    heard: list[Heard] = []
    for call in ingest([str(given.folder)], Defaults(timezone=settings.timezone)).calls:
        truth = truths.get(Path(call.source_uri).stem)
        if truth is not None and truth.turns:
            heard.append(Heard(conversation=listener.listen(call), truth=truth))
    bench = open_workbench(settings)
    print(f"{len(heard)} calls")
    show_outcomes(heard, bench.scorecards, misses=given.misses)
    show_phrases(heard, [scorecard.rubric for scorecard in bench.scorecards.values()], misses=given.misses)
    show_bytes([utterance for one in heard for utterance in one.conversation.utterances])


def show_outcomes(heard: Sequence[Heard], scorecards: dict[str, Scorecard], *, misses: bool) -> None:
    """Outcomes that are right with other readings and without, and the time of scoring."""
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for name, scorecard in scorecards.items():
        of_rubric = [one for one in heard if one.conversation.call.rubric == name]
        kinds = {"with": [one.conversation for one in of_rubric], "without": [best_alone(one.conversation) for one in of_rubric]}
        scores: dict[str, list[Score]] = {}
        for kind, conversations in kinds.items():
            began = time.process_time()
            scores[kind] = score_many(conversations, scorecard) if conversations else []
            seconds[kind] += time.process_time() - began  # type: ignore[assignment]  # a counter of fractions
        for one, with_others, without in zip(of_rubric, scores["with"], scores["without"], strict=True):
            for ours, alone in zip(with_others.findings, without.findings, strict=True):
                expected = one.truth.expected.get(ours.criterion.id)
                if expected is None:
                    continue
                counts["all"] += 1
                for kind, finding in (("with", ours), ("without", alone)):
                    counts[f"right {kind}"] += finding.outcome.value == expected
                    counts[f"open {kind}"] += finding.outcome.value == "undetermined"
                if misses and ours.outcome is not alone.outcome:
                    share = ours.certainty.share if ours.certainty else None
                    print(
                        f"  {one.conversation.call.call_id} {ours.criterion.id}: {alone.outcome} → {ours.outcome} ({share}), is {expected}"
                    )
    for kind in ("without", "with"):
        print(
            f"{kind} other readings: {counts[f'right {kind}']} of {counts['all']} outcomes right, {counts[f'open {kind}']} undetermined, {seconds[kind]:.2f} s"
        )


def show_phrases(heard: Sequence[Heard], rubrics: Sequence[Rubric], *, misses: bool) -> None:
    """Lists of phrases in turns: what was said, and where it is found."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in heard:
        for said, found, told in _compared(one, rubrics):
            counts[one.conversation.language or "", said, found] += 1
            if misses and found == "another" and said != "nearly":
                print(f"  {'gained' if said == 'said' else 'false'}: {told}")
    for language in sorted({language for language, _, _ in counts}):
        for said in ("said", "nearly", "not said"):
            row = {found: counts[language, said, found] for found in ("best", "another", "none")}
            print(f"{language}, {said}: {row['best']} in the best reading, {row['another']} in another, {row['none']} in none")


def _compared(one: Heard, rubrics: Sequence[Rubric]) -> Iterator[tuple[str, str, str]]:
    """For each list and turn of whoever it is about: whether it was said, and where it is found."""
    talk = one.conversation
    turns = [turn for turn in one.truth.turns if turn.text]
    lines = [f"{t.start_ms // 60_000}:{t.start_ms // 1_000 % 60:02d} {t.speaker}: {t.text}" for t in turns]
    written = conversation(*lines, language=talk.language or "")
    by_text = {utterance.text: utterance for utterance in written.utterances}
    said, found = Search(written, {}, {}), Search(talk, {}, {})
    least = _LEAST.get(talk.language or "", _LEAST_WORDS)
    for role, phrases in sorted(set(_lists(rubrics, talk.language or "")), key=str):
        lists: PhraseLists = {talk.language: phrases}  # type: ignore[dict-item]  # any string may be asked for
        sought_there, sought_here = said.phrases(lists), found.phrases(lists)
        for turn in turns:
            true = by_text.get(turn.text or "")
            over = [u for u in talk.utterances if u.role is role and (u.start_ms or 0) < turn.end_ms and (u.end_ms or 0) > turn.start_ms]
            if true is None or turn.speaker != role.value or not over:
                continue
            hits = said.hits(sought_there, _only([true]))
            is_said = any(hit.similarity == 1.0 and hit.end - hit.start >= least for hit in hits)
            others = found.hits_otherwise(sought_here, (), _only(over))
            where = "best" if found.hits(sought_here, _only(over)) else "another" if others else "none"
            told = f"{talk.call.call_id} {turn.text} ≈ {[(other.phrase, other.share) for other in others]}"
            yield "said" if is_said else "nearly" if hits else "not said", where, told


def _lists(rubrics: Sequence[Rubric], language: str) -> Iterator[tuple[Role, tuple[str, ...]]]:
    for rubric in rubrics:
        for criterion in rubric.criteria:
            role = Role.CUSTOMER if getattr(criterion, "party", "agent") == "customer" else Role.AGENT
            for _, lists, _ in criterion.phrase_lists():
                if texts := tuple(lists.get(language, ())):  # type: ignore[call-overload]  # any string may be asked for
                    yield role, texts


def _only(utterances: Sequence[Utterance]) -> Searched:
    return Searched(utterances=tuple(utterances), start_ms=None, end_ms=None)


def best_alone(talk: Conversation) -> Conversation:
    """A conversation as it would be if nothing but the best reading were kept."""
    return replace(talk, utterances=tuple(replace(utterance, alternatives=()) for utterance in talk.utterances))


def show_bytes(utterances: Sequence[Utterance]) -> None:
    """What other readings take beside the rest, as JSON."""
    others = sum(
        len(json.dumps([[a.text, a.share] for a in u.alternatives], ensure_ascii=False).encode()) for u in utterances if u.alternatives
    )
    words = sum(
        len(json.dumps([[w.text, w.start_ms, w.end_ms, w.confidence] for w in u.words], ensure_ascii=False).encode()) for u in utterances
    )
    several = sum(bool(u.alternatives) for u in utterances)
    print(f"{several} of {len(utterances)} utterances have other readings: {others} bytes beside {words} of the words")


if __name__ == "__main__":
    main()
