"""A conversation put right as decisions have it (correct.py), with the models of the settings: loaded when first needed, once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.correct import Correction, correct
from qa_pipeline.conversation.feeling import Judge, load_judge
from qa_pipeline.conversation.role_head import RoleHead, load_role_head
from qa_pipeline.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def put_right(conversation: Conversation, correction: Correction | None, settings: Settings) -> Conversation:
    """The conversation as decisions have put it right; itself where there are none."""
    if correction is None:
        return conversation
    judge, head = _correctors(settings)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        from qa_pipeline.conversation.listen import Listener

        return Listener(settings).read_meanings(texts)

    return correct(conversation, correction, judge, threshold=settings.sentiment_threshold, head=head, encode=encode)


@lru_cache(maxsize=1)
def _correctors(settings: Settings) -> tuple[Judge, RoleHead]:
    return load_judge(settings), load_role_head(settings.manifests / "roles" / "head.json")
