"""Tables of the review database that people write. Their history is kept by migrations: what changes here gets one (`migrations/versions/`).

Times are texts of one length in UTC (decisions.py), days are ISO dates; both sort as they follow each other, in either database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, false

from qa_pipeline.reading.database import PEOPLE

accounts = Table(
    "accounts",
    PEOPLE,
    Column("account", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True, comment="what they log in by; --as"),
    Column("display_name", String, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", String, nullable=False),
    Column("sees_names", Boolean, nullable=False, server_default=false(), comment="a trainer who sees who the people of a call are"),
)
account_roles = Table(
    "account_roles",
    PEOPLE,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("role", String, primary_key=True),
)
account_agents = Table(
    "account_agents",
    PEOPLE,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("agent_id", String, primary_key=True, comment="an agent_id of the metadata whose calls are theirs"),
)

decisions = Table(
    "decisions",
    PEOPLE,
    Column("decision_id", String, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("version", Integer, nullable=False, comment="1 for the first of its call: two writers cannot both have the next"),
    Column("kind", String, nullable=False),
    Column("at", String, nullable=False),
    Column("conversation_id", String, nullable=False),
    Column("score_id", String),
    Column("rubric_id", String),
    Column("rubric_version", Integer),
    Column("criterion_id", String),
    Column("criterion_sha256", String),
    Column("outcome", String),
    Column("answer", String),
    Column("moment_ms", BigInteger),
    Column("before", String, comment="what was recognised"),
    Column("after", String, comment="what is said"),
    Column("about", String, comment="the decision that is answered or taken back"),
    Column("is_upheld", Boolean),
    Column("session", ForeignKey("calibrations.session")),
    Column("author", String),
    Column("account", ForeignKey("accounts.account")),
    Column("reason", String),
    UniqueConstraint("call_id", "version", name="decisions_order"),
)
Index("decisions_kind", decisions.c.kind, decisions.c.at)
outbox = Table(
    "outbox",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("decision_id", String, comment="null where a score changed under decisions"),
    Column("is_begun", Boolean, nullable=False, comment="somebody began to write it to the tables: it may stand there already"),
)
corrections_due = Table(
    "corrections_due",
    PEOPLE,
    Column("call_id", String, primary_key=True, comment="decided, and the conversation is not yet as decided"),
)
claims = Table(
    "claims",
    PEOPLE,
    Column("call_id", String, primary_key=True),
    Column("who", String, nullable=False),
    Column("until", String, nullable=False),
)
calibrations = Table(
    "calibrations",
    PEOPLE,
    Column("session", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("author", String),
    Column("created_at", String, nullable=False),
    Column("closed_at", String),
)
calibration_calls = Table(
    "calibration_calls",
    PEOPLE,
    Column("session", ForeignKey("calibrations.session"), primary_key=True),
    Column("call_id", String, primary_key=True),
    Column("place", Integer, nullable=False, comment="order in which they are judged"),
)
calibration_people = Table(
    "calibration_people",
    PEOPLE,
    Column("session", ForeignKey("calibrations.session"), primary_key=True),
    Column("who", String, primary_key=True, comment="name of an account"),
    Column("done_at", String, comment="null: still judging"),
)
api_tokens = Table(
    "api_tokens",
    PEOPLE,
    Column("token", Integer, primary_key=True),
    Column("name", String, nullable=False, comment="what it is for"),
    Column("account", ForeignKey("accounts.account"), nullable=False, comment="as whom it asks"),
    Column("digest", String, nullable=False, unique=True, comment="SHA-256 of the token; the token itself is kept nowhere"),
    Column("beginning", String, nullable=False, comment="its first letters, to know it by"),
    Column("scopes", String, nullable=False, comment="separated by spaces"),
    Column("author", String),
    Column("created_at", String, nullable=False),
    Column("expires_at", String),
    Column("revoked_at", String),
    Column("used_at", String, comment="the day of its last use"),
)
webhooks = Table(
    "webhooks",
    PEOPLE,
    Column("webhook", Integer, primary_key=True),
    Column("url", String, nullable=False),
    Column("account", ForeignKey("accounts.account"), nullable=False, comment="as whom it is told: nothing that they do not see"),
    Column("secret", String, nullable=False, comment="what messages are signed with; the receiver has it too"),
    Column("events", String, nullable=False, comment="separated by spaces"),
    Column("author", String),
    Column("created_at", String, nullable=False),
    Column("ended_at", String),
    Column("seen_audit", Integer, nullable=False, comment="the newest entry of the record that was looked at"),
    Column("seen_scores", String, nullable=False, comment="scores made since are looked at"),
    Column("seen_runs", String, nullable=False, comment="runs that ended since are looked at"),
)
webhook_messages = Table(
    "webhook_messages",
    PEOPLE,
    Column("message", String, primary_key=True),
    Column("webhook", ForeignKey("webhooks.webhook"), nullable=False),
    Column("about", String, nullable=False, comment="what is told: one message of it to each webhook"),
    Column("event", String, nullable=False),
    Column("call_id", String),
    Column("body", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", String, comment="when it is sent (again); null: delivered, or given up"),
    Column("delivered_at", String),
    Column("dead_at", String, comment="given up"),
    Column("answer", String, comment="what the last try came to"),
    UniqueConstraint("webhook", "about", name="webhook_once"),
)
Index("webhook_waiting", webhook_messages.c.next_at)
audit = Table(
    "audit",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("who", String),
    Column("account", ForeignKey("accounts.account")),
    Column("did", String, nullable=False, comment="looked, or the kind of what was decided or changed"),
    Column("call_id", String),
    Column("about", String, comment="the decision, the account, the team"),
)
Index("audit_call", audit.c.call_id, audit.c.at)
proposals = Table(
    "proposals",
    PEOPLE,
    Column("proposal", Integer, primary_key=True),
    Column("kind", String, nullable=False, comment="case, like, unlike"),
    Column("state", String, nullable=False, comment="waiting, accepted, refused"),
    Column("call_id", String, nullable=False),
    Column("conversation_id", String, nullable=False),
    Column("rubric_id", String, nullable=False),
    Column("rubric_version", Integer, nullable=False),
    Column("criterion_id", String, nullable=False),
    Column("words", String, comment="as they were said; null once retention took them"),
    Column("outcome", String, comment="how the criterion should come out there"),
    Column("utterance", Integer),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Column("decision_id", String, comment="the override that it comes from"),
    Column("note", String),
    Column("author", String),
    Column("account", ForeignKey("accounts.account")),
    Column("at", String, nullable=False),
    Column("settled_by", String),
    Column("settled_at", String),
    Column("settled_reason", String),
)
Index("proposals_state", proposals.c.state, proposals.c.rubric_id)
Index("proposals_call", proposals.c.call_id)
credentials = Table(
    "credentials",
    PEOPLE,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("secret", String, nullable=False, comment="argon2id of the passphrase, with its salt"),
    Column("changed_at", String, nullable=False),
    Column("failures", Integer, nullable=False, comment="wrong passphrases since the last right one"),
    Column("locked_until", String),
)
sessions = Table(
    "sessions",
    PEOPLE,
    Column("digest", String, primary_key=True, comment="SHA-256 of what the browser holds"),
    Column("account", ForeignKey("accounts.account"), nullable=False),
    Column("csrf", String, nullable=False, comment="what its forms carry"),
    Column("began_at", String, nullable=False),
    Column("seen_at", String, nullable=False),
    Column("ends_at", String, nullable=False),
)
Index("sessions_account", sessions.c.account)
links = Table(
    "one_time_links",
    PEOPLE,
    Column("digest", String, primary_key=True, comment="SHA-256 of what the link holds"),
    Column("purpose", String, nullable=False, comment="set-up, invitation, reset"),
    Column("account", ForeignKey("accounts.account"), comment="null for the first one, who is not there yet"),
    Column("made_at", String, nullable=False),
    Column("ends_at", String, nullable=False),
    Column("used_at", String),
)
preferences = Table(
    "preferences",
    PEOPLE,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("language", String, comment="of the pages"),
    Column("zone", String, comment="of times, as Europe/Warsaw"),
    Column("theme", String, comment="light, dark; null: as the machine has it"),
)
identities = Table(
    "identities",
    PEOPLE,
    Column("issuer", String, primary_key=True, comment="of single sign-on"),
    Column("subject", String, primary_key=True, comment="as the issuer calls them, for ever"),
    Column("account", ForeignKey("accounts.account"), nullable=False),
)
coaching = Table(
    "coaching",
    PEOPLE,
    Column("note", Integer, primary_key=True),
    Column("agent_id", String, nullable=False),
    Column("team", String, comment="the agent's on that day"),
    Column("call_id", String, comment="where it came up; null: in none, or the call is kept no more"),
    Column("criterion_id", String),
    Column("is_shared", Boolean, nullable=False, comment="the agent reads it"),
    Column("account", ForeignKey("accounts.account")),
    Column("written_on", String, nullable=False),
)
Index("coaching_agent", coaching.c.agent_id)
Index("coaching_team", coaching.c.team)
coaching_entries = Table(
    "coaching_entries",
    PEOPLE,
    Column("entry", Integer, primary_key=True),
    Column("note", ForeignKey("coaching.note"), nullable=False),
    Column("at", String, nullable=False),
    Column("who", String),
    Column("account", ForeignKey("accounts.account")),
    Column("text", String, nullable=False),
    Column("state", String, nullable=False, comment="open or done"),
    Column("follow_up", String, comment="day to look again; null: none"),
)
Index("coaching_entries_note", coaching_entries.c.note)
report_shapes = Table(
    "report_shapes",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("account", ForeignKey("accounts.account"), comment="whose it is; null: of the command line"),
    Column("shape", String, nullable=False, comment="JSON of a Shape (shapes.py)"),
    Column("is_shared", Boolean, nullable=False),
    Column("changed_at", String, nullable=False),
    UniqueConstraint("account", "name", name="report_shapes_name"),
)
drafts = Table(
    "drafts",
    PEOPLE,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("file", String, primary_key=True, comment="within the rubrics folder"),
    Column("text", String, nullable=False),
    Column("based_on", String, nullable=False, comment="hash of the file that the text was made of; empty: there was none"),
    Column("at", String, nullable=False),
)
holds = Table(
    "holds",
    PEOPLE,
    Column("hold", Integer, primary_key=True),
    Column("call_id", String, comment="the call that is held; null: a customer"),
    Column("customer_id", String, comment="the customer whose calls are held; null: one call"),
    Column("reason", String, nullable=False),
    Column("author", String),
    Column("account", ForeignKey("accounts.account")),
    Column("at", String, nullable=False),
    Column("released_at", String, comment="null: it holds"),
    Column("released_by", String),
    Column("released_reason", String),
)
written_files = Table(
    "written_files",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("path", String, nullable=False, comment="whole, on the machine that wrote it"),
    Column("sort", String, nullable=False, comment="export, report, page of differences or of a call, redacted call, access report"),
    Column("author", String),
    Column("at", String, nullable=False),
    UniqueConstraint("path", name="written_files_path"),
)
state = Table("review_state", PEOPLE, Column("name", String, primary_key=True), Column("value", BigInteger, nullable=False))
