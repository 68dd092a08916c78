"""Publishing: what is refused, what is written, and that an interruption is mended by doing it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.meaning.meanings import read_by
from qa_pipeline.reading.tables import rows
from qa_pipeline.results import versions
from qa_pipeline.results.store import Store
from qa_pipeline.results.versions import official_rubrics
from qa_pipeline.rubric.canonical import rubric_sha256
from qa_pipeline.rubric.load import LOCK_NAME, load_rubric, read_lock
from qa_pipeline.running.environment import open_store
from qa_pipeline.scoring.case_vectors import VECTORS_NAME, CaseVectors
from qa_pipeline.settings import Settings
from qa_pipeline.trainer.publish import fit_lists, open_workbench, overlap_warnings, publish, run_cases, stored_calls
from tests.trainer.desk import CASES, SERVICE, complaint_folder, desk, edit, encode, service_folder, spoken, stored, use_fake_encoder

GOOD = """\
calls:
  - name: a calm call
    language: en
    dialogue: |
      agent: Hello there, is this a good time?
      customer: Go ahead.
  - name: somebody is quoted
    language: en
    dialogue: |
      agent: And then he shouted shut up at the screen.
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return desk(tmp_path, service_folder(tmp_path / "rubrics"))


@pytest.fixture
def store(settings: Settings) -> Store:
    store = open_store(settings)
    store.prepare()
    return store


def refusals(settings: Settings, store: Store | None = None, name: str = "service") -> list[str]:
    with pytest.raises(RubricError, match="cannot be published") as caught:
        publish([name], settings, store)
    return [str(fault) for fault in caught.value.faults]


def test_a_rubric_is_locked_by_its_hash_and_kept_whole_beside_the_results(settings: Settings, store: Store) -> None:
    path = settings.rubrics / "service.yaml"
    (published,) = publish(["service"], settings, store)
    digest = rubric_sha256(load_rubric(path))
    assert (published.id, published.version) == ("service", 1)
    assert json.loads((settings.rubrics / LOCK_NAME).read_text("utf-8")) == {"service": {"1": digest}}
    (row,) = rows(store, "select * exclude (published_at, resolved) from rubrics")
    assert row == {
        "rubric_id": "service", "version": 1, "rubric_sha256": digest, "effective_from": None, "text": path.read_text("utf-8")
    }  # fmt: skip
    assert official_rubrics(settings.rubrics, store) == ({"service": published}, ())


def test_without_a_store_only_the_lock_is_written(settings: Settings) -> None:
    publish(["service"], settings)
    assert read_lock(settings.rubrics).keys() == {"service"}
    assert not Path(settings.results).exists()


def test_other_rubrics_and_versions_stay_in_the_lock(settings: Settings) -> None:
    before = {"other": {"4": "f" * 64}, "service": {"0": "e" * 64}}
    (settings.rubrics / LOCK_NAME).write_text(json.dumps(before), "utf-8")
    publish(["service"], settings)
    lock = read_lock(settings.rubrics)
    assert lock["other"] == {"4": "f" * 64}
    assert lock["service"].keys() == {"0", "1"}


def test_a_failing_case_refuses_it_and_nothing_is_written(settings: Settings, store: Store) -> None:
    edit(settings.rubrics / "service.yaml", "[hello there]", "[good evening]")
    found = refusals(settings, store)
    assert len(found) == 1
    assert found[0].startswith(f"{settings.rubrics / 'service.cases.yaml'}: a good call: greeting: not_met, expected met: ")
    assert not (settings.rubrics / LOCK_NAME).exists()
    assert rows(store, "select * from rubrics") == []


def test_a_stable_criterion_without_its_cases_is_refused(settings: Settings) -> None:
    (settings.rubrics / "service.cases.yaml").write_text(CASES.split("- name: nothing asked")[0], "utf-8")
    assert [text.split(": ", 1)[1] for text in refusals(settings)] == [
        "criterion convenience is stable but has no case expecting not_met (add one)"
    ]


def test_content_that_changed_under_a_published_version_is_refused(settings: Settings) -> None:
    publish(["service"], settings)
    lock = (settings.rubrics / LOCK_NAME).read_text("utf-8")
    edit(settings.rubrics / "service.yaml", "[call you back]", "[call you back, ring you again]")
    assert refusals(settings) == [f"{settings.rubrics / 'service.yaml'}:2:1: version 1 is published with other content (write version: 2)"]
    assert (settings.rubrics / LOCK_NAME).read_text("utf-8") == lock
    with pytest.raises(RubricError, match=r"service\.yaml is not published as it stands"):
        official_rubrics(settings.rubrics, open_store(settings))


def test_comments_and_layout_are_no_change(settings: Settings) -> None:
    publish(["service"], settings)
    edit(settings.rubrics / "service.yaml", "        weight: 20\n", "        # Matters most.\n        weight: 20.0\n")
    publish(["service"], settings)


