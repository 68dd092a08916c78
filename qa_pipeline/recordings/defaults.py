"""What holds where the metadata are silent, and how files and metadata are to be read: the options that every way of running has.

In: options as a command line or a flow gives them, as text. Out: Defaults, checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa_pipeline.call import Role
from qa_pipeline.errors import Fault, InputRefused
from qa_pipeline.languages.load import language_codes
from qa_pipeline.recordings.address import Raw, parse_raw
from qa_pipeline.recordings.columns import COLUMNS
from qa_pipeline.recordings.labels import parse_roles
from qa_pipeline.recordings.mapping import ColumnMap, load_map


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where the metadata are silent. `roles`: further labels of transcripts, folded (labels.parse_roles).

    `raw`: endings of sound without a header (address.parse_raw). `join`: files whose names say so are one call (joins.py). `mapping`: names and values of
    another system in the metadata (mapping.py). `folders`: where metadata may name recordings, beside the sources.
    """

    rubric: str | None = None
    direction: str | None = None
    agent_channel: int | None = None
    language: str | None = None
    timezone: str = "Asia/Shanghai"
    encoding: str = "utf-8-sig"
    filename_pattern: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    raw: Mapping[str, Raw] = field(default_factory=dict)
    join: bool = False
    mapping: ColumnMap | None = None
    folders: tuple[str, ...] = ()


def written_defaults(
    *,
    rubric: str | None,
    timezone: str,
    direction: str | None = None,
    agent_channel: int | None = None,
    language: str | None = None,
    encoding: str | None = None,
    filename_pattern: str | None = None,
    roles: str | None = None,
    raw: str | None = None,
    join: bool = False,
    mapping: str | None = None,
    folders: tuple[str, ...] = (),
) -> Defaults:
    """Defaults from options as they are written: `roles` as Anna=agent, `raw` as .ulaw=mulaw, `mapping` a preset or a file. Raises InputRefused."""
    choices = {"direction": ("inbound", "outbound"), "agent_channel": (0, 1), "language": language_codes()}
    given = {"direction": direction, "agent_channel": agent_channel, "language": language}
    faults = [
        Fault(path=name, message=f"{given[name]!r} cannot be chosen", advice=f"there are: {', '.join(map(str, known))}")
        for name, known in choices.items()
        if given[name] is not None and given[name] not in known
    ]
    if faults:
        raise InputRefused("The options cannot be used.", faults=faults)
    encoding = encoding or "utf-8-sig"
    return Defaults(
        rubric=rubric,
        direction=direction,
        agent_channel=agent_channel,
        language=language,
        timezone=timezone,
        encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding,
        filename_pattern=filename_pattern,
        roles=parse_roles(roles or ""),
        raw=parse_raw(raw or ""),
        join=join,
        mapping=load_map(mapping, COLUMNS) if mapping else None,
        folders=folders,
    )
