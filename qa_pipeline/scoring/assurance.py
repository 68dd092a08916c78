"""How sure each verdict on a call is, in the order of judging: what it was found by, and never surer than what it follows from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from qa_pipeline.call import Outcome
from qa_pipeline.rubric.criteria import CaptureCriterion, Criterion
from qa_pipeline.rubric.shared_keys import CombiningCriterion
from qa_pipeline.scoring.certainty import Certainty, Judge, as_read_otherwise, certainty_of_answers, limited
from qa_pipeline.scoring.measures import Measures, circumstances, measure, measure_disposition
from qa_pipeline.scoring.second_look import Look
from qa_pipeline.scoring.verdict import Context, Verdict

SURE = Certainty(share=1.0)
LookAgain = Callable[[Criterion, Verdict, Certainty], Look | None]
"""What a second look makes of a verdict that is so sure by itself; None where there is none."""


class Assurance:
    """The certainties of one call. `disposition`: of how it ended; None where nobody came on.

    `measures`: what is known of each verdict by its criterion, and of the disposition under "", where it was asked before. `look_again`: the second looks that
    there are, kept in `looks` by criterion; `overruling`: those by which a reading was put in the place of a check's own. `own`: how sure verdicts are by themselves.
    """

    def __init__(
        self, context: Context, judge: Judge, measures: Mapping[str, Measures | None] | None = None, *, look_again: LookAgain | None = None,
        overruling: Mapping[str, Look] = {},
    ) -> None:  # fmt: skip
        self._context, self._judge, self._measures = context, judge, measures
        self._look_again, self._overruling = look_again, overruling
        self.looks: dict[str, Look] = {}
        self.own: dict[str, Certainty] = {}
        self._common = circumstances(context)
        self._by_criterion: dict[str, Certainty | None] = {}
        self.disposition = self._of_disposition()

    def of(self, criterion: Criterion, verdict: Verdict) -> Certainty | None:
        """How sure a verdict is; None where it asserts nothing. Those it refers to must have been asked for before."""
        own = self._of_itself(criterion, verdict)
        found = None if own is None else limited(own, [*self._above(criterion, verdict), *self._parts(criterion, verdict)])
        self._by_criterion[criterion.id] = found
        return found

    def _of_itself(self, criterion: Criterion, verdict: Verdict) -> Certainty | None:
        """How sure a verdict is by what it was found by, and by a second look at it."""
        if verdict is self._context.overruled.get(criterion.id):
            return self._overruling[criterion.id].certainty
        measures = self._measures[criterion.id] if self._measures else measure(criterion, verdict, self._context.search, self._common)
        if measures is None:
            return None
        own = self._judge.certainty(measures) if verdict.agreement is None else certainty_of_answers(*verdict.agreement)
        own = own if verdict.otherwise is None else as_read_otherwise(own)
        self.own[criterion.id] = own
        look = self._look_again(criterion, verdict, own) if self._look_again else None
        if look is None:
            return own
        self.looks[criterion.id] = look
        return look.certainty

    def _of_disposition(self) -> Certainty | None:
        facts, search = self._context.facts, self._context.search
        if facts.disposition is None:
            return None
        measures = self._measures[""] if self._measures else measure_disposition(facts, search, self._common)
        return SURE if measures is None else self._judge.certainty(measures)

    def _above(self, criterion: Criterion, verdict: Verdict) -> Iterator[Certainty]:
        """What a verdict follows from, and what had to hold for it to be judged at all."""
        names = [name for what, name in verdict.rests_on if what == "criterion"]
        # A parent that had to be met for it, or answered so; one that must not be is a guard that did not hold, as a situation that was not found.
        names += [c.criterion for c in criterion.when if c.criterion and (c.answers or c.outcome == Outcome.MET.value)]
        if isinstance(criterion, CaptureCriterion) and criterion.repeats:
            names.append(criterion.repeats)
        for name in dict.fromkeys(names):
            above = self._by_criterion.get(name)
            if above is not None:
                yield above
        if self.disposition is not None and any(condition.disposition for condition in criterion.when):
            yield self.disposition

    def _parts(self, criterion: Criterion, verdict: Verdict) -> Iterator[Certainty]:
        """The parts that decided a criterion made of others: one that decides alone is enough, where all must agree each of them counts."""
        if not isinstance(criterion, CombiningCriterion) or verdict.reason_code in ("situation", "parent", "condition"):
            return
        parts = {name: part for name in criterion.of if (part := self._by_criterion.get(name)) is not None}
        alone = {"all": Outcome.NOT_MET, "any": Outcome.MET}.get(criterion.check)
        if verdict.outcome is alone:
            deciding = [part for name, part in parts.items() if self._context.verdicts[name].outcome is alone]
            yield from sorted(deciding, key=lambda part: -part.share)[:1]
        else:
            yield from parts.values()
