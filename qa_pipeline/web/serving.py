"""The app behind a server: who it listens to, how it follows what nights commit meanwhile, and who is told of it."""

from __future__ import annotations

import gc
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn
from deltalake.exceptions import DeltaError
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from qa_pipeline.errors import EnvironmentNotReady, QaError
from qa_pipeline.review.deliver import deliver
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.export import export
from qa_pipeline.review.opening import bring_up_to_date
from qa_pipeline.review.webhooks import collect
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.overview import read_ahead

# How soon lists show what a night committed. A look costs a millisecond or two where nothing is new.
_LOOK_SECONDS = 2.0
# After work that took long, the next begins when so many times its time has gone by: pages come first.
_REST = 9.0
# How long a thread may compute before another has its turn. A page asks databases and files some hundred times, and waits as long for its turn after each.
_SWITCH_SECONDS = 0.0005
_LOG = logging.getLogger(__name__)
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
    sys.setswitchinterval(_SWITCH_SECONDS)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        forwarded_allow_ips=",".join(settings.web_proxies),
        timeout_graceful_shutdown=5,
    )
    with exporting(app.state.desk) as desk, following(desk), telling(desk, settings), _made_ready(desk):
        app.state.desk = desk
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _made_ready(desk: Desk) -> Iterator[None]:
    """Beside what is served, read all rubrics, which takes seconds, and leave what stays out of every later search for unused objects: all pages wait for those."""
    is_over = threading.Event()

    def make_ready() -> None:
        read_ahead(desk.rubrics, is_over.is_set)
        gc.collect()
        gc.freeze()

    thread = threading.Thread(target=make_ready, name="making ready")
    thread.start()
    try:
        yield
    finally:
        # A thread that computes while the program goes away would take it down.
        is_over.set()
        thread.join()
        # What stays out is not let go when the program ends, and the libraries that it is of tell that as leaks, in eighty lines.
        gc.unfreeze()


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
def exporting(desk: Desk) -> Iterator[Desk]:
    """The desk with somebody who tells the tables what is decided at it, as long as this lasts: decisions that come meanwhile go in one commit.

    What is decided stands in the database by then, with a note that the tables are to have it: whoever dies here leaves it to the next who comes.
    """
    is_wanted = threading.Event()
    with _again_and_again("exporting", _LOOK_SECONDS, lambda: export(desk), is_wanted):
        yield replace(desk, tell=is_wanted.set)


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
def _again_and_again(name: str, seconds: float, work: Callable[[], object], is_wanted: threading.Event | None = None) -> Iterator[None]:
    """Do something every so many seconds, or when it is wanted, beside what is done meanwhile, and once more at the end where it may be wanted."""
    is_over, is_wanted_now = threading.Event(), is_wanted or threading.Event()
    ails: str | None = None

    def do() -> None:
        nonlocal ails
        try:
            work()
            ails = None
        except (QaError, SQLAlchemyError, DeltaError, OSError, ValueError) as error:
            # A disk or a database that does not answer now: pages say so where it matters, and the next look may find it well.
            if ails != str(error):
                ails = str(error)
                _LOG.warning("%s is behind and goes on trying: %s: %s", name, type(error).__name__, ails)

    def go_on() -> None:
        pause = seconds
        while True:
            is_wanted_now.wait(pause)
            is_wanted_now.clear()
            if is_over.is_set():
                return
            began = time.monotonic()
            do()
            pause = max(seconds, _REST * (time.monotonic() - began))

    thread = threading.Thread(target=go_on, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        is_wanted_now.set()
        thread.join()
        if is_wanted is not None:
            do()
