"""Every trouble that benchmarks/faults.py knows, on a small scale: nothing may be lost or doubled."""

from __future__ import annotations

import pytest

from benchmarks.faults import SCENARIOS, bench_of
from tests.running.forked_nights import ForkedNight


@pytest.mark.models
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("trouble", SCENARIOS)
def test_nothing_is_lost_or_doubled_whatever_happens_to_a_night(trouble: str) -> None:
    concerns_processes = trouble.startswith("kill")
    with bench_of(14, seed=0, is_here=not concerns_processes, begin_night=ForkedNight) as bench:
        try:
            wrong = SCENARIOS[trouble](bench, 1)
        except NotImplementedError as error:
            pytest.skip(str(error))
        said = bench.root / "log"
        assert wrong == [], said.read_text("utf-8", "replace")[-3000:] if said.exists() else ""
        # The trouble came and the night was taken up again.
        assert bench.nights >= 2
