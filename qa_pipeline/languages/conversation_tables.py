"""Words by which a conversation is told and measured: who is the agent, what shows listening, what labels stand in transcripts."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from qa_pipeline.languages.patterns import NEVER, AnyCase
from qa_pipeline.languages.tables import Table, Texts


class Sign(BaseModel):
    """Phrases that tend to be one side's. `weight`: log-odds that one occurrence adds (chosen, not fitted); a sign counts at most twice a voice.

    `direction`: it counts only in such calls, or where the direction is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    weight: float
    direction: Literal["inbound", "outbound"] | None = None
    phrases: Texts


class RoleWords(Table):
    """What only one side of a service call tends to say.

    `other`: machines; `interpreter`: who speaks for another. `personal`: what a recording hardly says (found anywhere, whatever the case); without it
    nothing in the language is taken for a recording. `own_name`: phrases with `{agent_name}`. `version` is part of a conversation's identity.
    """

    FILE: ClassVar[str] = "roles.yaml"
    version: int = 1
    agent: tuple[Sign, ...] = ()
    customer: tuple[Sign, ...] = ()
    other: tuple[Sign, ...] = ()
    interpreter: tuple[Sign, ...] = ()
    personal: AnyCase | None = None
    own_name: Texts = ()


class Speaking(Table):
    """What figures of a conversation are measured by.

    `backchannels`: units, lower-case, that only show listening. `wait`: how one asks to wait (found anywhere, whatever the case). `vowels`: a run of
    them is a syllable; with `softening`, each is, but for that letter before another. `silent_ending`: ends of words whose vowel is not spoken.
    """

    FILE: ClassVar[str] = "speaking.yaml"
    backchannels: Texts = ()
    wait: AnyCase = NEVER
    vowels: str | None = None
    softening: str | None = None
    silent_ending: AnyCase = NEVER


class PartyLabels(Table):
    """Labels of the parties in transcripts: lower-case, without diacritics, trailing numbers and brackets. `unknown`: a voice whose role is not said.

    `file_pairs`: words in the names of two files that are one call, the agent's first; `track_pairs`: others, which do not say who is the agent;
    `part_words`: words before the number of a file that is a part.
    """

    FILE: ClassVar[str] = "labels.yaml"
    agent: Texts = ()
    customer: Texts = ()
    other: Texts = ()
    unknown: Texts = ()
    file_pairs: tuple[tuple[str, str], ...] = ()
    track_pairs: tuple[tuple[str, str], ...] = ()
    part_words: Texts = ()


class SentenceWords(Table):
    """`never_last`: abbreviations whose full stop ends no sentence. `never_last_in_texts`: such of texts alone.

    What recordings that are stored already were cut by must not change without need, so the second list stands apart.
    """

    FILE: ClassVar[str] = "sentences.yaml"
    never_last: Texts = ()
    never_last_in_texts: Texts = ()
