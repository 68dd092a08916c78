"""Whether scores move with who speaks: `python benchmarks/fairness.py [FILES …] [--calls 60] [--only WHAT …] [--audio CALLS] [--keep FILE] [--seed 1]`.

Written dialogues are scored as they stand and again with one thing otherwise that should not count: the agent's name (usual names of women and of men, names from
elsewhere), in which gender the agent speaks (Polish), whether the customer is a man or a woman, or the spelling of an accent. Beside these stands what the same words misheard do, to
compare with. With `--audio`, so many of the sample calls are heard again over other lines: a narrow band, noise, a faint line. Printed for each are the mean differences
of percent (points) and of certainty with 95 % intervals (bootstrap over calls, 2,000 draws), a star where the interval leaves nothing out, and the share of
outcomes that come out otherwise; `--changes` prints which these are. Names are given only in dialogues whose agent's name is known and is said.

`--calls`: so many dialogues of each language, chosen by the seed; 0 is all. `--keep`: a file of what was found, call by call, from which a run that was stopped goes on; with
`--kept` nothing is judged any more, and what the file holds is printed. `--only`: these conditions alone, as the first column names them, in the dialogues that they change.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from misheard import misheard

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.dialogues import WrittenDialogue, load_dialogues, score_dialogues
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.recordings.labels import split_line
from qa_pipeline.scoring.identity import SCORING_VERSION
from qa_pipeline.scoring.score import Score, score
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.trainer.publish import open_workbench

FOLDER = PACKAGE_ROOT / "models" / "certainty" / "dialogues"
DRAWS = 2_000
# Dialogues judged together: enough to be fast, few enough for a stopped run to lose little.
_LOT = 10
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
# Polish verbs of what somebody did or would do say whether it is a woman or a man; nouns that end alike are no verbs.
_NO_VERBS = r"(?!(?:tytu|dzia|zespo|kana|artyku|wydzia|udzia|podzia|materia|szcz|ko|sto|poda|deta)(?:łem|łam)\b)"
GENDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "pl": (
        (rf"\b{_NO_VERBS}(\w+)(łam|łabym|łem|łbym)\b", r"\1<\2>"), ("<łam>", "\0em"), ("<łabym>", "\0bym"), ("<łem>", "łam"), ("<łbym>", "łabym"), ("\0", "ł"),
        (r"\bpowinnam\b", "<powinienem>"), (r"\bpowinienem\b", "powinnam"), ("<powinienem>", "powinienem"),
    ),
}  # fmt: skip
# How the customer is spoken to and of.
CUSTOMERS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": ((r"\bMr\b", "<1>"), (r"\b(?:Mrs|Miss|Ms)\b", "Mr"), ("<1>", "Mrs"), (r"\bsir\b", "<2>"), (r"\bmadam\b|\bma'am\b", "sir"), ("<2>", "madam")),
    "zh": (("先生", "<1>"), ("女士|小姐", "先生"), ("<1>", "女士")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One call under another condition. None: nothing could be judged either way. `changed`: criteria of `outcomes` that come out otherwise, and how."""

    what: str
    call: str
    language: str
    percent: float | None
    certainty: float | None
    outcomes: int
    changed: Mapping[str, str] = field(default_factory=dict)


