"""Sound by stretches, for who may hear it, on record; the waveform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from office import Office
from recorded import add_recorded
from sqlalchemy import func, select
from starlette.testclient import TestClient

from qa_pipeline.review.tables import audit

ClientAs = Callable[[str], TestClient]


@pytest.fixture
def spoken(office: Office, tmp_path: Path) -> Path:
    """Two calls with recordings: `plain` is played as it is, `old` is decoded."""
    add_recorded(office, tmp_path)
    return tmp_path


def test_a_stretch_is_given_and_nothing_else(spoken: Path, client_as: ClientAs) -> None:
    whole = (spoken / "plain.wav").read_bytes()
    mei = client_as("mei")
    got = mei.get("/calls/plain/sound", headers={"range": "bytes=100-199"})
    assert (got.status_code, got.content) == (206, whole[100:200])
    assert got.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert got.headers["content-type"] == "audio/wav"
    assert mei.get("/calls/plain/sound", headers={"range": "bytes=-10"}).content == whole[-10:]
    assert mei.get("/calls/plain/sound", headers={"range": f"bytes={len(whole)}-"}).status_code == 416
    assert mei.get("/calls/plain/sound").content == whole


def test_a_stretch_of_another_version_is_given_whole(spoken: Path, client_as: ClientAs) -> None:
    mei = client_as("mei")
    tag = mei.head("/calls/plain/sound").headers["etag"]
    again = mei.get("/calls/plain/sound", headers={"range": "bytes=0-9", "if-range": tag})
    assert (again.status_code, len(again.content)) == (206, 10)
    assert mei.get("/calls/plain/sound", headers={"range": "bytes=0-9", "if-range": '"other"'}).status_code == 200


def test_a_question_for_the_head_gives_no_sound(spoken: Path, client_as: ClientAs) -> None:
    head = client_as("mei").head("/calls/plain/sound")
    assert (head.status_code, head.content, head.headers["accept-ranges"]) == (200, b"", "bytes")
    assert head.headers["content-length"] == str((spoken / "plain.wav").stat().st_size)


@pytest.mark.slow
def test_what_no_browser_plays_is_decoded(spoken: Path, client_as: ClientAs) -> None:
    got = client_as("mei").get("/calls/old/sound", headers={"range": "bytes=0-3"})
    assert (got.status_code, got.content, got.headers["content-type"]) == (206, b"fLaC", "audio/flac")


def test_a_hearing_is_on_record_once_however_many_stretches_it_takes(spoken: Path, office: Office, client_as: ClientAs) -> None:
    mei = client_as("mei")
    for start in (0, 100, 200):
        mei.get("/calls/plain/sound", headers={"range": f"bytes={start}-{start + 9}"})
    client_as("rolf").get("/calls/plain/sound")
    with office.engine.connect() as connection:
        asked = select(audit.c.who, func.count()).where(audit.c.did == "heard", audit.c.call_id == "plain").group_by(audit.c.who)
        assert sorted(tuple(row) for row in connection.execute(asked)) == [("mei", 1), ("rolf", 1)]


@pytest.mark.slow
def test_only_who_may_read_its_words_hears_a_call(spoken: Path, client: TestClient, client_as: ClientAs) -> None:
    paths = ("/calls/plain/sound", "/calls/plain/waveform")
    expected = {"mei": 200, "anna": 200, "piotr": 200, "lin": 200, "otto": 404, "sven": 403}
    assert {name: {client_as(name).get(path).status_code for path in paths} for name in expected} == {
        name: {status} for name, status in expected.items()
    }
    assert {client.get(path).status_code for path in paths} == {303}


@pytest.mark.slow
def test_a_recording_that_is_gone_says_so_and_the_page_stays(spoken: Path, client_as: ClientAs) -> None:
    (spoken / "plain.wav").unlink()
    mei = client_as("mei")
    assert {mei.get(f"/calls/plain/{name}").status_code for name in ("sound", "waveform")} == {410}
    assert mei.get("/calls/plain").status_code == 200


@pytest.mark.slow
def test_the_waveform_has_a_lane_a_role(spoken: Path, client_as: ClientAs) -> None:
    drawn = client_as("mei").get("/calls/plain/waveform").json()
    assert drawn["duration_ms"] == 6_000
    # The agent speaks from the beginning, the customer from the third second.
    first = int(3_000 / drawn["step_ms"])
    assert drawn["lanes"]["agent"][0] > 50
    assert max(drawn["lanes"]["customer"][:first]) == 0 < drawn["lanes"]["customer"][first]
    assert {len(lane) for lane in drawn["lanes"].values()} == {120}
