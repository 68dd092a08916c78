"""check: capture — a value the parties said: a time, a number, a name, a reason, a text; and whether it was read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from qa_pipeline.call import Outcome, Role, Utterance
from qa_pipeline.languages.load import glue, is_han, table
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.phrases.search import Hit, speech_from_text, words_between
from qa_pipeline.rubric.criteria import CaptureCriterion
from qa_pipeline.scoring.answers import hits_of, is_question
from qa_pipeline.scoring.matching import Evidence, Search
from qa_pipeline.scoring.verdict import ROLES, Capture, Context, Verdict, in_order, search_window
from qa_pipeline.scoring.windows import Searched, runs_of
from qa_pipeline.text.normalise import unit_count
from qa_pipeline.values.find import Value, digits_of, find_values, names_day
from qa_pipeline.values.names import answered_name, asks_name, spoken_to

# After the question for a value, so many utterances of the one who gives it are looked at.
_AFTER_CUE = 4
_TEXT_UNITS = 2
_SENTENCE_UNITS = 5
# Share of a text's words that must come again when it is read back. Chosen on the message-taking cases.
_READ_BACK_SHARE = 0.4
# Or the share of an utterance's words that the other side said shortly before, where it says back the gist alone. Chosen on written dialogues.
_GIST_SHARE, _GIST_UNITS, _GIST_UTTERANCES = 0.75, 6, 6
# In an utterance of so many words, or Han characters, half of them tell: who retells a message puts much of it in words of their own. Chosen on written dialogues.
_RETOLD_SHARE, _RETOLD_UNITS, _RETOLD_HAN_UNITS = 0.5, 8, 12
# Fewer digits are no telephone number that somebody is asked about.
_LEAST_DIGITS_ASKED = 7
_SPECIFIC = {"datetime": 3, "datetime_after": 2, "datetime_before": 2, "daypart": 2, "spoken": 1, "date": 1}
_TIMES = frozenset(_SPECIFIC)
# What the listener says between two pieces of a number: "mhm", or the piece again.
_BETWEEN_PIECES_UNITS = 8
_MOST_BETWEEN_PIECES = 2
_HEARD_UNITS = 4
# Words that may as well mean another value.
_OF_TWO_READINGS = 0.5
# A number is said back without the country's code as well.
_LEAST_DIGITS_SAID_AGAIN = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    value: str
    value_type: str
    evidence: Evidence


def check_capture(criterion: CaptureCriterion, context: Context) -> Verdict:
    """Met when a value of the wanted type was said (with `repeats`: the same value as that criterion captured)."""
    searched = search_window(criterion, context)
    if criterion.repeats:
        return _check_read_back(criterion, context.verdicts[criterion.repeats], context, searched)
    passages, cues = _passages(criterion, context, searched)
    if criterion.capture == "reason":
        values = _reasons(criterion, context.search, passages)
    elif criterion.capture == "text":
        values = _texts(context.search, passages)
    elif criterion.capture == "datetime":
        values = _times(context, passages)
    else:
        if criterion.capture == "phone":
            passages = _bridged(passages, context.search)
        values = [item for passage in passages for item in _values(criterion, context, passage)]
    unique = _first_of_each(values)
    if not unique:
        heard = (context.search.evidence(cue, "heard") for cue in cues)
        return Verdict(
            outcome=Outcome.NOT_MET, reason_code="not_captured", reason_args={"what": criterion.capture}, evidence=in_order(heard),
            searched=searched,
        )  # fmt: skip
    captures = tuple(
        Capture(name=criterion.id, value=item.value, value_type=item.value_type, text=item.evidence.text, start_ms=item.evidence.start_ms)
        for item in unique
    )
    return Verdict(
        outcome=Outcome.MET, reason_code="captured", reason_args={"value": unique[0].value}, evidence=tuple(item.evidence for item in unique),
        searched=searched, answer=unique[0].value if criterion.capture == "reason" else None, occurrences=len(unique), captures=captures,
    )  # fmt: skip


def _passages(criterion: CaptureCriterion, context: Context, searched: Searched) -> tuple[list[list[Utterance]], list[Hit]]:
    """Runs of utterances in which the value may be said: after each cue, or everything searched; and the cues."""
    search = context.search
    if not criterion.phrases and criterion.meaning is None:
        return runs_of(searched.utterances), []
    everybody = search.select(ROLES["any"], None)
    hits = search.hits(search.phrases(criterion.phrases), everybody) if criterion.capture != "reason" else []
    inside = searched.numbers
    first = min(inside, default=0)
    passages: list[list[Utterance]] = []
    cues: list[Hit] = []
    for hit in hits:
        after = [u for u in searched.utterances if u.utterance >= hit.utterance]
        if hit.utterance < first - 1 or not after:
            continue
        cues.append(hit)
        # A text that anybody may say begins after its cue; one party's own cue ("please tell him …") begins the text itself.
        is_own_cue = search.by_number[hit.utterance].role in ROLES[criterion.party]
        if is_own_cue and (criterion.capture != "text" or criterion.party != "any"):
            passages += runs_of(after[: _AFTER_CUE + 1])
        else:
            passages += runs_of([u for u in after if u.utterance > hit.utterance][:_AFTER_CUE])
    return list({(run[0].utterance, len(run)): run for run in passages}.values()), cues


def _bridged(passages: list[list[Utterance]], search: Search) -> list[list[Utterance]]:
    """Runs of one party made one where the other said only a few words between: a number is given, heard and repeated piece by piece."""
    utterances = sorted({u.utterance: u for run in passages for u in run}.values(), key=lambda u: (u.role.value, u.utterance))
    joined: list[list[Utterance]] = []
    for utterance in utterances:
        last = joined[-1][-1] if joined else None
        between = range(last.utterance + 1, utterance.utterance) if last is not None and last.role is utterance.role else None
        is_near = between is not None and len(between) <= _MOST_BETWEEN_PIECES
        if (
            is_near
            and between is not None
            and all(_is_heard(search.by_number[number], search.language) for number in between if number in search.by_number)
        ):
            joined[-1].append(utterance)
        else:
            joined.append([utterance])
    return sorted(joined, key=lambda run: run[0].utterance)


def _is_heard(utterance: Utterance, language: str) -> bool:
    """Whether the listener only says that a piece was heard: a word or two, or the piece again; a new question ends the number."""
    units = unit_count(utterance.text)
    return units <= _HEARD_UNITS or (units <= _BETWEEN_PIECES_UNITS and bool(digits_of(utterance.text, language)))


def _first_of_each(values: Sequence[_Found]) -> list[_Found]:
    """Each value once, in the order given, where it was said first: what is said again is its repetition."""
    earliest: dict[tuple[str, str], _Found] = {}
    for item in values:
        known = earliest.get((item.value, item.value_type))
        if known is None or item.evidence.utterance < known.evidence.utterance:
            earliest[item.value, item.value_type] = item
    return list(earliest.values())


def _values(criterion: CaptureCriterion, context: Context, run: list[Utterance]) -> list[_Found]:
    # Numbers are given in pieces: the run is read as one text.
    text, starts = _joined(run, context.search.language)
    values = find_values(str(criterion.capture), text, context.search.language, context.began)
    if criterion.capture == "name":
        is_asked = _is_asked_for_name(run[0], context.search)
        if not criterion.phrases and not is_asked:
            # One word alone is a name only where a name was asked for ("Unbelievable.").
            values = [value for value in values if text.strip(" .,!?。，！？") != value.value or " " in value.value]
        if is_asked and (answer := answered_name(run[0].text, context.search.language)):
            # Where a name was asked for, the answer is one without capitals too, and Nowicka, Monika Nowicka is one name.
            values = [max((answer, *values), key=lambda value: len(value.value))]
    return [_located(value, run, starts, text) for value in values]


def _is_asked_for_name(first: Utterance, search: Search) -> bool:
    """Whether the other party's words before an utterance ask for a name."""
    before = [u for u in search.conversation.utterances if u.utterance < first.utterance][-2:]
    return any(u.role is not first.role and asks_name(u.text, search.language) for u in before)


