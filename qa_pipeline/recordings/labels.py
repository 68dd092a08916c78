"""Labels of the parties in transcripts: which beginning of a line is one, and which role it says.

The words that are known are data of the languages (`languages/*/labels.yaml`). A label that says no role is a voice: who it is, is told from the agent's
name in the metadata, else proved from the words (conversation/read.py). What only looks like a label stays text: a colon in a sentence makes none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from qa_pipeline.call import Role
from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.conversation_tables import PartyLabels, SentenceWords
from qa_pipeline.languages.load import language_codes, table, word_file
from qa_pipeline.languages.name_tables import Names
from qa_pipeline.languages.writing_tables import FirstNames
from qa_pipeline.text.fold import fold

LONGEST_LABEL = 60
_LABELS_SHOWN = 3
_MOST_LABEL_WORDS = 4
_LONGEST_HAN_NAME = 4
# Counted as often in a list of words of talk, a word is hardly a surname. Chosen.
_OFTEN = 8

_BLANKS = str.maketrans("_*:：", "    ")
_BRACKETED_END = re.compile(r"\s*(?:\((?P<a>[^()]*)\)|\[(?P<b>[^\[\]]*)\]|【(?P<c>[^【】]*)】)\s*$")
# A number, or a letter alone, that tells parties of one name apart.
_NUMBER = re.compile(r"(?:\s*[#№-]?\s*(?P<number>\d+)|(?:\s|(?<=[^\x00-\x7f]))(?P<letter>[a-z]))\s*$")
_PARTED = re.compile(r"\s+[-–—/|]\s+|\s*[/|]\s*")

TIME = r"-?\d+(?:[:：]\d+){1,2}(?:[.,]\d+)?(?:\s?[AaPp]\.?[Mm](?:\.|(?!\w)))?"
_ARROW = r"\s*(?:-->|-|–|—|~|to)\s*"
TIMED = re.compile(
    rf"^\s*(?:[\[(（【]\s*(?P<in>{TIME})(?:{_ARROW}(?P<in_end>{TIME}))?\s*[\])）】]|(?P<bare>{TIME})(?:{_ARROW}(?P<bare_end>{TIME}))?(?=\s))\s*"
)
_LABELLED = re.compile(
    r"^(?P<label>[^\W_][^:：?!？！。;；,，\"“”]{0,39}?|[+(][\d ()./-]{5,20}|[^\W\d_][\w'’-]{1,24}, [^\W\d_][\w'’.-]{0,24}(?: [\w'’.-]{1,24})?)\s*"
    # The colon between the figures of a time parts nothing.
    rf"(?:[\[(（]\s*(?P<time>{TIME})\s*[\])）]\s*)?(?:：|(?<!\d):|(?<=\d):(?!\d))(?!//)\s*(?P<text>.*)$",
    re.DOTALL,
)
_IN_BRACKETS = re.compile(
    r"^[\[(（【]\s*(?P<label>[^\W_][^\[\]()（）【】]{0,39}?)\s*[\])）】]\s*(?P<colon>[:：](?!//))?\s*(?P<text>.*)$", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One line of plain dialogue text taken apart; times as written, not checked. `is_marked`: its form leaves no doubt that this is a label."""

    start: str | None
    end: str | None
    label: str
    text: str
    is_marked: bool = False


def parse_roles(text: str) -> dict[str, Role]:
    """`Anna=agent,Visitor=customer` → roles by folded label. Raises InputRefused with every fault."""
    roles: dict[str, Role] = {}
    faults = []
    for part in (part.strip() for part in re.split(r"[,，]", text) if part.strip()):
        label, equals, name = (piece.strip() for piece in part.rpartition("="))
        role = role_of(name, {}) if equals and label else None
        if role is None:
            faults.append(Fault(path="--roles", message=f"{part!r} maps no label to a role", advice="write Anna=agent,Visitor=customer"))
        else:
            roles[folded(label)] = role
    if faults:
        raise InputRefused("The roles given to labels cannot be used.", faults=faults)
    return roles


