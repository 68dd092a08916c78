"""Arrow works without pandas, and leaves it to others."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from qa_pipeline.results.arrow import leave_pandas_out
leave_pandas_out()
leave_pandas_out()
import pyarrow as pa
assert pa.Table.from_pylist([{"a": 1}]).to_pylist() == [{"a": 1}]
assert "pandas" not in sys.modules
import pandas
assert pa.array([1]).to_pylist() == [1]
"""


def test_values_are_converted_without_pandas_which_others_still_find() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