def test_a_version_below_the_published_one_is_refused(settings: Settings) -> None:
    edit(settings.rubrics / "service.yaml", "version: 1", "version: 3")
    publish(["service"], settings)
    edit(settings.rubrics / "service.yaml", "version: 3", "version: 2")
    assert refusals(settings) == [f"{settings.rubrics / 'service.yaml'}:2:1: version 3 is published already (write version: 4)"]


def test_every_reason_is_told_at_once(settings: Settings) -> None:
    publish(["service"], settings)
    edit(settings.rubrics / "service.yaml", "[hello there]", "[good evening]")
    assert [("greeting" in text, "other content" in text) for text in refusals(settings)] == [(True, False), (False, True)]


def test_a_critical_criterion_that_hits_a_good_call_is_refused_until_it_is_listed(settings: Settings) -> None:
    known = settings.rubrics / "known_good.yaml"
    known.write_text(GOOD, "utf-8")
    assert refusals(settings) == [
        f"{settings.rubrics / 'service.yaml'}: critical rude hits the known-good call 'somebody is quoted': agent “shut up” for 'shut up' "
        "(mend the criterion, or list the hit under `hits` of known_good.yaml with a reason)"
    ]
    listed = "hits:\n  - {rubric: service, criterion: rude, call: somebody is quoted, reason: The words of a film; looked at on 3 May.}\n"
    known.write_text(GOOD + listed, "utf-8")
    assert publish(["service"], settings)[0].version == 1


def test_a_good_call_of_other_rubrics_and_criteria_that_are_not_critical_are_not_asked(settings: Settings) -> None:
    # The call says no greeting, but greeting is not critical; and the second call is good by another rubric only.
    text = GOOD.replace("agent: Hello there, is", "agent: Is").replace("somebody is quoted\n", "somebody is quoted\n    rubrics: [other]\n")
    (settings.rubrics / "known_good.yaml").write_text(text, "utf-8")
    publish(["service"], settings)


def test_a_critical_criterion_of_any_check_is_asked_on_calls_good_by_its_rubric(settings: Settings) -> None:
    edit(settings.rubrics / "service.yaml", "weight: 20", "weight: 20\n        critical: true")
    call = "calls:\n  - {name: no promise, language: en, rubrics: [service], dialogue: 'agent: Is this a good time?\n\n      customer: Driving.'}\n"
    (settings.rubrics / "known_good.yaml").write_text(call, "utf-8")
    assert "critical callback hits the known-good call 'no promise'" in refusals(settings)[0]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("calls:\n  - {name: a, language: en}\n", "2:5", "give either `dialogue` or `call`"),
        ("calls:\n  - {name: a, language: en, dialogue: nonsense}\n", "2:29", "is not of the form '0:03 agent: text'"),
        ("calls:\n  - {name: a, language: de, dialogue: 'agent: hi'}\n", "2:15", "language"),
        ("calls: []\nhits:\n  - {rubric: r, criterion: c, call: gone, reason: x}\n", "3:31", "no known-good call is named 'gone'"),
        ("calls: []\nhits:\n  - {rubric: r, criterion: c, call: gone}\n", "3:5", "reason is missing"),
    ],
)
def test_faults_of_the_known_good_calls_are_located(settings: Settings, text: str, place: str, message: str) -> None:
    path = settings.rubrics / "known_good.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(RubricError) as caught:
        publish(["service"], settings)
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"{path}:{place}: ")
    assert message in str(fault)


