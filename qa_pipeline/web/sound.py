"""The sound of a call: any stretch of it, for who may hear it, and what its waveform is drawn from."""

from __future__ import annotations

import gzip
import json
import re

from fastapi import Request, Response
from starlette.responses import FileResponse

from qa_pipeline.errors import RecordingError
from qa_pipeline.privacy.files import hidden_sound
from qa_pipeline.privacy.policy import load_policy
from qa_pipeline.reading.sound import Sound, find_sound, read_peaks, read_turns
from qa_pipeline.reading.viewer import Matter
from qa_pipeline.recordings.playback import DECODED_TYPE
from qa_pipeline.report.waveform import draw_waveform
from qa_pipeline.review.record import HEARD, look
from qa_pipeline.sealed import Keys, is_file_sealed, read_part, size_of
from qa_pipeline.web.routing import Section
from qa_pipeline.web.signed import AtDesk, Chosen, Who

section = Section("sound")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Of a sealed file at a time: a player asks on.
_LONGEST = 4_000_000


@section.get("/calls/{call_id}/sound", needs=Matter.WORDS)
def play(request: Request, call_id: str, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """The recording, or the stretch of it that the browser asks for (RFC 9110, 14): every hearing is on record."""
    hiding = load_policy(chosen.privacy_policy).of(who.viewer)
    keys = chosen.encryption_keys
    try:
        path = hidden_sound(desk.store, desk.engine, chosen.work, who.viewer, call_id, hiding, keys) if hiding.words else None
        if path is None:
            sound = find_sound(desk.store, desk.engine, chosen.work, who.viewer, call_id, keys)
        else:
            sound = Sound(path=path, media_type=DECODED_TYPE)
    except RecordingError as error:
        return _gone(error)
    look(desk, who.viewer, call_id, did=HEARD)
    # The browser may keep it as long as the page is open, and asks again before it plays it another time.
    headers = {"cache-control": "private, no-cache"}
    if is_file_sealed(sound.path):
        if request.method == "HEAD":
            return Response(
                media_type=sound.media_type, headers={**headers, "accept-ranges": "bytes", "content-length": str(size_of(sound.path, keys))}
            )
        return _stretch(sound, keys, request.headers.get("range", ""), headers)
    return FileResponse(sound.path, media_type=sound.media_type, headers=headers)


@section.get("/calls/{call_id}/waveform", needs=Matter.WORDS)
def draw(request: Request, call_id: str, who: Who, desk: AtDesk, chosen: Chosen) -> Response:
    """Lanes by role and silences, as JSON."""
    try:
        peaks = read_peaks(desk.store, desk.engine, chosen.work, who.viewer, call_id, chosen.encryption_keys)
    except RecordingError as error:
        return _gone(error)
    drawn = draw_waveform(peaks, read_turns(desk.store, desk.engine, who.viewer, call_id))
    told = {"duration_ms": drawn.duration_ms, "step_ms": drawn.step_ms, "lanes": drawn.lanes, "silences": drawn.silences}
    body = json.dumps(told, separators=(",", ":")).encode()
    headers = {"vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = gzip.compress(body, 5), "gzip"
    return Response(body, media_type="application/json", headers=headers)


def _stretch(sound: Sound, keys: Keys | None, asked: str, headers: dict[str, str]) -> Response:
    """A stretch of a sealed file, deciphered on the way; what is asked for otherwise than as one stretch gets the whole."""
    size = size_of(sound.path, keys)
    headers |= {"accept-ranges": "bytes"}
    found = _RANGE.fullmatch(asked.strip())
    if not found or found[1] == found[2] == "":
        return Response(read_part(sound.path, keys, 0, size), media_type=sound.media_type, headers=headers)
    first, last = (int(found[1]), min(int(found[2] or size - 1), size - 1)) if found[1] else (max(0, size - int(found[2])), size - 1)
    if first > last:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    last = min(last, first + _LONGEST - 1)
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    return Response(read_part(sound.path, keys, first, last + 1), status_code=206, media_type=sound.media_type, headers=headers)


def _gone(error: RecordingError) -> Response:
    """The call is theirs to hear, and there is nothing to be heard."""
    return Response(f"{error.message} {error.advice}\n", status_code=410, media_type="text/plain")
