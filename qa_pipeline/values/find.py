"""Values in spoken words, one front for all kinds: numbers, telephone numbers, dates and times, names. Pure; text in, values with their place out.

How each kind is read is in numbers.py, phones.py, times.py and names.py; what a language says, in its numbers.yaml, times.yaml and names.yaml.
"""

from __future__ import annotations

from datetime import datetime

from qa_pipeline.values.names import find_names
from qa_pipeline.values.numbers import find_numbers
from qa_pipeline.values.phones import digits_of, find_phones
from qa_pipeline.values.times import find_times, names_day
from qa_pipeline.values.value import Value, ValueType

__all__ = ["Value", "ValueType", "digits_of", "find_values", "names_day"]


def find_values(kind: str, text: str, language: str, began: datetime | None, *, country: str | None = None) -> list[Value]:
    """Values of one capture type (datetime, number, phone, name) in a text, in order.

    `began`: when the call began, `country`: whose public holidays are no working days, as times.py reads them.
    """
    if kind == "datetime":
        return find_times(text, language, began, country)
    finders = {"number": find_numbers, "phone": find_phones, "name": find_names}
    return finders[kind](text, language)
