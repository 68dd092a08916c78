"""Who the people of a call are is kept from trainers, in lists and in one call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desks import commit, reopen
from stored import make_store

from qa_pipeline.reading.call import read_call
from qa_pipeline.reading.pages import find_call, page
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.desk import Desk

TRAINER = Viewer(name="piotr", account=3, roles=frozenset({Role.TRAINER}))
SEEING = (replace(TRAINER, sees_names=True), replace(TRAINER, roles=frozenset({Role.TRAINER, Role.REVIEWER})))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("names")
    commit(make_store(folder), agent_name="Lin Yue", customer_id="+46 70 1", source_uri="lin_yue.wav", extra={"crm_note": "Mrs Berg"})
    return reopen(folder)


def test_a_trainer_reads_words_without_names(desk: Desk) -> None:
    one = read_call(desk.store, desk.engine, TRAINER, "c1")
    assert one.utterances
    assert all(one.call[name] is None for name in ("agent_name", "customer_id", "source_uri", "extra"))
    assert one.call["agent_id"] == "a1"
    for line in (one.line, find_call(desk.engine, TRAINER, "c1"), *page(desk.engine, TRAINER).lines):
        assert (line.agent_name, line.customer_id, line.agent_id) == (None, None, "a1")


@pytest.mark.parametrize("viewer", SEEING)
def test_whoever_may_sees_them(desk: Desk, viewer: Viewer) -> None:
    one = read_call(desk.store, desk.engine, viewer, "c1")
    assert (one.call["agent_name"], one.line.customer_id, one.call["source_uri"]) == ("Lin Yue", "+46 70 1", "lin_yue.wav")
