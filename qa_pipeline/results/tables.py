"""The tables of a results root: names, keys, columns with type, unit and meaning. docs/tables.md is generated from here."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
_WORD = pa.struct([("text", pa.string()), ("start_ms", pa.int64()), ("end_ms", pa.int64()), ("confidence", pa.float32())])
_EVIDENCE = pa.struct(
    [
        ("kind", pa.string()),
        ("utterance", pa.int32()),
        ("role", pa.string()),
        ("text", pa.string()),
        ("start_ms", pa.int64()),
        ("end_ms", pa.int64()),
        ("expected", pa.string()),
        ("similarity", pa.float32()),
    ]
)
_PAIRS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `meaning` says unit and what null means."""

    name: str
    type: pa.DataType
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table. `key`: the columns that make a row unique; `partition`: the folder it lies in, if any."""

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = None

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema in column order."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])


def _columns(*rows: tuple[str, pa.DataType, str]) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=kind, meaning=meaning) for name, kind, meaning in rows)


_TEXT, _WHOLE, _MS, _REAL, _FLAG, _DATE = pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()
_CONVERSATION = ("conversation_id", _TEXT, "hash of audio, models, options and role corrections")
_CALL_ID = ("call_id", _TEXT, "the call; from metadata, else the first 16 hex of the file's SHA-256")
_RUN = ("run_id", _TEXT, "the run that wrote the row")
_CALL_DATE = ("call_date", _DATE, "date of started_at in the configured zone; null when the start is unknown")

CALLS = Table(
    name="calls",
    about="One row per conversation: a call as it was listened to.",
    key=("conversation_id",),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("audio_sha256", _TEXT, "SHA-256 of the file's bytes"),
        ("source_uri", _TEXT, "where the recording is"),
        ("agent_id", _TEXT, "metadata"),
        ("agent_name", _TEXT, "metadata"),
        ("team", _TEXT, "metadata"),
        ("site", _TEXT, "metadata"),
        ("customer_id", _TEXT, "metadata"),
        ("company", _TEXT, "metadata: the firm the agent calls for"),
        ("direction", _TEXT, "metadata: inbound or outbound"),
        ("campaign", _TEXT, "metadata"),
        ("rubric", _TEXT, "metadata: the rubric asked for"),
        ("started_at", TIME, "metadata: start of the call"),
        ("ring_seconds", _REAL, "metadata: s"),
        ("wait_seconds", _REAL, "metadata: s"),
        ("hangup_by", _TEXT, "metadata: agent or customer"),
        ("disposition", _TEXT, "metadata; what was inferred is in scores"),
        ("transfer", _TEXT, "metadata"),
        ("csat", _REAL, "metadata: the customer's own rating"),
        ("agent_channel", _WHOLE, "metadata: 0 first (left), 1 second"),
        ("extra", _PAIRS, "other metadata columns"),
        ("duration_ms", _MS, "length of the recording, ms"),
        ("language", _TEXT, "zh, en, pl, sv; null when there was no speech to tell by"),
        ("language_confidence", _REAL, "0–1; null when the language was given"),
        ("given_language", _TEXT, "metadata or --language: the language given; null when it was detected"),
        ("layout", _TEXT, "mono, stereo, dual_mono, one_sided, cross_talk, swapped, text"),
        ("role_confidence", _REAL, "0–1: posterior of the assignment of roles"),
        ("starts_cut", _FLAG, "the recording begins inside speech"),
        ("ends_cut", _FLAG, "the recording ends inside speech, or its file broke off"),
        ("asr_model", _TEXT, "manifest id of the recogniser"),
        ("diarization_model", _TEXT, "manifest id; null when channels told the voices apart"),
        ("manifest_sha256", _TEXT, "hash over all model manifests of the profile"),
        ("options", _PAIRS, "settings that change what is heard"),
        ("code_version", _TEXT, "version of this package"),
        _RUN,
        ("processed_at", TIME, "when it was committed; never runs backwards"),
        _CALL_DATE,
    ),
)
UTTERANCES = Table(
    name="utterances",
    about="What was said, by whom and when.",
    key=("conversation_id", "utterance"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("utterance", _WHOLE, "number in the call, from 0"),
        ("role", _TEXT, "agent, customer, other (menus, machines), unknown"),
        ("speaker", _TEXT, "voice label, without meaning across calls"),
        ("channel", _WHOLE, "track; null for a mixed one"),
        ("start_ms", _MS, "ms from the start of the recording"),
        ("end_ms", _MS, "ms, exclusive"),
        ("text", _TEXT, "what was recognised"),
        ("confidence", _REAL, "0–1: mean of the words'"),
        ("language", _TEXT, "as recognised"),
        ("sentiment", _REAL, "−1…1 from the words; null for agents"),
        ("sentiment_label", _TEXT, "positive, neutral, negative; null for agents"),
        ("norm", _TEXT, "what matching reads (docs/matching.md)"),
        ("words", pa.list_(_WORD), "the words; their texts joined are the text"),
        _RUN,
        _CALL_DATE,
    ),
)
EMBEDDINGS = Table(
    name="embeddings",
    about="Sentence vectors, so that scoring loads no model.",
    key=("conversation_id", "utterance"),
    columns=_columns(
        _CONVERSATION,
        ("utterance", _WHOLE, "number in the call"),
        ("vector", pa.list_(pa.float32()), "384 values, norm 1, rounded to half precision"),
        _RUN,
    ),
)
METRICS = Table(
    name="metrics",
    about="Figures of a whole conversation; a rubric's `metric:` names a column.",
    key=("conversation_id",),
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("customer_sentiment", _REAL, "−1…1 from the customer's words; null when they said nothing"),
        ("customer_sentiment_label", _TEXT, "negative, neutral, positive"),
        ("customer_sentiment_last_third", _REAL, "the same of the last third of the customer's utterances; null under three"),
        ("customer_sentiment_trend", _REAL, "last third less first third, −2…2: above 0 the customer left happier; null under three"),
        ("agent_talk_share", _REAL, "0–1 of the time the two parties speak"),
        ("customer_talk_share", _REAL, "0–1"),
        ("silence_share", _REAL, "0–1 of the recording with nobody speaking"),
        ("longest_silence_ms", _MS, "ms"),
        ("holds", _WHOLE, "times neither party spoke for 15 s, or for 5 s after the agent asked to wait"),
        ("hold_ms", _MS, "their length together, ms"),
        ("interruptions_by_agent", _WHOLE, "times the agent began while the customer went on, and took the turn"),
        ("interruptions_by_customer", _WHOLE, "the other way round"),
        ("agent_speech_rate", _REAL, "characters/min for zh, words/min else"),
        ("customer_speech_rate", _REAL, "characters/min for zh, words/min else"),
        ("agent_syllable_rate", _REAL, "agent's syllables per minute of own speech"),
        ("customer_syllable_rate", _REAL, "customer's syllables per minute of own speech"),
        ("agent_longest_monologue_ms", _MS, "longest time the agent spoke before the customer took the turn, ms"),
        ("customer_longest_monologue_ms", _MS, "longest time the customer spoke before the agent took the turn, ms"),
        ("median_response_ms", _MS, "from the customer's end to the agent's answer, ms"),
        ("turns", _WHOLE, "changes of speaker between the parties, plus one; signs of listening aside"),
        _RUN,
    ),
)
FINDINGS = Table(
    name="findings",
    about="One row per criterion of a score, with its evidence.",
    key=("score_id", "criterion_id"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("score_id", _TEXT, "hash of conversation and rubric"),
        ("rubric_id", _TEXT, "rubric"),
        ("rubric_version", _WHOLE, "its version"),
        ("rubric_sha256", _TEXT, "hash of the resolved rubric"),
        ("criterion_sha256", _TEXT, "hash of the resolved criterion"),
        ("section_id", _TEXT, "section of the rubric"),
        ("criterion_id", _TEXT, "criterion"),
        ("outcome", _TEXT, "met, not_met, not_applicable, undetermined"),
        ("answer", _TEXT, "how a question was answered, or a label; null where there is none"),
        ("points", _REAL, "weight × credit; null where nothing was judged"),
        ("max_points", _REAL, "weight"),
        ("deduction", _REAL, "points taken off in rubrics that deduct; null otherwise"),
        ("critical", _FLAG, "the criterion is critical"),
        ("severity", _TEXT, "how heavy a fault is, by the rubric's own names; null where the criterion names none"),
        ("occurrences", _WHOLE, "how often it was found"),
        ("reason_code", _TEXT, "why, as a code"),
        ("reason_args", _PAIRS, "what fills the reason"),
        ("reason", _TEXT, "why, in English"),
        ("evidence", pa.list_(_EVIDENCE), "moments: kind hit, answer or heard; similarity 0–1"),
        ("evidence_text", _TEXT, "text of the first"),
        ("evidence_start_ms", _MS, "start of the first, ms"),
        ("evidence_end_ms", _MS, "end of the first, ms"),
        ("window_start_ms", _MS, "start of the window searched, ms"),
        ("window_end_ms", _MS, "its end, ms"),
        ("agent_id", _TEXT, "metadata"),
        ("scored_at", TIME, "when it was committed"),
        _RUN,
        _CALL_DATE,
    ),
)
CAPTURES = Table(
    name="captures",
    about="One row per thing that a criterion wrote down: a name, an amount, a date.",
    key=("score_id", "criterion_id", "n"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("score_id", _TEXT, "hash of conversation and rubric"),
        ("criterion_id", _TEXT, "the criterion that wrote it down; `disposition` for how the call ended"),
        ("rubric_id", _TEXT, "rubric"),
        ("n", _WHOLE, "number among the criterion's captures, from 0, in order of time"),
        ("name", _TEXT, "what it is called in the rubric"),
        ("value", _TEXT, "what was understood: digits for numbers"),
        ("value_type", _TEXT, "kind of the value"),
        ("text", _TEXT, "the words it was understood from"),
        ("start_ms", _MS, "ms from the start of the recording; null without times"),
        ("agent_id", _TEXT, "metadata"),
        ("team", _TEXT, "metadata"),
        ("site", _TEXT, "metadata"),
        ("campaign", _TEXT, "metadata"),
        ("customer_id", _TEXT, "metadata"),
        _RUN,
        _CALL_DATE,
    ),
)
SCORES = Table(
    name="scores",
    about="One row per scored conversation and rubric.",
    key=("score_id", "purpose"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("score_id", _TEXT, "hash of conversation and rubric"),
        ("agent_id", _TEXT, "metadata"),
        ("team", _TEXT, "metadata"),
        ("site", _TEXT, "metadata"),
        ("campaign", _TEXT, "metadata"),
        ("rubric_id", _TEXT, "rubric"),
        ("rubric_version", _WHOLE, "its version"),
        ("rubric_sha256", _TEXT, "hash of the resolved rubric"),
        ("purpose", _TEXT, "official or trial; scores written into a closed period are trials"),
        ("disposition", _TEXT, "completed, call_back, refused, wrong_person, voicemail, opted_out, cut_off; null when nobody came on"),
        ("points", _REAL, "sum over judged criteria"),
        ("max_points", _REAL, "weight of judged criteria"),
        ("percent", _REAL, "0–100; null when too little could be judged"),
        ("passed", _FLAG, "percent ≥ pass mark and no critical failure; null when percent is"),
        ("critical_failed", _FLAG, "a critical criterion is not met"),
        ("critical_state", _TEXT, "none, provisional (machine alone), confirmed"),
        ("sections_failed", pa.list_(pa.string()), "sections that a critical criterion of their own failed"),
        ("coverage", _REAL, "0–1: weight judged ÷ weight applicable; null when nothing applies"),
        ("needs_review", _FLAG, "a person should look"),
        ("review_reasons", pa.list_(pa.string()), "why"),
        ("scored_at", TIME, "when it was committed; never runs backwards"),
        _RUN,
        _CALL_DATE,
    ),
)
FAILURES = Table(
    name="failures",
    about="Calls that could not be processed.",
    key=("source_uri", "stage", "attempt"),
    columns=_columns(
        _CALL_ID,
        ("source_uri", _TEXT, "where the recording is"),
        ("audio_sha256", _TEXT, "SHA-256 of the file; null when it could not be read"),
        ("stage", _TEXT, "ingest, decode, speech, diarize, meaning, score"),
        ("error_type", _TEXT, "class of the error"),
        ("message", _TEXT, "what was found"),
        ("advice", _TEXT, "what to do"),
        ("transient", _FLAG, "worth another try by itself"),
        ("attempt", _WHOLE, "1, 2, …"),
        _RUN,
        ("at", TIME, "when"),
    ),
)
RUNS = Table(
    name="runs",
    about="One row per finished run.",
    key=("run_id",),
    columns=_columns(
        _RUN,
        ("started_at", TIME, "start"),
        ("finished_at", TIME, "end"),
        ("found", _WHOLE, "calls found"),
        ("processed", _WHOLE, "listened to in this run"),
        ("scored", _WHOLE, "scored in this run, from new or stored conversations"),
        ("skipped", _WHOLE, "there already"),
        ("updated", _WHOLE, "there already, written again with other metadata"),
        ("failed", _WHOLE, "not processed, known failures included"),
        ("unscored", _WHOLE, "stored, but no rubric applies"),
        ("left", _WHOLE, "not begun before the deadline"),
        ("busy", _WHOLE, "left to another run that was working on them"),
        ("code_version", _TEXT, "version of this package"),
    ),
)
PERIODS = Table(
    name="periods",
    about="Closed periods, and reopenings of them. Rows are only ever added.",
    key=("period_id",),
    columns=_columns(
        ("period_id", _TEXT, "the closing, or the reopening"),
        ("first_date", _DATE, "first call_date of the period"),
        ("last_date", _DATE, "last call_date, inclusive"),
        ("team", _TEXT, "metadata: the only team it is about; null for all"),
        ("closed_at", TIME, "when it was closed; official scores stand as of then; null in a reopening"),
        ("reopens", _TEXT, "the closing that is taken back; null in a closing"),
        ("reopened_at", TIME, "when it was taken back; null in a closing"),
        ("author", _TEXT, "who did it; null when not known"),
        ("reason", _TEXT, "why"),
    ),
)
RUBRICS = Table(
    name="rubrics",
    about="Every published version of a rubric that scores here were made by, whole: old scores can be explained and made again.",
    key=("rubric_id", "version"),
    columns=_columns(
        ("rubric_id", _TEXT, "rubric"),
        ("version", _WHOLE, "its version"),
        ("rubric_sha256", _TEXT, "hash of the resolved rubric"),
        ("effective_from", _DATE, "calls from this day on are scored by it; null: from the beginning"),
        ("text", _TEXT, "the file as it was written; null when it was first met in a run"),
        ("resolved", _TEXT, "the rubric with lists and situations filled in, as canonical JSON"),
        ("published_at", TIME, "when it was frozen here"),
    ),
)
DECISIONS = Table(
    name="decisions",
    about="What was decided about calls, by people or by repetition over calls. Rows are only ever added; of several about one matter the newest holds.",
    key=("decision_id",),
    columns=_columns(
        ("decision_id", _TEXT, "the decision"),
        _CALL_ID,
        ("conversation_id", _TEXT, "the conversation that was looked at"),
        ("score_id", _TEXT, "the score that was looked at; null where it is about no score"),
        ("rubric_id", _TEXT, "its rubric"),
        ("rubric_version", _WHOLE, "its version"),
        ("criterion_id", _TEXT, "the criterion; null where it is about none"),
        ("criterion_sha256", _TEXT, "hash of the criterion"),
        ("kind", _TEXT, "role_swap: who is the agent; announcement: what is a recording"),
        ("outcome", _TEXT, "role_swap: agent; announcement: plays, or speaks where somebody said that a person does"),
        ("moment_ms", _MS, "when the agent speaks or the recording plays, ms; −1 − utterance in a call without times"),
        ("author", _TEXT, "who; repetition: no person; null when not known"),
        ("reason", _TEXT, "why"),
        ("at", TIME, "when"),
    ),
)
TABLES: dict[str, Table] = {
    t.name: t for t in (CALLS, UTTERANCES, EMBEDDINGS, METRICS, FINDINGS, CAPTURES, SCORES, RUBRICS, PERIODS, DECISIONS, FAILURES, RUNS)
}
