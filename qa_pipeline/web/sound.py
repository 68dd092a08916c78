"""The sound of a call, and the peaks of its waveform."""

from __future__ import annotations

from qa_pipeline.web.routing import Section

section = Section("sound")
