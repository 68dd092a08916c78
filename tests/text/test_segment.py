"""Words of Chinese found by frequency."""

from __future__ import annotations

import pytest

from qa_pipeline.text.segment import has_vocabulary, pieces


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("请问您的手机是什么机型", "请问 您 的 手机 是 什么 机型"),
        ("我正在检查", "我 正在 检查"),
        ("在建行办的", "在 建行 办 的"),
        ("", ""),
    ],
)
def test_a_text_is_cut_into_its_likeliest_words(text: str, words: str) -> None:
    assert " ".join(text[piece.start : piece.end] for piece in pieces(text, "zh")) == words


def test_single_characters_make_sense_where_they_are_frequent() -> None:
    assert [piece.makes_sense for piece in pieces("我很螞", "zh")] == [True, True, False]


def test_a_language_without_a_list_has_none() -> None:
    assert has_vocabulary("zh") and not has_vocabulary("en")
