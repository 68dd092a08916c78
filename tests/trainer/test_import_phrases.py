"""Phrases from spreadsheets: both layouts, faults with their place, and list files that keep all they had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from qa_pipeline.errors import InputRefused, RubricError
from qa_pipeline.rubric.load import load_list
from qa_pipeline.trainer.import_phrases import Imported, import_phrases

LIST = """\
# Kept by the team in Gdynia.
id: rude
about: {en: "Rude words"}
against: [polite.yaml]
like:
  en:
    impatient: # of the agent
      - "hurry up will you"
    scolding:
      - "are you deaf or what"
phrases:
  en: [shut up, 'no way'] # flow
  zh:
    - "闭嘴"
"""
POLITE = "id: polite\nlike: {en: [thank you very much]}\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "lists" / "rude.yaml"


@pytest.fixture
def there(target: Path) -> Path:
    target.parent.mkdir()
    target.write_text(LIST, "utf-8")
    (target.parent / "polite.yaml").write_text(POLITE, "utf-8")
    return target


def csv(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, "utf-8")
    return path


def book(folder: Path, *rows: Sequence[object], sheet: str = "忌语") -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append(list(row))
    path = folder / "table.xlsx"
    workbook.save(path)
    return path


def taken(source: Path, target: Path, **options: object) -> Imported:
    given = {"sheet": None, "language": None, "kind": "phrases", "list_id": target.stem, **options}
    return import_phrases(source, target, **given)  # type: ignore[arg-type]


def counts(found: Imported) -> tuple[int, int]:
    return found.added, found.there_already


def test_a_column_for_each_language(tmp_path: Path, target: Path) -> None:
    source = csv(tmp_path, "zh,en,notes\n闭嘴,shut up,rude\n,get lost,\n烦不烦,,\n")
    assert counts(taken(source, target)) == (4, 0)
    found = load_list(target)
    assert (found.id, found.phrases) == ("rude", {"zh": ("闭嘴", "烦不烦"), "en": ("shut up", "get lost")})


def test_a_row_for_each_phrase_with_chinese_heads_and_kinds(tmp_path: Path, target: Path) -> None:
    source = book(
        tmp_path, ("序号", "忌语", "语言", "类型"), (1, "闭嘴", "中文", None), (2, "what", "English", "whole_turn"),
        (3, "您刚才说闭嘴", "zh", "take_back"), (4, "你烦不烦啊", "汉语", "LIKE"), (None, None, None, None), (5, 10086, "中文", None),
    )  # fmt: skip
    assert counts(taken(source, target)) == (5, 0)
    found = load_list(target)
    assert found.phrases == {"zh": ("闭嘴", "10086")}
    assert (found.whole_turn, found.take_back, found.like) == ({"en": ("what",)}, {"zh": ("您刚才说闭嘴",)}, {"zh": ("你烦不烦啊",)})


def test_the_sheet_is_the_first_or_the_one_named(tmp_path: Path, target: Path) -> None:
    source = book(tmp_path, ("en",), ("shut up",), sheet="first")
    workbook = openpyxl.load_workbook(source)
    workbook.create_sheet("second").append(["en"])
    workbook["second"].append(["get lost"])
    workbook.save(source)
    taken(source, target)
    taken(source, target, sheet="second")
    assert load_list(target).phrases == {"en": ("shut up", "get lost")}
    with pytest.raises(InputRefused, match=r"has no sheet 'third'\. There are: first, second"):
        taken(source, target, sheet="third")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_whatever_separates_the_columns(tmp_path: Path, target: Path, separator: str) -> None:
    source = csv(tmp_path, "\ufefffras;språk\r\nhåll käften;svenska\r\n".replace(";", separator))
    assert counts(taken(source, target)) == (1, 0)
    assert load_list(target).phrases == {"sv": ("håll käften",)}


def test_a_language_and_a_kind_for_rows_that_name_none(tmp_path: Path, target: Path) -> None:
    source = csv(tmp_path, "phrase\nyou never listen\nyes\n10:30\n")
    assert counts(taken(source, target, language="en", kind="like")) == (3, 0)
    assert load_list(target).like == {"en": ("you never listen", "yes", "10:30")}


def test_what_the_list_holds_stays_to_the_letter(tmp_path: Path, there: Path) -> None:
    source = csv(tmp_path, "phrase,language,kind\nget lost,en,\nzamknij się,pl,\ncan you not hear me,en,like\n")
    assert counts(taken(source, there)) == (3, 0)
    text = LIST.replace("'no way']", "'no way', \"get lost\"]").replace(
        '      - "are you deaf or what"\n', '      - "are you deaf or what"\n    imported:\n      - "can you not hear me"\n'
    )
    assert there.read_text("utf-8") == text + '  pl:\n    - "zamknij się"\n'


def test_what_is_there_or_stands_twice_is_counted(tmp_path: Path, there: Path) -> None:
    source = csv(tmp_path, "en,zh\nshut up,闭嘴\nget lost,\nget lost,\n")
    assert counts(taken(source, there)) == (1, 3)
    before = there.read_bytes()
    assert counts(taken(source, there)) == (0, 4)
    assert counts(taken(csv(tmp_path, "phrase,language\nhurry up will you,en\n"), there, kind="like")) == (0, 1)
    assert there.read_bytes() == before


def test_examples_of_lists_it_is_told_apart_from_stay_where_they_are(tmp_path: Path, there: Path) -> None:
    taken(csv(tmp_path, "en\nthis is fine really\n"), there, kind="unlike")
    assert "thank you very much" not in there.read_text("utf-8")
    assert load_list(there).unlike["en"] == ("this is fine really", "thank you very much")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("phrase,language\nshut up,\nget lost,en\nnein,de\n",
         ["2:1: no language for 'shut up' (fill the column `language`, or give --language)",
          "4:2: no language is called 'de' (write zh, en, pl or sv)"]),
        ("zh,en,kind\n闭嘴,,phrase\n", ["2:3: no kind is called 'phrase' (there are: phrases, whole_turn, take_back, like, unlike)"]),
        ("note,team\nx,y\n", ["1:1: no column of phrases among note, team (name one `phrase`, or one for each language: zh, en, pl, sv)"]),
        ("en,zh\n,\n", ["1: no phrases (give a header row: phrase and language, or zh, en, pl, sv)"]),
        ("", ["1: no phrases (give a header row: phrase and language, or zh, en, pl, sv)"]),
    ],
)  # fmt: skip
def test_bad_rows_are_all_told_and_nothing_is_written(tmp_path: Path, there: Path, text: str, faults: list[str]) -> None:
    source = csv(tmp_path, text)
    with pytest.raises(InputRefused, match="cannot be taken over") as caught:
        taken(source, there)
    assert [str(fault) for fault in caught.value.faults] == [f"{source}:{fault}" for fault in faults]
    assert there.read_text("utf-8") == LIST


def test_a_phrase_that_does_not_parse_is_located_in_its_cell(tmp_path: Path, target: Path) -> None:
    source = book(tmp_path, ("zh", "en"), ("闭嘴", "shut (up"), ("好", "{nosuch} thing"))
    with pytest.raises(InputRefused) as caught:
        taken(source, target)
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, 2), (3, 2)]
    assert not target.exists()
    # Examples are whole utterances, in which brackets mean nothing.
    assert taken(source, target, kind="like").added == 4


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.xlsx", b"PK no book", "is no Excel workbook"),
        ("a.csv", "忌语".encode("gb18030"), "is not UTF-8 text"),
        ("a.csv", b'en\n"shut', "is not CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, target: Path, name: str, raw: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputRefused, match=message):
        taken(tmp_path / name, target)


def test_a_list_with_faults_or_a_bad_name_is_not_touched(tmp_path: Path, there: Path) -> None:
    source = csv(tmp_path, "en\nget lost\n")
    with pytest.raises(InputRefused, match="cannot be a list's name"):
        taken(source, there.with_name("Rude-words.yaml"))
    there.write_text(LIST.replace("phrases:", "phrasse:"), "utf-8")
    with pytest.raises(RubricError):
        taken(source, there)
    assert "get lost" not in there.read_text("utf-8")
