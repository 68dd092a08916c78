"""Whatever shows a call shows it without what is hidden: words, quotes, reasons, columns, sound, files."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.cli.main import main

pytestmark = pytest.mark.models

SECRETS = ("0770 900 1234", "Fisk", "martin.fisk@mail.com", "c-4711")
LINES = (
    "0:00 agent: Hello, Anna from Blue Line. Who is calling, please?\n0:04 customer: Martin Fisk.\n"
    "0:06 agent: How can I help, Mr Fisk?\n0:08 customer: My order has not come. My phone is 0770 900 1234 and my mail is martin.fisk@mail.com.\n"
    "0:20 agent: I will look at once. Is there anything else? Thank you, Mr Fisk, goodbye.\n"
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    (folder / "one.txt").write_text(LINES, "utf-8")
    (folder / "calls.csv").write_text("file,call_id,direction,customer_id,language\none.txt,one,inbound,c-4711,en\n", "utf-8")
    done = CliRunner().invoke(main, ["run", str(folder), "--results", str(folder / "results")])
    assert done.exit_code == 0, done.output
    return folder / "results"


def call(*arguments: str) -> str:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_nothing_of_it_is_in_a_scorecard_a_page_or_a_table(root: Path, tmp_path: Path) -> None:
    plain = call("scorecard", "one", "--results", str(root))
    assert len(leaks(plain)) >= 3
    assert leaks(call("scorecard", "one", "--redacted", "--results", str(root))) == []
    for arguments in (
        ("report", "--html", str(tmp_path / "all.html")), ("scorecard", "one", "--html", str(tmp_path / "one.html")),
        ("export", str(tmp_path / "calls.csv")), ("export", str(tmp_path / "findings.csv"), "--findings"),
    ):  # fmt: skip
        call(*arguments, "--redacted", "--results", str(root))
    for path in tmp_path.iterdir():
        assert leaks(path.read_text("utf-8")) == [], path.name
    assert "[phone]" in (tmp_path / "one.html").read_text("utf-8")


def printed(page: Path) -> str:
    """What a page says on paper: the text of its PDF, read by each font's table of signs, and its title."""
    program = shutil.which("chromium")
    if not program:
        pytest.skip("needs Debian's chromium")
    pdf = page.with_suffix(".pdf")
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=900, check=True)
    streams = [_inflated(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf.read_bytes(), re.DOTALL)]
    drawn = [re.findall(rb"<([0-9A-Fa-f]+)>(?=[^\[\]]*?\]? ?T[jJ])", stream) for stream in streams if b" Tf" in stream]
    texts = [" ".join(stream.decode("latin-1") for stream in streams if b"/Title" in stream)]
    for table in (stream.decode("latin-1") for stream in streams if b"beginbfchar" in stream or b"beginbfrange" in stream):
        signs = {int(glyph, 16): chr(int(sign[:4], 16)) for glyph, sign in re.findall(r"^<(\w{4})> <(\w{4,})>$", table, re.MULTILINE)}
        for first, last, sign in re.findall(r"^<(\w{4})> <(\w{4})> <(\w{4})>$", table, re.MULTILINE):
            signs |= {int(first, 16) + at: chr(int(sign, 16) + at) for at in range(int(last, 16) - int(first, 16) + 1)}
        for pieces in drawn:
            texts.append("".join(signs.get(int(piece[at : at + 4], 16), "") for piece in pieces for at in range(0, len(piece) - 3, 4)))
    return "\n".join(texts)


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


@pytest.mark.browser
def test_nothing_of_it_is_in_a_scorecard_that_is_printed(root: Path, tmp_path: Path) -> None:
    call("scorecard", "one", "--html", str(tmp_path / "plain.html"), "--results", str(root))
    call("scorecard", "one", "--html", str(tmp_path / "hidden.html"), "--redacted", "--results", str(root))
    assert {"Fisk", "0770 900 1234"} <= set(leaks(printed(tmp_path / "plain.html")))
    paper = printed(tmp_path / "hidden.html")
    assert leaks(paper) == [] and "[phone]" in paper


def test_a_call_as_files_and_what_would_be_hidden(root: Path, tmp_path: Path) -> None:
    told = call("redact", "one", "--dry-run", "--results", str(root))
    assert "0770 900 1234" in told and re.search(r"one: \d+ places would be hidden", told)
    call("redact", "one", "--to", str(tmp_path), "--results", str(root))
    [path] = tmp_path.iterdir()
    assert path.name == "one.txt"
    text = path.read_text("utf-8")
    assert leaks(text) == [] and text.count("[name]") == 3 and "Anna from Blue Line" in text


def test_a_policy_holds_for_files_without_being_asked(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "privacy.yaml"
    policy.write_text("files: {words: [phone], columns: [customer_id]}\n", "utf-8")
    monkeypatch.setenv("QA_PIPELINE_PRIVACY_POLICY", str(policy))
    call("scorecard", "one", "--html", str(tmp_path / "one.html"), "--results", str(root))
    page = (tmp_path / "one.html").read_text("utf-8")
    assert "0770 900 1234" not in page and "Fisk" in page and "c-4711" not in page


def test_where_to_write_must_be_said(root: Path) -> None:
    done = CliRunner().invoke(main, ["redact", "one", "--results", str(root)])
    assert done.exit_code == 2 and "--dry-run" in done.output
