"""A language model's server for tests: answers over HTTP what a script tells it, well or badly, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = Mapping[str, Any]
Script = Callable[[Body], "Response"]


@dataclass(frozen=True, slots=True)
class Response:
    """What the server sends. `waits`: seconds before it does; `cuts`: the connection breaks after so many bytes."""

    content: str
    status: int = 200
    waits: float = 0.0
    cuts: int | None = None


@dataclass(slots=True)
class ScriptedJudge:
    """The server while it runs. `asked`: bodies of the requests, in order."""

    url: str
    script: Script
    asked: list[Body] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


def completion(content: str, *, model: str = "scripted-model", prompt: int = 100, answer: int = 20) -> Response:
    """A whole response with this content as the model's message."""
    return Response(
        json.dumps(
            {
                "model": model, "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer},
            }
        )
    )  # fmt: skip


def says(answer: str, *quotes: tuple[int, str], value: str | None = None) -> Response:
    """A response of the form that is asked for."""
    told = {"quotes": [{"line": line, "words": words} for line, words in quotes], "answer": answer}
    return completion(json.dumps(told if value is None else {**told, "value": value}))


def lines_in(body: Body) -> list[tuple[int, str, str]]:
    """The lines of the call that a request shows: number, who, words."""
    transcript = body["messages"][-1]["content"].split("The call:\n")[1]
    found = []
    for line in transcript.split("\n\n")[0].splitlines():
        number, who, words = line.split(" ", 2)
        found.append((int(number), who, json.loads(words)))
    return found


@contextmanager
def scripted_judge(script: Script) -> Iterator[ScriptedJudge]:
    """A server on a port that the system gives, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            judge.asked.append(body)
            judge.headers.append(dict(self.headers))
            response = judge.script(body)
            time.sleep(response.waits)
            content = response.content.encode()
            self.send_response(response.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                self.wfile.write(content if response.cuts is None else content[: response.cuts])
            except OSError:
                return
            if response.cuts is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: words of calls are in no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    judge = ScriptedJudge(url=f"http://127.0.0.1:{server.server_address[1]}/v1", script=script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield judge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
