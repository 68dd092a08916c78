"""The restricted part of a results root is parted from the shareable one by rights of folders, and a check says which are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.cli.main import main
from qa_pipeline.privacy.rights import RESTRICTED, SHAREABLE, access_faults, bucket_policy, mend
from qa_pipeline.results.columns import Kind
from qa_pipeline.results.tables import TABLES
from qa_pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    for name in TABLES:
        (tmp_path / "results" / name).mkdir(parents=True, mode=0o755)
    (tmp_path / "results" / "review.db").touch(0o644)
    (tmp_path / "cache" / "work").mkdir(parents=True)
    for path in (tmp_path / "results", *(tmp_path / "results").iterdir(), tmp_path / "cache" / "work"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Settings(results=str(tmp_path / "results"), cache=tmp_path / "cache")


def test_what_may_be_shared_holds_no_words_and_names_no_customer() -> None:
    for name in SHAREABLE:
        table = TABLES[name]
        assert not table.holding(Kind.WORDS) and not table.holding(Kind.PATH)
        assert set(table.holding(Kind.PERSON)) <= {"agent_id", "author", "decided_by"}
    assert {"utterances", "findings", "calls", "captures", "decisions", "failures", "embeddings", "replies"} == set(RESTRICTED)


def test_what_is_open_is_told_with_its_cure_and_mended(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "results"
    faults = access_faults(settings)
    assert {fault.path for fault in faults} == {*(root / name for name in RESTRICTED), root / "review.db", tmp_path / "cache" / "work"}
    assert f"chmod 0700 {root / 'utterances'}" in {str(fault).rpartition(". ")[2] for fault in faults}
    mend(faults)
    assert access_faults(settings) == ()
    # Whoever makes figures still reads these.
    assert (root / "scores").stat().st_mode & 0o777 == 0o755


def test_files_with_secrets_are_their_owners_alone(settings: Settings, tmp_path: Path) -> None:
    mend(access_faults(settings))
    secret, config = tmp_path / "secret", tmp_path / "qa-pipeline.toml"
    secret.write_text("s", "utf-8")
    secret.chmod(0o640)
    config.write_text('results = "x"\n', "utf-8")
    config.chmod(0o644)
    named = settings.model_copy(update={"oidc_client_secret_file": secret})
    assert [fault.path for fault in access_faults(named)] == [secret]
    config.write_text('review_database = "postgresql://qa:pw@db/qa"\n', "utf-8")
    assert {fault.path.name for fault in access_faults(named)} == {"secret", "qa-pipeline.toml"}


def test_whoever_may_write_results_may_make_them_up(settings: Settings, tmp_path: Path) -> None:
    mend(access_faults(settings))
    (tmp_path / "results" / "scores").chmod(0o775)
    (tmp_path / "results").chmod(0o777)
    assert {(fault.path.name, fault.wanted) for fault in access_faults(settings)} == {("results", 0o755), ("scores", 0o755)}


def test_the_command_says_what_is_wrong_and_mends_it(settings: Settings) -> None:
    env = {"QA_PIPELINE_RESULTS": settings.results, "QA_PIPELINE_CACHE": str(settings.cache)}
    told = CliRunner().invoke(main, ["verify-access"], env=env)
    assert told.exit_code == 1 and "chmod 0700" in told.output
    assert CliRunner().invoke(main, ["verify-access", "--fix"], env=env).exit_code == 0
    assert CliRunner().invoke(main, ["verify-access"], env=env).exit_code == 0


def test_a_bucket_is_parted_by_the_same_prefixes() -> None:
    policy = json.loads(bucket_policy("s3://calls/qa/results", ["arn:aws:iam::1:role/figures"]))
    read, listed, kept = policy["Statement"]
    assert "arn:aws:s3:::calls/qa/results/scores/*" in read["Resource"] and not any("utterances" in name for name in read["Resource"])
    assert "qa/results/scores/*" in listed["Condition"]["StringLike"]["s3:prefix"]
    assert {"arn:aws:s3:::calls/qa/results/utterances/*", "arn:aws:s3:::calls/qa/results/_*/*"} <= set(kept["Resource"])
