"""Numbers, days and times as languages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from qa_pipeline.web.written import day_text, number_text, percent_text, time_text

LANGUAGES = {
    "en": ("84%", "83.5%", "1,234.5", "May 11, 2026", "May 11, 2026 00:30"),
    "zh": ("84%", "83.5%", "1,234.5", "2026年5月11日", "2026年5月11日 00:30"),
    "pl": ("84%", "83,5%", "1\u00a0234,5", "11 maj 2026", "11 maj 2026 00:30"),
    "sv": ("84\u00a0%", "83,5\u00a0%", "1\u00a0234,5", "11 maj 2026", "11 maj 2026 00:30"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_writes_them_its_way_also_the_second_time(language: str) -> None:
    locale = Locale.parse(language)
    at = datetime(2026, 5, 10, 16, 30, tzinfo=UTC)
    for _ in range(2):
        assert (
            percent_text(83.5, locale),
            percent_text(83.5, locale, 1),
            number_text(1234.5, locale),
            day_text(date(2026, 5, 11), locale),
            time_text(at, ZoneInfo("Asia/Shanghai"), locale),
        ) == LANGUAGES[language]
