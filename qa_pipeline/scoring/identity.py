"""What judged a score: the version of the scoring code and of the language data and `norm` that it read. Part of every score's identity.

So a mended check, or another word in the data of a language, makes new scores beside the old ones; nothing says that they are there already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from qa_pipeline.call import Conversation
from qa_pipeline.languages.load import language_codes, language_digest
from qa_pipeline.meaning.replies import head_path, read_head_path
from qa_pipeline.scoring.certainty import model_path
from qa_pipeline.text.norm_version import norm_version

# Raised whenever a change of code gives any call another verdict or other evidence; a test over all cases notices when that is forgotten
# (tests/scoring/verdicts.py).
SCORING_VERSION = 14
# What hears and shows calls and never judges them. A file counts until it is named here; a test watches what scoring opens.
NEVER_JUDGES = (
    "desk.yaml",
    "detection.yaml",
    "labels.yaml",
    "privacy.yaml",
    "reasons.yaml",
    "recogniser.yaml",
    "roles.yaml",
    "sentences.yaml",
    "speaking.yaml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """What judged a score. `language_digest`: of the data of the call's language, None where it has none that is known here.

    `norm_version`: one for the norms of all languages that its utterances are in; `certainty_digest`: of the fitted models that are shipped: the one that
    tells how sure verdicts are, and by which those too unsure are withheld, and the heads that read replies by meaning; None before there were any.
    `acts_version`, `reply_version`: what read its acts (meaning/acts.py) and its replies (meaning/reply_reader.py), None where nothing did. `replies_digest`: of what a language model answered to the rubric's questions
    (prompts.py), None for a rubric without questions.
    """

    scoring_version: int
    language_digest: str | None
    norm_version: str
    certainty_digest: str | None = None
    acts_version: str | None = None
    reply_version: str | None = None
    replies_digest: str | None = None


def judged_by(
    language: str | None, spoken: Iterable[str], *, acts_version: str | None = None, reply_version: str | None = None
) -> JudgedBy:
    """What would judge a call now. `language`: the call's; `spoken`: those of its utterances, each once or more often; the versions: as it holds them."""
    return replace(_judged_by(language, tuple(sorted(set(spoken)))), acts_version=acts_version, reply_version=reply_version)


def judged_by_now(conversation: Conversation) -> JudgedBy:
    """What would judge a conversation now, but for the replies of a language model."""
    return judged_by(
        conversation.language,
        (u.language for u in conversation.utterances),
        acts_version=conversation.acts_version,
        reply_version=conversation.reply_version,
    )


@cache
def _judged_by(language: str | None, spoken: tuple[str, ...]) -> JudgedBy:
    versions = "\n".join(f"{code} {version}" for code, version in norm_versions(spoken).items())
    return JudgedBy(
        scoring_version=SCORING_VERSION,
        language_digest=language_digest(language, without=NEVER_JUDGES)[:16] if language in language_codes() else None,
        norm_version=hashlib.sha256(versions.encode()).hexdigest()[:16],
        certainty_digest=_fitted_digest(),
    )


@cache
def _fitted_digest() -> str:
    """Of the fitted models that are shipped."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in (model_path(), head_path(), read_head_path())]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()[:16]


def norm_versions(spoken: Iterable[str]) -> dict[str, str]:
    """By language, in order of their codes, what the norms of its utterances depend on now."""
    return {code: norm_version_of(code) for code in sorted(set(spoken))}


@cache
def norm_version_of(code: str) -> str:
    """What the norm of an utterance depends on; of one in a language that is not known here, on what all languages depend on."""
    known = language_codes()
    return norm_version(code) if code in known else hashlib.sha256("".join(map(norm_version, known)).encode()).hexdigest()[:16]


def score_id_of(conversation_id: str, rubric_sha256: str, by: JudgedBy) -> str:
    """Identity of a score: what was heard, by which rubric it is judged, and what judged it."""
    parts = [conversation_id, rubric_sha256, str(by.scoring_version), by.language_digest or "", by.norm_version, by.certainty_digest or ""]
    if by.acts_version:
        parts.append(by.acts_version)
    if by.reply_version:
        parts.append(f"read {by.reply_version}")
    if by.replies_digest:
        parts.append(f"replies {by.replies_digest}")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
