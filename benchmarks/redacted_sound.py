"""Whether redacted recordings, recognised again, still give numbers and names: `python benchmarks/redacted_sound.py [CALL …]`, with the real models.

Each sample call of redacted_sound.yaml is listened to, what is personal in it is covered with a tone, and it is listened to again. Any three digits of a
number, one after the other, count as heard.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.packaged import PACKAGE_ROOT
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.passages import fold_text
from qa_pipeline.privacy.sound import hidden_spans, hide
from qa_pipeline.recordings.audio import SAMPLE_RATE, Audio, decode
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.recordings.playback import write_flac
from qa_pipeline.settings import load_settings
from qa_pipeline.values.phones import digits_of

WANTED = Path(__file__).with_suffix(".yaml")
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """What of a call is heard: how many runs of three digits of its number of how many, words that must be gone, words that must stay."""

    threes: int
    of_threes: int
    words: tuple[str, ...]
    stays: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.threes} of {self.of_threes} threes of digits; names: {', '.join(self.words) or 'none'}; stays: {', '.join(self.stays) or 'none'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", nargs="*")
    chosen = parser.parse_args().calls
    settings = load_settings()
    listener = Listener(settings)
    defaults = Defaults(timezone=settings.timezone)
    calls = {Path(call.source_uri).stem: call for call in ingest([str(PACKAGE_ROOT / "sample_audio")], defaults).calls}
    with tempfile.TemporaryDirectory() as made:
        for stem, wanted in yaml.safe_load(WANTED.read_text("utf-8")).items():
            if chosen and stem not in chosen:
                continue
            before = listener.listen(calls[stem])
            sound = decode(calls[stem].source_uri)
            spans = hidden_spans(before.utterances, find_personal(before.utterances, agent_name=calls[stem].agent_name))
            folder = Path(made) / stem
            folder.mkdir()
            write_flac(folder / f"{stem}.flac", Audio(samples=hide(sound.samples, spans, sample_rate=SAMPLE_RATE)))
            (again,) = ingest([str(folder)], defaults).calls
            after = listener.listen(again)
            print(f"{stem}: hidden {sum(end - start for start, end in spans) / 1000:.1f} of {before.duration_ms / 1000:.1f} s", flush=True)
            print(f"  before: {heard(before, wanted)}\n  after:  {heard(after, wanted)}", flush=True)


def heard(talk: Conversation, wanted: dict[str, Any]) -> Heard:
    """What of it is heard in a conversation."""
    plain = " ".join(fold_text(utterance.text, utterance.language) for utterance in talk.utterances)
    digits = [digits_of(utterance.text, utterance.language) for utterance in talk.utterances]
    number = wanted.get("digits", "")
    threes = [number[at : at + _FEWEST] for at in range(len(number) - _FEWEST + 1)]
    return Heard(
        threes=sum(any(three in said for said in digits) for three in threes),
        of_threes=len(threes),
        words=tuple(word for word in wanted["words"] if word in plain),
        stays=tuple(word for word in wanted["stays"] if word in plain),
    )


if __name__ == "__main__":
    main()
