"""The language model's server, well and badly behaved: every misfortune is a JudgeFailed that says what to do and quotes no call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.call import Quote
from qa_pipeline.errors import InputRefused
from qa_pipeline.running.judge import Endpoint, JudgeFailed, Told
from qa_pipeline.settings import Settings, load_settings
from tests.scripted_judge import Response, Script, completion, says, scripted_judge

MESSAGES = [{"role": "user", "content": "a secret of the caller"}]
SCHEMA = {"type": "object"}


def settings_for(folder: Path, url: str, **values: object) -> Settings:
    """Settings that ask a server and wait for nothing."""
    given = {"ask_url": url, "ask_model": "m", "retry_delay_seconds": 0.0, "retries": 1, "ask_timeout_seconds": 5.0, **values}
    return load_settings(results=str(folder / "results"), cache=folder / "cache", **given)


def ask(folder: Path, script: Script, **values: object) -> tuple[Told, int]:
    """What is told, and how often it was asked."""
    with scripted_judge(script) as server, Endpoint(settings_for(folder, server.url, **values)) as judge:
        return judge.ask(MESSAGES, SCHEMA), len(server.asked)


def test_an_answer_comes_with_its_quotes_and_what_it_cost(tmp_path: Path) -> None:
    told, asked = ask(tmp_path, lambda body: says("yes", (3, "because of the bank")))
    assert (told.answer, told.quotes, asked) == ("yes", (Quote(utterance=3, text="because of the bank"),), 1)
    assert (told.served_by, told.prompt_tokens, told.answer_tokens) == ("scripted-model", 100, 20)
    assert told.sent > 0 and told.received > 0


def test_it_is_asked_for_the_schema_at_temperature_0_with_the_key(tmp_path: Path) -> None:
    with scripted_judge(lambda body: says("no")) as server:
        with Endpoint(settings_for(tmp_path, server.url, ask_key="k")) as judge:
            judge.ask(MESSAGES, SCHEMA)
        (body,), (headers,) = server.asked, server.headers
    assert (body["model"], body["temperature"]) == ("m", 0)
    assert body["response_format"]["json_schema"] == {"name": "answer", "strict": True, "schema": SCHEMA}
    assert headers["Authorization"] == "Bearer k"


@pytest.mark.parametrize(
    "content",
    [
        "not JSON", "[]", "{}", json.dumps({"choices": []}), json.dumps({"choices": [{"message": {"content": None}}]}),
        completion("I think the agent did.").content, completion('{"quotes": [], "answer": "y').content, completion('{"answer": "yes"}').content,
        completion('{"quotes": [{"line": "3", "words": "x"}], "answer": "yes"}').content,
        completion('{"quotes": [], "answer": "yes", "passed": true}').content, completion('{"quotes": [], "answer": 1}').content,
    ],
    ids=["text", "list", "empty", "no choice", "no content", "prose", "cut", "no quotes", "line as text", "more keys", "other type"],
)  # fmt: skip
def test_nonsense_is_told_as_such_once_and_without_its_words(tmp_path: Path, content: str) -> None:
    asked = []
    with pytest.raises(JudgeFailed, match="not of the form") as caught:
        ask(tmp_path, lambda body: asked.append(1) or Response(content))
    assert len(asked) == 1 and not caught.value.is_away
    assert "agent did" not in str(caught.value)


@pytest.mark.parametrize(("status", "times"), [(500, 2), (429, 2), (401, 1), (404, 1)])
def test_what_may_pass_is_tried_again_and_a_refusal_is_not(tmp_path: Path, status: int, times: int) -> None:
    asked = []
    with pytest.raises(JudgeFailed, match=str(status)):
        ask(tmp_path, lambda body: asked.append(1) or Response("the caller's words", status=status))
    assert len(asked) == times


def test_a_server_that_stumbles_once_is_asked_again(tmp_path: Path) -> None:
    answers = iter([Response("", status=503), says("yes")])
    told, asked = ask(tmp_path, lambda body: next(answers))
    assert (told.answer, asked) == ("yes", 2)


def test_a_slow_server_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(JudgeFailed, match=r"longer than 0\.1 s"):
        ask(tmp_path, lambda body: Response("", waits=0.4), ask_timeout_seconds=0.1)


def test_a_broken_connection_and_a_server_that_is_down_are_away(tmp_path: Path) -> None:
    with pytest.raises(JudgeFailed) as caught:
        ask(tmp_path, lambda body: Response("x" * 1000, cuts=10))
    assert caught.value.is_away
    with scripted_judge(lambda body: says("yes")) as server:
        url = server.url
    with Endpoint(settings_for(tmp_path, url)) as judge, pytest.raises(JudgeFailed, match="does not answer") as caught:
        judge.ask(MESSAGES, SCHEMA)
    assert caught.value.is_away


def test_an_answer_without_end_is_cut(tmp_path: Path) -> None:
    with pytest.raises(JudgeFailed, match="no end"):
        ask(tmp_path, lambda body: Response("x" * 1_100_000))


def test_nobody_is_asked_where_the_settings_name_nobody(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="Nobody is there to be asked"):
        Endpoint(load_settings(results=str(tmp_path), cache=tmp_path))
