"""What the program writes for people, and reads of their tables, in a language."""

from __future__ import annotations

from typing import ClassVar

from qa_pipeline.languages.tables import Table, Texts


class DeskWords(Table):
    """`is_interface`: pages, messages and reports are in it. `called`: names of the language in tables. `title`, `question_for_mark`: of a new rubric and its survey. `…_columns`: headers of tables of phrases.
    `vague`, `joining`, `wordless`: words of questions that people would answer differently, that put two into one, and that ask for what no words tell. `time_formats`: how times of calls are written in tables with words of the language, as strptime reads them. `speaker_columns` … `call_columns`: headers of tables that hold what
    was said, a line a row. `before_noon`, `after_noon`: words before the hours of a clock of twelve. `inbound`, `outbound`: what stands in the column `direction`; `left`, `right`: in `agent_channel`. `hours`, `minutes`,
    `seconds`: units behind figures of lengths.

    Names and headers are lower-case.
    """

    FILE: ClassVar[str] = "desk.yaml"
    is_interface: bool = False
    called: Texts = ()
    title: str | None = None
    question_for_mark: str | None = None
    phrase_columns: Texts = ()
    language_columns: Texts = ()
    kind_columns: Texts = ()
    vague: Texts = ()
    joining: Texts = ()
    wordless: Texts = ()
    time_formats: Texts = ()
    speaker_columns: Texts = ()
    said_columns: Texts = ()
    start_columns: Texts = ()
    end_columns: Texts = ()
    call_columns: Texts = ()
    before_noon: Texts = ()
    after_noon: Texts = ()
    inbound: Texts = ()
    outbound: Texts = ()
    left: Texts = ()
    right: Texts = ()
    hours: Texts = ()
    minutes: Texts = ()
    seconds: Texts = ()