class Kept:
    """Differences found, in a file with a line each; those of a run before are there already. Other dialogues or scoring are other differences."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path and path.exists() else []
        self._known = {key: Difference(**told) for key, told in map(json.loads, lines)}

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def add(self, key: str, found: Difference) -> None:
        """Keep what was found."""
        self._known[key] = found
        if self._path:
            with self._path.open("a", encoding="utf-8") as out:
                out.write(json.dumps([key, asdict(found)], ensure_ascii=False) + "\n")

    def all(self) -> list[Difference]:
        """All that was found."""
        return list(self._known.values())

    def under(self, keys: Sequence[str]) -> list[Difference]:
        """What was found of some."""
        return [self._known[key] for key in keys]


class Remembering(Listener):
    """A listener that reads each text once: most of a dialogue is the same under each condition, and most of the time goes into it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._read: dict[str, np.ndarray] = {}

    def read_meanings(self, texts: Sequence[str]) -> np.ndarray:
        """As a listener reads them."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._read))
        if missing:
            self._read.update(zip(missing, super().read_meanings(missing), strict=True))
        return np.stack([self._read[text] for text in texts])


def renamed(dialogue: WrittenDialogue, name: str) -> WrittenDialogue | None:
    """The dialogue with another name of its agent; None where nobody says it."""
    own = str(dialogue.meta.get("agent_name") or "")
    lines = tuple(line.replace(own, name) for line in dialogue.lines) if own else dialogue.lines
    return dialogue.model_copy(update={"lines": lines, "meta": {**dialogue.meta, "agent_name": name}}) if lines != dialogue.lines else None


def respelt(dialogue: WrittenDialogue, change: Callable[[str], str], *, of_all: bool = False) -> WrittenDialogue | None:
    """The dialogue with what its agent says, or everybody, written otherwise; None where nothing is."""
    lines = []
    for line in dialogue.lines:
        spoken = split_line(line)
        is_agent = spoken is not None and spoken.label.casefold() == "agent"
        lines.append(line.removesuffix(spoken.text) + (change(spoken.text) or spoken.text) if spoken and (is_agent or of_all) else line)
    return dialogue.model_copy(update={"lines": tuple(lines)}) if tuple(lines) != dialogue.lines else None


def instead(text: str, changes: Sequence[tuple[str, str]], *, flags: int = 0) -> str:
    """A text with patterns replaced, one after the other."""
    for pattern, other in changes:
        text = re.sub(pattern, other, text, flags=flags)
    return text


def others(dialogue: WrittenDialogue, seed: int) -> Iterator[tuple[str, WrittenDialogue]]:
    """The dialogue under each condition that changes anything in it."""
    language = dialogue.language
    made = {what: renamed(dialogue, names[language]) for what, names in NAMES.items()}
    made["the agent's gender"] = respelt(dialogue, lambda text: instead(text, GENDERS.get(language, ())))
    made["the customer's gender"] = respelt(dialogue, lambda text: instead(text, CUSTOMERS.get(language, ())), of_all=True)
    made["an accent's spelling"] = respelt(dialogue, lambda text: instead(text, ACCENTS.get(language, ()), flags=re.IGNORECASE))
    made["heard 5 % worse"] = respelt(dialogue, lambda text: misheard(text, 0.05, language, seed=seed))
    for what, other in made.items():
        if other is not None:
            yield what, other


def difference(what: str, call: str, before: Score, after: Score, language: str) -> Difference:
    """What differs between two scores of the same call."""
    old, new = ({f.criterion.id: f for f in one.findings} for one in (before, after))
    sure = [(old[name].certainty, new[name].certainty) for name in old]
    shares = [b.share - a.share for a, b in sure if a is not None and b is not None]
    return Difference(
        what=what,
        call=call,
        language=language,
        percent=after.percent - before.percent if before.percent is not None and after.percent is not None else None,
        certainty=float(np.mean(shares)) if shares else None,
        outcomes=len(old),
        changed={name: f"{old[name].outcome} → {new[name].outcome}" for name in old if old[name].outcome is not new[name].outcome},
    )


def interval(values: Sequence[float], seed: int) -> str:
    """Mean with its 95 % interval, with a star where nothing is not in it."""
    if not values:
        return "–"
    rng = np.random.default_rng(seed)
    found = np.asarray(values)
    means = found[rng.integers(0, len(found), (DRAWS, len(found)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return f"{found.mean():+.3f} ({low:+.3f} to {high:+.3f}){'*' if low > 0 or high < 0 else ''}"


def show(found: Sequence[Difference], seed: int, *, with_changes: bool) -> None:
    """Print each condition, by language and over all."""
    print(f"{'otherwise':22} {'':4} {'calls':>5}  {'percent':31} {'certainty':31} outcomes that come out otherwise")
    for what in dict.fromkeys(one.what for one in found):
        of_it = [one for one in found if one.what == what]
        for language in (*sorted({one.language for one in of_it}), "all"):
            mine = [one for one in of_it if language in (one.language, "all")]
            percent = interval([one.percent for one in mine if one.percent is not None], seed)
            certainty = interval([one.certainty for one in mine if one.certainty is not None], seed)
            changed, outcomes = sum(len(one.changed) for one in mine), sum(one.outcomes for one in mine)
            share = 100 * changed / max(1, outcomes)
            print(f"{what:22} {language:4} {len(mine):5}  {percent:31} {certainty:31} {changed}/{outcomes} ({share:.1f} %)", flush=True)
        if with_changes:
            several = Counter(f"{one.language} {name}: {how}" for one in of_it for name, how in one.changed.items())
            for told, count in several.most_common():
                which = [one.call for one in of_it if any(told == f"{one.language} {name}: {how}" for name, how in one.changed.items())]
                print(f"    {count:3} × {told}  ({', '.join(which[:4])}{', …' if len(which) > 4 else ''})")


def chosen(dialogues: Sequence[WrittenDialogue], calls: int, seed: int) -> list[WrittenDialogue]:
    """So many dialogues of each language, the same for the same seed."""
    order = list(dialogues)
    random.Random(seed).shuffle(order)
    left: Counter[str] = Counter()
    taken = []
    for dialogue in order:
        left[dialogue.language] += 1
        if not calls or left[dialogue.language] <= calls:
            taken.append(dialogue)
    return taken


def of_texts(
    dialogues: Sequence[WrittenDialogue], settings: Settings, seed: int, kept: Kept, only: Sequence[str] | None = None
) -> list[Difference]:
    """Names, genders and spellings; `only`: of these conditions."""
    bench, listener = open_workbench(settings, sorted({dialogue.rubric for dialogue in dialogues})), Remembering(settings)

    def judge(several: Sequence[WrittenDialogue]) -> Sequence[Score]:
        heard = [dialogue.read(bench.scorecards[dialogue.rubric].rubric, listener) for dialogue in several]
        return score_dialogues(several, heard, bench.scorecards)

    def key(what: str, other: WrittenDialogue) -> str:
        by = f"{SCORING_VERSION} {bench.scorecards[other.rubric].sha256}"
        return f"{what} {other.id} {hashlib.sha256((by + repr(other.lines)).encode()).hexdigest()[:16]}"

    keys = []
    for start in range(0, len(dialogues), _LOT):
        lot = dialogues[start : start + _LOT]
        asked = [
            (key(what, other), what, before, other) for before in lot for what, other in others(before, seed) if not only or what in only
        ]
        keys += [name for name, *_ in asked]
        missing = [one for one in asked if one[0] not in kept]
        again = list({before.id: before for _, _, before, _ in missing}.values())
        scores = judge([*again, *(other for *_, other in missing)])
        plain = dict(zip((dialogue.id for dialogue in again), scores, strict=False))
        for (name, what, before, _), after in zip(missing, scores[len(again) :], strict=True):
            kept.add(name, difference(what, before.id, plain[before.id], after, before.language))
        print(f"\r{start + len(lot)} of {len(dialogues)} dialogues", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return kept.under(keys)


LINES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "a narrow band": lambda sound, rng: _band(sound, 300, 3_000),
    "noise, 15 dB": lambda sound, rng: sound + rng.normal(size=sound.shape) * np.sqrt((sound**2).mean()) * 10 ** (-15 / 20),
    "a faint line, −20 dB": lambda sound, rng: sound * 0.1,
}  # fmt: skip


def _band(sound: np.ndarray, low: float, high: float) -> np.ndarray:
    spectrum = np.fft.rfft(sound, axis=1)
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / 16_000)
    return np.fft.irfft(np.where((hertz >= low) & (hertz <= high), spectrum, 0), sound.shape[1], axis=1)


def of_sound(count: int, settings: Settings, seed: int, kept: Kept) -> list[Difference]:
    """The first sample calls over other lines."""
    from qa_pipeline.recordings.audio import Audio, decode
    from qa_pipeline.recordings.defaults import Defaults
    from qa_pipeline.recordings.ingest import ingest
    from qa_pipeline.recordings.playback import write_flac

    calls = ingest([str(PACKAGE_ROOT / "sample_audio")], Defaults(timezone=settings.timezone)).calls[::2][:count]
    bench, listener = open_workbench(settings, sorted({call.rubric for call in calls if call.rubric})), Listener(settings)
    keys = {
        (what, call.call_id): f"{what} {call.call_id} {SCORING_VERSION} {bench.scorecards[str(call.rubric)].sha256[:16]}"
        for what in LINES
        for call in calls
    }
    with tempfile.TemporaryDirectory() as folder:
        for number, call in enumerate(calls):
            missing = {what: change for what, change in LINES.items() if keys[what, call.call_id] not in kept}
            if not missing:
                continue
            card, path = bench.scorecards[str(call.rubric)], Path(folder) / f"{call.call_id}.flac"
            before, sound = score(listener.listen(call), card), decode(call.source_uri).samples
            for what, change in missing.items():
                write_flac(path, Audio(samples=np.clip(change(sound, np.random.default_rng(seed)), -1, 1).astype(np.float32)))
                after = score(listener.listen(replace(call, source_uri=str(path), audio_sha256=f"{what} {call.audio_sha256}")), card)
                found = difference(what, call.call_id, before, after, before.conversation.language or "?")
                kept.add(keys[what, call.call_id], found)
            print(f"\r{number + 1} of {len(calls)} recordings", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return kept.under([keys[what, call.call_id] for what in LINES for call in calls])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--audio", type=int, default=0, metavar="CALLS")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--kept", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="WHAT")
    parser.add_argument("--changes", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings, kept = load_settings(), Kept(given.keep)
    if given.kept:
        show(kept.all(), given.seed, with_changes=given.changes)
        return
    dialogues = [dialogue for path in given.files or sorted(FOLDER.glob("*.yaml")) for dialogue in load_dialogues(path)]
    if given.only:
        dialogues = [dialogue for dialogue in dialogues if any(what in given.only for what, _ in others(dialogue, given.seed))]
    found = of_texts(chosen(dialogues, given.calls, given.seed), settings, given.seed, kept, given.only)
    show(found, given.seed, with_changes=given.changes)
    if given.audio:
        show(of_sound(given.audio, settings, given.seed, kept), given.seed, with_changes=given.changes)


if __name__ == "__main__":
    main()
