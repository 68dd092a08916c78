"""The trainer's guide, played: its files written, its commands run, and what they print as the page says."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.models
def test_the_guide_prints_what_it_says(tmp_path: Path) -> None:
    spec = spec_from_file_location("play", ROOT / "docs" / "play.py")
    assert spec and spec.loader
    player = module_from_spec(spec)
    spec.loader.exec_module(player)
    page = (ROOT / "docs" / "trainer.md").read_text("utf-8")
    assert player.play(page, tmp_path) == page, "run `python docs/play.py docs/trainer.md`"
