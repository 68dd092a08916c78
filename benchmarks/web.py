"""The review app under load: `python benchmarks/web.py [--calls 100000] [--minutes 10] [--users 50] [--think 3] [--keep FOLDER]`.

Fills a results root with so many calls (as benchmarks/reading.py does), starts `qa-pipeline serve` over it as anybody would, and lets so many people work there,
each in a thread: reviewers open the queue, a call and decide, supervisors and trainers look at figures and agreement, agents at their scorecards, programs ask
the API. Between two pages everybody thinks, `--think` seconds on average. Meanwhile another process commits twenty calls every five seconds into the same root.

Prints for each page how often it was asked, p50, p95 and p99 in milliseconds as the browser waits for them, and errors; the server's memory after a warm-up and
at the end; and when a call page paints first in Chromium, if that is installed. Ends with 1 where a list or a call page is slower than 300 ms at p95,
anything failed, memory grew by more than a tenth, or the first paint took more than a second. `--keep` leaves the root there and uses it again.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from deltalake import write_deltalake
from reading import CRITERIA, DAYS, TEAMS, _day_tables, fill, rubric_of_all

from qa_pipeline.reading.viewer import Role, local_viewer
from qa_pipeline.results.commit import row_groups
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.opening import open_desk
from qa_pipeline.review.people import add_account, add_member, add_team, list_accounts, list_teams
from qa_pipeline.review.sessions import begin_session
from qa_pipeline.review.tokens import May, make_token
from qa_pipeline.running.environment import open_store
from qa_pipeline.settings import Settings, load_settings
from qa_pipeline.web.app import create_app
from qa_pipeline.web.routing import matrix
from qa_pipeline.web.signed import COOKIE, FORM_HEADER

CHROMIUM = "/usr/bin/chromium"
MOST_MS, MOST_PAINT_MS = 300.0, 1_000.0
# What must be that quick: lists and calls. Figures and agreement work out more.
QUICK = frozenset(("queue", "list of calls", "list by API", "disputes", "own scorecards", "call page", "call by API"))
# Of a hundred users, how many are what; programs ask by tokens.
SHARES = {Role.REVIEWER: 40, Role.AGENT: 26, Role.SUPERVISOR: 16, Role.TRAINER: 6, Role.OPERATOR: 4}
# Until everybody has opened what they open, and what is kept of it is there: measured, memory stands still after a minute and a half.
_WARM_UP_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: which page, how long it took, and the status; None: no answer."""

    page: str
    ms: float
    status: int | None


@dataclass(slots=True)
class Heard:
    """What everybody asked."""

    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, one: Asked) -> None:
        with self.lock:
            self.asked.append(one)


class User:
    """Somebody at work."""

    def __init__(self, address: str, heard: Heard, seed: int, *, headers: dict[str, str], cookie: str | None) -> None:
        self.chance = random.Random(seed)
        self.client = httpx.Client(base_url=address, timeout=30.0, headers=headers, cookies={COOKIE: cookie} if cookie else None)
        self.heard = heard

    def ask(self, page: str, path: str, *, method: str = "GET", **options: object) -> httpx.Response | None:
        """Ask for a page and note how long it took."""
        begin = time.perf_counter()
        try:
            answer = self.client.request(method, path, **options)  # type: ignore[arg-type]
            status: int | None = answer.status_code
        except httpx.HTTPError:
            answer, status = None, None
        self.heard.add(Asked(page=page, ms=1000 * (time.perf_counter() - begin), status=status))
        return answer


def prepare(settings: Settings, calls: int, users: int) -> tuple[Desk, list[tuple[Role, str]]]:
    """The root, its desk, and accounts by role: as many of each as `users` says."""
    store = open_store(settings)
    if not (Path(settings.results) / "scores").exists():
        fill(settings, calls)
    desk = open_desk(settings, store)
    there, teams = {account.name for account in list_accounts(desk.engine)}, list_teams(desk.engine)
    for number in range(TEAMS):
        if f"team{number}" not in teams:
            add_team(desk.engine, f"team{number}")
    people = []
    for role, share in SHARES.items():
        for number in range(max(1, round(users * share / 100))):
            name = f"{role.value}{number}"
            people.append((role, name))
            if name not in there:
                add_account(desk.engine, name, roles=[role], agent_ids=[f"a{number}"] if role is Role.AGENT else [])
                if role is Role.SUPERVISOR:
                    add_member(desk.engine, f"team{number % TEAMS}", supervisor=name)
    return desk, people