def role_of(label: str, roles: Mapping[str, Role]) -> Role | None:
    """The role a label stands for: as `roles` (by folded label) say, else by the labels known. None: not known."""
    whole = folded(label)
    known = _known_labels()
    plain = _plain(whole)
    for form in dict.fromkeys((whole, plain)):
        if form in roles:
            return roles[form]
        if form in known:
            # Speaker 1 (Agent): what stands in brackets knows more than that somebody speaks.
            return (_role_in_brackets(whole) or Role.UNKNOWN) if known[form] is Role.UNKNOWN else known[form]
    # A letter alone is a voice without a name: A, B.
    if len(plain) == 1 and plain.isascii() and plain.isalpha():
        return Role.UNKNOWN
    return _role_beside_name(whole, plain)


def word_and_number(label: str) -> tuple[str, str | None]:
    """A label without the number or letter that tells it from others, and that number."""
    whole = folded(label)
    match = _NUMBER.search(whole)
    return (whole[: match.start()].strip(), match["number"] or match["letter"]) if match else (whole, None)


def is_bare(label: str) -> bool:
    """Whether a label says only that the speaker is not known: it may stand for anybody, and for several."""
    return _known_labels().get(folded(label)) is Role.UNKNOWN


def split_line(text: str) -> Spoken | None:
    """Take `[0:03] agent: text` apart, or `[SPEAKER_00]: text`; None for a line without a label. Times and label are as written, any label is taken."""
    timed = TIMED.match(text)
    rest = (text[timed.end() :] if timed else text).lstrip()
    start, end = (timed["in"] or timed["bare"], timed["in_end"] or timed["bare_end"]) if timed else (None, None)
    if (marked := _IN_BRACKETS.match(rest)) and (marked["colon"] or _says_party(marked["label"])):
        text = marked["text"].strip()
        if not marked["colon"] and (named := _LABELLED.match(text)) and is_name(named["label"].strip()):
            # [Agent] Anna: the role and, beside it, who has it.
            text = named["text"].strip()
        return Spoken(start=start, end=end, label=marked["label"].strip(), text=text, is_marked=True)
    labelled = _LABELLED.match(rest)
    if not labelled or len(labelled["label"].split()) > _MOST_LABEL_WORDS:
        return None
    label, body = labelled["label"].strip(), labelled["text"].strip()
    if label.isdigit() and body[:1].isdigit():
        return None
    return Spoken(start=start or labelled["time"], end=end, label=label, text=body, is_marked=bool(timed and timed["in"]))


class Labels:
    """Which beginnings of lines are labels, told from all the lines of a text.

    A label is known or mapped, stands in brackets or after a time in brackets, is a name, or comes again after others have spoken.
    """

    def __init__(self, lines: Sequence[Spoken | None], roles: Mapping[str, Role]) -> None:
        spoken = [line for line in lines if line]
        found = [folded(line.label) for line in spoken]
        written = dict(zip(found, spoken, strict=True))
        said = {key: role_of(line.label, roles) for key, line in written.items()}
        self._labels = {key for key, role in said.items() if role is not None} | {folded(line.label) for line in spoken if line.is_marked}
        both = {Role.AGENT, Role.CUSTOMER} <= set(said.values())
        says_none = not any(said.values())
        turns = Counter(key for key, before in zip(found, [None, *found], strict=False) if key != before)
        self._labels |= {key for key, line in written.items() if is_name(line.label) or (turns[key] > 1 and _may_recur(line.label))}
        parties = {key for key in self._labels if said.get(key) is not Role.OTHER}
        if self._labels and not both and len(parties) < 2:
            # A party is still without a name: what may be one is.
            self._labels |= {
                key
                for key, line in written.items()
                if (_is_written_as_name(line.label) or (says_none and len(key.split()) == 1)) and not _has_common_words(key)
            }

    def __contains__(self, label: str) -> bool:
        return folded(label) in self._labels


def known_labels_shown() -> str:
    """Some labels of each role in all languages, to choose from."""
    known: dict[Role, list[str]] = {role: [] for role in (Role.AGENT, Role.CUSTOMER, Role.OTHER)}
    for code in language_codes():
        for role, labels in known.items():
            labels += getattr(table(code, PartyLabels), role.value)[:_LABELS_SHOWN]
    return "; ".join(f"{role.value}: {', '.join(labels)} …" for role, labels in known.items())


def folded(label: str) -> str:
    """A label as labels are compared: without case, diacritics and marks."""
    return " ".join(fold(label.translate(_BLANKS)).split())


