"""What judged a score is part of its identity: scoring code, language data and norms, of the call's own languages only."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.conversation.written import conversation
from qa_pipeline.languages.load import language_codes
from qa_pipeline.rubric.cases import cases_path, dialogue_of, load_cases
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring import identity
from qa_pipeline.scoring.identity import JudgedBy, judged_by, norm_version_of, score_id_of
from qa_pipeline.settings import packaged_folder
from tests.rubric.built_rubrics import scored

BY = JudgedBy(scoring_version=1, language_digest="a", norm_version="b")
HELLO = {"id": "greeting", "check": "phrase", "phrases": {"en": ["hello there"]}}


@pytest.fixture
def anew() -> Iterator[None]:
    """What judges is worked out once a process: for whoever comes after, once more."""
    yield
    identity._judged_by.cache_clear()
    identity.norm_version_of.cache_clear()


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, code: str) -> None:
    """Give one language other data, as `identity` sees it through a function of the code."""
    real = getattr(identity, name)
    monkeypatch.setattr(identity, name, lambda asked, **given: "changed" if asked == code else real(asked, **given))
    identity._judged_by.cache_clear()
    identity.norm_version_of.cache_clear()


def test_each_part_of_what_judged_makes_another_score() -> None:
    others = (
        replace(BY, scoring_version=2),
        replace(BY, language_digest="c"),
        replace(BY, language_digest=None),
        replace(BY, norm_version="c"),
        replace(BY, certainty_digest="c"),
        replace(BY, acts_version="c"),
        replace(BY, reply_version="c"),
    )
    assert len({score_id_of("one", "rubric", by) for by in (BY, *others)}) == 8
    assert len({score_id_of(*parts, BY) for parts in (("one", "rubric"), ("two", "rubric"), ("one", "other"))}) == 3


def test_a_score_says_what_judged_it() -> None:
    spoken = conversation("0:00 agent: hello there.", language="en")
    found = scored(spoken, HELLO)
    assert found.judged_by == judged_by("en", ["en"])
    assert found.score_id == score_id_of(spoken.conversation_id, found.rubric_sha256, found.judged_by)


def test_data_of_one_language_judge_calls_in_no_other(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {code: judged_by(code, [code]) for code in ("zh", "sv")}
    pretend(monkeypatch, "language_digest", "sv")
    assert judged_by("zh", ["zh"]) == before["zh"]
    assert judged_by("sv", ["sv"]) == replace(before["sv"], language_digest="changed")


def test_every_language_that_is_spoken_counts_for_the_norms(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed, plain = judged_by("zh", ["zh", "en", "zh"]), judged_by("zh", ["zh"])
    assert mixed == judged_by("zh", ["en", "zh"]) != plain
    pretend(monkeypatch, "norm_version", "en")
    assert judged_by("zh", ["zh", "en"]).norm_version != mixed.norm_version
    assert judged_by("zh", ["zh"]) == plain


def test_a_language_that_is_not_known_here_has_no_data_and_still_an_identity() -> None:
    found = judged_by("und", ["und"])
    assert found.language_digest is None
    assert found == judged_by(None, ["und"])
    assert norm_version_of("und") not in {norm_version_of(code) for code in ("zh", "en", "pl", "sv")}


OPENED = """
import json, pickle, sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda event, found: opened.add(str(found[0])) if event == "open" else None)
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring.score import prepare, score_many
rubrics, stored = Path(sys.argv[1]), Path(sys.argv[2])
for name, conversations in pickle.loads(stored.read_bytes()).items():
    score_many(conversations, prepare(load_rubric(rubrics / name), {}))
print(json.dumps(sorted({Path(path).name for path in opened if "/languages/" in path and path.endswith((".yaml", ".txt"))})))
"""


@pytest.mark.slow
def test_scoring_opens_no_file_of_a_language_that_its_identity_leaves_out(tmp_path: Path) -> None:
    rubrics = packaged_folder("rubrics")
    heard = {}
    for name in ("followup", "hotline", "survey_car_service", "message_taking", "answering_service"):
        path = rubrics / f"{name}.yaml"
        rubric = load_rubric(path)
        heard[path.name] = [dialogue_of(case, rubric) for case in load_cases(cases_path(path)) if case.dialogue]
    assert {c.language for conversations in heard.values() for c in conversations} == set(language_codes())
    stored = tmp_path / "stored"
    stored.write_bytes(pickle.dumps(heard))
    done = subprocess.run([sys.executable, "-c", OPENED, str(rubrics), str(stored)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    opened = set(json.loads(done.stdout))
    assert {"answers.yaml", "numbers.yaml", "phrases.yaml"} <= opened
    # The sentence of a reason is written beside the verdict, in the language of the interface.
    assert opened & set(identity.NEVER_JUDGES) <= {"desk.yaml", "reasons.yaml"}