def _times(context: Context, passages: list[list[Utterance]]) -> list[_Found]:
    """Times, the most definite first, and of several equally definite the last: people narrow a time down.

    A day that was named holds for the hours said after it, by either party ("Saturday?" "Yes, at ten.").
    """
    language = context.search.language
    utterances = {utterance.utterance: utterance for run in passages for utterance in run}
    times: list[_Found] = []
    day: date | None = None
    for _, utterance in sorted(utterances.items()):
        for value in find_values("datetime", utterance.text, language, context.began, country=context.rubric.country):
            is_of_own_day = names_day(utterance.text, language)
            times.append(_located(value if is_of_own_day else _on(value, day), [utterance], [0], utterance.text))
            day = _day_of(value) if is_of_own_day else day
    times.reverse()
    return sorted(times, key=lambda item: (-_SPECIFIC[item.value_type], -item.evidence.utterance))


def _day_of(value: Value) -> date | None:
    return None if value.value_type == "spoken" else date.fromisoformat(value.value[:10])


def _on(value: Value, day: date | None) -> Value:
    """An hour named alone after a day belongs to that day."""
    if day is None or value.value_type not in ("datetime", "datetime_after", "datetime_before"):
        return value
    at = datetime.fromisoformat(value.value)
    moved = at.replace(year=day.year, month=day.month, day=day.day)
    return Value(value=moved.isoformat(timespec="minutes"), value_type=value.value_type, start=value.start, end=value.end)


