"""An object store for tests: moto's S3 over HTTP, which can be told to fail or to dawdle."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

BUCKET = "results"


class ObjectStore:
    """A server on this machine. `trouble`: the share of requests answered with 500. `delay`: seconds that each waits."""

    def __init__(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.trouble, self.delay, self.troubled, self.answered = 0.0, 0.0, 0, 0
        self._chance = random.Random(0)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """Variables that deltalake and s3fs find the server by."""
        return {
            "AWS_ENDPOINT_URL": self.url, "AWS_ALLOW_HTTP": "true", "AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.answered += 1
        if self.delay:
            time.sleep(self.delay)
        if self.trouble and self._chance.random() < self.trouble:
            self.troubled += 1
            # What was sent must be read, or the connection breaks instead of answering.
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InternalError</Code><Message>trouble</Message></Error>"]
        return self._moto(environ, start_response)  # type: ignore[no-any-return]  # moto is not typed


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A server with an empty bucket; its variables stand in the environment meanwhile."""
    import boto3
    import fsspec

    store = ObjectStore()
    before = {name: os.environ.get(name) for name in store.environment}
    os.environ.update(store.environment)
    try:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield store
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        # Connections to a server that is gone must not be met again.
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        store.close()
