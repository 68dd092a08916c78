"""Words that judging knows beside a rubric's own: common answers, what excuses forbidden words."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from qa_pipeline.languages.patterns import NEVER, AnyCase
from qa_pipeline.languages.tables import Table, Texts


class AnswerWords(Table):
    """Phrases of common answers by their name (willing, unwilling, yes, no, satisfied, average, dissatisfied, given, refused).

    What a question makes of a bare yes or no: `plain_yes` and `plain_no`, phrases that say no more than that; `adverse`: questions whose yes is
    unwilling (am I disturbing you?); `hoped`: such as hope for the opposite, so that yes and no are both willing (没打扰您吧); `faults`: such as ask what
    was wrong, whose no is satisfied.

    `also_deny`: those of `plain_yes` and `plain_no` that are part of sentences too (nie, inte). To a question for a good moment `invites` bids to go on,
    `postpones` refuses or names another time, whatever else is said; `tells`: words of `invites` that bid nothing (let me tell you). `asks_when`: what a
    question ends with to which another time is an agreement (which day may I book?). `no_view`: who says so cannot judge yet, or at all.

    `turns`: words with which a judgement goes from what was once to what is now (but in the end); `contrasts`: such as set what follows against what was
    said (but). `lead_counts`: a clear yes or no that begins a reply to a question for a good moment decides over what somebody is doing meanwhile.
    `either`: a question that names two things, to which a yes or a no says little (are you free, or are you resting?).
    `echoes`: a yes is often the question's own verb said back. What that may end with (`particles`) and begin with where it is a no (`denials`), and what is no verb, in Han
    script only. `murmurs`: first clauses, lower-case, that say nothing, not even yes.
    `gives_way`: what an asker says who has understood that it is no good moment. `withdraws`: what takes back an answer given before; `hangs_up`: what says that its speaker hangs up; `wrong_number`: what
    a caller says who has understood that it was not the one wanted.
    """

    FILE: ClassVar[str] = "answers.yaml"
    answers: dict[str, Texts] = Field(default_factory=dict)
    plain_yes: Texts = ()
    plain_no: Texts = ()
    adverse: Texts = ()
    hoped: Texts = ()
    faults: Texts = ()
    also_deny: Texts = ()
    invites: Texts = ()
    postpones: Texts = ()
    tells: Texts = ()
    asks_when: Texts = ()
    no_view: Texts = ()
    turns: AnyCase = NEVER
    contrasts: AnyCase = NEVER
    lead_counts: bool = False
    either: AnyCase = NEVER
    echoes: bool = False
    murmurs: Texts = ()
    particles: str = ""
    denials: Texts = ()
    no_verbs: Texts = ()
    gives_way: Texts = ()
    withdraws: Texts = ()
    hangs_up: Texts = ()
    wrong_number: Texts = ()


class ExcuseWords(Table):
    """What excuses forbidden words: phrases that quote, that ask whether this is what was said, that ask politely to repeat.

    `echoed`: how an utterance begins and ends that gives the other side's words back as a question (matched from its start, whatever the case). `overrated`:
    acts that the reader of acts takes ordinary speech of this language for, and the log-odds by which it must be surer of them here.
    """

    FILE: ClassVar[str] = "excuses.yaml"
    quoting: Texts = ()
    confirming: Texts = ()
    echoed: AnyCase = NEVER
    polite: Texts = ()
    overrated: dict[str, float] = Field(default_factory=dict)
