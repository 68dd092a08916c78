"""One frozen Settings value, read from `qa-pipeline.toml` and the environment (`QA_PIPELINE_NAME=value` wins over the file).

Which file: the one named by `QA_PIPELINE_CONFIG`, else `qa-pipeline.toml` in the working folder, else none. A folder or file that is empty counts
as not set. Every field's description is printed in docs/settings.md (a test compares the two).
"""

from __future__ import annotations

import os
import re
import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.load import language_codes
from qa_pipeline.packaged import packaged_folder
from qa_pipeline.sealed import Keys, load_keys

DEFAULT_CONFIG = "qa-pipeline.toml"
# What a worker takes at most, a little rounded up.
_WORKER_GB = 3.0
_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


def default_workers() -> int:
    """A worker for each processor, as far as memory goes: one call a processor is faster than all of them on one call (benchmarks/RESULTS.md)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return max(1, min(os.cpu_count() or 1, int(memory / _WORKER_GB)))


def parse_hours(text: str) -> tuple[time, time]:
    """`08:00-20:00` → two times of day. Raises ValueError."""
    matched = _HOURS.fullmatch(text.strip())
    if not matched:
        raise ValueError(f"{text!r} is not of the form 08:00-20:00")
    a, b, c, d = map(int, matched.groups())
    return time(a % 24, b), time(c % 24, d)


class Settings(BaseSettings):
    """What an operator may choose. Paths may start with `~`."""

    model_config = SettingsConfigDict(env_prefix="QA_PIPELINE_", frozen=True, extra="forbid")

    results: str = Field("./results", description="results root: a folder or an object-store URI")
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("qa-pipeline")),
        description="folder for model weights and stage outputs",
    )
    rubrics: Path = Field(default_factory=lambda: packaged_folder("rubrics"), description="folder of rubric YAML files")
    manifests: Path = Field(default_factory=lambda: packaged_folder("models"), description="folder of model manifests")
    profile: str = Field("base", description="model profile from profiles.yaml")
    timezone: str = Field("Asia/Shanghai", description="zone of times written without one, and of call_date")
    recording_folders: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="folders and addresses in which metadata may name recordings, beside those that a run is given; comma-separated in the environment",
    )
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default_factory=language_codes,
        description="languages that detection may answer; comma-separated in the environment; by default all there are",
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="where models run")
    compute_type: str = Field("int8", description="CTranslate2 number type of the recogniser: int8, float16, float32")
    threads: int = Field(
        1, ge=1, description="pieces of one call worked on at once by a worker; results do not depend on it. Unused workers lend theirs"
    )
    workers: int = Field(
        default_factory=default_workers,
        ge=1,
        description="worker processes; each holds its own models (about 2.5 GB). By default one for each processor that memory allows",
    )
    runner: Literal["here", "dask", "ray"] = Field(
        "here", description="where the nightly flow runs its batches: in its process, or on a cluster"
    )
    runner_address: str | None = Field(None, description="address of a running Dask or Ray cluster; without one, a cluster on this machine")
    runner_workers: int = Field(2, ge=1, description="workers of that cluster; on this machine so many are started")
    call_timeout_seconds: float = Field(300.0, gt=0, description="time limit of a call, the part that does not depend on its length")
    call_timeout_factor: float = Field(
        10.0, ge=0, description="time limit of a call, as so many times its length; past both together it is stopped and listed as failed"
    )
    retries: int = Field(2, ge=0, description="how often a run tries again what may pass: a worker that died, a disk that did not answer")
    retry_delay_seconds: float = Field(
        5.0, ge=0, description="wait before the first of these tries; before each further one four times as long"
    )
    give_up_after: int = Field(5, ge=1, description="runs that try a call which keeps failing this way; then only --retry-failed does")
    daytime: str | None = Field(None, description="hours by the clock of `timezone` in which fewer workers run, as 08:00-20:00")
    daytime_workers: int = Field(1, ge=1, description="worker processes at work in these hours")
    batch_size: int | None = Field(
        None, ge=1, description="windows recognised in one step; by default 1 on a CPU, on a GPU as many as its memory holds"
    )
    beam_size: int = Field(5, ge=1, description="beams of the recogniser")
    hints: str = Field("", description="names given to the recogniser beforehand; off by default because a transcript is evidence")
    simplified_chinese: bool = Field(True, description="write Chinese transcripts in simplified characters, whatever the recogniser wrote")
    diarization_step: float = Field(0.25, gt=0, le=0.5, description="step of the diarization window as a share of its length")
    sentiment_threshold: float = Field(
        0.25, gt=0, lt=1, description="customer sentiment from here up is positive, from minus this down negative"
    )
    announcement_calls: int = Field(
        3, ge=0, description="calls in which the same words in the same rhythm are a recording, and nobody's words; 0 never looks"
    )
    min_free_gb: float = Field(1.0, ge=0, description="free disk below which a run is refused")
    clip_megabytes: float = Field(
        24.0, ge=0, description="size limit of audio embedded in the HTML report, over all its pages; beyond it, links"
    )

    notify_command: str | None = Field(None, description="command run after each run; it gets the summary as JSON on its standard input")
    notify_webhook: str | None = Field(None, description="address that the summary is posted to as JSON after each run")
    settle_seconds: float = Field(20.0, ge=0, description="watch mode: a file must have stayed as it is for so long before it is taken")
    review_database: str | None = Field(
        None,
        description="URL of the review database, as postgresql://USER:PASSWORD@HOST/NAME; by default an SQLite file in the results root",
    )
    dispute_days: int | None = Field(14, ge=1, description="days after a score was made in which the agent may dispute it; null: for ever")
    random_slice: float = Field(
        0.02, ge=0, le=1, description="share of each agent's calls of a week that people look at whatever the program thinks of them"
    )
    agreement_bar: float = Field(
        0.6, ge=0, le=1, description="AC1 of program and people below which a criterion should leave the score (docs/review.md)"
    )
    agreement_calls: int = Field(30, ge=2, description="calls that people must have judged before the bar says anything of a criterion")
    web_address: str = Field("http://localhost:8080", description="`serve`: address that people reach the app by; links to it begin so")
    web_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        description="`serve`: names and addresses that the app is reached by, besides that in `web_address`; under any other one it refuses. Comma-separated",
    )
    web_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1",),
        description="`serve`: addresses of proxies in front of the app, whose word on HTTPS and on who asks is taken. Comma-separated",
    )
    prefect_pages: str | None = Field(None, description="`serve`: address of Prefect's own pages, which the operator's page then leads to")
    oidc_issuer: str | None = Field(
        None, description="`serve`: address of the provider of single sign-on (OpenID Connect); by default none"
    )
    oidc_client_id: str | None = Field(None, description="`serve`: name of this app at that provider")
    oidc_client_secret: SecretStr | None = Field(
        None, description="`serve`: its secret there; better in a file, or in the environment alone"
    )
    oidc_client_secret_file: Path | None = Field(None, description="`serve`: file that holds this secret")
    oidc_scope: str = Field("openid profile email", description="`serve`: what the provider is asked for about somebody")
    oidc_groups: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="`serve`: groups there and the role that each gives here, as qa-leads=supervisor; comma-separated in the environment",
    )
    oidc_groups_claim: str = Field("groups", description="`serve`: where the provider says somebody's groups")
    oidc_name_claim: str = Field("preferred_username", description="`serve`: where it says the name that their account goes by")
    oidc_agent_claim: str | None = Field(None, description="`serve`: where it says an agent's ids of the metadata; by default nowhere")
    session_hours: float = Field(12.0, gt=0, description="`serve`: hours after which somebody signs in again")
    session_idle_minutes: float = Field(120.0, gt=0, description="`serve`: minutes without a page after which somebody signs in again")
    api_per_minute: int = Field(600, ge=1, description="questions that one token of the API may ask in a minute")
    webhook_private: bool = Field(False, description="whether webhooks may be addresses of this machine and its own network")

    ask_url: str | None = Field(
        None,
        description="address of the language model that answers `check: ask`, as http://localhost:8000/v1 (docs/ask.md); by default nobody is asked",
    )
    ask_model: str | None = Field(
        None, description="its name, as the server knows it: answers of this model count in scores, also while nobody is asked"
    )
    ask_key: SecretStr | None = Field(None, description="key that the server wants; better in the environment alone")
    ask_calls: int = Field(1_000, ge=0, description="calls about which a night asks at most")
    ask_tokens: int = Field(5_000_000, ge=0, description="tokens, read and written together, that a night spends on asking at most")
    ask_seconds: float = Field(7_200.0, ge=0, description="seconds after which a night begins no further question")
    ask_timeout_seconds: float = Field(
        120.0, gt=0, description="seconds that one answer may take; past them the criterion waits for the next night"
    )
    ask_at_once: int = Field(1, ge=1, description="questions that are put at the same time: what the server works on side by side")
    second_look: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="criteria whose unsure findings the language model looks at too, by id, or `all`; by default none (docs/ask.md). Comma-separated",
    )
    second_look_below: float | None = Field(
        None,
        gt=0,
        le=1,
        description="certainty below which a finding is looked at a second time; by default only what is too unsure to be said",
    )
    second_look_agreement: float | None = Field(
        None,
        ge=0.5,
        lt=1,
        description="share of second looks that were right, as measured; by default not measured, and a look moves little",
    )
    second_look_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="share of what is asked in a night that goes to second looks while some wait; 0: only what questions leave",
    )
    query_outside: bool = Field(
        False, description="`query` may read files and the network and write files too; by default the tables alone"
    )
    privacy_policy: Path | None = Field(
        None, description="file that says what is hidden from which role, and in files (docs/privacy.md); without one nothing is"
    )
    encryption_key_file: Path | None = Field(
        None, description="file of keys under which stage outputs and kept sound are encrypted (docs/privacy.md); by default they are not"
    )
    encryption_key_command: str | None = Field(
        None, description="command that prints such keys, of a key store; the file goes before it. No shell reads it"
    )
    keep_words_days: int | None = Field(
        None, ge=1, description="`retain`: days that transcripts and what quotes them are kept; by default for ever"
    )
    keep_calls_days: int | None = Field(None, ge=1, description="`retain`: days that anything about a call is kept; by default for ever")
    keep_sound_days: int | None = Field(
        None, ge=1, description="`retain`: days that decoded sound and its peaks are kept in the cache; by default as long as the words"
    )
    keep_notes_days: int | None = Field(
        None,
        ge=1,
        description="`retain`: days that reasons, notes and what else people write about calls are kept; by default as long as the call",
    )
    keep_exports_days: int | None = Field(
        None, ge=1, description="`retain`: days that exports and pages on record are kept where they were written; by default for ever"
    )
    keep_failures_days: int | None = Field(None, ge=1, description="`retain`: days that failures and runs are kept; by default for ever")
    log_format: Literal["text", "json"] = Field("text", description="form of log lines on standard error: text, or a JSON object a line")
    metrics_file: Path | None = Field(None, description="file that counts of each run are written to in Prometheus' text form")
    metrics_port: int | None = Field(None, ge=1, le=65535, description="watch mode: port on which Prometheus may ask for these counts")

    @field_validator("recording_folders", "languages", "web_hosts", "web_proxies", "oidc_groups", "second_look", mode="before")
    @classmethod
    def _split_languages(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("daytime")
    @classmethod
    def _are_hours(cls, value: str | None) -> str | None:
        if value is not None:
            parse_hours(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone; write one such as Asia/Shanghai") from error
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: explicit values, environment, file."""
        named = os.environ.get("QA_PIPELINE_CONFIG")
        path = Path(named) if named else Path(DEFAULT_CONFIG)
        file: tuple[PydanticBaseSettingsSource, ...] = (_File(settings_cls, path),) if path.is_file() else ()
        return (init_settings, _Environment(settings_cls), *file)

    def model_post_init(self, context: object) -> None:
        """Expand `~` once, so that every reader sees real paths."""
        for name in ("cache", "rubrics", "manifests"):
            object.__setattr__(self, name, getattr(self, name).expanduser())

    @property
    def model_cache(self) -> Path:
        """Where assembled weights live."""
        return self.cache / "models"

    @property
    def encryption_keys(self) -> Keys | None:
        """Keys that files are sealed with; None: they are not. Raises EnvironmentNotReady."""
        # Not `keys`: what has a member of that name is taken for a mapping, by Prefect among others.
        return load_keys(self.encryption_key_file, self.encryption_key_command)

    @property
    def work(self) -> Path:
        """Where stage outputs live, by content."""
        return self.cache / "work"

    def fitted_files(self, name: str) -> tuple[Path, ...]:
        """Where a file of fitted values may lie: as shipped, beside the rubrics, in the cache. What a later one holds wins."""
        return tuple(dict.fromkeys((packaged_folder("rubrics") / name, self.rubrics / name, self.cache / name)))


