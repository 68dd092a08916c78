"""One call in several files is one call where it is asked for, and never several in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from containers import speech
from sounds import write_sound

from qa_pipeline.errors import MetadataError, RecordingError
from qa_pipeline.recordings.address import parse_address
from qa_pipeline.recordings.audio import decode, known_seconds
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.joins import groups_by_name, without_others


def taken(folder: Path, **defaults: object) -> Intake:
    return ingest([str(folder)], Defaults(**defaults))  # type: ignore[arg-type]


def write(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names, 1):
        write_sound(folder / name, speech(2.0 + seed, seed=seed))


PARTIES = [
    ("5551_near.wav", "5551_far.wav"), ("5551_nearend.wav", "5551_farend.wav"), ("c1-channel-0.wav", "c1-channel-1.wav"), ("c1 Speaker 1.wav", "c1 Speaker 2.wav"),
    ("c_spk0.wav", "c_spk1.wav"), ("c7_a_leg.wav", "c7_b_leg.wav"), ("c7-legA.wav", "c7-legB.wav"), ("c7_uplink.wav", "c7_downlink.wav"),
    ("7_上行.wav", "7_下行.wav"), ("7_主叫.wav", "7_被叫.wav"), ("7_sideA.wav", "7_sideB.wav"), ("7-src.wav", "7-dst.wav"), ("7-sent.wav", "7-received.wav"),
    ("7-wejście.wav", "7-wyjście.wav"), ("7-operator.wav", "7-klient.wav"), ("7_L.wav", "7_R.wav"), ("7-microphone.wav", "7-loopback.wav"),
    ("q-100-1741054320.5-in.wav", "q-100-1741054320.5-out.wav"), ("20250304_rx.wav", "20250304_tx.wav"), ("caller-77.wav", "callee-77.wav"),
    ("77.read.wav", "77.write.wav"), ("77_inbound_track.wav", "77_outbound_track.wav"), ("77 Agent.wav", "77 Customer.wav"), ("left.wav", "right.wav"),
    ("c-local-1.wav", "c-remote-1.wav"), ("77-ch0.wav", "77-ch1.wav"), ("77-坐席.wav", "77-客户.wav"), ("IN-9.wav", "OUT-9.wav"),
]  # fmt: skip
PARTS = [
    ("c-part1.wav", "c-part2.wav"), ("c_leg_1.wav", "c_leg_2.wav", "c_leg_3.wav"), ("c.seg0.wav", "c.seg1.wav"), ("c-pt01.wav", "c-pt02.wav"),
    ("7_第1段.wav", "7_第2段.wav"), ("7-xfer1.wav", "7-xfer2.wav"), ("7-section1.wav", "7-section2.wav"), ("7 transfer 1.wav", "7 transfer 2.wav"),
]  # fmt: skip
APART = [
    ("a.wav", "b.wav"), ("call-1.wav", "call-2.wav"), ("in-1.wav", "out-2.wav"), ("inside.wav", "outside.wav"), ("c-part1.wav", "c-part3.wav"),
    ("agent.wav", "agent2.wav"), ("checkin-1.wav", "checkout-1.wav"), ("c-part7.wav", "d-part8.wav"),
    ("c-a.wav", "c-b.wav"), ("10_l.wav", "11_r.wav"), ("send-1.wav", "receive-2.wav"),
]  # fmt: skip


@pytest.mark.parametrize("names", [*PARTIES, *PARTS], ids=str)
def test_files_that_look_like_one_call_are_not_run_in_silence(tmp_path: Path, names: tuple[str, ...]) -> None:
    write(tmp_path, *names)
    intake = taken(tmp_path)
    assert len(intake.calls) == len(names)
    (warning,) = intake.warnings
    assert warning.startswith("1 call looks as if recorded in several files (")
    assert "--join makes one call of them" in warning


@pytest.mark.parametrize("names", PARTIES, ids=str)
def test_a_file_a_party_is_joined_to_two_channels(tmp_path: Path, names: tuple[str, str]) -> None:
    write(tmp_path, *names)
    intake = taken(tmp_path, join=True)
    (call,) = intake.calls
    audio = decode(call.source_uri)
    assert (audio.samples.shape[0], audio.duration_ms, intake.warnings) == (2, 4000, ())
    assert np.array_equal(audio.samples[0, : 3 * 16_000], decode(str(tmp_path / names[0])).samples[0])
    assert known_seconds(call.source_uri) == pytest.approx(4.0)
    assert call.agent_channel == (0 if "gent" in names[0] or "operator" in names[0] or "坐席" in names[0] else None)


@pytest.mark.parametrize("names", PARTS, ids=str)
def test_parts_are_joined_one_after_the_other(tmp_path: Path, names: tuple[str, ...]) -> None:
    write(tmp_path, *reversed(names))
    (call,) = taken(tmp_path, join=True).calls
    audio = decode(call.source_uri)
    assert [Path(file).name for file in parse_address(call.source_uri).files] == list(names)
    assert audio.duration_ms == sum(2000 + 1000 * seed for seed in range(1, len(names) + 1))
    assert known_seconds(call.source_uri) == pytest.approx(audio.duration_ms / 1000)


@pytest.mark.parametrize("names", APART, ids=str)
@pytest.mark.parametrize("join", [False, True])
def test_files_that_only_look_alike_stay_apart(tmp_path: Path, names: tuple[str, str], join: bool) -> None:
    write(tmp_path, *names)
    intake = taken(tmp_path, join=join)
    assert (len(intake.calls), intake.warnings) == (2, ())


def test_the_metadata_join_any_files(tmp_path: Path) -> None:
    write(tmp_path, "x.wav", "y.wav", "p.wav", "q.wav", "r.wav", "alone.wav")
    (tmp_path / "calls.csv").write_text(
        "file,same_call,track,call_id,team\ny.wav,one,1,,north\nx.wav,one,0,c1,\np.wav,two,,c2,\nq.wav,two,,,\nr.wav,two,,,\nalone.wav,three,,c3,\n"
    )
    intake = taken(tmp_path)
    by_id = {call.call_id: call for call in intake.calls}
    assert set(by_id) == {"c1", "c2", "c3"}
    assert [Path(file).name for file in parse_address(by_id["c1"].source_uri).files] == ["x.wav", "y.wav"]
    assert [Path(file).name for file in parse_address(by_id["c2"].source_uri).files] == ["p.wav", "q.wav", "r.wav"]
    assert by_id["c1"].team == "north"
    assert intake.warnings == ()


@pytest.mark.parametrize("tracks", [("0", "0"), ("0", ""), ("0", "1", "1"), ("1", "", "")])
def test_rows_that_make_no_call_are_a_fault_with_what_would(tmp_path: Path, tracks: tuple[str, ...]) -> None:
    write(tmp_path, *(f"{number}.wav" for number in range(len(tracks))))
    rows = "".join(f"{number}.wav,c,{track}\n" for number, track in enumerate(tracks))
    (tmp_path / "calls.csv").write_text("file,same_call,track\n" + rows)
    with pytest.raises(MetadataError) as caught:
        taken(tmp_path)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message) == (2, "same_call is 'c' in rows that make no call")
    (tmp_path / "calls.csv").write_text("file,same_call,track\n0.wav,c,0\n1.wav,c,1\n")
    assert len(taken(tmp_path).calls) == len(tracks) - 1


def test_a_track_that_is_none_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "a.wav")
    (tmp_path / "calls.csv").write_text("file,same_call,track\na.wav,c,left\n")
    with pytest.raises(MetadataError) as caught:
        taken(tmp_path)
    assert "0 or 1, the party that a file holds" in caught.value.faults[0].advice


def test_a_missing_file_costs_its_call(tmp_path: Path) -> None:
    write(tmp_path, "x.wav", "other.wav")
    (tmp_path / "calls.csv").write_text("file,same_call,track,call_id\nx.wav,one,0,c1\ngone.wav,one,1,\nother.wav,,,c2\n")
    intake = taken(tmp_path)
    assert [call.call_id for call in intake.calls] == ["c2"]
    assert [missing.call_id for missing in intake.unavailable] == ["c1"]
    assert "gone.wav is not there" in intake.unavailable[0].message


def test_a_file_that_holds_both_parties_is_not_joined_to_another(tmp_path: Path) -> None:
    write_sound(tmp_path / "c-in.wav", speech(3.0, seed=1), speech(3.0, seed=2))
    write_sound(tmp_path / "c-out.wav", speech(3.0, seed=3))
    (call,) = taken(tmp_path, join=True).calls
    with pytest.raises(RecordingError, match="holds both parties already"):
        decode(call.source_uri)


def test_what_a_call_of_several_files_is_changes_with_each_of_them(tmp_path: Path) -> None:
    write(tmp_path, "c-in.wav", "c-out.wav")
    (before,) = taken(tmp_path, join=True).calls
    write_sound(tmp_path / "c-out.wav", speech(4.0, seed=9))
    (after,) = taken(tmp_path, join=True).calls
    assert before.audio_sha256 != after.audio_sha256


def test_a_call_is_left_while_one_of_its_files_grows(tmp_path: Path) -> None:
    write(tmp_path, "c-in.wav", "c-out.wav")
    intake = ingest([str(tmp_path)], Defaults(join=True), growing=[str(tmp_path / "c-out.wav")])
    assert intake.calls == ()


@pytest.mark.parametrize(
    ("files", "agent"),
    [
        (("c-konsultant.wav", "c-klient.wav"), 0), (("c-agent.wav", "c-kund.wav"), 0), (("c-internal.wav", "c-external.wav"), None),
        (("c_participant1.wav", "c_participant2.wav"), None), (("in/c.wav", "out/c.wav"), None), (("agent/c.wav", "customer/c.wav"), 0),
    ],
)  # fmt: skip
def test_parties_by_other_words_and_by_folders(files: tuple[str, str], agent: int | None) -> None:
    (group,) = groups_by_name([f"/r/{file}" for file in reversed(files)])
    assert (group.files, group.are_parties, group.agent_channel) == (tuple(f"/r/{file}" for file in files), True, agent)


@pytest.mark.parametrize(
    "files", [("c-1of2.wav", "c-2of2.wav"), ("c 1 of 3.wav", "c 2 of 3.wav", "c 3 of 3.wav"), ("c-cz1.wav", "c-cz2.wav")]
)
def test_parts_by_other_words(files: tuple[str, ...]) -> None:
    (group,) = groups_by_name(list(reversed(files)))
    assert (group.files, group.are_parties) == (files, False)


def test_files_of_one_name_in_folders_of_parties_are_told_with_their_folders(tmp_path: Path) -> None:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    write(tmp_path, "in/c.wav", "out/c.wav")
    (warning,) = taken(tmp_path).warnings
    assert "(in/c.wav and out/c.wav)" in warning
    (call,) = taken(tmp_path, join=True).calls
    assert decode(call.source_uri).samples.shape[0] == 2


def test_a_file_whose_other_party_or_next_part_is_not_there_is_known() -> None:
    files = ["d/a-in.wav", "d/a-out.wav", "d/b-in.wav", "d/c-part1.wav", "d/c-part2.wav", "d/plain.wav"]
    assert without_others(files) == {"d/b-in.wav", "d/c-part1.wav", "d/c-part2.wav"}


@pytest.mark.parametrize("name", ["a,b-in.wav", "a#b-in.wav", "a%20b-in.wav", "a b-in.wav", "ż-in.wav"])
def test_any_name_survives_in_an_address(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, name.replace("-in", "-out"))
    (call,) = taken(tmp_path, join=True).calls
    assert [Path(file).name for file in parse_address(call.source_uri).files] == [name, name.replace("-in", "-out")]
