"""Files and their metadata → Calls.

In: folders, files, glob patterns or fsspec URIs, of recordings or transcripts, and optionally calls.csv | calls.parquet | calls.jsonl beside them,
or a filename pattern. Out: an Intake: calls to process, the dialogues of those that are text, warnings, and files that cannot be had. Faults in
metadata refuse the whole run before any work, all at once; faults in a transcript are that call's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath, PureWindowsPath

from qa_pipeline.call import Call
from qa_pipeline.errors import CallFailed, Fault, MetadataError, ReadFailed, RecordingError
from qa_pipeline.recordings.address import USUAL_FORMS, as_raw, path_of
from qa_pipeline.recordings.audio import EMPTY_BYTES
from qa_pipeline.recordings.columns import Row, validated, values_in_name, warn_of_lost_digits, warn_of_lost_zeros
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.dialogue import Dialogue
from qa_pipeline.recordings.files import read_bytes, sha256_of
from qa_pipeline.recordings.joins import Group, groups_by_name, groups_by_rows
from qa_pipeline.recordings.metadata import read_metadata
from qa_pipeline.recordings.probing import holds_nothing
from qa_pipeline.recordings.reach import is_within, leads_away, roots_of
from qa_pipeline.recordings.remarks import Remarks
from qa_pipeline.recordings.sources import METADATA_NAMES, Names, beside, collect_files, file_state, left_line, still_growing
from qa_pipeline.recordings.taken import Taken, Unavailable
from qa_pipeline.recordings.transcript_warnings import about_transcripts
from qa_pipeline.recordings.transcripts import MANY_SUFFIXES, OPEN_SUFFIXES, is_transcript, parse_transcripts, why_no_dialogue

CALL_ID_LENGTH = 16
# A file of chats is held in memory; larger exports are split.
_MOST_TEXT_BYTES = 256_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a run has before it: calls in order of file name, warnings for the operator, files that cannot be had.

    `dialogues`: by call id, the words of the calls that came as text. `decided`: how metadata were read that could be written in several ways.
    """

    calls: tuple[Call, ...]
    warnings: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    dialogues: Mapping[str, Dialogue] = field(default_factory=dict)

    @property
    def needs_speech(self) -> bool:
        """Whether any call is a recording."""
        return any(call.call_id not in self.dialogues for call in self.calls)


# A row of the metadata stands for a file, or for one call of a file that holds many.
_Key = tuple[str, str | None]


@dataclass(slots=True)
class _Described:
    rows: dict[_Key, Row] = field(default_factory=dict)
    values: dict[_Key, dict[str, object]] = field(default_factory=dict)
    has_metadata: bool = False

    def calls_in(self, uri: str) -> list[_Key]:
        """Rows that name a call of a file."""
        return [key for key in self.rows if key[0] == uri and key[1] is not None]