def _joined(run: list[Utterance], language: str) -> tuple[str, list[int]]:
    between = glue(language)
    text, starts = "", []
    for utterance in run:
        text += between if text else ""
        starts.append(len(text))
        text += utterance.text
    return text, starts


def _located(value: Value, run: list[Utterance], starts: list[int], text: str) -> _Found:
    index = max(i for i, start in enumerate(starts) if start <= value.start)
    utterance = run[index]
    words = words_between(utterance, value.start - starts[index], value.end - starts[index])
    evidence = Evidence(
        kind="hit", utterance=utterance.utterance, role=utterance.role, text=text[value.start : value.end],
        start_ms=words[0].start_ms if words else utterance.start_ms, end_ms=words[-1].end_ms if words else utterance.end_ms,
        expected=value.value_type, similarity=_OF_TWO_READINGS if value.is_unsure else 1.0,
    )  # fmt: skip
    return _Found(value=value.value, value_type=value.value_type, evidence=evidence)


def _reasons(criterion: CaptureCriterion, search: Search, passages: list[list[Utterance]]) -> list[_Found]:
    searched = Searched(utterances=tuple(u for run in passages for u in run), start_ms=None, end_ms=None)
    hits = [(name, hit) for name, phrases in criterion.values.items() for hit in search.hits(search.phrases(phrases), searched)]
    named: dict[int, set[str]] = {}
    for name, hit in hits:
        named.setdefault(hit.utterance, set()).add(name)
    # Who names several offers them to choose from, whether or not it is written as a question.
    offering = {number for number, names in named.items() if len(names) > 1 and search.by_number[number].role is Role.AGENT}
    told = sorted(
        ((name, hit) for name, hit in hits if hit.utterance not in offering), key=lambda item: (item[1].start, -item[1].similarity, item[0])
    )
    return [_Found(value=name, value_type="reason", evidence=search.evidence(hit)) for name, hit in told]


def _texts(search: Search, passages: list[list[Utterance]]) -> list[_Found]:
    """What is said first after a cue, unless it is only a word of consent ("all right") and more follows."""
    texts = [(run, _joined(run, search.language)[0]) for run in passages]
    for least in (_SENTENCE_UNITS, _TEXT_UNITS):
        for run, text in texts:
            if _words_in(text, search.language) >= least:
                evidence = Evidence(
                    kind="hit", utterance=run[0].utterance, role=run[0].role, text=text, start_ms=run[0].start_ms, end_ms=run[-1].end_ms,
                    expected="text", similarity=1.0,
                )  # fmt: skip
                return [_Found(value=text, value_type="text", evidence=evidence)]
    return []


