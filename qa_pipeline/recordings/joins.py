"""One call in several files: a file a party, or one part after the other, told by their names or by the metadata.

In: files, and what the metadata say of them. Out: groups of files that are one call. Whether they are joined, or only named to the operator, is for
ingest.py to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from qa_pipeline.languages.conversation_tables import PartyLabels
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.patterns import one_of
from qa_pipeline.recordings.address import joined

# Words of recorders; those of languages are in their labels.yaml. First the one that is taken for channel 0. Asterisk's Monitor: in, out; FreeSWITCH: read, write, aleg, bleg; Cisco's
# phones: near, far; Twilio: inbound, outbound; rtpengine and SIPREC
# recorders: caller, callee; softphones: local, remote, mic, speaker.
_PARTIES = (
    ("in", "out"), ("rx", "tx"), ("read", "write"), ("aleg", "bleg"), ("inbound", "outbound"), ("caller", "callee"), ("local", "remote"),
    ("left", "right"), ("mic", "speaker"), ("mic", "system"), ("ch0", "ch1"), ("ch1", "ch2"), ("channel0", "channel1"),
    ("channel1", "channel2"), ("internal", "external"), ("participant1", "participant2"), ("speaker1", "speaker2"), ("track1", "track2"),
    ("near", "far"), ("nearend", "farend"), ("speaker0", "speaker1"), ("spk0", "spk1"), ("spk1", "spk2"), ("track0", "track1"),
    ("lega", "legb"), ("sidea", "sideb"), ("aside", "bside"), ("uplink", "downlink"), ("send", "receive"), ("sent", "received"), ("sender", "receiver"),
    ("ingress", "egress"), ("src", "dst"), ("from", "to"), ("calling", "called"), ("l", "r"), ("microphone", "loopback"), ("input", "output"),
    ("host", "guest"),
)  # fmt: skip
_OF_SEVERAL = re.compile(r"(?<![^\W_])(\d{1,2})[-_ ]?of[-_ ]?(\d{1,2})(?![^\W_])")
_WORD = re.compile(r"[^\W_]+")
# channel-0, speaker_1, leg-a, a_leg: a word and its number or letter, written apart.
_NUMBERED = re.compile(r"(?<![^\W_])(?:([^\W\d_]+)[-_ .]([0-2ab])|([ab])[-_ .](leg|side))(?![^\W_])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files that are one call. `are_parties`: two files of a party each; else parts in order. `agent_channel`: 0 where the names say who is the agent."""

    files: tuple[str, ...]
    are_parties: bool
    agent_channel: int | None = None

    @property
    def address(self) -> str:
        """One address for the whole call."""
        return joined(self.files[0], self.files[1:], are_parties=self.are_parties)


def without_others(uris: Sequence[str]) -> set[str]:
    """Files whose names say that another belongs to them which is not there: the other party, or parts that may follow."""
    numbered_part = _numbered_part()
    words = {word for pair in (*_PARTIES, *_tracks_of_languages(), *_pairs_of_languages()) for word in pair}
    whole = {file for group in groups_by_name(uris) if group.are_parties for file in group.files}
    stems = {uri: PurePosixPath(uri).stem.lower() for uri in uris if uri not in whole}
    return {
        uri
        for uri, stem in stems.items()
        if numbered_part.search(stem) or words & {*_WORD.findall(stem), *map("".join, _NUMBERED.findall(stem))}
    }


def groups_by_name(uris: Sequence[str]) -> list[Group]:
    """Files whose names differ only in the word for a party, or in the number of a part."""
    parties: dict[tuple[str, tuple[str, str]], dict[str, str]] = {}
    parts: dict[tuple[str, str, str], dict[int, str]] = {}
    of_languages, numbered_part = _pairs_of_languages(), _numbered_part()
    for uri in uris:
        stem = PurePosixPath(uri).stem.lower()
        around = uri[: uri.rfind("/") + 1], PurePosixPath(uri).suffix.lower()
        folder = PurePosixPath(uri).parent
        for pair in (*_PARTIES, *_tracks_of_languages(), *of_languages):
            if folder.name.lower() in pair:
                # A folder a party, and one name in both.
                parties.setdefault((f"{folder.parent}\0/{PurePosixPath(uri).name}", pair), {}).setdefault(folder.name.lower(), uri)
        for match in (*_WORD.finditer(stem), *_NUMBERED.finditer(stem)):
            word = "".join(filter(None, match.groups())) or match[0]
            for pair in (*_PARTIES, *_tracks_of_languages(), *of_languages):
                if word in pair:
                    key = f"{around[0]}{stem[: match.start()]}\0{stem[match.end() :]}{around[1]}"
                    parties.setdefault((key, pair), {}).setdefault(word, uri)
        if part := _OF_SEVERAL.search(stem):
            parts.setdefault((around[0] + stem[: part.start()], part[2], stem[part.end() :] + around[1]), {}).setdefault(int(part[1]), uri)
        if part := numbered_part.search(stem):
            parts.setdefault((around[0] + stem[: part.start()], part[1], stem[part.end() :] + around[1]), {}).setdefault(int(part[2]), uri)
    found, taken = [], set[str]()
    for (_, pair), files in parties.items():
        if len(files) == 2 and not taken & set(files.values()):
            taken |= set(files.values())
            agent = 0 if pair in of_languages else None
            found.append(Group(files=(files[pair[0]], files[pair[1]]), are_parties=True, agent_channel=agent))
    for numbered in parts.values():
        numbers = sorted(numbered)
        if len(numbers) > 1 and numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[-1] + 1)):
            files_in_order = tuple(numbered[number] for number in numbers)
            if not taken & set(files_in_order):
                taken |= set(files_in_order)
                found.append(Group(files=files_in_order, are_parties=False))
    return found


@cache
def _pairs_of_languages() -> tuple[tuple[str, str], ...]:
    """Words for the agent and the customer, the agent's first."""
    return tuple(pair for code in language_codes() for pair in table(code, PartyLabels).file_pairs)


@cache
def _tracks_of_languages() -> tuple[tuple[str, str], ...]:
    """Words for two tracks that do not say who is the agent."""
    return tuple(pair for code in language_codes() for pair in table(code, PartyLabels).track_pairs)


@cache
def _numbered_part() -> re.Pattern[str]:
    words = one_of([word for code in language_codes() for word in table(code, PartyLabels).part_words])
    # 第1段: some languages have a word behind the number too.
    return re.compile(rf"(?:^|(?<=[-_. ]))({words})[-_. ]?(\d{{1,3}})(?:{words})?(?=$|[-_. ])")


def groups_by_rows(rows: Mapping[str, tuple[str, str | None]]) -> tuple[list[Group], list[str]]:
    """Files whose rows have the same `same_call`, and which of those names cannot be joined. rows: file → (same_call, track); parts come in order of rows."""
    by_call: dict[str, list[tuple[str, str | None]]] = {}
    for file, (same_call, track) in rows.items():
        by_call.setdefault(same_call, []).append((file, track))
    found, wrong = [], []
    for same_call, members in by_call.items():
        tracks = [track for _, track in members]
        if len(members) == 1:
            continue
        if len(members) == 2 and sorted(track or "" for track in tracks) == ["0", "1"]:
            first, second = sorted(members, key=lambda member: member[1] or "")
            found.append(Group(files=(first[0], second[0]), are_parties=True))
        elif not any(tracks):
            found.append(Group(files=tuple(file for file, _ in members), are_parties=False))
        else:
            wrong.append(same_call)
    return found, wrong