def ingest(
    sources: Sequence[str],
    defaults: Defaults,
    *,
    hash_of: Callable[[str], str] = sha256_of,
    growing: Collection[str] = (),
    quiet: bool = False,
) -> Intake:
    """Collect the calls of some sources. `hash_of`: how files are hashed (known_files.py); `growing`: files that are known to be written still.
    `quiet`: a folder without recordings is no fault, they may come yet; and no file is named that is being written.

    Raises MetadataError with every fault of every metadata file, InputRefused when a source names nothing.
    """
    found = collect_files(sources, may_be_empty=quiet, raw=tuple(defaults.raw))
    remarks = Remarks()
    rows = [row for path in found.metadata for row in read_metadata(path, defaults.encoding, remarks, defaults.mapping)]
    described = _Described(has_metadata=bool(found.metadata))
    taken = Taken(hash_of=hash_of)
    if found.left:
        taken.warnings.append(_about_left(found.left))
    for link in found.linked:
        taken.warnings.append(f"{link} is a link to a folder and is not followed; name the folder itself to have it read.")
    if found.tables:
        taken.warnings.append(_about_tables(found.tables))
    names = Names(found.files, encoding=defaults.encoding)
    roots = roots_of(sources, defaults.folders)
    for row in rows:
        values = validated(row, defaults.timezone, remarks)
        uri = _file_of(row, names, remarks, roots)
        if uri is None:
            taken.unavailable.append(_out_of_reach(row))
            continue
        key = (uri, row.values.get("call_id") or None) if uri.lower().endswith(MANY_SUFFIXES) else (uri, None)
        if key in described.rows:
            first = described.rows[key].line
            taken.warnings.append(f"{row.path}:{row.line}: {row.values['file']} stands twice; the row of line {first} is used.")
            continue
        described.rows[key], described.values[key] = row, values
    warn_of_lost_zeros(rows, remarks)
    warn_of_lost_digits(rows, remarks)
    faults = remarks.faults
    groups = _groups_of_rows(described, faults)
    taken.warnings.extend(remarks.warnings)
    if faults:
        raise MetadataError(f"The metadata have {len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was processed.", faults=faults)
    # Files named one by one are the question; other rows of the metadata beside them are not.
    # What the metadata describe comes first, so that of two equal recordings the described one is the call.
    named = {uri for uri, _ in described.rows}
    uris = sorted({*found.files, *named} if found.is_whole else set(found.files), key=lambda uri: (uri not in named, uri))
    groups += _groups_of_names(uris, groups, taken, join=defaults.join)
    group_of = {file: group for group in groups for file in group.files}
    for uri in [uri for uri in uris if leads_away(path_of(uri), roots)]:
        taken.warnings.append(
            f"{PurePosixPath(uri).name} is somebody's link to a file that is not theirs, outside the folders of this run; it is left."
        )
        uris.remove(uri)
    growing = {*growing, *still_growing(uris)}
    growing |= {file for group in groups if growing & set(group.files) for file in group.files}
    spoken = {uri.rpartition(".")[0] for uri in uris if not is_transcript(uri)}
    done: set[Group] = set()
    for uri in uris:
        name = PurePosixPath(uri).name
        if uri in growing:
            if not quiet:
                taken.warnings.append(f"{name} is still being written; it is left for the next run.")
        elif is_transcript(uri):
            is_guess = uri in found.searched and uri not in named
            if is_guess and uri.rpartition(".")[0] in spoken:
                taken.warnings.append(f"{name} stands beside a recording of the same name and is left; the recording is the call.")
            else:
                _take_text(uri, described, defaults, taken, is_guess=is_guess)
        elif uri not in group_of:
            _take_recording(uri, described, defaults, taken)
        elif (group := group_of[uri]) not in done:
            done.add(group)
            _take_group(group, described, defaults, taken)
    taken.tell_twins()
    if taken.empty:
        taken.warnings.append(_about_empty(taken.empty))
    if taken.dialogues or taken.no_dialogues:
        # Of what may be metadata under another name is told above.
        no_dialogues = [told for told in taken.no_dialogues if told.partition(" ")[0] not in found.tables]
        taken.warnings += about_transcripts(no_dialogues, taken.noted, taken.calls, taken.dialogues)
    return Intake(
        calls=tuple(taken.calls.values()), warnings=tuple(taken.warnings), unavailable=(*taken.unavailable, *taken.contested()),
        dialogues=taken.dialogues, decided=tuple(remarks.decided),
    )  # fmt: skip


def _file_of(row: Row, names: Names, remarks: Remarks, roots: Collection[str]) -> str | None:
    """The file that a row names; None where it lies in none of the folders that may be read."""
    uri = beside(row.path, row.values["file"])
    if not is_within(uri, roots):
        return None
    if not row.is_pattern:
        # A name that is written otherwise on the disk may lead elsewhere too.
        return meant if is_within(meant := names.find(uri), roots) else None
    fitting = names.fitting(uri)
    if len(fitting) > 1:
        remarks.warn(
            row.path, row.line,
            f"{len(fitting)} recordings fit {row.values['file']}; none is taken for this row. Name the one that is meant in a column `file`",
        )  # fmt: skip
    return fitting[0] if len(fitting) == 1 else uri


def _out_of_reach(row: Row) -> Unavailable:
    return Unavailable(
        source_uri=beside(row.path, row.values["file"]),
        call_id=row.values.get("call_id"),
        message=f"{row.path}:{row.line}: {row.values['file']} lies in none of the folders that this run was given.",
        advice="Put it below the folder of the metadata, name its folder as a source too, or add it to the setting recording_folders.",
    )


def _take_recording(uri: str, described: _Described, defaults: Defaults, taken: Taken) -> None:
    values = _values(uri, described, defaults, taken)
    if _is_empty(uri, defaults):
        taken.empty.append(PurePosixPath(uri).name)
        return
    _take_sound(_with_form(uri, defaults), values, defaults, taken)


