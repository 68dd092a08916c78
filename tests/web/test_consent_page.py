"""The register of consent: for who leads the team; a call that is held back is on no other page, and is again once somebody has released it."""

from __future__ import annotations

from collections.abc import Callable

from office import TEAM, Office
from starlette.testclient import TestClient

from qa_pipeline.reading.consents import Ruled
from qa_pipeline.reading.viewer import local_viewer
from qa_pipeline.review.consent import rule


def test_a_call_that_is_held_back_is_on_one_page_alone_until_it_is_released(office: Office, client_as: Callable[[str], TestClient]) -> None:
    rule(office.desk, local_viewer("Wu"), [TEAM], Ruled.HELD_BACK, reason="asked <b>by</b> letter")
    anna, mei = client_as("anna"), client_as("mei")
    for path in (f"/calls/{TEAM}", f"/calls/{TEAM}/sound", f"/calls/{TEAM}/waveform"):
        assert mei.get(path).status_code == anna.get(path).status_code == 403
    page = anna.get("/consent").text
    assert TEAM in page and "asked &lt;b&gt;by&lt;/b&gt; letter" in page and "Let people see it" in page
    assert mei.get("/consent").status_code == 403
    # Who answers for the call sees what was done about it, also while nobody sees the call.
    assert TEAM in anna.get("/record").text
    assert anna.post("/consent", data={"call": TEAM, "kind": "released", "reason": " "}).status_code == 400
    assert anna.post("/consent", data={"call": TEAM, "kind": "sold", "reason": "x"}).status_code == 400
    assert anna.post("/consent", data={"call": TEAM, "kind": "released", "reason": "on paper"}).status_code == 303
    assert mei.get(f"/calls/{TEAM}").status_code == 200
    assert "No call is held back." in anna.get("/consent").text and "on paper" in anna.get("/consent", params={"only": "all"}).text