def days_of(role: Role, calls: int, routes: frozenset[str]) -> Callable[[User], None]:
    """What somebody of a role does next. Pages that this build has not are left out."""

    def some_call(user: User) -> str:
        return f"call{user.chance.randrange(calls)}"

    def review(user: User) -> None:
        if "/queue" in routes:
            user.ask("queue", "/queue")
        call_id = some_call(user)
        if "/calls/{call_id}" in routes:
            user.ask("call page", f"/calls/{call_id}")
        else:
            user.ask("call by API", f"/api/v1/calls/{call_id}")
        if user.chance.random() < 0.3:
            body = {"kind": "confirmation", "criterion_id": user.chance.choice(CRITERIA)}
            user.ask("decision", f"/api/v1/calls/{call_id}/decisions", method="POST", json=body)

    def supervise(user: User) -> None:
        paths = {
            "figures": "/figures", "list of calls": "/figures/calls", "disputes": "/disputes", "coaching": "/coaching", "agreement": "/agreement",
            "calibration": "/calibration", "figures by API": "/api/v1/figures",
        }  # fmt: skip
        name, path = user.chance.choice([(name, path) for name, path in paths.items() if path in routes])
        user.ask(name, path, params={"by": "team,month"} if name == "figures by API" else {})

    def own(user: User) -> None:
        user.ask("own scorecards", "/mine")

    def train(user: User) -> None:
        user.ask("rubrics", "/rubrics")

    def operate(user: User) -> None:
        user.ask("operator's page", "/operator")

    return {Role.REVIEWER: review, Role.SUPERVISOR: supervise, Role.AGENT: own, Role.TRAINER: train, Role.OPERATOR: operate}[role]


def ask_by_token(user: User) -> None:
    """What a program does."""
    first = user.ask("list by API", "/api/v1/calls", params={"size": 50, "order": user.chance.choice(["newest", "doubt"])})
    if first is not None and first.status_code == 200 and first.json()["next"]:
        user.ask(
            "list by API", "/api/v1/calls", params={"size": 50, "after": first.json()["next"], "order": first.request.url.params["order"]}
        )


def write_on(root: str, first: int) -> None:
    """Commit twenty calls every five seconds, for ever."""
    store, chance, judged_by = open_store(load_settings(results=root)), np.random.default_rng(1), rubric_of_all()
    while True:
        for name, rows in _day_tables(DAYS - 1, first, 20, chance, judged_by).items():
            with store.lock:
                write_deltalake(store.path(name), rows, mode="append", partition_by=["call_date"], writer_properties=row_groups())
        first += 20
        time.sleep(5)


