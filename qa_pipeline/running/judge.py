"""A language model behind an OpenAI-compatible address: one question in, one answer of the form asked for out. The only module that speaks to it.

llama.cpp's server, vLLM and Ollama all answer `POST …/chat/completions` with `response_format: json_schema`. Spoken to with httpx, which is here anyway: what is
used of the interface is one request (docs/decisions/ask.md). Nothing is sent anywhere else: no proxies of the environment, no redirects.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from qa_pipeline.call import Quote
from qa_pipeline.errors import CallFailed, InputRefused
from qa_pipeline.settings import Settings

if TYPE_CHECKING:
    import httpx

# What an answer needs with its quotes; a model that writes on and on is cut here. Chosen.
_MOST_ANSWER_TOKENS = 400
# The server works or waits: worth another try at once, unlike what it refuses.
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
# An answer of a few hundred tokens is a few kilobytes. Chosen.
_MOST_BYTES = 1_000_000


class JudgeFailed(CallFailed):
    """The language model gave no answer that can be used. `is_away`: nobody answers at the address at all, which other questions will find too."""

    transient = True

    def __init__(self, message: str, *, advice: str, is_away: bool = False, is_passing: bool = False) -> None:
        super().__init__(message, advice=advice, stage="ask")
        self.is_away, self.is_passing = is_away, is_passing


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer as it came. Tokens are None where the server does not count them; `sent`, `received`: bytes of the two bodies."""

    answer: str
    value: str | None
    quotes: tuple[Quote, ...]
    served_by: str | None
    prompt_tokens: int | None
    answer_tokens: int | None
    took_ms: int
    sent: int
    received: int


class Judge(Protocol):
    """Whoever answers questions."""

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Told:
        """Put one question. Raises JudgeFailed."""
        ...


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Quoted(_Strict):
    line: int
    words: str


class _Answer(_Strict):
    quotes: tuple[_Quoted, ...]
    answer: str
    value: str | None = None


class Endpoint:
    """A server of the centre's own. Use as a context: connections are kept between questions, and by threads side by side."""

    def __init__(self, settings: Settings) -> None:
        import httpx

        if settings.ask_url is None or settings.ask_model is None:
            raise InputRefused("Nobody is there to be asked.", advice="Set ask_url and ask_model (docs/ask.md).")
        key = settings.ask_key.get_secret_value() if settings.ask_key else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._model, self._url = settings.ask_model, f"{settings.ask_url.rstrip('/')}/chat/completions"
        self._retries, self._wait = settings.retries, settings.retry_delay_seconds
        self._seconds = settings.ask_timeout_seconds
        self._client = httpx.Client(
            timeout=settings.ask_timeout_seconds, headers=headers, follow_redirects=False, trust_env=False,
            limits=httpx.Limits(max_connections=settings.ask_at_once),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Told:
        """Put one question; what may pass is tried again as often and as late as the settings say. Raises JudgeFailed."""
        for attempt in range(self._retries + 1):
            try:
                return self._ask(messages, schema)
            except JudgeFailed as failed:
                if not failed.is_passing or attempt == self._retries:
                    raise
            time.sleep(self._wait * 4**attempt)
        raise AssertionError("the last try returns or raises")

    def _ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Told:
        import httpx

        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        body = {
            "model": self._model, "messages": list(messages), "temperature": 0, "seed": 0, "max_tokens": _MOST_ANSWER_TOKENS, "response_format": form
        }  # fmt: skip
        began = time.monotonic()
        try:
            with self._client.stream("POST", self._url, json=body) as response:
                content = _whole(response, began, self._seconds)
                sent = int(response.request.headers.get("content-length", 0))
        except httpx.TimeoutException as error:
            raise _too_slow(self._seconds) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failed(
                f"The language model does not answer: {type(error).__name__}.", "Look whether its server runs at ask_url.", is_away=True
            ) from error
        if response.status_code != httpx.codes.OK:
            raise _failed(
                f"The language model's server answers {response.status_code}.", "Its own log says why; ask_model and ask_key may be wrong.",
                is_passing=response.status_code in _PASSING,
            )  # fmt: skip
        return _told(content, sent=sent, took_ms=round(1000 * (time.monotonic() - began)))


def _whole(response: httpx.Response, began: float, seconds: float) -> bytes:
    """The body of an answer. A server that sends a byte now and then does not hold anybody up for longer, nor one that sends without end."""
    content = b""
    for part in response.iter_bytes():
        content += part
        if time.monotonic() - began > seconds:
            raise _too_slow(seconds)
        if len(content) > _MOST_BYTES:
            raise _failed("The language model's answer has no end.", "Another model may keep to the form that is asked for.")
    return content


def _too_slow(seconds: float) -> JudgeFailed:
    return _failed(f"The language model took longer than {seconds:g} s.", "Raise ask_timeout_seconds, or ask less at once (ask_at_once).")


def _told(content: bytes, *, sent: int, took_ms: int) -> Told:
    """The answer in a response. Its words are in no message of an error: they quote a call."""
    try:
        whole = _Completion.model_validate_json(content)
        answer = _Answer.model_validate_json(whole.choices[0].message.content or "")
    except (ValidationError, IndexError) as error:
        raise _failed(
            "The language model's answer is not of the form that was asked for.",
            "A server that keeps to JSON schemas is needed (docs/ask.md); another model may do better.",
        ) from error
    usage = whole.usage
    return Told(
        answer=answer.answer, value=answer.value, quotes=tuple(Quote(utterance=quote.line, text=quote.words) for quote in answer.quotes),
        served_by=whole.model, prompt_tokens=usage.prompt_tokens if usage else None, answer_tokens=usage.completion_tokens if usage else None,
        took_ms=took_ms, sent=sent, received=len(content),
    )  # fmt: skip


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(BaseModel):
    """What is read of a response; servers add much of their own."""

    choices: tuple[_Choice, ...]
    model: str | None = None
    usage: _Usage | None = None


def _failed(message: str, advice: str, *, is_away: bool = False, is_passing: bool = False) -> JudgeFailed:
    return JudgeFailed(message, advice=advice, is_away=is_away, is_passing=is_passing)
