"""The rule: whatever this program refuses or warns of has a test that brings it and follows its cure, or stands in not_followed.txt with the reason.

A new text fails here until one of the two holds. not_followed.txt has a heading `# reason` over the texts that it is the reason of, one a line.
"""

from __future__ import annotations

from pathlib import Path

from tests.cures.page_rows import ALL_TEXTS as PAGE_TEXTS
from tests.cures.test_command_cures import ALL_TEXTS as COMMAND_TEXTS
from tests.cures.test_desk_cures import ALL_TEXTS as DESK_TEXTS
from tests.cures.test_input_cures import ALL_TEXTS as INPUT_TEXTS
from tests.cures.test_language_cures import ALL_TEXTS as LANGUAGE_TEXTS
from tests.cures.test_model_cures import ROWS as MODELS
from tests.cures.test_model_cures import SEGMENTATION
from tests.cures.test_place_cures import ALL_TEXTS as PLACE_TEXTS
from tests.cures.test_process_cures import ALL_TEXTS as PROCESS_TEXTS
from tests.cures.test_recording_cures import ALL_TEXTS as RECORDING_TEXTS
from tests.cures.test_rubric_cures import CASES, CRITERIA, EVERYWHERE, FILES, HARDLY_MEANT
from tests.cures.test_run_cures import ALL_TEXTS as RUN_TEXTS
from tests.cures.test_setting_cures import ALL_TEXTS as SETTING_TEXTS
from tests.cures.test_stored_cures import ALL_TEXTS as STORED_TEXTS
from tests.cures.test_trainer_cures import ALL_TEXTS as TRAINER_TEXTS
from tests.cures.texts import catalogue, text_of

# Texts whose cure a test of another folder follows: the test's file and name.
ELSEWHERE = {
    "`{inner}` holds an object": "recordings/test_metadata_of_platforms.py",
    "… recordings fit …; none is taken": "recordings/test_mapping.py",
    "{id} is for calls of {both} as well, and says": "rubric/test_load.py",
    "{id} is for calls of {both} as well: {id}": "rubric/test_load.py",
}
_LIST = Path(__file__).with_name("not_followed.txt")


def followed() -> set[str]:
    """Texts that a test brings and cures."""
    beginnings = (
        *(row[0] for row in (*CRITERIA, *FILES, *HARDLY_MEANT, *CASES, *MODELS, SEGMENTATION)), *COMMAND_TEXTS, *DESK_TEXTS, *INPUT_TEXTS, *LANGUAGE_TEXTS, *PAGE_TEXTS, *PLACE_TEXTS, *PROCESS_TEXTS, *RECORDING_TEXTS,
        *RUN_TEXTS,
        *SETTING_TEXTS, *STORED_TEXTS, *TRAINER_TEXTS, EVERYWHERE, *ELSEWHERE,
    )  # fmt: skip
    return {text_of(beginning) for beginning in beginnings}


def listed() -> dict[str, str]:
    """Text → why nobody follows its cure. A line break in a text is written as \\n."""
    found, reason = {}, ""
    for line in _LIST.read_text("utf-8").splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line:
            found[line.replace("\\n", "\n")] = reason
    return found


def test_every_cure_is_followed_by_a_test_or_has_a_reason_why_not() -> None:
    assert sorted(catalogue().keys() - followed() - listed().keys()) == [], "follow the cure in tests/cures, as the rows there do"


def test_what_is_listed_is_said_still_and_followed_by_no_test() -> None:
    assert sorted(listed().keys() - catalogue().keys()) == [], "take these lines out of not_followed.txt"
    assert sorted(listed().keys() & followed()) == [], "take these lines out of not_followed.txt"
    assert all(listed().values())


def test_the_tests_named_elsewhere_are_there() -> None:
    assert [path for path in ELSEWHERE.values() if not (Path(__file__).parents[1] / path).is_file()] == []
