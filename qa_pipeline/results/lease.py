"""Who may write to a results root now, and who works on which calls: files beside the tables that a crash leaves harmless.

A lock is a row of numbered files (`_leases/NAME/000000000007.json`). Whoever creates the next number has it: creating a file that must not exist
is one step on a disk, on a network folder and in an object store. A holder that died is followed at once by processes of the same machine, and by
others when its file has not changed for a while by their own clocks: nobody's wall clock decides, so a jump of one harms nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from qa_pipeline.errors import EnvironmentNotReady

# A holder says every few seconds that it lives; unheard of for so long, it is followed. Chosen: a commit takes a second or two.
_BEAT_SECONDS = 5.0
_SILENT_SECONDS = 40.0
_PATIENCE_SECONDS = 900.0
_WAIT_SECONDS = (0.005, 0.5)
# Old numbers are deleted late, so that nobody who looked before can create one of them again.
_KEPT = 50
_CLAIM_SECONDS = 900.0
# Locks that this process gave back and could not say so, by root, name and number: it need not wait for itself.
_untold: set[tuple[str, str, int]] = set()


@cache
def _machine() -> str:
    """This machine until its next start: process numbers mean nothing on another, or after."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = ""
    try:
        # Containers of one machine do not see each other's processes.
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{platform.node()}/{boot}/{space}"


def _myself() -> dict[str, Any]:
    return {"machine": _machine(), "pid": os.getpid(), "started": _started(os.getpid())}


def _started(pid: int) -> float | None:
    """When a process began, in a count that no clock moves; None when there is none, or only what is left of one."""
    import psutil

    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else float(fields[19])
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return None
    except (OSError, IndexError, ValueError):
        return None
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether a process of this machine is no more; False when it is another's, which cannot be told from here."""
    if holder.get("machine") != _machine():
        return False
    try:
        return bool(_started(int(holder["pid"])) != holder["started"])
    except (KeyError, ValueError, TypeError):
        return True