def _words_in(text: str, language: str) -> int:
    """Words of a text, numbers aside: a telephone number is no message."""
    return sum(not token.text.isdigit() for token in speech_from_text(text, language).tokens)


def _check_read_back(criterion: CaptureCriterion, captured: Verdict, context: Context, searched: Searched) -> Verdict:
    """Met when the value captured before is said again in the words searched, after it was captured."""
    given = captured.evidence[0].utterance if captured.evidence else -1
    after = tuple(u for u in searched.utterances if u.utterance > given)
    what = {"what": captured.captures[0].value if captured.captures else ""}
    for capture in captured.captures:
        runs = runs_of(after)
        for run in (*runs, *_bridged(runs, context.search)) if capture.value_type == "phone" else runs:
            evidence = _says_again(capture, run, criterion, context)
            if evidence:
                return _as_read_back(what, evidence, searched)
    is_text = any(capture.value_type == "text" for capture in captured.captures)
    if is_text and (in_short := _in_short(after, context.search) or _retold(searched.utterances, context.search)):
        return _as_read_back(what, in_short, searched)
    return Verdict(outcome=Outcome.NOT_MET, reason_code="not_read_back", reason_args=what, searched=searched)


def _as_read_back(what: Mapping[str, str], evidence: Evidence, searched: Searched) -> Verdict:
    return Verdict(outcome=Outcome.MET, reason_code="read_back", reason_args=what, evidence=(evidence,), searched=searched, occurrences=1)


def _in_short(after: Iterable[Utterance], search: Search) -> Evidence | None:
    """An utterance that is nearly all made of what the other side said shortly before: the gist said back, however little of it that is."""
    for utterance in after:
        if unit_count(utterance.text) < _GIST_UNITS:
            continue
        share = _shared(utterance.text, _said_before(utterance, search), search.language)
        if share >= _GIST_SHARE:
            return search.utterance_evidence(utterance, "text", share)
    return None


def _retold(searched: Iterable[Utterance], search: Search) -> Evidence | None:
    """A longer utterance, wherever it stands, of which half is what the other side said shortly before, numbers aside."""
    least = _RETOLD_HAN_UNITS if is_han(search.language) else _RETOLD_UNITS
    for utterance in searched:
        if unit_count(utterance.text) < least:
            continue
        share = _shared(utterance.text, _said_before(utterance, search), search.language, without_numbers=True)
        if share >= _RETOLD_SHARE:
            return search.utterance_evidence(utterance, "text", share)
    return None


def _said_before(utterance: Utterance, search: Search) -> str:
    """What the other side said shortly before an utterance."""
    others = (search.by_number.get(utterance.utterance - back) for back in range(1, _GIST_UTTERANCES + 1))
    return " ".join(other.text for other in others if other is not None and other.role not in (utterance.role, Role.OTHER))


def read_out(criterion: CaptureCriterion, context: Context) -> Verdict | None:
    """A telephone number that one party has before them, says in full and has confirmed was read back though the other never gave it; None for anything else."""
    if criterion.capture != "phone":
        return None
    search = context.search
    words = table(search.language, AnswerWords)
    searched = search_window(criterion, context)
    for run in runs_of(searched.utterances):
        text, starts = _joined(run, search.language)
        number = next((v for v in find_values("phone", text, search.language, context.began) if len(v.value) >= _LEAST_DIGITS_ASKED), None)
        reply = search.by_number.get(run[-1].utterance + 1)
        if number is None or reply is None or reply.role in (run[-1].role, Role.OTHER):
            continue
        # What is told to be rung elsewhere is no question: it is asked about, or the last that is said.
        if not is_question(text) and text[number.end :].strip(" .。"):
            continue
        says_yes, says_no = (
            any(reply.text.lstrip().startswith(hit.text) for hit in hits_of(search, said, (reply,), "exact"))
            for said in (words.plain_yes, words.plain_no)
        )
        # Who says the number as the last thing wants a yes; who asks about it is told if it is wrong.
        if says_yes or (is_question(text) and not says_no and not is_question(reply.text)):
            return _as_read_back({"what": number.value}, _located(number, run, starts, text).evidence, searched)
    return None