def test_interrupted_between_text_and_lock_it_is_done_again(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(rubrics: object, store: Store, **options: object) -> int:
        freeze(rubrics, store, **options)
        raise KeyboardInterrupt

    freeze = versions.freeze
    with monkeypatch.context() as patched:
        patched.setattr(versions, "freeze", interrupted)
        with pytest.raises(KeyboardInterrupt):
            publish(["service"], settings, store)
    assert not (settings.rubrics / LOCK_NAME).exists()
    publish(["service"], settings, store)
    publish(["service"], settings, store)
    assert [(row["rubric_id"], row["version"]) for row in rows(store, "select * from rubrics")] == [("service", 1)]
    assert read_lock(settings.rubrics).keys() == {"service"}


def test_a_name_that_is_none_is_refused_with_those_there_are(settings: Settings) -> None:
    with pytest.raises(RubricError, match=r"No rubric is called nosuch.*There are: service"):
        publish(["nosuch"], settings)


# --- cases -----------------------------------------------------------------------------------------------------------------------------


def test_cases_run_without_an_encoder_where_nothing_is_matched_by_meaning(settings: Settings) -> None:
    ((name, results),) = run_cases(settings)
    assert name == "service"
    assert [(result.case.name, result.misses) for result in results] == [
        ("a good call", ()), ("the customer drives", ()), ("all wrong", ()), ("nothing asked", ())
    ]  # fmt: skip
    assert not settings.cache.exists()


def test_a_case_may_point_at_a_stored_call(settings: Settings) -> None:
    store = stored(settings, spoken("c7", "0:00 agent: Hello there.", "0:03 customer: Hi."))
    path = settings.rubrics / "service.cases.yaml"
    path.write_text("- {name: from the store, language: en, call: c7, expected: {greeting: met, rude: not_met}}\n", "utf-8")
    ((_, (result,)),) = run_cases(settings, stored=stored_calls(store))
    assert [miss.split(" ")[:4] for miss in result.misses] == [["rude:", "met,", "expected", "not_met:"]]


@pytest.mark.parametrize("there", [True, False])
def test_a_stored_call_that_is_not_to_be_had_is_said_so(settings: Settings, there: bool) -> None:
    store = stored(settings)
    (settings.rubrics / "service.cases.yaml").write_text("- {name: gone, language: en, call: c8, expected: {}}\n", "utf-8")
    with pytest.raises(RubricError, match="Case 'gone' points at call c8, which is not in the results"):
        list(run_cases(settings, stored=stored_calls(store) if there else None))


def test_a_rubric_by_file_brings_its_cases_from_beside_it(settings: Settings, tmp_path: Path) -> None:
    elsewhere = service_folder(tmp_path / "elsewhere") / "service.yaml"
    bench = open_workbench(settings, files=[elsewhere])
    assert [len(bench.cases[name]) for name in bench.scorecards] == [4]


# --- meanings --------------------------------------------------------------------------------------------------------------------------


def test_lists_and_texts_are_fitted_once_and_then_need_no_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = desk(tmp_path, complaint_folder(tmp_path / "rubrics"))
    use_fake_encoder(monkeypatch)
    assert fit_lists(settings) == (1, 2)
    assert (settings.rubrics / VECTORS_NAME).is_file()
    monkeypatch.undo()
    assert [result.misses for _, results in run_cases(settings) for result in results] == [(), ()]
    monkeypatch.setattr("qa_pipeline.meaning.encoder.Encoder", None)
    assert [rubric.id for rubric in publish(["complaint"], settings)] == ["complaint"]


def test_what_was_encoded_at_the_desk_is_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = desk(tmp_path, complaint_folder(tmp_path / "rubrics"))
    use_fake_encoder(monkeypatch)
    list(run_cases(settings))
    monkeypatch.undo()
    assert [result.misses for _, results in run_cases(settings) for result in results] == [(), ()]
    assert not (settings.rubrics / VECTORS_NAME).exists()


def test_fitting_again_drops_what_no_case_says_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = desk(tmp_path, complaint_folder(tmp_path / "rubrics"))
    use_fake_encoder(monkeypatch)
    fit_lists(settings)
    edit(settings.rubrics / "complaint.cases.yaml", "The parcel is so late.", "A parcel, and so late.")
    assert fit_lists(settings) == (0, 2)
    readers = read_by(settings)
    meanings = f"multilingual-e5-small {readers.acts} {readers.replies}"
    known = CaseVectors([settings.rubrics / VECTORS_NAME], encoder_id=meanings, encode=None, keep=None)
    assert known(["A parcel, and so late."]).round(2)[0, :2].tolist() == encode(["parcel late"]).round(2)[0, :2].tolist()
    with pytest.raises(KeyError):
        known(["The parcel is so late."])


def test_texts_of_known_good_calls_are_fitted_as_those_of_cases_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = desk(tmp_path, complaint_folder(tmp_path / "rubrics"))
    calls = [
        {"name": "of any", "language": "en", "dialogue": "agent: The parcel came in time."},
        {"name": "of another", "language": "en", "dialogue": "agent: Late again.", "rubrics": ["another"]},
    ]
    (settings.rubrics / "known_good.yaml").write_text(json.dumps({"calls": calls}), "utf-8")
    use_fake_encoder(monkeypatch)
    assert fit_lists(settings) == (1, 3)
    monkeypatch.setattr("qa_pipeline.meaning.encoder.Encoder", None)
    assert [rubric.id for rubric in publish(["complaint"], settings)] == ["complaint"]


def test_stored_calls_that_two_rubrics_are_for_alike_are_told(settings: Settings, store: Store) -> None:
    for name in ("service", "other"):
        text = SERVICE.replace("id: service", f"id: {name}\napplies_to: {{direction: outbound}}")
        (settings.rubrics / f"{name}.yaml").write_text(text, "utf-8")
    store.write_conversations([spoken("c1", "agent: Hello there.", direction="outbound")], run_id="r")
    mine = load_rubric(settings.rubrics / "service.yaml")
    assert overlap_warnings(mine, settings, store) == [
        "other is for calls of direction outbound as well, and says as much of them: they would be scored by neither",
        "of the stored calls, 1 call left unscored (c1): Rubrics other and service apply alike. Name one in the metadata column `rubric`, or say "
        "more in the `applies_to` of one.",
    ]