class _Folder:
    """Small files under a root, local or in an object store."""

    def __init__(self, root: str, name: str) -> None:
        import fsspec

        # Listings must be fresh: another process may have written a moment ago.
        options = {"use_listings_cache": False} if "://" in root else {"auto_mkdir": True}
        self._fs, path = fsspec.core.url_to_fs(root, **options)
        self._path = f"{path.rstrip('/')}/{name}"
        self._is_local = "://" not in root

    def _make(self) -> None:
        try:
            os.makedirs(self._path, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(error.errno, "a file is in the way", self._path) from error

    def names(self) -> list[str]:
        try:
            return sorted(str(found).rpartition("/")[2] for found in self._fs.ls(self._path, detail=False))
        except FileNotFoundError:
            return []

    def read(self, name: str) -> bytes | None:
        try:
            found: bytes = self._fs.cat_file(f"{self._path}/{name}")
            return found
        except FileNotFoundError:
            return None

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that is not there; False when it is."""
        path = f"{self._path}/{name}"
        if self._is_local:
            # fsspec looks whether it exists and then writes, which are two steps here.
            self._make()
            try:
                with open(path, "xb") as file:
                    file.write(content)
            except FileExistsError:
                return False
            return True
        try:
            self._fs.pipe_file(path, content, mode="create")
        except FileExistsError:
            return False
        return True

    def write(self, name: str, content: bytes) -> None:
        if self._is_local:
            # Whole or not at all, also for those who read meanwhile.
            self._make()
            scratch = f"{self._path}/.{name}.{os.getpid()}.{threading.get_ident()}"
            with open(scratch, "wb") as file:
                file.write(content)
            os.replace(scratch, f"{self._path}/{name}")
        else:
            self._fs.pipe_file(f"{self._path}/{name}", content)

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(f"{self._path}/{name}")


class Lock:
    """One writer at a time: `with lock:`. A thread that has it may enter again; other threads of the process wait as others do."""

    def __init__(self, root: str, name: str = "commit", *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._root, self._name, self._patience = root, name, patience_seconds
        self._inside = threading.RLock()
        self._depth = 0
        self._number = 0
        self._stop = threading.Event()
        self._beats: threading.Thread | None = None

    def __enter__(self) -> Lock:
        """Wait for it. Raises EnvironmentNotReady when it cannot be had, or the root not be written to."""
        self._inside.acquire()
        try:
            if self._depth == 0:
                self._acquire()
            self._depth += 1
        except BaseException:
            self._inside.release()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._release()
        finally:
            self._inside.release()

    def _acquire(self) -> None:
        folder = _Folder(self._root, f"_leases/{self._name}")
        began = changed = time.monotonic()
        seen: tuple[int, bytes | None] | None = None
        pause, most = _WAIT_SECONDS
        while True:
            try:
                names = [name for name in folder.names() if name.endswith(".json") and not name.startswith(".")]
                number = int(names[-1].partition(".")[0]) if names else 0
                content = folder.read(names[-1]) if names else None
                now = time.monotonic()
                if (number, content) != seen:
                    seen, changed = (number, content), now
                is_free = not names or _is_released(content) or self._is_given_back(number, content) or now - changed > _SILENT_SECONDS
                if is_free and folder.create(_file(number + 1), _content(0)):
                    self._number = number + 1
                    folder.delete(name for name in names if int(name.partition(".")[0]) <= number - _KEPT)
                    break
            except _store_errors() as error:
                raise _unwritable(self._root, error) from error
            if now - began > self._patience:
                raise EnvironmentNotReady(
                    f"Another process has been writing to {self._root} for {self._patience:.0f} s: {_who(_parsed(content))}.",
                    advice="Wait for it to end, or end it; then run the same command again.",
                )
            time.sleep(pause)
            pause = min(most, pause * 1.5)
        self._stop = threading.Event()
        self._beats = threading.Thread(target=self._beat, args=(folder, self._number, self._stop), daemon=True)
        self._beats.start()

    def _beat(self, folder: _Folder, number: int, stop: threading.Event) -> None:
        beat = 0
        while not stop.wait(_BEAT_SECONDS):
            beat += 1
            # A beat that cannot be written is not the work's affair: the work will say so itself.
            with contextlib.suppress(Exception):
                folder.write(_file(number), _content(beat))

    def _release(self) -> None:
        self._stop.set()
        if self._beats:
            self._beats.join()
        # If the disk is full or the store away, the others wait until we are silent, or gone.
        untold = self._root, self._name, self._number
        _untold.add(untold)
        with contextlib.suppress(Exception):
            _Folder(self._root, f"_leases/{self._name}").write(_file(self._number), json.dumps({"state": "released"}).encode())
            _untold.discard(untold)

    def _is_given_back(self, number: int, content: bytes | None) -> bool:
        """Whether this process had it, and could not say that it has it no more."""
        holder = _parsed(content)
        return (self._root, self._name, number) in _untold and {name: holder.get(name) for name in _myself()} == _myself()


@cache
def _store_errors() -> tuple[type[Exception], ...]:
    """What a disk or an object store raises when it does not answer; s3fs lets some errors of botocore through as they are."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError)


def _unwritable(root: str, error: Exception) -> EnvironmentNotReady:
    return EnvironmentNotReady(
        f"Results cannot be written to {root}: {getattr(error, 'strerror', None) or error}.",
        advice="Check space, rights and the connection there, then run the same command again; nothing is doubled.",
    )


def _file(number: int) -> str:
    return f"{number:012d}.json"


def _content(beat: int) -> bytes:
    return json.dumps({**_myself(), "state": "held", "beat": beat}).encode()


def _parsed(content: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_released(content: bytes | None) -> bool:
    # A file without content was created by a process that ended, or is about to be filled.
    found = _parsed(content)
    return found.get("state") == "released" or (bool(found) and _is_dead(found))


def _who(holder: dict[str, Any]) -> str:
    return f"process {holder['pid']} on {str(holder.get('machine', '')).partition('/')[0]}" if "pid" in holder else "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A run under way: its name, its process, how many calls it took on."""

    run_id: str
    who: str
    calls: int


@dataclass(slots=True)
class Claims:
    """Calls that this process works on. Others leave them alone as long as it lives; a machine that went away for a quarter of an hour."""

    root: str
    run_id: str
    _stop: threading.Event = field(default_factory=threading.Event)

    def others(self) -> set[str]:
        """Calls that other living processes work on. What dead ones left is deleted.

        A claim that is there and says nothing yet is waited for: to take it for none would have two processes work on its calls. One that stays so
        was left by a crash.
        """
        folder = _Folder(self.root, "_claims")
        deadline = time.monotonic() + _SILENT_SECONDS
        while blank := [name for name, claim in self._claims() if not claim]:
            if time.monotonic() > deadline:
                folder.delete(blank)
                break
            time.sleep(_WAIT_SECONDS[1])
        return {call for _, claim in self._living() for call in claim.get("calls", ())}

    def living(self) -> list[Working]:
        """Who else works on this root now; also who has not said yet on what."""
        return [Working(run_id=run_id, who=_who(claim), calls=len(claim.get("calls", ()))) for run_id, claim in self._living()]

    def _claims(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Files of others and what they say; nothing where one is still to be written."""
        folder = _Folder(self.root, "_claims")
        for name in folder.names():
            if name.startswith(".") or not name.endswith(".json") or name == f"{self.run_id}.json":
                continue
            # One that went away since the listing is none.
            if (content := folder.read(name)) is not None:
                yield name, _parsed(content)

    def _living(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, claim in self._claims():
            if claim and (_is_dead(claim) or (claim.get("machine") != _machine() and float(claim.get("until", 0)) < time.time())):
                _Folder(self.root, "_claims").delete([name])
            else:
                yield name.removesuffix(".json"), claim

    @contextlib.contextmanager
    def hold(self, calls: Iterable[str]) -> Iterator[None]:
        """Claim calls until the end of the block. Raises EnvironmentNotReady when that cannot be written: others would take the same calls."""
        folder, name, mine = _Folder(self.root, "_claims"), f"{self.run_id}.json", list(calls)

        def write() -> None:
            claim = {**_myself(), "until": time.time() + _CLAIM_SECONDS, "calls": mine}
            folder.write(name, json.dumps(claim).encode())

        def beat() -> None:
            while not self._stop.wait(_CLAIM_SECONDS / 5):
                # One that cannot be renewed still stands for a while; the work itself will say what is wrong.
                with contextlib.suppress(Exception):
                    write()

        if not mine:
            yield
            return
        try:
            write()
        except _store_errors() as error:
            raise _unwritable(self.root, error) from error
        beats = threading.Thread(target=beat, daemon=True)
        beats.start()
        try:
            yield
        finally:
            self._stop.set()
            beats.join()
            with contextlib.suppress(Exception):
                folder.delete([name])
