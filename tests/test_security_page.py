"""What docs/security.md and docs/asvs.md say is so: the tests that it names are there, and what it is made of is listed."""

from __future__ import annotations

import json
import re

import pytest

from qa_pipeline.packaged import PACKAGE_ROOT

PAGE = (PACKAGE_ROOT / "docs" / "security.md").read_text("utf-8")
ASVS = (PACKAGE_ROOT / "docs" / "asvs.md").read_text("utf-8")
_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def test_every_threat_names_its_test_and_each_named_test_is_there() -> None:
    threats = [line for line in PAGE.partition("## Threats")[2].partition("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    assert len(threats) >= 20 and [line for line in threats if not _NAMED.search(line)] == []
    missing = []
    for path, name in _NAMED.findall(PAGE + ASVS):
        file = PACKAGE_ROOT / path
        if not file.is_file() or (name and f"\ndef {name}(" not in file.read_text("utf-8")):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_weights_are_never_unpickled() -> None:
    """What unpickles may run whatever it was given: between processes of one run alone, and never a file of a model."""
    loading = re.compile(r"pickle\.loads?\(|torch\.load\((?![^)]*weights_only=True)|joblib|allow_pickle=True")
    found = {path.name for path in (PACKAGE_ROOT / "qa_pipeline").rglob("*.py") if loading.search(path.read_text("utf-8"))}
    assert found <= {"lots.py", "lot_worker.py"}


def test_the_bill_of_materials_has_every_locked_package_with_its_hashes() -> None:
    from docs.sbom import LICENCES, as_cyclonedx, components

    found = components()
    bill = as_cyclonedx(found)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6") and bill == as_cyclonedx(components())
    locked = re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", (PACKAGE_ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE
    )
    listed = {(one["name"], one["version"]): one for one in bill["components"]}
    assert [name for name, version in locked if (name.lower(), version) not in listed] == []
    assert [name for name, version in locked if not listed[name.lower(), version].get("hashes")] == []
    assert len(json.dumps(bill)) > 10_000 and {"machine-learning-model", "library"} <= {one["type"] for one in bill["components"]}
    page = LICENCES.read_text("utf-8")
    assert [one.name for one in found if f"| {one.name} | {one.version} |" not in page] == [], "python -m docs.sbom --licences"


@pytest.mark.parametrize("word", ["Purpose", "Data", "Limits", "Oversight", "Fairness"])
def test_the_page_of_purpose_and_limits_has_its_parts(word: str) -> None:
    assert f"**{word}.**" in (PACKAGE_ROOT / "docs" / "ai-act.md").read_text("utf-8")
