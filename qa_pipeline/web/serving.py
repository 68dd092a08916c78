"""The app behind a server: who it listens to, how it follows what nights commit meanwhile, and who is told of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from qa_pipeline.errors import EnvironmentNotReady, QaError
from qa_pipeline.review.deliver import deliver
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.webhooks import collect
from qa_pipeline.settings import Settings

# How soon lists show what a night committed. A look costs a millisecond or two where nothing is new.
_LOOK_SECONDS = 2.0
# How many browsers may wait for an answer at once before the next is refused.
_WAITING = 2048
# How soon webhooks hear of something: nobody waits for them at a screen.
_TELL_SECONDS = 15.0


def listen(host: str, port: int) -> socket.socket:
    """A port of this machine to be served on; 0 is any that is free. Raises EnvironmentNotReady where it is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # From here on a browser waits for the app to come up; without it, whoever follows a printed link at once is refused.
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        raise EnvironmentNotReady(f"Port {port} of {host} cannot be used: {error.strerror}.", advice="Give another --port.") from error
    return listening


def address_of(listening: socket.socket) -> str:
    """Where a browser of this machine finds it."""
    host, port = listening.getsockname()[:2]
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host
    return f"http://{shown}:{port}"


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Serve until stopped."""
    settings: Settings = app.state.settings
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        forwarded_allow_ips=",".join(settings.web_proxies),
        timeout_graceful_shutdown=5,
    )
    with following(app.state.desk), telling(app.state.desk, settings):
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app served in a thread of this process, on a port that is free, as long as this lasts; gives the address. For tests and pictures."""
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                thread.join(0.01)
            yield address_of(listening)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def following(desk: Desk) -> Iterator[None]:
    """Let lists and effective scores follow what is committed by others, as long as this lasts."""
    with _again_and_again("following", _LOOK_SECONDS, lambda: bring_up_to_date(desk)):
        yield


@contextmanager
def telling(desk: Desk, settings: Settings) -> Iterator[None]:
    """Let webhooks hear of what happens, as long as this lasts. It has a thread of its own: a receiver that is slow holds up nothing else."""

    def tell() -> None:
        collect(desk)
        deliver(desk.engine, settings)

    with _again_and_again("telling", _TELL_SECONDS, tell):
        yield


@contextmanager
def _again_and_again(name: str, seconds: float, work: Callable[[], None]) -> Iterator[None]:
    """Do something every so many seconds, beside what is done meanwhile."""
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.wait(seconds):
            try:
                work()
            except (QaError, SQLAlchemyError, OSError, ValueError):
                # A disk or a database that does not answer now: pages say so where it matters, and the next look may find it well.
                continue

    thread = threading.Thread(target=go_on, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
