"""An office with a rubric of its own, whose calls were scored by it: what the trainer's pages work on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from office import Office

from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.scoring.score import prepare, score
from qa_pipeline.trainer.publish import publish
from tests.trainer.desk import SERVICE, service_folder


def open_desk_of_trainer(office: Office) -> None:
    """The rubric `service`, published as version 1, and two calls that it scored."""
    folder = service_folder(office.settings.rubrics)
    publish(["service"], office.settings, office.store)
    card = prepare(load_rubric(folder / "service.yaml"), {})
    for number, greeting in enumerate(("Hello there", "Good morning"), 1):
        made = conversation(
            f"0:00 agent: {greeting}, is this a good time?", "0:04 customer: Go ahead.", language="en", call_id=f"talk-{number}",
            source_uri=f"talk-{number}.wav", agent_id="a1", team="north", started_at=datetime(2026, 5, 14, 4, tzinfo=UTC),
        )  # fmt: skip
        heard = replace(made, conversation_id=f"talk-{number}-heard")
        office.store.write_conversations([heard], run_id="t")
        office.store.write_scores([score(heard, card)], purpose="official", run_id="t")


STRICTER = SERVICE.replace("phrases: {en: [hello there]}", "phrases: {en: [good morning]}").replace("version: 1", "version: 2")
