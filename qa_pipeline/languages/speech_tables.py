"""What a speech recogniser makes of a language."""

from __future__ import annotations

from typing import ClassVar

from qa_pipeline.languages.tables import Table, Texts


class RecogniserWords(Table):
    """`also_heard_as`: further codes of the recogniser that are served as this language.

    `never_said`: whole sentences that it writes where nobody speaks, folded, without spaces; one that ends in … may go on. `possible`: whole utterances,
    folded, that it writes there too.
    """

    FILE: ClassVar[str] = "recogniser.yaml"
    also_heard_as: Texts = ()
    never_said: Texts = ()
    possible: Texts = ()
