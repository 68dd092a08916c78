"""What side_by_side.py runs with another interpreter, one that has whisperX: `PYTHON side_by_side_whisperx.py MODEL_FOLDER THREADS WAV …`.

whisperX finds speech with the model in its own package and decodes in batches of eight, as it does by default on a CPU with int8 numbers. Its alignment and its
diarization load models from the hub and are left out. Prints JSON: seconds for the calls after a first one for warmth, peak memory in GB, texts.
"""

import json
import resource
import sys
import time
import wave
from pathlib import Path

import numpy as np
import whisperx


def main() -> None:
    folder, threads, *paths = sys.argv[1:]
    model = whisperx.load_model(folder, "cpu", compute_type="int8", threads=int(threads), vad_method="pyannote")

    def run(path: str) -> str:
        with wave.open(path) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
        found = model.transcribe(samples, batch_size=8, language=Path(path).name[:2])
        return " ".join(segment["text"] for segment in found["segments"])

    run(paths[0])
    began = time.perf_counter()
    texts = [run(path) for path in paths]
    spent = time.perf_counter() - began
    print(json.dumps({"seconds": spent, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, "texts": texts}))


if __name__ == "__main__":
    main()
