"""Arrow without pandas, which it loads at the first value that it converts if it finds it: 50 MB and half a second. Nothing here uses it."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out of Arrow", name=fullname)


def leave_pandas_out() -> None:
    """Have Arrow look for pandas now and not find it: it looks once in a process. Whoever else imports it later finds it."""
    if "pandas" in sys.modules:
        return
    finder = _WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
