"""One frozen value of settings: explicit over environment over file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bare import unset
from pydantic import ValidationError

from qa_pipeline.errors import InputRefused
from qa_pipeline.settings import Settings, load_settings, packaged_folder


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return unset(monkeypatch, tmp_path)


def test_the_defaults() -> None:
    settings = load_settings()
    assert (settings.results, settings.profile, settings.languages, settings.timezone) == (
        "./results",
        "base",
        ("zh", "en", "pl", "sv"),
        "Asia/Shanghai",
    )
    assert (settings.hints, settings.threads, settings.beam_size) == ("", 1, 5)
    assert 1 <= settings.workers <= (os.cpu_count() or 1)


def test_the_environment_wins_over_the_file_and_what_is_given_over_both(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "qa-pipeline.toml").write_text('profile = "file"\nbeam_size = 2\nworkers = 2\n', "utf-8")
    monkeypatch.setenv("QA_PIPELINE_PROFILE", "environment")
    monkeypatch.setenv("QA_PIPELINE_BEAM_SIZE", "3")
    settings = load_settings(profile="given")
    assert (settings.profile, settings.beam_size, settings.workers) == ("given", 3, 2)


@pytest.mark.parametrize("name", ["results", "cache", "rubrics", "manifests", "metrics_file"])
def test_an_empty_place_counts_as_not_set(bare: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(load_settings(), name)
    monkeypatch.setenv(f"QA_PIPELINE_{name.upper()}", "")
    assert getattr(load_settings(**{name: ""}), name) == default
    (bare / "qa-pipeline.toml").write_text(f'{name} = "from-the-file"\n', "utf-8")
    assert str(getattr(load_settings(), name)) == "from-the-file"
    (bare / "qa-pipeline.toml").write_text(f'{name} = ""\n', "utf-8")
    assert getattr(load_settings(), name) == default


def test_an_empty_text_is_a_text(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "qa-pipeline.toml").write_text('hints = "Anna"\nnotify_command = "say it"\n', "utf-8")
    monkeypatch.setenv("QA_PIPELINE_HINTS", "")
    monkeypatch.setenv("QA_PIPELINE_NOTIFY_COMMAND", "")
    assert (load_settings().hints, load_settings().notify_command) == ("", "")


def test_what_is_given_as_none_is_not_given() -> None:
    assert load_settings(profile=None).profile == "base"


def test_a_named_file_is_read(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "own.toml").write_text("threads = 3\n", "utf-8")
    monkeypatch.setenv("QA_PIPELINE_CONFIG", str(bare / "own.toml"))
    assert load_settings().threads == 3


def test_a_named_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_CONFIG", "/nowhere/own.toml")
    with pytest.raises(InputRefused, match=r"names /nowhere/own\.toml, which is not there"):
        load_settings()


def test_languages_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PIPELINE_LANGUAGES", "zh, en")
    assert load_settings().languages == ("zh", "en")


def test_every_bad_setting_is_named_at_once() -> None:
    with pytest.raises(InputRefused) as caught:
        load_settings(workers=0, diarization_step=0.9, device="tpu")
    assert [str(fault).split(": ")[1] for fault in caught.value.faults] == ["device", "workers", "diarization_step"]


def test_an_unknown_setting_of_the_file_is_refused(bare: Path) -> None:
    (bare / "qa-pipeline.toml").write_text("colour = 'red'\n", "utf-8")
    with pytest.raises(InputRefused) as caught:
        load_settings()
    assert "colour" in str(caught.value.faults[0])


def test_a_file_that_is_no_toml_is_refused(bare: Path) -> None:
    (bare / "qa-pipeline.toml").write_text("profile = \n", "utf-8")
    with pytest.raises(InputRefused):
        load_settings()


def test_a_timezone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputRefused):
        load_settings(timezone="Mars/Olympus")


def test_the_tilde_is_the_home_folder() -> None:
    assert load_settings(cache="~/weights").cache == Path.home() / "weights"


def test_weights_and_work_lie_under_the_cache(bare: Path) -> None:
    settings = load_settings(cache=bare)
    assert (settings.model_cache, settings.work) == (bare / "models", bare / "work")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().profile = "large"  # type: ignore[misc]


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("name", "file"), [("rubrics", "hotline.yaml"), ("models", "profiles.yaml")])
def test_shipped_folders_are_found_from_anywhere(name: str, file: str) -> None:
    assert (packaged_folder(name) / file).is_file()
