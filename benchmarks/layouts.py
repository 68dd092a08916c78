"""Roles and words of the same calls in every layout a recorder makes: `python benchmarks/layouts.py FOLDER [--most 4]`.

From each stereo recording with known roles are made: mono; both tracks the mix (also 12 dB quieter and 40 ms later); a dead track (noise) beside the
mix; cross-talk (each party 20 dB down on the other's track); tracks exchanged against the map. Prints the layout found, the share of the time with the
right role, and how sure the roles were.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from qa_pipeline.call import Call
from qa_pipeline.conversation.listen import Listener
from qa_pipeline.evaluation.compare import Evaluation, compare_conversation
from qa_pipeline.evaluation.truth import read_truths
from qa_pipeline.recordings.audio import SAMPLE_RATE, decode
from qa_pipeline.recordings.defaults import Defaults
from qa_pipeline.recordings.files import sha256_of
from qa_pipeline.recordings.ingest import ingest
from qa_pipeline.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--most", type=int, default=4, help="recordings")
    given = parser.parse_args()
    truths = read_truths(Path(given.folder))
    known = {Path(call.source_uri).stem.split(".")[0]: call for call in ingest([given.folder], Defaults(timezone="UTC")).calls}
    listener = Listener(load_settings())
    chosen = [
        (stem, call)
        for stem, call in sorted(known.items())
        if stem in truths and truths[stem].turns and decode(call.source_uri).samples.shape[0] == 2
    ][: given.most]
    for stem, call in chosen:
        truth = truths[stem]
        agent_first = call.agent_channel != 1
        samples = decode(call.source_uri).samples
        for name, tracks in made_of(samples).items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{stem}.wav"
                write(path, tracks)
                of_party = name in ("stereo", "cross-talk", "exchanged")
                channel = (0 if agent_first else 1) if of_party and call.agent_channel is not None else None
                heard = listener.listen(
                    Call(
                        call_id=f"{stem}-{name}",
                        source_uri=str(path),
                        audio_sha256=sha256_of(str(path)),
                        direction=call.direction,
                        language=call.language,
                        agent_name=call.agent_name,
                        company=call.company,
                        agent_channel=channel,
                    )  # fmt: skip
                )
            evaluation = Evaluation()
            compare_conversation(evaluation, stem, truth, heard)
            share, sure = evaluation.role_by_call.get(stem, (0.0, 0.0))
            print(
                f"{stem:32} {name:22} {heard.layout.value:11} roles {share:.3f}, confidence {sure:.2f}, {sum(len(u.words) for u in heard.utterances)} words",
                flush=True,
            )


def made_of(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Layouts by name, made of two tracks."""
    left, right = samples
    mix = (left + right) / 2
    noise = (0.001 * np.random.default_rng(0).normal(size=mix.size)).astype(np.float32)
    return {
        "stereo": samples,
        "mono": mix[np.newaxis],
        "both tracks": np.stack([mix, mix]),
        "quieter and later copy": np.stack([mix, 0.25 * np.roll(mix, SAMPLE_RATE // 25)]),
        "dead track": np.stack([noise, mix]),
        "cross-talk": np.stack([left + 0.1 * right, right + 0.1 * left]),
        "exchanged": np.stack([right, left]),
    }


def write(path: Path, tracks: NDArray[np.float32]) -> None:
    """16-bit WAV at 16 kHz."""
    with av.open(str(path), "w") as container:
        layout = "mono" if len(tracks) == 1 else "stereo"
        stream = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout=layout)
        data = np.ascontiguousarray((np.clip(tracks, -1, 1).T * 32767).astype(np.int16).reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=layout)
        frame.sample_rate = SAMPLE_RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


if __name__ == "__main__":
    main()
