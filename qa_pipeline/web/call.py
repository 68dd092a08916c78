"""A call's page, and what is decided on it."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("call")
