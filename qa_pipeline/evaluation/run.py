"""Run the pipeline over a folder and compare with the truth beside its recordings."""

from __future__ import annotations

from pathlib import Path

from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.compare import Evaluation, compare_conversation, compare_outcomes, compare_voices
from qa_pipeline.evaluation.truth import read_truths
from qa_pipeline.reading.stored import current_conversations, judged_calls
from qa_pipeline.reading.viewer import MACHINE
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.results.versions import official_rubrics
from qa_pipeline.running.batch import carry_out
from qa_pipeline.running.environment import check_environment, open_store
from qa_pipeline.running.plan import plan
from qa_pipeline.running.progress import OnEvent, ignore
from qa_pipeline.running.run import Run
from qa_pipeline.settings import Settings


def evaluate_folder(folder: Path, settings: Settings, *, on_event: OnEvent = ignore) -> Evaluation:
    """Run the pipeline over a folder (what was listened to before is not listened to again) and compare with its truth.

    Results go to the settings' root if that was chosen, else into the cache. Raises InputRefused when the folder has no truth.
    """
    truths = read_truths(folder)
    if settings.results == type(settings).model_fields["results"].default:
        settings = settings.model_copy(update={"results": str(settings.cache / "evaluate")})
    store = open_store(settings)
    check_environment(settings, store)
    rubrics, _ = official_rubrics(settings.rubrics, store)
    intake = ingest([str(folder)], Defaults(timezone=settings.timezone, folders=settings.recording_folders))
    run = Run(settings=settings, store=store, rubrics=rubrics, on_event=on_event)
    carry_out(plan(intake, run), run)
    ids = {call.call_id: Path(call.source_uri).stem for call in intake.calls}
    calls = {call.call_id: call for call in intake.calls}
    listener = Listener(settings)
    evaluation = Evaluation()
    conversations = current_conversations(store, MACHINE, list(ids))
    judged = judged_calls(store, MACHINE, list(ids))
    stored = {c.call.call_id: c for c in store.load_conversations(conversations.values())}
    for call_id, stem in ids.items():
        truth = truths.get(stem)
        if truth is None:
            continue
        evaluation.calls += 1
        if call_id not in stored:
            evaluation.missing.append(stem)
            continue
        conversation = stored[call_id]
        compare_outcomes(evaluation, stem, truth, judged.findings.get(call_id, ()))
        compare_conversation(evaluation, stem, truth, conversation)
        if conversation.diarization_model and truth.turns:
            kept = listener.recognised_before(calls[call_id])
            if kept is not None and kept.turns is not None:
                compare_voices(evaluation, stem, truth.turns, kept.turns)
        if truth.sentiment:
            found = judged.sentiments.get(call_id) or "undetermined"
            evaluation.sentiment[(truth.sentiment, found)] += 1
        if truth.disposition:
            evaluation.disposition[(truth.disposition, judged.dispositions.get(call_id) or "none")] += 1
    return evaluation
