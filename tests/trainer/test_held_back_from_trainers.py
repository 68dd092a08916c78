"""A call that is held back for want of consent is neither tried, explained nor compared, until somebody with the right releases it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from qa_pipeline.cli.main import main
from qa_pipeline.reading.viewer import MACHINE, Role, Viewer, local_viewer
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import freeze
from qa_pipeline.review.consent import Ruled, rule
from qa_pipeline.review.opening import open_desk
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.settings import Settings
from qa_pipeline.trainer import work
from tests.trainer.desk import SERVICE, desk, edit, service_folder, spoken, stored

PIOTR = Viewer(name="piotr", account=1, roles=frozenset({Role.TRAINER}))
CALLS = (
    spoken("agreed", "0:00 agent: Hello there. Is this a good time?", "0:05 customer: Go ahead.", agent_id="anna", day=1),
    spoken("refused", "0:00 agent: Hello there. Is this a good time?", "0:05 customer: I am driving.", agent_id="bo", day=2),
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("rubrics", "cache", "results"):
        monkeypatch.setenv(f"QA_PIPELINE_{name.upper()}", str(tmp_path / name))
    folder = service_folder(tmp_path / "rubrics")
    (folder / "service.yaml").write_text(
        SERVICE.replace("sections:", "consent: {criterion: convenience, given: [willing]}\nsections:"), "utf-8"
    )
    return desk(tmp_path, folder)


@pytest.fixture
def store(settings: Settings) -> Store:
    """Both calls scored by a rubric that asks for consent, and a draft of the next version by which the greeting of both comes out otherwise."""
    file = settings.rubrics / "service.yaml"
    made = stored(settings, *CALLS, scored_by=file)
    freeze([load_rubric(file)], made)
    edit(file, "[hello there]", "[good evening]")
    edit(file, "version: 1", "version: 2")
    return made


def typed(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["rubric", *arguments])
    return done.exit_code, done.output


def release(settings: Settings, store: Store) -> None:
    at = open_desk(settings, store)
    rule(at, local_viewer("Wu"), ["refused"], Ruled.RELEASED, reason="on paper")
    at.engine.dispose()


@pytest.mark.slow
def test_comparisons_leave_it_out_until_it_is_released(settings: Settings, store: Store) -> None:
    def compared(viewer: Viewer) -> list[str]:
        found = work.compare_with(lambda done, total: None, settings, settings.rubrics, "service", "service@1", None, None, False, viewer)
        return [effect.call_id for effect in found.diff.changed]

    code, shown = typed("diff", "service@1", "service")
    assert (code, "agreed" in shown, "refused" in shown) == (0, True, False)
    # Scores of now are no other scoring's: what is counted is that there are none but of this call.
    assert typed("diff", "service@1", "--stored", "--since", "2026-11-02")[0] == 2
    assert (compared(PIOTR), compared(MACHINE)) == (["agreed"], ["agreed", "refused"])
    release(settings, store)
    assert "refused" in typed("diff", "service@1", "service")[1]
    assert typed("diff", "service@1", "--stored", "--since", "2026-11-02")[0] == 0
    assert compared(PIOTR) == ["agreed", "refused"]


@pytest.mark.slow
def test_it_is_neither_tried_nor_explained_and_others_are(settings: Settings, store: Store) -> None:
    asked = (("try", "service"), ("explain",))
    for command, *names in asked:
        more = ["greeting", "--rubric", "service@1"] if command == "explain" else []
        code, shown = typed(command, *names, "refused", *more)
        assert (code, "is held back" in shown, "driving" in shown) == (2, True, False)
        assert typed(command, *names, "agreed", *more)[0] == 0
    release(settings, store)
    assert "driving" in typed("try", "service", "refused")[1]


def test_an_explanation_by_the_rubric_of_then_is_given_where_rubrics_ask_for_consent(settings: Settings, store: Store) -> None:
    code, shown = typed("explain", "agreed", "convenience")
    assert code == 0, shown