def started(root: str) -> tuple[subprocess.Popen[str], str]:
    """The server, and where it is."""
    command = [sys.executable, "-m", "qa_pipeline.cli.main", "serve", "--results", root, "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert server.stdout is not None
    for line in server.stdout:
        # A link to begin with, or the address alone.
        if found := re.search(r"http://[^/\s]+", line):
            return server, found[0]
    raise SystemExit("The server did not start.")


def memory_of(server: subprocess.Popen[str]) -> float:
    """MB that the server holds."""
    return float(psutil.Process(server.pid).memory_info().rss / 1e6)


def _watched(server: subprocess.Popen[str], minutes: float) -> list[float]:
    """MB that the server holds at the end of each minute, while so many minutes go by."""
    held, left = [], 60 * minutes
    while left > 0:
        time.sleep(min(60.0, left))
        left -= 60
        held.append(memory_of(server))
    return held


def first_paint(address: str, cookie: str, path: str) -> float | None:
    """Milliseconds until a page paints first, the best of three as a browser that was there before; None without Chromium."""
    if not Path(CHROMIUM).exists():
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        found = []
        for _ in range(3):
            page = context.new_page()
            page.goto(path)
            # Asked again and again from here: the page's policy lets no script be made of text.
            while (painted := page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")) is None:
                time.sleep(0.02)
            found.append(float(painted))
            page.close()
        browser.close()
    return min(found)


def work(user: User, act: Callable[[User], None], think: float, is_over: threading.Event) -> None:
    """Act, think, act."""
    while not is_over.wait(user.chance.uniform(0.5, 1.5) * think):
        act(user)


def tell(asked: list[Asked]) -> bool:
    """Print the figures. Returns whether all is as it should be."""
    by_page: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        by_page[one.page].append(one)
    print(f"{'page':18}{'asked':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'errors':>8}")
    is_well = True
    for name, several in sorted(by_page.items()):
        p50, p95, p99 = np.percentile([one.ms for one in several], (50, 95, 99))
        # 409: two decided about one call at once, and the second was told so.
        wrong = [one for one in several if one.status is None or (one.status >= 400 and one.status != 409)]
        print(f"{name:18}{len(several):8}{p50:8.0f}{p95:8.0f}{p99:8.0f}{len(wrong):8}", *sorted({str(one.status) for one in wrong}))
        is_well &= not wrong and (name not in QUICK or p95 <= MOST_MS)
    return is_well


def main() -> None:
    """Fill, serve, work, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--think", type=float, default=3.0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write_on(given.write, given.calls)
        return
    with tempfile.TemporaryDirectory() as scratch:
        settings = load_settings(results=str((given.keep or Path(scratch)) / f"web{given.calls}"))
        desk, people = prepare(settings, given.calls, given.users)
        routes = frozenset(rule.path for rule in matrix(create_app(desk, settings)))
        accounts = {account.name: account.account for account in list_accounts(desk.engine)}
        server, address = started(settings.results)
        writer = subprocess.Popen(
            [sys.executable, __file__, "--write", settings.results, "--calls", str(10_000_000 + int(time.time()) % 1_000_000 * 20)]
        )
        try:
            is_well = _measure(given, desk, people, accounts, routes, server, address)
        finally:
            for process in (writer, server):
                process.terminate()
                process.wait()
    sys.exit(0 if is_well else 1)


def _measure(
    given: argparse.Namespace,
    desk: Desk,
    people: list[tuple[Role, str]],
    accounts: dict[str, int],
    routes: frozenset[str],
    server: subprocess.Popen[str],
    address: str,
) -> bool:
    from qa_pipeline.review.sessions import read_session

    heard, is_over = Heard(), threading.Event()
    users: list[tuple[User, Callable[[User], None]]] = []
    cookies = {}
    for number, (role, name) in enumerate(people):
        cookies[role] = cookie = begin_session(desk.engine, accounts[name], hours=24)
        session = read_session(desk.engine, cookie, idle_minutes=600)
        assert session is not None
        users.append((User(address, heard, number, headers={FORM_HEADER: session.csrf}, cookie=cookie), days_of(role, given.calls, routes)))
    for number in range(max(0, given.users - len(people))):
        _, secret = make_token(desk.engine, local_viewer(None), f"program {number}", account="reviewer0", may=tuple(May))
        users.append((User(address, heard, 1000 + number, headers={"Authorization": f"Bearer {secret}"}, cookie=None), ask_by_token))
    threads = [threading.Thread(target=work, args=(*user, given.think, is_over), daemon=True) for user in users]
    for thread in threads:
        thread.start()
    time.sleep(min(_WARM_UP_SECONDS, 20 * given.minutes))
    heard.asked.clear()
    before = memory_of(server)
    held = _watched(server, given.minutes)
    path = f"/calls/call{given.calls // 2}" if "/calls/{call_id}" in routes else "/agreement"
    paint = first_paint(address, cookies[Role.REVIEWER], path)
    after = memory_of(server)
    is_over.set()
    for thread in threads:
        thread.join(timeout=40)
    print(f"{given.calls:,} calls, {len(users)} users for {given.minutes:g} minutes, thinking {given.think:g} s, a writer beside them")
    is_well = tell(list(heard.asked))
    print(
        f"memory of the server: {before:.0f} MB after the warm-up, {after:.0f} MB at the end; minute by minute {', '.join(f'{mb:.0f}' for mb in held)}"
    )
    if paint is not None:
        print(f"first paint of {path}: {paint:.0f} ms, while they work")
    return is_well and after <= 1.1 * before and (paint is None or paint <= MOST_PAINT_MS)


if __name__ == "__main__":
    main()
