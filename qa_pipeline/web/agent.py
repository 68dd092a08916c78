"""An agent's own scorecards."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("agent")
