"""A supervisor's dashboard, disputes and coaching."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("supervisor")
