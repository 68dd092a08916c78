"""The nouns of the field, as frozen values: Call, Word, SpeakerTurn, Utterance, Conversation.

Time is integer milliseconds from the start of the recording, half-open [start_ms, end_ms). A *speaker* is a voice, a *role* is
what that voice does in the call, a *channel* is a track of the file. None means "not known", never a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a voice does in the call. `other`: menus, announcements, voicemail machines, third parties."""

    AGENT = "agent"
    CUSTOMER = "customer"
    OTHER = "other"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """The four outcomes of a criterion; never collapsed into fewer."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    UNDETERMINED = "undetermined"


class Disposition(StrEnum):
    """How a call ended, as far as its matter goes (domain.md: a scorecard is fair only with it)."""

    COMPLETED = "completed"
    CALL_BACK = "call_back"
    REFUSED = "refused"
    WRONG_PERSON = "wrong_person"
    VOICEMAIL = "voicemail"
    OPTED_OUT = "opted_out"
    CUT_OFF = "cut_off"


class Layout(StrEnum):
    """How the recording carries the parties.

    `dual_mono`: the same call on both tracks; `one_sided`: one track is dead; `cross_talk`: a party is heard faintly on the other's track;
    `swapped`: the words prove that the tracks lie the other way round than the metadata say.
    """

    MONO = "mono"
    STEREO = "stereo"
    DUAL_MONO = "dual_mono"
    ONE_SIDED = "one_sided"
    CROSS_TALK = "cross_talk"
    SWAPPED = "swapped"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One recording and what is known about it before listening.

    `language`: a code of languages/, or None to detect. `agent_channel`: 0 = first (left), or None. `started_at` is zone-aware.
    """

    call_id: str
    source_uri: str
    audio_sha256: str
    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
    site: str | None = None
    customer_id: str | None = None
    company: str | None = None
    direction: str | None = None
    campaign: str | None = None
    rubric: str | None = None
    language: str | None = None
    started_at: datetime | None = None
    ring_seconds: float | None = None
    wait_seconds: float | None = None
    hangup_by: str | None = None
    disposition: str | None = None
    transfer: str | None = None
    csat: float | None = None
    agent_channel: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One recognised word (zh: one or a few characters). `text` keeps leading spaces: joining words gives the utterance text."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What an utterance may have been instead of what was heard best. `share`: of the recogniser's belief, 0–1; the best reading has what is left."""

    text: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerTurn:
    """A stretch of one voice, from diarization. `speaker` is a label without meaning across calls."""

    speaker: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What one party said without a long pause or the other party in between.

    `utterance` counts from 0 in order of start. `confidence`: mean of the words' (0–1). `sentiment`: −1…1, None for agents.
    `norm`: what matching reads (see text/normalise.py). `alternatives`: other readings of it, the likeliest first.
    """

    utterance: int
    role: Role
    speaker: str
    channel: int | None
    start_ms: int | None
    end_ms: int | None
    text: str
    confidence: float | None
    language: str
    norm: str
    words: tuple[Word, ...]
    sentiment: float | None = None
    sentiment_label: str | None = None
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures of a whole conversation; a rubric's `metric:` names a field. None where nothing was measured.

    Shares 0–1; `*_speech_rate` characters/min for zh, words/min else; `*_syllable_rate` syllables/min; sentiment −1…1.
    Definitions: docs/metrics.md.
    """

    customer_sentiment: float | None = None
    customer_sentiment_label: str | None = None
    customer_sentiment_last_third: float | None = None
    customer_sentiment_trend: float | None = None
    agent_talk_share: float | None = None
    customer_talk_share: float | None = None
    silence_share: float | None = None
    longest_silence_ms: int | None = None
    holds: int | None = None
    hold_ms: int | None = None
    interruptions_by_agent: int | None = None
    interruptions_by_customer: int | None = None
    agent_speech_rate: float | None = None
    customer_speech_rate: float | None = None
    agent_syllable_rate: float | None = None
    customer_syllable_rate: float | None = None
    agent_longest_monologue_ms: int | None = None
    customer_longest_monologue_ms: int | None = None
    median_response_ms: int | None = None
    turns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Words that an answer rests on, as whoever answered copied them. `utterance`: the number of the line that they are said to stand in."""

    utterance: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a language model answered to one question, put in one wording, about a stretch of a conversation.

    `question_sha256`, `prompt_sha256`: of what was asked, and of how it is put; `phrasing`: number of the wording, from 0; `first`, `last`: utterances that
    the stretch goes from and to, both within; `value`: where the question wants one. Nothing here is believed: scoring looks for the quotes.
    """

    question_sha256: str
    prompt_sha256: str
    model: str
    phrasing: int
    first: int
    last: int
    answer: str
    value: str | None = None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A call as words by role: all that scoring may look at, besides the rubric.

    `vectors`: utterance number → 384 floats of meaning (L2 norm 1) and, where they were read, the log-odds of acts and what is said as a reply
    (meaning/meanings.py); only where computed. `acts_version`, `reply_version`: what read these; None where nothing did. `starts_cut`/`ends_cut`: the
    recording begins or ends inside speech, or the file was truncated. `lost_ms`: of what was recorded, how much could not be decoded or is missing at the
    end; `wordless_share`: of the speech heard, the share that got no words; `dropped`: what was recognised and taken for invented, a segment a word.
    None where it was not measured: text, and conversations from before it was. `replies`: what language models answered about it.
    """

    conversation_id: str
    call: Call
    duration_ms: int
    language: str | None
    language_confidence: float | None
    layout: Layout
    role_confidence: float
    utterances: tuple[Utterance, ...]
    metrics: Metrics
    asr_model: str | None
    diarization_model: str | None
    manifest_sha256: str
    options: Mapping[str, str] = field(default_factory=dict)
    starts_cut: bool = False
    ends_cut: bool = False
    lost_ms: int | None = None
    wordless_share: float | None = None
    dropped: tuple[Word, ...] = ()
    vectors: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    acts_version: str | None = None
    reply_version: str | None = None
    replies: tuple[Reply, ...] = ()

    def by_role(self, role: Role) -> tuple[Utterance, ...]:
        """Utterances of one role, in order."""
        return tuple(utterance for utterance in self.utterances if utterance.role is role)
