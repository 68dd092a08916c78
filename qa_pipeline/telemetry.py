"""Switch off what libraries would report about their use. Must run before pyannote or Prefect is imported."""

from __future__ import annotations

import os

_OFF = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def disable_telemetry() -> None:
    """Set the variables that pyannote.audio, Prefect and huggingface_hub read at import."""
    os.environ.update(_OFF)
