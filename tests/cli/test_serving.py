"""`serve`: what it says at its start, and what it refuses."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from desks import commit, make_desk, reopen

from qa_pipeline.cli.main import main
from qa_pipeline.review.demonstration import ACCOUNTS, seed_demonstration
from qa_pipeline.review.passphrases import sign_in
from qa_pipeline.review.people import viewer_of
from qa_pipeline.web import serving

# Far more than any machine needs; a test that fails ends before it.
PATIENCE = 900


@contextmanager
def ending(server: subprocess.Popen[str]) -> Iterator[None]:
    """End the server whatever happens: a test that fails must not wait for one that serves for ever."""
    try:
        yield
    finally:
        server.kill()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(make_desk(tmp_path).store.root)


@pytest.fixture
def sample_root(tmp_path: Path) -> Path:
    desk = make_desk(tmp_path, calls=())
    for call_id, agent in (("c1", "a1"), ("c2", "a2")):
        commit(desk.store, call_id, agent_id=agent, source_uri=f"/anywhere/sample_audio/{call_id}.wav")
    return Path(desk.store.root)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(arguments))
    return done.exit_code, done.output


def test_a_taken_port_is_told_in_one_line(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, output = run("serve", "--results", str(root), "--port", str(port))
    assert code == 3
    assert f"Port {port} of 127.0.0.1 cannot be used" in output and "another --port" in output


def test_known_passphrases_have_no_place_over_other_calls(root: Path) -> None:
    code, output = run("serve", "--results", str(root), "--port", "0", "--demo")
    assert code == 2
    assert "are not those of sample_audio alone" in output


@pytest.mark.slow
def test_a_demonstration_has_an_account_of_each_role_and_can_be_begun_again(sample_root: Path) -> None:
    desk = reopen(sample_root.parent)
    for _ in range(2):
        seed_demonstration(desk)
    assert {role for one in ACCOUNTS for role in sign_in(desk.engine, one.name, one.passphrase).roles} == {one.role for one in ACCOUNTS}
    assert [tenure.team for tenure in viewer_of(desk.engine, "anna").teams] == ["north"]
    assert viewer_of(desk.engine, "lin").agent_ids == {"a1"}


@pytest.mark.slow
def test_the_first_start_leads_to_the_first_account_and_ends_when_it_is_told_to(root: Path) -> None:
    command = [sys.executable, "-m", "qa_pipeline.cli.main", "serve", "--results", str(root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as server, ending(server):
        assert server.stdout is not None
        found = re.search(r"http://localhost:\d+/link/\S+", server.stdout.readline())
        assert found is not None
        # The link holds as soon as it is printed: a browser that is quicker than the app waits for it.
        with httpx.Client(timeout=PATIENCE) as client:
            page = client.get(found.group())
            token = re.search(r'name="csrf" value="([^"]+)"', page.text)
            assert token is not None
            form = {"name": "sven", "passphrase": "quiet river under stones", "again": "quiet river under stones", "csrf": token.group(1)}
            assert client.post(found.group(), data=form).status_code == 303
            assert client.get(found.group().split("/link/")[0] + "/record").status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=PATIENCE) in (0, 130)


def test_whoever_comes_before_the_app_is_up_waits_for_it() -> None:
    with serving.listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()[:2]) as early:
        early.sendall(b"GET / HTTP/1.1\r\n\r\n")
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.recv(5) == b"GET /"
