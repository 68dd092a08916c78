"""Tell somebody how a run ended: a command that gets the summary as JSON on its standard input, a web address that it is posted to, or both.

What is told are counts, places and errors; nothing that callers said. A notification that fails never fails the run: it is a warning.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import urllib.error
import urllib.request
from typing import Any

from qa_pipeline.errors import WarningTexts
from qa_pipeline.running.record import Summary
from qa_pipeline.settings import Settings

_SECONDS = 30.0
_MOST_FAILURES = 50


def summary_json(summary: Summary, settings: Settings) -> dict[str, Any]:
    """What is told of a run."""
    return {
        "run_id": summary.run_id,
        "results": settings.results,
        **summary.counts,
        "seconds": round(summary.seconds, 1),
        "failures": [
            {"source_uri": f.source_uri, "stage": f.stage, "message": f.message, "advice": f.advice}
            for f in summary.failures[:_MOST_FAILURES]
        ],
    }


def notify(summary: Summary, settings: Settings) -> WarningTexts:
    """Tell those whom the settings name. Returns what went wrong, a line each."""
    body = json.dumps(summary_json(summary, settings), ensure_ascii=False).encode()
    wrong = []
    if settings.notify_command:
        try:
            done = subprocess.run(settings.notify_command, shell=True, input=body, timeout=_SECONDS, check=False, capture_output=True)
            if done.returncode:
                wrong.append(f"notify_command ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[-200:]}")
        except (OSError, subprocess.TimeoutExpired) as error:
            wrong.append(f"notify_command could not be run: {type(error).__name__}")
    if settings.notify_webhook:
        request = urllib.request.Request(settings.notify_webhook, data=body, headers={"Content-Type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):
                pass
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            wrong.append(f"notify_webhook did not take the summary: {error}")
    return wrong