def _take_group(group: Group, described: _Described, defaults: Defaults, taken: Taken) -> None:
    """Take several files as one call. What the metadata say of the first counts first; the others fill what it leaves open."""
    told = [described.values[file, None] for file in group.files if (file, None) in described.values]
    values: dict[str, object] = {} if told else _values(group.files[0], described, defaults, taken)
    for more in told:
        values = {
            **more,
            **{key: value for key, value in values.items() if value is not None and key != "extra"},
            "extra": {**_extra(more), **_extra(values)},
        }
    if values.get("agent_channel") is None and defaults.agent_channel is None:
        values["agent_channel"] = group.agent_channel
    _take_sound(replace(group, files=tuple(_with_form(file, defaults) for file in group.files)).address, values, defaults, taken)


def _take_sound(uri: str, values: Mapping[str, object], defaults: Defaults, taken: Taken) -> None:
    try:
        sha256 = taken.hash_of(uri)
    except (RecordingError, ReadFailed) as error:
        taken.unavailable.append(_unavailable(uri, values, error))
        return
    taken.add(_call(uri, sha256, values, defaults), None, is_id_given="call_id" in values)


def _take_text(uri: str, described: _Described, defaults: Defaults, taken: Taken, *, is_guess: bool) -> None:
    """The calls of a transcript. `is_guess`: only its ending says that it is one."""
    try:
        raw = read_bytes(uri, at_most=_MOST_TEXT_BYTES)
    except (RecordingError, ReadFailed) as error:
        taken.unavailable.append(_unavailable(uri, _values(uri, described, defaults, taken), error))
        return
    name = PurePosixPath(uri).name
    if is_guess and uri.lower().endswith(OPEN_SUFFIXES) and (why := why_no_dialogue(raw, uri, encoding=defaults.encoding)):
        taken.no_dialogues.append(f"{name} {why}")
        return
    parsed = parse_transcripts(raw, uri, encoding=defaults.encoding, roles=defaults.roles)
    taken.warnings.extend(parsed.warnings)
    for note in parsed.notes:
        taken.noted.setdefault(note, []).append(name)
    has_ids = parsed.dialogues[0].call_id is not None
    missing = dict.fromkeys(described.calls_in(uri))
    if not has_ids:
        (dialogue,) = parsed.dialogues
        # The lines name no call, so the row may.
        key = next(iter(missing), (uri, None))
        missing.pop(key, None)
        values = described.values.get(key) or _values(uri, described, defaults, taken)
        taken.add(_call(uri, dialogue.sha256, values, defaults), dialogue, is_id_given="call_id" in values)
    else:
        shared = _values(uri, described, defaults, taken, is_told=not missing)
        strangers = []
        for dialogue in parsed.dialogues:
            key = (uri, dialogue.call_id)
            if missing and key not in described.rows and (uri, None) not in described.rows:
                strangers.append(str(dialogue.call_id))
            own = {**shared, **{name: value for name, value in described.values.get(key, {}).items() if value is not None}}
            values = {**own, "call_id": dialogue.call_id}
            taken.add(_call(f"{uri}#{dialogue.call_id}", dialogue.sha256, values, defaults), dialogue, is_id_given=True)
        for dialogue in parsed.dialogues:
            missing.pop((uri, dialogue.call_id), None)
        if strangers:
            shown = ", ".join(strangers[:5]) + (" …" if len(strangers) > 5 else "")
            taken.warnings.append(
                f"{name}: {len(strangers)} calls are not in the metadata ({shown}); they are processed with the defaults."
            )
    taken.unavailable.extend(
        Unavailable(
            source_uri=f"{uri}#{call_id}",
            call_id=call_id,
            message=f"{name} holds no call {call_id}.",
            advice="Export it again, or take the row out of the metadata.",
        )
        for _, call_id in missing
    )


def _values(uri: str, described: _Described, defaults: Defaults, taken: Taken, *, is_told: bool = True) -> dict[str, object]:
    """What the metadata, else the name of the file, say of it. `is_told`: warn where the metadata do not name it."""
    if (uri, None) in described.values:
        return dict(described.values[uri, None])
    name = PurePosixPath(uri).name
    if defaults.filename_pattern:
        return values_in_name(name, defaults.filename_pattern, defaults.timezone, taken.warnings)
    if described.has_metadata and is_told:
        taken.warnings.append(f"{name} is not in the metadata; it is processed with the defaults.")
    return {}