# An empty place would be the working folder; nobody means that.
_PLACES = frozenset(("results", "cache", "rubrics", "manifests", "metrics_file"))


def _without_empty_places(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != "" or name not in _PLACES}


class _Environment(EnvSettingsSource):
    """Variables; a folder or file that is empty counts as not set, so that what the file says, or the default, holds."""

    def __call__(self) -> dict[str, Any]:
        return _without_empty_places(super().__call__())


class _File(TomlConfigSettingsSource):
    """The file, in the same way."""

    def __call__(self) -> dict[str, Any]:
        return _without_empty_places(super().__call__())


def load_settings(**overrides: object) -> Settings:
    """Settings from file and environment; `overrides` that are None are left out.

    Raises InputRefused naming every bad setting.
    """
    named = os.environ.get("QA_PIPELINE_CONFIG")
    if named and not Path(named).is_file():
        raise InputRefused(f"QA_PIPELINE_CONFIG names {named}, which is not there.", advice="Create it, or unset the variable.")
    given = _without_empty_places({name: value for name, value in overrides.items() if value is not None})
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic validates what the command line gave
    except tomllib.TOMLDecodeError as error:
        fault = Fault(path=named or DEFAULT_CONFIG, message=f"not TOML: {error}", advice="check quotes and brackets there")
        raise InputRefused("Settings cannot be used.", faults=[fault]) from error
    except ValidationError as error:
        faults = [Fault(path=named or DEFAULT_CONFIG, message=f"{'.'.join(map(str, e['loc']))}: {e['msg']}") for e in error.errors()]
        raise InputRefused("Settings cannot be used.", faults=faults) from error
