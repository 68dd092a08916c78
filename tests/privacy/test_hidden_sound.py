"""What personal words take in a recording is hidden, nothing else."""

from __future__ import annotations

import numpy as np

from qa_pipeline.conversation.written import conversation
from qa_pipeline.privacy.find import find_personal
from qa_pipeline.privacy.sound import MARGIN_MS, hidden_spans, hide

RATE = 8000


def test_the_words_times_are_hidden_with_a_margin_on_every_track() -> None:
    talk = conversation("0:00 customer: my phone is 0770 900 1234, call me.", language="en")
    words = talk.utterances[0].words
    spans = hidden_spans(talk.utterances, find_personal(talk.utterances))
    assert spans == ((words[3].start_ms - MARGIN_MS, words[5].end_ms + MARGIN_MS),)

    sound = np.random.default_rng(0).normal(0, 0.2, (2, RATE * 6)).astype(np.float32)
    out = hide(sound, spans, sample_rate=RATE)
    first, last = spans[0][0] * RATE // 1000, spans[0][1] * RATE // 1000
    assert np.array_equal(out[:, :first], sound[:, :first]) and np.array_equal(out[:, last:], sound[:, last:])
    # The same tone on both, and nothing left of what was there.
    assert np.array_equal(out[0, first:last], out[1, first:last])
    assert abs(np.corrcoef(out[0, first:last], sound[0, first:last])[0, 1]) < 0.1
    assert not hide(sound, spans, sample_rate=RATE, is_silent=True)[:, first:last].any()


def test_what_was_given_is_not_written_into() -> None:
    sound = np.ones(RATE, np.float32)
    hide(sound, [(0, 500)], sample_rate=RATE)
    assert sound.all()


def test_without_times_of_words_the_whole_utterance_is_hidden() -> None:
    from dataclasses import replace

    talk = conversation("0:02 customer: my phone is 0770 900 1234", language="en")
    bare = [replace(talk.utterances[0], words=())]
    assert hidden_spans(bare, find_personal(bare), margin_ms=0) == ((talk.utterances[0].start_ms, talk.utterances[0].end_ms),)


def test_text_without_times_has_nothing_to_hide() -> None:
    from dataclasses import replace

    talk = conversation("customer: my phone is 0770 900 1234", language="en")
    bare = [replace(talk.utterances[0], words=(), start_ms=None, end_ms=None)]
    assert hidden_spans(bare, find_personal(bare)) == ()
