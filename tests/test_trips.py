"""The trips on the architecture page are those that the code makes, none climbs, and the page's table of layers is in their order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.trips import Trip, on_page, printed
from tests.test_layers import LAYERS, ROOT

PAGE = ROOT.parent / "docs" / "architecture.md"


@pytest.mark.slow
def test_a_criterion_goes_from_yaml_to_its_verdict_as_the_page_says() -> None:
    assert on_page("criterion") == printed("criterion"), "run `python -m docs.trips write`"


@pytest.mark.slow
def test_an_override_goes_from_a_click_to_parquet_as_the_page_says() -> None:
    assert on_page("override") == printed("override"), "run `python -m docs.trips write`"


@pytest.mark.models
def test_a_call_goes_from_its_file_to_its_findings_as_the_page_says() -> None:
    assert on_page("call") == printed("call"), "run `python -m docs.trips write`"


def test_a_call_into_a_lower_room_is_seen() -> None:
    from qa_pipeline.rubric.canonical import rubric_sha256
    from qa_pipeline.text import fold

    # `text` is handed a function of `rubric`, as a callback would be.
    code = "def climb(function):\n    try:\n        function(None)\n    except AttributeError:\n        pass\n"
    exec(compile(code, fold.__file__, "exec"), space := {"__name__": fold.__name__})
    with Trip() as trip:
        space["climb"](rubric_sha256)
    assert trip.climbs == [("text.fold", "rubric.canonical")]


def test_the_table_of_layers_is_in_their_order() -> None:
    table = PAGE.read_text("utf-8").split("## Layers")[1].split("\nOutside the package:")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [re.findall(r"`(\w+)(?:/|\.py)`", cell) for cell in first_cells]
    assert [set(names) for names in named if names != ["flows"]] == [set(layer) for layer in LAYERS]


def test_modules_that_the_page_names_exist() -> None:
    text = re.sub(r"```.*?```", "", PAGE.read_text("utf-8"), flags=re.DOTALL)
    paths = set(re.findall(r"`([\w/]+/\w+\.py)`", text))
    missing = [path for path in paths if not any((root / path).exists() for root in (ROOT, ROOT.parent, ROOT.parent / "docs"))]
    assert missing == []


def test_modules_named_in_a_row_of_the_table_lie_in_its_folder() -> None:
    table = PAGE.read_text("utf-8").split("## Layers")[1].split("\nOutside the package:")[0]
    missing, folder = [], Path()
    for line in table.splitlines():
        if found := re.match(r"\| (?:`(\w+)/`)? ?\|", line):
            folder = (ROOT.parent if found[1] == "flows" else ROOT) / found[1] if found[1] else folder
            missing += [
                f"{folder.name}/{name}" for name in re.findall(r"`(\w+\.(?:py|html|css|js))`", line) if not (folder / name).exists()
            ]
    assert missing == []
