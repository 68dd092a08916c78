"""What pages and the API refuse, each with the request that brings it and requests by its cure; tests/web/test_page_cures.py sends them.

A request is written as `who METHOD /path form`: who signs in, and the form as an address has it; for the API it is JSON. Names in braces are what the office
there holds: {dispute}, {session}, {report}, {period}; {accepted} and {second} are proposals that wait, {listless} one to a criterion without a list,
{wordless} one whose words retention took.
"""

from __future__ import annotations

_OWN = "/api/v1/calls/own/decisions"
_PERIOD = "/periods first=2026-06-20&last=2026-06-20&team=north&reason=paid"

PAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("A team needs a name.", "sven POST /teams name=", ("sven POST /teams name=east",)),
    ("Files are not written as {form}.", "anna GET /periods/file?form=doc", ("anna GET /periods/file?form=csv", "anna GET /periods/file?form=xlsx")),
    ("It is not confirmed.", f"anna POST {_PERIOD}", (f"anna POST {_PERIOD}&confirmed=yes",)),
    ("It is not confirmed.", "anna POST /periods/{period}/reopen reason=wrong", ("anna POST /periods/{period}/reopen reason=wrong&confirmed=yes",)),
    ("It is not confirmed.", "anna POST /reports/{report}/delete", ("anna POST /reports/{report}/delete confirmed=yes",)),
    ("It is not said what is answered, and how.", f'anna POST {_OWN} {{"kind": "ruling", "reason": "heard it"}}', (f'anna POST {_OWN} {{"kind": "ruling", "about": "{{dispute}}", "is_upheld": false, "reason": "heard it"}}',)),
    ("It is not said what the criterion is.", f'mei POST {_OWN} {{"kind": "override", "criterion_id": "long", "reason": "heard it"}}',
     (f'mei POST {_OWN} {{"kind": "override", "criterion_id": "long", "outcome": "met", "reason": "heard it"}}',)),
    ("It is not said what the criterion is.", "mei POST /calibration/{session}/own outcome-long=perhaps", ("mei POST /calibration/{session}/own outcome-long=met",)),
    ("It is not said what is decided.", "anna POST /consent call=team-2&kind=sold&reason=asked", ("anna POST /consent call=team-2&kind=held_back&reason=asked",)),
    ("It is not said what the case is to show.", "piotr POST /lessons/case/talk-2 criterion=service.greeting&outcome=&utterance=0",
     ("piotr POST /lessons/case/talk-2 criterion=service.greeting&outcome=not_met&utterance=0",)),
    ("It is not said what the words are to become.", "mei POST /calls/own/teach criterion_id=long&words=hello&version=0", ("mei POST /calls/own/teach criterion_id=long&words=hello&kind=like&version=0",)),
    ("It is not said whether the dispute is right.", "anna POST /disputes/team/{other_dispute} reason=heard", ("anna POST /disputes/team/{other_dispute} ruling=reject&reason=heard",)),
    ("No calls are given.", "mei POST /calibration name=June&people=mei", ("mei POST /calibration name=June&people=mei&calls=own-2",)),
    ("No role is called ….", "sven POST /accounts name=lee&roles=king", ("sven POST /accounts name=lee&roles=reviewer",)),
    ("No role is chosen.", "sven POST /accounts name=kim", ("sven POST /accounts name=kim&roles=agent",)),
    ("No rubric {rubric} has an index.", "anna GET /figures/indices/file?rubric=service", ("anna GET /figures/indices", "anna GET /figures/indices/file?rubric={surveyed}")),
    ("No such template or language.", "piotr POST /rubrics name=spring&template=outbound&language=xx", ("piotr GET /rubrics", "piotr POST /rubrics name=spring&template=outbound&language=en")),
    ("Nobody has judged this criterion yet.", "mei GET /agreement/tested/grave", ("mei GET /agreement", "mei GET /agreement/tested/turns")),
    ("Nobody is signed in.", "- GET /api/v1/calls", ("mei GET /api/v1/calls",)),
    ("Nothing is chosen that still failed.", "sven POST /operator/retry", ("sven POST /operator/retry source=night/gone.wav",)),
    ("Pages are not shown in {language}.", "rolf POST /preferences language=xx", ("rolf POST /preferences language=en",)),
    ("That would take your own account away from you.", "sven POST /accounts/sven roles=reviewer&is_active=true", ("olga POST /accounts/sven roles=reviewer&roles=operator&is_active=true",)),
    ("The proposal is settled already.", "piotr POST /lessons/{settled}/accept", ("piotr GET /lessons", "piotr POST /lessons/{waiting}/accept")),
    ("The words are not kept any more.", "piotr POST /lessons/{wordless}/accept", ("piotr POST /lessons/{wordless}/refuse reason=gone",)),
    ("{criterion_id} has no list of examples to take the words.", "piotr POST /lessons/{listless}/accept", ("piotr POST /lessons/{listless}/refuse reason=a+phrase+does+it",)),
    ("There is no outcome {outcome}.", "anna GET /figures/calls?outcome=good", ("anna GET /figures/calls?outcome=not_met",)),
    ("There is no period {period_id}.", "anna GET /periods/none", ("anna GET /periods", "anna GET /periods/{period}")),
    ("There is no rubric {rubric}.", "piotr GET /rubrics/file/none.yaml", ("piotr GET /rubrics", "piotr GET /rubrics/file/service.yaml")),
    ("There is no rubric {rubric}.", "piotr POST /rubrics/publish/none", ("piotr GET /rubrics", "piotr GET /rubrics/history/service")),
    ("These days are not yours to close.", "anna GET /periods?first=2026-05-20&last=2026-05-20&team=south", ("anna GET /periods?first=2026-05-20&last=2026-05-20&team=north",)),
    ("This page is not for {name}.", "rolf GET /operator", ("sven POST /accounts/rolf roles=reviewer&roles=operator&is_active=true", "rolf GET /operator")),
    ("Unsaved: ….", "piotr POST /rubrics/publish/followed", ("piotr POST /rubrics/save/followed.yaml {text_of_followed}", "piotr POST /rubrics/publish/followed")),
    ("Unsaved: ….", "piotr POST /rubrics/publish/dropped", ("piotr POST /rubrics/discard/dropped.yaml", "piotr POST /rubrics/publish/dropped")),
    ("`after` is no end of a page.", "mei GET /api/v1/calls?size=4&after=x", ("mei GET /api/v1/calls?size=4", "mei GET /api/v1/calls?size=4&after={next}")),
    ("{name} may not decide this about {call_id}.", "lead POST /announcements/refuse/team", ("mei POST /announcements/refuse/team",)),
    ("{text} is no day.", "mei GET /queue?since=soon", ("mei GET /queue?since=2026-05-31",)),
    ("{text} is no day.", "anna GET /periods?first=soon&last=later&team=north", ("anna GET /periods?first=2026-05-31&last=2026-05-31&team=north",)),
    ("{text} is no day.", "piotr POST /lessons/words words=hello&since=soon", ("piotr POST /lessons/words words=hello&since=2026-05-31",)),
    ("{text} is no day.", "piotr POST /rubrics/compare/service since=soon", ("piotr POST /rubrics/compare/service since=2026-05-31",)),
    ("{text} is no day.", "mei GET /agreement?since=soon", ("mei GET /agreement?since=2026-05-11",)),
    ("{text} is no moment of a call.", "lin POST /mine/calls/own-2/dispute criterion_id=long&reason=no&moment=soon", ("lin POST /mine/calls/own-2/dispute criterion_id=long&reason=no&moment=1:05",)),
    ("{text} is no moment.", "mei POST /calls/own/teach criterion_id=long&words=good+day&kind=like&moment=soon&version=0", ("mei POST /calls/own/teach criterion_id=long&words=good+day&kind=like&moment=1:05&version=0",)),
    ("{text} is no number of days.", "sven POST /access/tokens name=board&account=mei&scopes=calls&days=many", ("sven POST /access/tokens name=board&account=mei&scopes=calls&days=30", "sven POST /access/tokens name=board2&account=mei&scopes=calls&days=")),
)  # fmt: skip

# Each brought by a test of its own.
FORM, TOKEN, PACE, TRIES = (
    "The form is of another page, or of a session that has ended.",
    "This token is not for {value}.",
    "That is more than this token may ask in a minute.",
    "That was tried too often from here.",
)
ALL_TEXTS = (*(row[0] for row in PAGES), FORM, TOKEN, PACE, TRIES)
