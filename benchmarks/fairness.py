"""Whether scores move with who speaks: `python benchmarks/fairness.py [FILES …] [--audio CALLS] [--seed 1]`.

Written dialogues are scored as they stand and again with one thing otherwise that should not count: the agent's name (usual names of women and of men, names from
elsewhere), or the spelling of an accent. With `--audio`, so many of the sample calls are heard again over other lines: a narrow band, noise, a faint line. Printed
for each are the mean differences of percent (points) and of certainty with 95 % intervals (bootstrap over calls, 2,000 draws), and the share of outcomes that
come out otherwise. Names are given only in dialogues whose agent's name is known and is said.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from misheard import misheard

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.dialogues import WrittenDialogue, load_dialogues, score_dialogues
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.labels import split_line
from qa_pipeline.scoring.score import Score, score
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.trainer.publish import open_workbench

FOLDER = PACKAGE_ROOT / "models" / "certainty" / "dialogues"
DRAWS = 2_000
NAMES = {
    "women's names": {"en": "Emily", "pl": "Katarzyna", "sv": "Elin", "zh": "小芳"},
    "men's names": {"en": "James", "pl": "Krzysztof", "sv": "Lars", "zh": "小刚"},
    "names from elsewhere": {"en": "Oluwaseun", "pl": "Nguyen", "sv": "Fatima", "zh": "阿依古丽"},
}  # fmt: skip
# Spellings of accents as people write them down; Chinese is written in characters, which have none.
ACCENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": ((r"ing\b", "in"), (r"\bth(?=[aeio])", "d"), (r"\bh(?=[aeiou])", "")),
    "pl": (("ą", "om"), ("ę", "em"), ("ł", "l"), ("ś", "s"), ("ż|ź", "z")),
    "sv": ((r"\bjag\b", "ja"), (r"\bdet\b", "de"), (r"\bär\b", "e"), (r"\boch\b", "å"), (r"\bmig\b", "mej")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One call under another condition. None: nothing could be judged either way. `changed` of `outcomes` come out otherwise."""

    language: str
    percent: float | None
    certainty: float | None
    changed: int
    outcomes: int


def renamed(dialogue: WrittenDialogue, name: str) -> WrittenDialogue | None:
    """The dialogue with another name of its agent; None where nobody says it."""
    own = str(dialogue.meta.get("agent_name") or "")
    lines = tuple(line.replace(own, name) for line in dialogue.lines) if own else dialogue.lines
    return dialogue.model_copy(update={"lines": lines, "meta": {**dialogue.meta, "agent_name": name}}) if lines != dialogue.lines else None


def respelt(dialogue: WrittenDialogue, change: Callable[[str], str]) -> WrittenDialogue:
    """The dialogue with what its agent says written otherwise."""
    lines = []
    for line in dialogue.lines:
        spoken = split_line(line)
        is_agent = spoken is not None and spoken.label.casefold() == "agent"
        lines.append(line.removesuffix(spoken.text) + (change(spoken.text) or spoken.text) if spoken and is_agent else line)
    return dialogue.model_copy(update={"lines": tuple(lines)})


def accented(text: str, language: str) -> str:
    """A text in the spelling of an accent."""
    for pattern, instead in ACCENTS.get(language, ()):
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    return text


def difference(before: Score, after: Score, language: str) -> Difference:
    """What differs between two scores of the same call."""
    old, new = ({f.criterion.id: f for f in one.findings} for one in (before, after))
    sure = [(old[name].certainty, new[name].certainty) for name in old]
    shares = [b.share - a.share for a, b in sure if a is not None and b is not None]
    return Difference(
        language=language,
        percent=after.percent - before.percent if before.percent is not None and after.percent is not None else None,
        certainty=float(np.mean(shares)) if shares else None,
        changed=sum(old[name].outcome is not new[name].outcome for name in old),
        outcomes=len(old),
    )


