"""When: the part of a call that is searched, and the days and hours at which calls may be made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qa_pipeline.rubric.atoms import Identifier, Part

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Extent(Part):
    """How far a window reaches: seconds or turns of the party searched, whichever reaches further."""

    seconds: float | None = Field(None, gt=0)
    turns: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _says_something(self) -> Extent:
        if self.seconds is None and self.turns is None:
            raise ValueError("give `seconds`, `turns` or both")
        return self


class Window(Part):
    """The part of the call that is searched: counted from the party's first words, or back from its last."""

    first: Extent | None = None
    last: Extent | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Window:
        if (self.first is None) == (self.last is None):
            raise ValueError("give either `first` or `last`")
        return self


class CallWindow(Part):
    """When a call may be made. Every key given must hold; times are in the rubric's `timezone`, `to` exclusive."""

    days: tuple[Day, ...] = ()
    season: Identifier | None = Field(None, description="a name from the rubric's `seasons`")
    from_: TimeOfDay = Field("00:00", alias="from")
    to: TimeOfDay = "23:59"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> CallWindow:
        if self.from_ >= self.to:
            raise ValueError(f"`from` ({self.from_}) is not before `to` ({self.to})")
        return self


class Season(Part):
    """Part of a year, both days included; may run over the end of the year."""

    from_: MonthDay = Field(alias="from")
    to: MonthDay
