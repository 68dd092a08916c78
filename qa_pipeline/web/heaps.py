"""How the C library of a server keeps memory. Imports nothing that starts a thread: it is called before anything else is loaded."""

from __future__ import annotations

import ctypes
import platform

# glibc's mallopt(3): heaps that threads share, and the bytes from which a block has pages of its own, or free ones at the end of a heap go back.
_SHARED_HEAPS, _OWN_PAGES, _GIVEN_BACK = (-8, 2), (-3, 128 * 1024), (-1, 256 * 1024)


def hold_memory_together() -> None:
    """Let what pages leave be used again, for as long as the process runs. Nothing to do where the C library is not glibc.

    Left alone, glibc gives each thread a heap, and lets buffers of megabytes lie in them once one was freed: after ten minutes of fifty people at work a server
    held 15 % more than at their start, most of it holes that nothing fitted into; so it holds 3 to 12 % more (`benchmarks/RESULTS.md`). Heaps that are there
    already stay, so this comes before libraries that start threads as they are loaded.
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in (_SHARED_HEAPS, _OWN_PAGES, _GIVEN_BACK):
            mallopt(name, value)
