"""The trainer's desk."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("trainer")
