"""Play a page: write its files, run its commands in order in a scratch folder, and put what they print into it.

`python docs/play.py docs/trainer.md` renews the page. A block that follows `<!-- write: PATH -->` (or `append`) is a file; in ```console blocks lines that
begin with $ are run. The tests play the page too and compare.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"(?:<!-- (write|append): (\S+) -->\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def play(text: str, folder: Path) -> str:
    """The page with what its commands print now. `folder`: an empty one; the shipped rubrics are put there."""
    shutil.copytree(ROOT / "rubrics", folder / "rubrics")

    def renew(match: re.Match[str]) -> str:
        how, path, language, body = match.groups()
        if how:
            with (folder / path).open("a" if how == "append" else "w", encoding="utf-8") as file:
                file.write(body)
        if language != "console":
            return match.group()
        head = match.group()[: match.start(4) - match.start()]
        return head + "".join(_run(line[2:], folder) for line in body.splitlines() if line.startswith("$ ")) + "```"

    return _BLOCK.sub(renew, text)


def _run(command: str, folder: Path) -> str:
    environment = {**os.environ, "QA_PIPELINE_RUBRICS": "rubrics", "QA_PIPELINE_RESULTS": "results", "COLUMNS": "120", "NO_COLOR": "1"}
    # Two calls: a second process would take longer to load the models than to hear one.
    environment["QA_PIPELINE_WORKERS"] = "1"
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).replace(str(folder) + "/", "")
    # Times of runs differ from run to run.
    said = re.sub(r"\d+\.\d s\b", "0.1 s", said)
    lines = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    return f"$ {command}\n{lines}" + (f"(exit code {done.returncode})\n" if done.returncode else "")


def main() -> None:
    for name in sys.argv[1:]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(play(page.read_text("utf-8"), Path(folder)), "utf-8")


if __name__ == "__main__":
    main()