def _plain(whole: str) -> str:
    """A folded label without numbers and brackets at its end."""
    while True:
        shorter = _BRACKETED_END.sub("", whole)
        match = _NUMBER.search(shorter)
        shorter = shorter[: match.start()].strip() if match and shorter[: match.start()].strip() else shorter.strip()
        if shorter == whole:
            return whole
        whole = shorter


def _role_beside_name(whole: str, plain: str) -> Role | None:
    """The role that stands beside a person's name: `Anna Nowak (Agent)`, `Agent - Anna`, `Agent Anna`."""
    known = _known_labels()
    if (role := _role_in_brackets(whole)) is not None:
        return role
    parts = _PARTED.split(plain)
    for part in parts if len(parts) == 2 else []:
        role = known.get(_plain(part.strip()), Role.UNKNOWN)
        if role is not Role.UNKNOWN:
            return role
    word, _, name = plain.partition(" ")
    return known[word] if name and known.get(word, Role.UNKNOWN) is not Role.UNKNOWN and name.split()[0] in _first_names() else None


def _role_in_brackets(whole: str) -> Role | None:
    """The role that stands in brackets at the end of a label."""
    match = _BRACKETED_END.search(whole)
    part = next((part for part in match.groups() if part), "") if match else ""
    role = _known_labels().get(_plain(part.strip()), Role.UNKNOWN)
    return role if role is not Role.UNKNOWN else None


def _says_party(label: str) -> bool:
    """Whether what stands in brackets without a colon is a party, and no sound that was noted down: [Agent], (speaker 0)."""
    role = role_of(label, {})
    return role in (Role.AGENT, Role.CUSTOMER) or (role is Role.UNKNOWN and not is_bare(label))


def is_name(label: str) -> bool:
    """Whether a label can only be somebody's name, or that of a voice."""
    if re.search(r"\w_\d|^[+(]\d", label):
        return True
    words = folded(label).split()
    # Surnames are among the words of talk too, but rarely said.
    is_beside_talk = any(_common_words().get(word, 0) >= _OFTEN and word not in _first_names() for word in words)
    return any(word in _first_names() for word in words) and _is_written_as_name(label) and not is_beside_talk


def is_persons_name(text: str) -> bool:
    """Whether a text can only be a name, also one in Han characters: a surname and a character or two behind it."""
    known = [table(code, Names) for code in language_codes()]
    own = text.strip()
    has_surname = any((own[:1] != "" and own[:1] in names.surnames) or own.startswith(tuple(names.double_surnames)) for names in known)
    return is_name(own) or (1 < len(own) <= _LONGEST_HAN_NAME and has_surname)


def _may_recur(label: str) -> bool:
    return _is_written_as_name(label) or (len(label.split()) == 1 and not _has_common_words(folded(label)))


def _has_common_words(key: str) -> bool:
    return any(word in _common_words() and word not in _first_names() and word not in _titles() for word in key.split())


def _is_written_as_name(label: str) -> bool:
    """Whether all words begin with a capital, in scripts that have them."""
    return all(not word[0].islower() for word in re.findall(r"\w+", label))


@cache
def _first_names() -> frozenset[str]:
    return frozenset(fold(name) for code in language_codes() for name in table(code, FirstNames).names)


@cache
def _titles() -> frozenset[str]:
    """Words before a surname, as abbreviations have them."""
    return frozenset(fold(word) for code in language_codes() for word in table(code, SentenceWords).never_last)


@cache
def _common_words() -> Mapping[str, int]:
    """Words of telephone talk in all languages, folded, and how often each was counted."""
    counts: dict[str, int] = {}
    for path in (path for code in language_codes() if (path := word_file(code))):
        for line in path.read_text("utf-8").splitlines():
            word, _, count = line.partition(" ")
            counts[word] = max(counts.get(word, 0), int(count or 0))
    return MappingProxyType(counts)


@cache
def _known_labels() -> Mapping[str, Role]:
    """The labels of all languages, folded: a transcript says its language as little as its recording does. Of two languages, the first decides."""
    known: dict[str, Role] = {}
    for code in language_codes():
        labels = table(code, PartyLabels)
        for role in (Role.AGENT, Role.CUSTOMER, Role.OTHER, Role.UNKNOWN):
            for label in getattr(labels, role.value):
                known.setdefault(label, role)
    return MappingProxyType(known)
