"""What a conversation's identity depends on, and what speech work is kept by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qa_pipeline.call import Call
from qa_pipeline.conversation.listen import Listener, conversation_id, conversation_options
from qa_pipeline.conversation.roles import LEXICON_OPTION
from qa_pipeline.settings import load_settings

CALL = Call(call_id="c", source_uri="c.wav", audio_sha256="0" * 64)


def test_a_new_role_lexicon_of_one_language_leaves_calls_known_to_be_in_another_as_they_are() -> None:
    # The identities that these calls had while the lexicon of every language was of version 2.
    before = {"zh": "b581b69b93fa06b0ec594d51934829ae", "pl": "b364fa68bfce88adf9fa688518b1cadd", None: "2c85c140ee1658017112fe85e986dfb0"}
    options = {LEXICON_OPTION: conversation_options(load_settings())[LEXICON_OPTION]}
    assert options == {LEXICON_OPTION: "zh2,en2,pl3,sv3"}
    now = {language: conversation_id(replace(CALL, language=language), options, "") for language in before}
    assert [now[language] == before[language] for language in before] == [True, False, False]


def test_words_recognised_before_a_new_role_lexicon_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(cache=tmp_path)
    now = Listener(settings)
    monkeypatch.setattr("qa_pipeline.conversation.listen.lexicon_version", lambda languages: "3")
    assert Listener(settings).options != now.options
    assert Listener(settings)._work_path(CALL) == now._work_path(CALL)