def interval(values: Sequence[float], seed: int) -> str:
    """Mean with its 95 % interval."""
    if not values:
        return "–"
    rng = np.random.default_rng(seed)
    found = np.asarray(values)
    means = found[rng.integers(0, len(found), (DRAWS, len(found)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return f"{found.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def show(what: str, found: Sequence[Difference], seed: int) -> None:
    """Print one condition, by language and over all."""
    for language in (*sorted({one.language for one in found}), "all"):
        mine = [one for one in found if language in (one.language, "all")]
        percent = interval([one.percent for one in mine if one.percent is not None], seed)
        certainty = interval([one.certainty for one in mine if one.certainty is not None], seed)
        changed, outcomes = sum(one.changed for one in mine), sum(one.outcomes for one in mine)
        print(
            f"{what:22} {language:4} {len(mine):5}  {percent:30} {certainty:30} {changed}/{outcomes} ({100 * changed / max(1, outcomes):.1f} %)"
        )


def of_texts(files: Sequence[Path], settings: Settings, seed: int) -> None:
    """Names and spellings."""
    dialogues = [dialogue for path in files for dialogue in load_dialogues(path)]
    bench, listener = open_workbench(settings, sorted({dialogue.rubric for dialogue in dialogues})), Listener(settings)

    def judge(several: Sequence[WrittenDialogue]) -> Sequence[Score]:
        heard = [dialogue.read(bench.scorecards[dialogue.rubric].rubric, listener) for dialogue in several]
        return score_dialogues(several, heard, bench.scorecards)

    plain = dict(zip((dialogue.id for dialogue in dialogues), judge(dialogues), strict=True))
    conditions: dict[str, list[WrittenDialogue]] = {
        what: [other for dialogue in dialogues if (other := renamed(dialogue, names[dialogue.language]))] for what, names in NAMES.items()
    }
    conditions["an accent's spelling"] = [
        respelt(dialogue, lambda text, language=dialogue.language: accented(text, language))
        for dialogue in dialogues
        if dialogue.language in ACCENTS  # type: ignore[misc]
    ]
    conditions["heard 5 % worse"] = [
        respelt(dialogue, lambda text, language=dialogue.language: misheard(text, 0.05, language, seed=seed))
        for dialogue in dialogues  # type: ignore[misc]
    ]
    for what, several in conditions.items():
        show(what, [difference(plain[d.id], after, d.language) for d, after in zip(several, judge(several), strict=True)], seed)


LINES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "a narrow band": lambda sound, rng: _band(sound, 300, 3_000),
    "noise, 15 dB": lambda sound, rng: sound + rng.normal(size=sound.shape) * np.sqrt((sound**2).mean()) * 10 ** (-15 / 20),
    "a faint line, −20 dB": lambda sound, rng: sound * 0.1,
}  # fmt: skip


def _band(sound: np.ndarray, low: float, high: float) -> np.ndarray:
    spectrum = np.fft.rfft(sound, axis=1)
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / 16_000)
    return np.fft.irfft(np.where((hertz >= low) & (hertz <= high), spectrum, 0), sound.shape[1], axis=1)


def of_sound(count: int, settings: Settings, seed: int) -> None:
    """The first sample calls over other lines."""
    from qa_pipeline.recordings.audio import Audio, decode
    from qa_pipeline.recordings.defaults import Defaults
    from qa_pipeline.recordings.ingest import ingest
    from qa_pipeline.recordings.playback import write_flac

    calls = ingest([str(PACKAGE_ROOT / "sample_audio")], Defaults(timezone=settings.timezone)).calls[::2][:count]
    bench, listener = open_workbench(settings, sorted({call.rubric for call in calls if call.rubric})), Listener(settings)
    plain = {call.call_id: score(listener.listen(call), bench.scorecards[str(call.rubric)]) for call in calls}
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        for what, change in LINES.items():
            found = []
            for call in calls:
                path = Path(folder) / f"{call.call_id}.flac"
                write_flac(path, Audio(samples=np.clip(change(decode(call.source_uri).samples, rng), -1, 1).astype(np.float32)))
                after = score(
                    listener.listen(replace(call, source_uri=str(path), audio_sha256=f"{what} {call.audio_sha256}")),
                    bench.scorecards[str(call.rubric)],
                )
                before = plain[call.call_id]
                found.append(difference(before, after, before.conversation.language or "?"))
            show(what, found, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(FOLDER.glob("*.yaml")))
    parser.add_argument("--audio", type=int, default=0, metavar="CALLS")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = load_settings()
    print(f"{'otherwise':22} {'':4} {'calls':>5}  {'percent':30} {'certainty':30} outcomes that come out otherwise")
    of_texts(given.files or sorted(FOLDER.glob("*.yaml")), settings, given.seed)
    if given.audio:
        of_sound(given.audio, settings, given.seed)


if __name__ == "__main__":
    main()
