"""The record of who looked at what and decided what."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("record")