def _unavailable(uri: str, values: Mapping[str, object], error: CallFailed) -> Unavailable:
    advice = error.advice
    name = PurePosixPath(uri).name
    if name[:1] in "'“„‘«" and name[-1:] in "'”“’»":
        advice += ' It stands in quotes of another kind; cells are quoted by ", or not at all.'
    if "\\" in uri:
        last = PureWindowsPath(uri).name
        advice += f" Its name has backslashes; write it with slashes, as it lies from the folder of the metadata: {last}, or FOLDER/{last}."
    return Unavailable(source_uri=uri, call_id=_text(values.get("call_id")), message=error.message, advice=advice)


def _groups_of_rows(described: _Described, faults: list[Fault]) -> list[Group]:
    """Files that the metadata say are one call."""
    rows = {
        uri: (str(values["same_call"]), _text(values.get("track")))
        for (uri, _), values in described.values.items()
        if values.get("same_call") and not is_transcript(uri)
    }
    groups, wrong = groups_by_rows(rows)
    for same_call in wrong:
        row = next(described.rows[uri, None] for uri, (name, _) in rows.items() if name == same_call)
        faults.append(
            Fault(
                path=row.path,
                line=row.line,
                message=f"same_call is {same_call!r} in rows that make no call",
                advice="wanted: two rows with track 0 and 1, or any number without a track, in their order",
            )
        )
    return groups


def _groups_of_names(uris: Sequence[str], known: Sequence[Group], taken: Taken, *, join: bool) -> list[Group]:
    """Files whose names say that they are one call, if they are to be joined; else the operator is told that they look so."""
    in_known = {file for group in known for file in group.files}
    groups = groups_by_name([uri for uri in uris if uri not in in_known and not is_transcript(uri)])
    if join or not groups:
        return groups
    first = [PurePosixPath(file) for file in groups[0].files[:2]]
    shown = " and ".join(file.name if first[0].name != first[-1].name else f"{file.parent.name}/{file.name}" for file in first)
    count = f"{len(groups)} calls look" if len(groups) > 1 else "1 call looks"
    taken.warnings.append(
        f"{count} as if recorded in several files ({shown}{', …' if len(groups) > 1 else ''}); each file is run as a call of its own. "
        "--join makes one call of them; so does the column `same_call` (docs/input.md)."
    )
    return []


def _with_form(uri: str, defaults: Defaults) -> str:
    """The address of a file, with how it is read where it has no header."""
    ending = next((ending for ending in defaults.raw if path_of(uri).lower().endswith(ending)), None)
    return as_raw(uri, defaults.raw[ending]) if ending else uri


def _is_empty(uri: str, defaults: Defaults) -> bool:
    """Whether a local file is a recording of nothing; only small ones are looked into."""
    state = file_state(uri)
    return state is not None and state[0] <= EMPTY_BYTES and _with_form(uri, defaults) == uri and holds_nothing(uri)


def _about_left(left: Mapping[str, int]) -> str:
    usual = ",".join(f"{ending}={USUAL_FORMS[ending]}" for ending in sorted(left) if ending in USUAL_FORMS)
    return left_line(left) + (f" Sound without a header is read with --raw {usual}." if usual else "")


def _about_tables(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    save = " Save a sheet as CSV UTF-8." if any(name.lower().endswith((".xlsx", ".xls", ".ods", ".numbers")) for name in names) else ""
    save += (
        " A list in JSON becomes lines by `jq -c '.[]' calls.json > calls.jsonl`."
        if any(name.lower() == "calls.json" for name in names)
        else ""
    )
    return f"{shown}: not read; what describes the calls is read from {', '.join(METADATA_NAMES)}.{save}"


def _about_empty(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    if len(names) == 1:
        return f"{shown} holds no sound at all, as recorders leave of a call that nobody answered; it is left."
    return f"{len(names)} recordings hold no sound at all, as recorders leave of calls that nobody answered; they are left: {shown}."


def _extra(values: Mapping[str, object]) -> Mapping[str, str]:
    extra = values.get("extra")
    return extra if isinstance(extra, Mapping) else {}


def _call(uri: str, sha256: str, values: Mapping[str, object], defaults: Defaults) -> Call:
    known = {f.name for f in fields(Call)}
    given = {key: value for key, value in values.items() if value is not None and key in known}
    for name in ("rubric", "direction", "agent_channel", "language"):
        if given.get(name) is None and getattr(defaults, name) is not None:
            given[name] = getattr(defaults, name)
    given.setdefault("call_id", sha256[:CALL_ID_LENGTH])
    return Call(source_uri=uri, audio_sha256=sha256, **given)  # type: ignore[arg-type]  # validated column by column above


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
