"""What scorecards say about why a criterion came out as it did and how sure that is, in a language. It judges nothing."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from qa_pipeline.languages.tables import Table


class ReasonWords(Table):
    """`sentences`: by reason code, with the names of its arguments in braces; `words`: what stands for a value among them.

    `grounds`: by what a certainty rests on, how it is said where it raises the certainty and where it lowers it.
    """

    FILE: ClassVar[str] = "reasons.yaml"
    sentences: dict[str, str] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)
    grounds: dict[str, tuple[str, str]] = Field(default_factory=dict)
