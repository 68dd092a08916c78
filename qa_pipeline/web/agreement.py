"""How far people and the program agree, and calibration."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("agreement")
