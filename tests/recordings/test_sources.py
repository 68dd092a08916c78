"""Names and folders as people and systems write them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from containers import speech
from sounds import write_sound

from qa_pipeline.call import Call
from qa_pipeline.errors import InputRefused, RecordingError
from qa_pipeline.recordings.address import parse_raw
from qa_pipeline.recordings.audio import decode, known_seconds
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.ingest import Intake, ingest
from qa_pipeline.recordings.sources import recordings_in


def taken(*sources: Path, **defaults: object) -> Intake:
    return ingest([str(source) for source in sources], Defaults(**defaults))  # type: ignore[arg-type]


def only(intake: Intake) -> Call:
    (call,) = intake.calls
    return call


@pytest.mark.parametrize(
    "name",
    ["recording[1].wav", "what?.wav", "all*.wav", "[a-z].wav", "a b (2).wav", "50%.wav", "a#1.wav", "a+b&c.wav", "a;b.wav", "-x.wav"],
)
def test_a_file_is_found_under_its_very_name(tmp_path: Path, name: str) -> None:
    path = write_sound(tmp_path / name, speech(1.0))
    for source in (path, tmp_path):
        call = only(taken(source))
        assert call.source_uri == str(path)
        assert decode(call.source_uri).duration_ms == 1000


def test_a_pattern_still_means_what_it_says_where_no_file_has_that_name(tmp_path: Path) -> None:
    for name in ("a1.wav", "a2.wav", "b1.wav"):
        (tmp_path / name).write_bytes(name.encode())
    assert len(taken(tmp_path / "a[12].wav").calls) == 2


def test_brackets_in_a_folder_are_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "day[1]"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"a")
    assert len(taken(folder).calls) == len(taken(folder / "*.wav").calls) == 1


FORMS = ("NFC", "NFD")


@pytest.mark.parametrize("on_disk", FORMS)
@pytest.mark.parametrize("in_metadata", FORMS)
@pytest.mark.parametrize("name", ["święto_żółw.wav", "Åsa Ödman.wav", "café.wav", "が.wav"])
def test_a_name_in_another_unicode_form_is_the_same_file(tmp_path: Path, on_disk: str, in_metadata: str, name: str) -> None:
    (tmp_path / unicodedata.normalize(on_disk, name)).write_bytes(b"a")  # type: ignore[arg-type]
    written = unicodedata.normalize(in_metadata, name)  # type: ignore[arg-type]
    (tmp_path / "calls.csv").write_text(f"file,call_id\n{written},c1\n", "utf-8")
    intake = taken(tmp_path)
    assert (only(intake).call_id, intake.warnings, intake.unavailable) == ("c1", (), ())
    assert only(taken(tmp_path / written)).call_id == "c1"


@pytest.mark.parametrize("written", ["day1\\a.wav", "day1/A.WAV", "day1\\A.wav"])
def test_backslashes_and_another_case_are_the_same_file(tmp_path: Path, written: str) -> None:
    (tmp_path / "day1").mkdir()
    (tmp_path / "day1" / "a.wav").write_bytes(b"a")
    (tmp_path / "calls.csv").write_text(f"file,call_id\n{written},c1\n")
    intake = taken(tmp_path)
    assert (only(intake).call_id, intake.warnings, intake.unavailable) == ("c1", (), ())


def test_two_files_that_differ_in_case_only_are_not_guessed_between(tmp_path: Path) -> None:
    for name in ("a.wav", "A.wav"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "calls.csv").write_text("file\na.WAV\n")
    assert len(taken(tmp_path).unavailable) == 1


def test_a_backslash_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"a")
    (tmp_path / "calls.csv").write_text("file\nC:\\calls\\b.wav\n")
    (missing,) = taken(tmp_path).unavailable
    assert "backslashes; write it with slashes" in missing.advice


@pytest.mark.parametrize(
    ("raw", "encoding"), [(b"caf\xe9.wav", "cp1252"), (b"\xb3\xf3d\xbc.wav", "cp1250"), ("王.wav".encode("gb18030"), "gb18030")]
)
def test_a_name_that_is_not_utf_8_is_read_shown_and_matched(tmp_path: Path, raw: bytes, encoding: str) -> None:
    sound = write_sound(tmp_path / "x.wav", speech(1.0))
    os.rename(sound, os.path.join(os.fsencode(tmp_path), raw))
    call = only(taken(tmp_path))
    call.source_uri.encode("utf-8")
    assert decode(call.source_uri).duration_ms == 1000
    assert known_seconds(call.source_uri) == pytest.approx(1.0)
    (tmp_path / "calls.csv").write_text(f"file,call_id\n{raw.decode(encoding)},c1\n", "utf-8")
    intake = taken(tmp_path)
    assert (only(intake).call_id, intake.warnings) == ("c1", ())


def test_files_with_other_endings_are_counted_by_ending_in_one_line(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", speech(1.0))
    for name in ("b.ulaw", "c.ulaw", "d.vox", "README", "notes.pdf", ".DS_Store", "e.wav.part", "a.truth.json", "._a.wav"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07 nothing")
    (line,) = taken(tmp_path).warnings
    assert line == (
        "5 files with other endings are left: .ulaw (2), (none) (1), .pdf (1), .vox (1). "
        "Sound without a header is read with --raw .ulaw=mulaw,.vox=vox."
    )


def test_one_file_with_another_ending_is_told_too(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", speech(1.0))
    (tmp_path / "b.dss").write_bytes(b"x")
    assert taken(tmp_path).warnings == ("1 file with other endings is left: .dss (1).",)


def test_a_folder_of_nothing_known_says_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "b.vox").write_bytes(b"x")
    with pytest.raises(InputRefused, match=r"No recordings in .* 1 file with other endings is left: \.vox \(1\)"):
        taken(tmp_path)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("c.3gp", "aac"), ("c.mkv", "aac"), ("c.mka", "flac"), ("c.caf", "pcm_s16le"), ("c.mov", "aac"), ("c.w64", "pcm_s16le")],
)
def test_what_decodes_is_taken(tmp_path: Path, name: str, codec: str) -> None:
    write_sound(tmp_path / name, speech(2.0), codec=codec)
    assert decode(only(taken(tmp_path)).source_uri).duration_ms == pytest.approx(2000, abs=130)


@pytest.mark.parametrize("name", ["1741054320.5", "call.rec", "call", "call.dat"])
@pytest.mark.parametrize(
    ("form", "codec"), [("x.wav", "pcm_s16le"), ("x.ogg", "libopus"), ("x.m4a", "aac"), ("x.flac", "flac"), ("x.webm", "libopus")]
)
def test_a_recording_of_an_unknown_ending_is_known_by_how_it_begins(tmp_path: Path, name: str, form: str, codec: str) -> None:
    write_sound(tmp_path / form, speech(2.0), codec=codec).rename(tmp_path / name)
    assert Path(only(taken(tmp_path)).source_uri).name == name
    assert len(recordings_in([str(tmp_path)])) == 1


def headerless(path: Path, codec: str, suffix: str) -> Path:
    """Sound of a WAV without its header."""
    content = write_sound(path.with_suffix(".wav"), speech(3.0), codec=codec).read_bytes()
    path.with_suffix(".wav").unlink()
    target = path.with_suffix(suffix)
    target.write_bytes(content[content.index(b"data") + 8 :])
    return target


@pytest.mark.parametrize(
    ("codec", "suffix", "told"),
    [("pcm_mulaw", ".ulaw", ".ulaw=mulaw"), ("pcm_alaw", ".AL", "al=alaw"), ("pcm_s16le", ".sln", ".sln=s16le:8000:1")],
)
def test_sound_without_a_header_is_read_as_the_option_says(tmp_path: Path, codec: str, suffix: str, told: str) -> None:
    headerless(tmp_path / "c", codec, suffix)
    call = only(taken(tmp_path, raw=parse_raw(told)))
    assert decode(call.source_uri).duration_ms == 3000
    assert known_seconds(call.source_uri) == pytest.approx(3.0)


def test_dialogic_adpcm_is_read_as_the_option_says(tmp_path: Path) -> None:
    (tmp_path / "c.vox").write_bytes(bytes(range(256)) * 94)
    call = only(taken(tmp_path, raw=parse_raw(".vox=vox")))
    assert decode(call.source_uri).duration_ms == known_seconds(call.source_uri) * 1000 == 6016  # type: ignore[operator]


def test_the_advice_of_a_headerless_file_is_the_cure(tmp_path: Path) -> None:
    path = headerless(tmp_path / "c", "pcm_mulaw", ".ulaw")
    with pytest.raises(RecordingError) as caught:
        decode(only(taken(path)).source_uri)
    told = caught.value.advice.rpartition("--raw ")[2].rstrip(".")
    assert decode(only(taken(path, raw=parse_raw(told))).source_uri).duration_ms == 3000


@pytest.mark.parametrize("text", [".ulaw", ".ulaw=mp3", ".pcm=s16le:fast", ".pcm=s16le:8000:1:2", ".pcm=s16le:0"])
def test_a_form_that_is_none_is_refused_and_its_example_works(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        parse_raw(text)
    example = caught.value.advice.partition("1: ")[2].partition(". Forms")[0]
    assert set(parse_raw(example)) == {".ulaw", ".pcm"}


def test_how_a_file_is_read_is_part_of_what_it_is(tmp_path: Path) -> None:
    path = headerless(tmp_path / "c", "pcm_mulaw", ".raw")
    hashes = {only(taken(path, raw=parse_raw(f".raw={form}"))).audio_sha256 for form in ("mulaw", "alaw", "mulaw:16000")}
    assert len(hashes) == 3


def test_calls_that_nobody_answered_are_told_in_one_line_and_are_no_failures(tmp_path: Path) -> None:
    header = write_sound(tmp_path / "a.wav", speech(1.0)).read_bytes().partition(b"data")[0] + b"data" + bytes(4)
    for name in ("b.wav", "c.wav"):
        (tmp_path / name).write_bytes(header)
    intake = taken(tmp_path)
    assert len(intake.calls) == 1
    assert intake.unavailable == ()
    assert intake.warnings == (
        "2 recordings hold no sound at all, as recorders leave of calls that nobody answered; they are left: b.wav, c.wav.",
    )
