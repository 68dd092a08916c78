"""The tables of a results root: names, keys, columns with type, unit, meaning and what kind of thing they hold. docs/tables.md is generated from here.

One module, though long: it is the schema and nothing else, a value a table, read like the page that is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from qa_pipeline.results.columns import Column, Kind, Nested, Table

_Row = tuple[str, pa.DataType, Kind, str] | tuple[str, Nested, str]


def _columns(*rows: _Row) -> tuple[Column, ...]:
    return tuple(_each_column(rows))


def _each_column(rows: tuple[_Row, ...]) -> Iterator[Column]:
    for row in rows:
        if len(row) == 3:
            name, nested, meaning = row
            yield Column(name=name, type=nested.type, kind=nested.kinds, meaning=meaning)
        else:
            name, form, kind, meaning = row
            yield Column(name=name, type=form, kind=kind, meaning=meaning)


TIME = pa.timestamp("us", tz="UTC")
_TEXT, _WHOLE, _MS, _REAL, _FLAG, _DATE = pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()
_SAID = Nested(
    {"text": (_TEXT, Kind.WORDS), "start_ms": (_MS, Kind.TIME), "end_ms": (_MS, Kind.TIME), "confidence": (pa.float32(), Kind.FIGURE)}
)
_EVIDENCE = Nested(
    {
        "kind": (_TEXT, Kind.LABEL),
        "utterance": (_WHOLE, Kind.ID),
        "role": (_TEXT, Kind.LABEL),
        "text": (_TEXT, Kind.WORDS),
        "start_ms": (_MS, Kind.TIME),
        "end_ms": (_MS, Kind.TIME),
        # What was looked for may itself have been said: a number to be read back.
        "expected": (_TEXT, Kind.WORDS),
        "similarity": (pa.float32(), Kind.FIGURE),
    }
)
_ALTERNATIVES = Nested({"text": (_TEXT, Kind.WORDS), "share": (pa.float32(), Kind.FIGURE)})
_QUOTES = Nested({"utterance": (_WHOLE, Kind.ID), "text": (_TEXT, Kind.WORDS)})
_GROUNDS = Nested({"key": (_TEXT, Kind.LABEL), "weight": (pa.float32(), Kind.FIGURE)})


def _pairs(value: Kind) -> Nested:
    return Nested({"key": (_TEXT, Kind.LABEL), "value": (_TEXT, value)})


_CONVERSATION = ("conversation_id", _TEXT, Kind.ID, "hash of audio, models, options and role corrections")
_CALL_ID = ("call_id", _TEXT, Kind.ID, "the call; from metadata, else the first 16 hex of the file's SHA-256")
_RUN = ("run_id", _TEXT, Kind.ID, "the run that wrote the row")
_CALL_DATE = ("call_date", _DATE, Kind.TIME, "date of started_at in the configured zone; null when the start is unknown")
_AGENT = ("agent_id", _TEXT, Kind.PERSON, "metadata")
_TEAM = ("team", _TEXT, Kind.LABEL, "metadata")
_SITE = ("site", _TEXT, Kind.LABEL, "metadata")
_CAMPAIGN = ("campaign", _TEXT, Kind.LABEL, "metadata")
_CUSTOMER = ("customer_id", _TEXT, Kind.PERSON, "metadata")
_SCORE_ID = ("score_id", _TEXT, Kind.ID, "hash of conversation, rubric and what judged (docs/scoring.md)")
_RUBRIC = (
    ("rubric_id", _TEXT, Kind.LABEL, "rubric"),
    ("rubric_version", _WHOLE, Kind.LABEL, "its version"),
    ("rubric_sha256", _TEXT, Kind.ID, "hash of the resolved rubric"),
)
_SECTION_ID = ("section_id", _TEXT, Kind.LABEL, "section of the rubric")
_CRITERION_ID = ("criterion_id", _TEXT, Kind.LABEL, "criterion")
_DEDUCTION = ("deduction", _REAL, Kind.FIGURE, "points taken off in rubrics that deduct; null otherwise")
_POINTS = (
    ("points", _REAL, Kind.FIGURE, "sum over judged criteria"),
    ("max_points", _REAL, Kind.FIGURE, "weight of judged criteria"),
)
_VERDICT = (
    ("passed", _FLAG, Kind.FIGURE, "percent ≥ pass mark and no critical failure; null when percent is"),
    ("critical_failed", _FLAG, Kind.FIGURE, "a critical criterion is not met"),
    ("critical_state", _TEXT, Kind.LABEL, "none, provisional (machine alone), confirmed"),
)
_REACH = (
    ("sections_failed", pa.list_(pa.string()), Kind.LABEL, "sections that a critical criterion of their own failed"),
    ("coverage", _REAL, Kind.FIGURE, "0–1: weight judged ÷ weight applicable; null when nothing applies"),
)

CALLS = Table(
    name="calls",
    about="One row per conversation: a call as it was listened to.",
    key=("conversation_id",),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("audio_sha256", _TEXT, Kind.ID, "SHA-256 of the file's bytes"),
        ("source_uri", _TEXT, Kind.PATH, "where the recording is"),
        _AGENT,
        ("agent_name", _TEXT, Kind.PERSON, "metadata"),
        _TEAM,
        _SITE,
        _CUSTOMER,
        ("company", _TEXT, Kind.LABEL, "metadata: the firm the agent calls for"),
        ("direction", _TEXT, Kind.LABEL, "metadata: inbound or outbound"),
        _CAMPAIGN,
        ("rubric", _TEXT, Kind.LABEL, "metadata: the rubric asked for"),
        ("started_at", TIME, Kind.TIME, "metadata: start of the call"),
        ("ring_seconds", _REAL, Kind.TIME, "metadata: s"),
        ("wait_seconds", _REAL, Kind.TIME, "metadata: s"),
        ("hangup_by", _TEXT, Kind.LABEL, "metadata: agent or customer"),
        ("disposition", _TEXT, Kind.LABEL, "metadata; what was inferred is in scores"),
        ("transfer", _TEXT, Kind.LABEL, "metadata"),
        ("csat", _REAL, Kind.FIGURE, "metadata: the customer's own rating"),
        ("agent_channel", _WHOLE, Kind.LABEL, "metadata: 0 first (left), 1 second"),
        ("extra", _pairs(Kind.PERSON), "other metadata columns"),
        ("duration_ms", _MS, Kind.TIME, "length of the recording, ms"),
        ("language", _TEXT, Kind.LABEL, "code of the language; null when there was no speech to tell by"),
        ("language_confidence", _REAL, Kind.FIGURE, "0–1; null when the language was given"),
        ("given_language", _TEXT, Kind.LABEL, "metadata or --language: the language given; null when it was detected"),
        ("layout", _TEXT, Kind.LABEL, "mono, stereo, dual_mono, one_sided, cross_talk, swapped, text"),
        ("role_confidence", _REAL, Kind.FIGURE, "0–1: posterior of the assignment of roles"),
        ("starts_cut", _FLAG, Kind.FIGURE, "the recording begins inside speech"),
        ("ends_cut", _FLAG, Kind.FIGURE, "the recording ends inside speech, or its file broke off"),
        (
            "lost_ms",
            _MS,
            Kind.FIGURE,
            "of what was recorded, damaged or missing at the end, ms; null for text, and before this was recorded",
        ),
        (
            "wordless_share",
            _REAL,
            Kind.FIGURE,
            "0–1: speech heard that got no words; null when none was heard, for text, and before this was recorded",
        ),
        (
            "dropped",
            _SAID,
            "recognised and taken for invented: not in the conversation; null when its words were deleted, and before this was recorded",
        ),
        ("asr_model", _TEXT, Kind.LABEL, "manifest id of the recogniser"),
        ("diarization_model", _TEXT, Kind.LABEL, "manifest id; null when channels told the voices apart"),
        ("manifest_sha256", _TEXT, Kind.ID, "hash over all model manifests of the profile"),
        ("options", _pairs(Kind.LABEL), "settings that change what is heard"),
        ("norm_versions", _pairs(Kind.ID), "language → what the norms of its utterances were made with; null before this was recorded"),
        ("acts_version", _TEXT, Kind.ID, "what read the acts that lie beside its vectors (docs/decisions/acts.md); null where nothing did"),
        (
            "reply_version",
            _TEXT,
            Kind.ID,
            "what read as replies what lies beside its vectors (docs/decisions/replies-by-meaning.md); null where nothing did",
        ),
        ("code_version", _TEXT, Kind.LABEL, "version of this package"),
        _RUN,
        ("processed_at", TIME, Kind.TIME, "when it was committed; never runs backwards"),
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
        ("utterance", _WHOLE, Kind.ID, "number in the call, from 0"),
        ("role", _TEXT, Kind.LABEL, "agent, customer, other (menus, machines), unknown"),
        ("speaker", _TEXT, Kind.LABEL, "voice label, without meaning across calls"),
        ("channel", _WHOLE, Kind.LABEL, "track; null for a mixed one"),
        ("start_ms", _MS, Kind.TIME, "ms from the start of the recording"),
        ("end_ms", _MS, Kind.TIME, "ms, exclusive"),
        ("text", _TEXT, Kind.WORDS, "what was recognised"),
        ("confidence", _REAL, Kind.FIGURE, "0–1: mean of the words'"),
        ("language", _TEXT, Kind.LABEL, "as recognised"),
        ("sentiment", _REAL, Kind.FIGURE, "−1…1 from the words; null for agents"),
        ("sentiment_label", _TEXT, Kind.LABEL, "positive, neutral, negative; null for agents"),
        ("norm", _TEXT, Kind.WORDS, "what matching reads (docs/matching.md)"),
        ("words", _SAID, "the words; their texts joined are the text"),
        (
            "alternatives",
            _ALTERNATIVES,
            "other readings of the recogniser, the likeliest first; empty for text, null before they were kept",
        ),
        _RUN,
        _CALL_DATE,
    ),
)
EMBEDDINGS = Table(
    name="embeddings",
    about="Sentence vectors, so that scoring loads no model.",
    key=("conversation_id", "utterance"),
    partition="call_date",
    columns=_columns(
        _CONVERSATION,
        ("utterance", _WHOLE, Kind.ID, "number in the call"),
        (
            "vector",
            pa.list_(pa.float32()),
            Kind.WORDS,
            "384 values, norm 1, and where they were read the log-odds of 7 acts (`calls.acts_version`) and 32 values of a reply (`calls.reply_version`); rounded to half precision",
        ),
        _RUN,
        _CALL_DATE,
    ),
)
METRICS = Table(
    name="metrics",
    about="Figures of a whole conversation; a rubric's `metric:` names a column.",
    key=("conversation_id",),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("customer_sentiment", _REAL, Kind.FIGURE, "−1…1 from the customer's words; null when they said nothing"),
        ("customer_sentiment_label", _TEXT, Kind.LABEL, "negative, neutral, positive"),
        ("customer_sentiment_last_third", _REAL, Kind.FIGURE, "the same of the last third of the customer's utterances; null under three"),
        (
            "customer_sentiment_trend",
            _REAL,
            Kind.FIGURE,
            "last third less first third, −2…2: above 0 the customer left happier; null under three",
        ),
        ("agent_talk_share", _REAL, Kind.FIGURE, "0–1 of the time the two parties speak"),
        ("customer_talk_share", _REAL, Kind.FIGURE, "0–1"),
        ("silence_share", _REAL, Kind.FIGURE, "0–1 of the recording with nobody speaking"),
        ("longest_silence_ms", _MS, Kind.TIME, "ms"),
        ("holds", _WHOLE, Kind.FIGURE, "times neither party spoke for 15 s, or for 5 s after the agent asked to wait"),
        ("hold_ms", _MS, Kind.TIME, "their length together, ms"),
        ("interruptions_by_agent", _WHOLE, Kind.FIGURE, "times the agent began while the customer went on, and took the turn"),
        ("interruptions_by_customer", _WHOLE, Kind.FIGURE, "the other way round"),
        ("agent_speech_rate", _REAL, Kind.FIGURE, "characters/min for zh, words/min else"),
        ("customer_speech_rate", _REAL, Kind.FIGURE, "characters/min for zh, words/min else"),
        ("agent_syllable_rate", _REAL, Kind.FIGURE, "agent's syllables per minute of own speech"),
        ("customer_syllable_rate", _REAL, Kind.FIGURE, "customer's syllables per minute of own speech"),
        ("agent_longest_monologue_ms", _MS, Kind.TIME, "longest time the agent spoke before the customer took the turn, ms"),
        ("customer_longest_monologue_ms", _MS, Kind.TIME, "longest time the customer spoke before the agent took the turn, ms"),
        ("median_response_ms", _MS, Kind.TIME, "from the customer's end to the agent's answer, ms"),
        ("turns", _WHOLE, Kind.FIGURE, "changes of speaker between the parties, plus one; signs of listening aside"),
        _RUN,
        _CALL_DATE,
    ),
)
REPLIES = Table(
    name="replies",
    about="What a language model answered to questions of rubrics: a row for each wording and stretch. Asked once, judged as often as one likes.",
    key=("conversation_id", "question_sha256", "prompt_sha256", "model", "phrasing", "first", "last"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        ("criterion_id", _TEXT, Kind.LABEL, "the criterion that it was asked for"),
        ("question_sha256", _TEXT, Kind.ID, "hash of the question"),
        ("prompt_sha256", _TEXT, Kind.ID, "hash of how questions are put"),
        ("model", _TEXT, Kind.LABEL, "the model asked, as the settings call it"),
        ("phrasing", _WHOLE, Kind.ID, "the wording, from 0"),
        ("first", _WHOLE, Kind.ID, "first utterance of the stretch that was shown"),
        ("last", _WHOLE, Kind.ID, "last utterance of it"),
        ("answer", _TEXT, Kind.LABEL, "the answer; cannot_tell and does_not_apply beside those of the criterion"),
        ("value", _TEXT, Kind.WORDS, "the value asked for; null where none is"),
        ("quotes", _QUOTES, "what the answer rests on, as the model copied it: not yet compared with what was said"),
        ("served_by", _TEXT, Kind.LABEL, "what the server called the model; null where it said nothing"),
        ("prompt_tokens", _WHOLE, Kind.FIGURE, "tokens read, as the server counts; null where it does not"),
        ("answer_tokens", _WHOLE, Kind.FIGURE, "tokens written"),
        ("took_ms", _MS, Kind.TIME, "from the request to the answer, ms"),
        ("asked_at", TIME, Kind.TIME, "when"),
        _RUN,
        _CALL_DATE,
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
        _SCORE_ID,
        *_RUBRIC,
        ("criterion_sha256", _TEXT, Kind.ID, "hash of the resolved criterion"),
        _SECTION_ID,
        _CRITERION_ID,
        ("outcome", _TEXT, Kind.LABEL, "met, not_met, not_applicable, undetermined"),
        ("answer", _TEXT, Kind.LABEL, "how a question was answered, or a label; null where there is none"),
        ("points", _REAL, Kind.FIGURE, "weight × credit; null where nothing was judged"),
        ("max_points", _REAL, Kind.FIGURE, "weight"),
        _DEDUCTION,
        ("critical", _FLAG, Kind.FIGURE, "the criterion is critical"),
        ("severity", _TEXT, Kind.LABEL, "how heavy a fault is, by the rubric's own names; null where the criterion names none"),
        ("occurrences", _WHOLE, Kind.FIGURE, "how often it was found"),
        ("reason_code", _TEXT, Kind.LABEL, "why, as a code"),
        ("reason_args", _pairs(Kind.WORDS), "what fills the reason"),
        ("reason", _TEXT, Kind.WORDS, "why, in English"),
        (
            "certainty",
            _REAL,
            Kind.FIGURE,
            "0–1: chance that a careful person agrees with outcome, or with likely; null where nothing is asserted, and before this was recorded",
        ),
        ("certainty_grounds", _GROUNDS, "what the certainty rests on most, the strongest first; weight: log-odds added (above 0) or taken"),
        ("likely", _TEXT, Kind.LABEL, "the outcome withheld as too unsure (reason_code unsure); null elsewhere"),
        ("evidence", _EVIDENCE, "moments: kind hit, answer, heard or cause; similarity 0–1"),
        ("evidence_text", _TEXT, Kind.WORDS, "text of the first"),
        ("evidence_start_ms", _MS, Kind.TIME, "start of the first, ms"),
        ("evidence_end_ms", _MS, Kind.TIME, "end of the first, ms"),
        ("window_start_ms", _MS, Kind.TIME, "start of the window searched, ms"),
        ("window_end_ms", _MS, Kind.TIME, "its end, ms"),
        _AGENT,
        ("scored_at", TIME, Kind.TIME, "when it was committed"),
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
        _SCORE_ID,
        ("criterion_id", _TEXT, Kind.LABEL, "the criterion that wrote it down; `disposition` for how the call ended"),
        ("rubric_id", _TEXT, Kind.LABEL, "rubric"),
        ("n", _WHOLE, Kind.ID, "number among the criterion's captures, from 0, in order of time"),
        ("name", _TEXT, Kind.LABEL, "what it is called in the rubric"),
        ("value", _TEXT, Kind.WORDS, "what was understood: digits for numbers"),
        ("value_type", _TEXT, Kind.LABEL, "kind of the value"),
        ("text", _TEXT, Kind.WORDS, "the words it was understood from"),
        ("start_ms", _MS, Kind.TIME, "ms from the start of the recording; null without times"),
        _AGENT,
        _TEAM,
        _SITE,
        _CAMPAIGN,
        _CUSTOMER,
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
        _SCORE_ID,
        _AGENT,
        _TEAM,
        _SITE,
        _CAMPAIGN,
        *_RUBRIC,
        ("scoring_version", _WHOLE, Kind.LABEL, "version of the scoring code that judged; null before this was recorded"),
        (
            "language_digest",
            _TEXT,
            Kind.ID,
            "hash of the language data that judged; null before this was recorded, or for a language without data",
        ),
        ("norm_version", _TEXT, Kind.ID, "hash of what the norms that were judged depend on; null before this was recorded"),
        (
            "certainty_digest",
            _TEXT,
            Kind.ID,
            "hash of the models that told how sure the findings are and what replies mean; null before this was recorded",
        ),
        ("acts_version", _TEXT, Kind.ID, "what read the acts that were judged; null where nothing did"),
        ("reply_version", _TEXT, Kind.ID, "what read the customers' replies that were judged; null where nothing did"),
        ("replies_digest", _TEXT, Kind.ID, "hash of which language model's replies were judged; null for a rubric without questions"),
        ("purpose", _TEXT, Kind.LABEL, "official or trial; scores written into a closed period are trials"),
        (
            "disposition",
            _TEXT,
            Kind.LABEL,
            "completed, call_back, refused, wrong_person, voicemail, opted_out, cut_off; null when nobody came on",
        ),
        (
            "disposition_certainty",
            _REAL,
            Kind.FIGURE,
            "0–1: chance that a careful person agrees with disposition; null without one, and before this was recorded",
        ),
        ("expected_wrong", _REAL, Kind.FIGURE, "how many findings that count are expected to be wrong; null before this was recorded"),
        *_POINTS,
        ("percent", _REAL, Kind.FIGURE, "0–100; null when too little could be judged"),
        *_VERDICT,
        *_REACH,
        (
            "not_applicable_share",
            _REAL,
            Kind.FIGURE,
            "0–1: weight that does not apply ÷ weight of what counts; null before this was recorded",
        ),
        ("needs_review", _FLAG, Kind.FIGURE, "a person should look"),
        ("review_reasons", pa.list_(pa.string()), Kind.LABEL, "why"),
        ("scored_at", TIME, Kind.TIME, "when it was committed; never runs backwards"),
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
        ("source_uri", _TEXT, Kind.PATH, "where the recording is"),
        ("audio_sha256", _TEXT, Kind.ID, "SHA-256 of the file; null when it could not be read"),
        ("stage", _TEXT, Kind.LABEL, "ingest, decode, speech, diarize, meaning, score, ask"),
        ("error_type", _TEXT, Kind.LABEL, "class of the error"),
        ("message", _TEXT, Kind.NOTE, "what was found"),
        ("advice", _TEXT, Kind.NOTE, "what to do"),
        ("transient", _FLAG, Kind.FIGURE, "worth another try by itself"),
        ("attempt", _WHOLE, Kind.FIGURE, "1, 2, …"),
        _RUN,
        ("at", TIME, Kind.TIME, "when"),
    ),
)
RUNS = Table(
    name="runs",
    about="One row per finished run.",
    key=("run_id",),
    columns=_columns(
        _RUN,
        ("started_at", TIME, Kind.TIME, "start"),
        ("finished_at", TIME, Kind.TIME, "end"),
        ("found", _WHOLE, Kind.FIGURE, "calls found"),
        ("processed", _WHOLE, Kind.FIGURE, "listened to in this run"),
        ("scored", _WHOLE, Kind.FIGURE, "scored in this run, from new or stored conversations"),
        ("skipped", _WHOLE, Kind.FIGURE, "there already"),
        ("updated", _WHOLE, Kind.FIGURE, "there already, written again with other metadata"),
        ("failed", _WHOLE, Kind.FIGURE, "not processed, known failures included"),
        ("unscored", _WHOLE, Kind.FIGURE, "stored, but no rubric applies"),
        ("left", _WHOLE, Kind.FIGURE, "not begun before the deadline"),
        ("busy", _WHOLE, Kind.FIGURE, "left to another run that was working on them"),
        ("code_version", _TEXT, Kind.LABEL, "version of this package"),
    ),
)
PERIODS = Table(
    name="periods",
    about="Closed periods, and reopenings of them. Rows are only ever added.",
    key=("period_id",),
    columns=_columns(
        ("period_id", _TEXT, Kind.ID, "the closing, or the reopening"),
        ("first_date", _DATE, Kind.TIME, "first call_date of the period"),
        ("last_date", _DATE, Kind.TIME, "last call_date, inclusive"),
        ("team", _TEXT, Kind.LABEL, "metadata: the only team it is about; null for all"),
        ("closed_at", TIME, Kind.TIME, "when it was closed; official scores stand as of then; null in a reopening"),
        ("reopens", _TEXT, Kind.ID, "the closing that is taken back; null in a closing"),
        ("reopened_at", TIME, Kind.TIME, "when it was taken back; null in a closing"),
        ("author", _TEXT, Kind.PERSON, "who did it; null when not known"),
        ("reason", _TEXT, Kind.NOTE, "why"),
    ),
)
RUBRICS = Table(
    name="rubrics",
    about="Every published version of a rubric that scores here were made by, whole: old scores can be explained and made again.",
    key=("rubric_id", "version"),
    columns=_columns(
        ("rubric_id", _TEXT, Kind.LABEL, "rubric"),
        ("version", _WHOLE, Kind.LABEL, "its version"),
        ("rubric_sha256", _TEXT, Kind.ID, "hash of the resolved rubric"),
        ("effective_from", _DATE, Kind.TIME, "calls from this day on are scored by it; null: from the beginning"),
        ("text", _TEXT, Kind.NOTE, "the file as it was written; null where it was not at hand any more"),
        ("resolved", _TEXT, Kind.NOTE, "the rubric with lists and situations filled in, as canonical JSON"),
        ("published_at", TIME, Kind.TIME, "when it was frozen here"),
    ),
)
DECISIONS = Table(
    name="decisions",
    about="What was decided about calls, by people or by repetition over calls. Rows are only ever added; of several about one matter the newest holds.",
    key=("decision_id",),
    columns=_columns(
        ("decision_id", _TEXT, Kind.ID, "the decision"),
        _CALL_ID,
        ("conversation_id", _TEXT, Kind.ID, "the conversation that was looked at"),
        ("score_id", _TEXT, Kind.ID, "the score that was looked at; null where it is about no score"),
        ("rubric_id", _TEXT, Kind.LABEL, "its rubric"),
        ("rubric_version", _WHOLE, Kind.LABEL, "its version"),
        ("criterion_id", _TEXT, Kind.LABEL, "the criterion; null where it is about none"),
        ("criterion_sha256", _TEXT, Kind.ID, "hash of the criterion"),
        ("version", _WHOLE, Kind.FIGURE, "1 for the first about its call, each next one more; null before this was recorded"),
        (
            "kind",
            _TEXT,
            Kind.LABEL,
            "override, confirmation, answer, role_swap, word_correction, announcement, dispute, ruling, acknowledgement, note, calibration, take_back",
        ),
        (
            "outcome",
            _TEXT,
            Kind.LABEL,
            "of a criterion: what it is; role_swap: agent; announcement: plays, or speaks where somebody said that a person does",
        ),
        ("answer", _TEXT, Kind.LABEL, "the answer, of a criterion that has answers"),
        (
            "moment_ms",
            _MS,
            Kind.TIME,
            "when the agent speaks, the recording plays or the word is said, ms; −1 − utterance in a call without times",
        ),
        ("before", _TEXT, Kind.WORDS, "word_correction: what was recognised"),
        ("after", _TEXT, Kind.WORDS, "word_correction: what is said"),
        ("about", _TEXT, Kind.ID, "ruling: the dispute; take_back: the decision that holds no more"),
        ("is_upheld", _FLAG, Kind.FIGURE, "ruling: whether the dispute was right"),
        ("author", _TEXT, Kind.PERSON, "who; repetition: no person; null when not known"),
        ("reason", _TEXT, Kind.NOTE, "why"),
        ("at", TIME, Kind.TIME, "when"),
    ),
)
_DECISIONS_VERSION = ("version", _WHOLE, Kind.FIGURE, "number of the call's newest decision that is in it: the highest of a score counts")
EFFECTIVE_SCORES = Table(
    name="effective_scores",
    about="Scores as they count, of calls about which people decided: a row after each decision, and one when the score under decisions changes.",
    key=("score_id", "version"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        _SCORE_ID,
        _DECISIONS_VERSION,
        _AGENT,
        _TEAM,
        *_RUBRIC[:2],
        ("percent", _REAL, Kind.FIGURE, "0–100, as it counts; null when too little is judged"),
        *_VERDICT,
        *_POINTS,
        *_REACH,
        ("needs_review", _FLAG, Kind.FIGURE, "a person should look, and nobody has settled it yet"),
        ("review_reasons", pa.list_(pa.string()), Kind.LABEL, "why; disputed: a dispute waits for its answer"),
        ("decided", _WHOLE, Kind.FIGURE, "criteria decided by people, and the whole score if it was confirmed"),
        ("stale", _WHOLE, Kind.FIGURE, "of these criteria, those that say something else since"),
        ("at", TIME, Kind.TIME, "when it was written"),
        _CALL_DATE,
    ),
)
EFFECTIVE_FINDINGS = Table(
    name="effective_findings",
    about="Findings as they count, a row for each criterion of a row of effective_scores, with the decision that is in force.",
    key=("score_id", "version", "criterion_id"),
    partition="call_date",
    columns=_columns(
        _CALL_ID,
        _CONVERSATION,
        _SCORE_ID,
        _DECISIONS_VERSION,
        *_RUBRIC[:2],
        _SECTION_ID,
        _CRITERION_ID,
        ("outcome", _TEXT, Kind.LABEL, "met, not_met, not_applicable, undetermined, as it counts"),
        ("answer", _TEXT, Kind.LABEL, "the answer, as it counts"),
        ("points", _REAL, Kind.FIGURE, "weight × credit; null where nothing is judged"),
        _DEDUCTION,
        ("decision_id", _TEXT, Kind.ID, "the decision in force; null where the program's outcome counts"),
        ("decided_by", _TEXT, Kind.PERSON, "who decided; null where nobody did"),
        ("is_stale", _FLAG, Kind.FIGURE, "the criterion says something else since it was decided"),
        ("is_disputed", _FLAG, Kind.FIGURE, "a dispute about it waits for its answer"),
        _CALL_DATE,
    ),
)
TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        CALLS, UTTERANCES, EMBEDDINGS, METRICS, REPLIES, FINDINGS, CAPTURES, SCORES, RUBRICS, PERIODS, DECISIONS, EFFECTIVE_SCORES, EFFECTIVE_FINDINGS,
        FAILURES, RUNS,
    )
}  # fmt: skip