def _says_again(capture: Capture, run: list[Utterance], criterion: CaptureCriterion, context: Context) -> Evidence | None:
    search = context.search
    text, starts = _joined(run, search.language)
    whole = Value(value=capture.value, value_type="name", start=starts[0], end=len(text))
    if capture.value_type in ("phone", "number"):
        digits = digits_of(text, search.language) if capture.value_type == "phone" else ""
        numbers = {value.value for value in find_values("number", text, search.language, context.began)}
        is_same = _is_said_in(capture.value, digits) if capture.value_type == "phone" else capture.value in numbers
        return _located(whole, run, starts, text).evidence if is_same else None
    if capture.value_type in _TIMES - {"spoken"}:
        # One text names at most one time: each sentence is read, then all of them as one.
        for part, run_of_part, starts_of_part in (*((u.text, [u], [0]) for u in run), (text, run, starts)):
            for value in find_values("datetime", part, search.language, context.began, country=context.rubric.country):
                if value.value == capture.value or _is_hour_of(value, capture.value, part, search.language):
                    return _located(value, run_of_part, starts_of_part, part).evidence
        return None
    if capture.value_type in ("name", "spoken"):
        searched = Searched(utterances=tuple(run), start_ms=None, end_ms=None)
        language = search.language
        # Of a name, either part will do: Mr Hill is Dave Hill.
        wordings = spoken_to(capture.value, language) if capture.value_type == "name" else (capture.value,)
        phrases = tuple(dict.fromkeys(plain for wording in wordings if len(plain := _plain_words(wording)) > 1 or is_han(language)))
        # Two syllables are near to many others; the same syllables are a homophone that the recogniser chose.
        hits = search.hits(search.phrases({language: phrases}, "exact" if is_han(language) else "tolerant"), searched)
        return search.evidence(hits[0]) if hits else None
    share = _shared(capture.value, text, search.language)
    return _located(whole, run, starts, text).evidence if share >= _READ_BACK_SHARE else None


def _is_said_in(number: str, digits: str) -> bool:
    """Whether a number is said again, digit for digit, its country's code perhaps left out or added."""
    return number in digits or (len(number) > _LEAST_DIGITS_SAID_AGAIN and number[-_LEAST_DIGITS_SAID_AGAIN:] in digits)


def _is_hour_of(value: Value, captured: str, text: str, language: str) -> bool:
    """Whether an hour said back without its day is that of the time captured."""
    is_hour = value.value_type == "datetime" and not names_day(text, language)
    return is_hour and "T" in captured and "/" not in captured and value.value[11:16] == captured[11:16]


def _plain_words(text: str) -> str:
    """A value as a phrase: nothing of the phrase grammar in it."""
    return "".join(char for char in text if char.isalnum() or char.isspace())


def _shared(text: str, again: str, language: str, *, without_numbers: bool = False) -> float:
    """Share of a text's distinct tokens that come again in another."""
    wanted = {token.text for token in speech_from_text(text, language).tokens if not (without_numbers and token.text.isdigit())}
    said = {token.text for token in speech_from_text(again, language).tokens}
    return len(wanted & said) / len(wanted) if wanted else 0.0


def disposition_capture(context: Context) -> tuple[Capture, ...]:
    """How the call ended, as a capture: kept for every call, so that opt-outs are never lost whatever the rubric asks."""
    facts = context.facts
    if facts.disposition is None or not facts.disposition_evidence:
        return ()
    first = facts.disposition_evidence[0]
    return (Capture(name="disposition", value=facts.disposition.value, value_type="disposition", text=first.text, start_ms=first.start_ms),)
