"""CAM++ speaker embedding: PyTorch weights in, one ONNX graph out.

The architecture is read from the folder's own copy of speakerlab (Apache-2.0), so nothing of it needs installing.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from qa_pipeline.errors import ModelError

FEATURES = 80
WIDTH = 192
# Lengths the graph is compared at, in frames: below, at and above one segment (200 frames) of the context-aware mask, whose last,
# partial segment an exporter or runtime could average otherwise.
_CHECKED_FRAMES = (30, 200, 347)
# Cosine distance; 2e-7 was measured with torch 2.14.1 and onnxruntime 1.31.1.
_TOLERANCE = 1e-4


def write_onnx(folder: Path) -> None:
    """Write FOLDER/campplus.onnx from FOLDER/campplus_cn_en_common.pt: `feats` (B, T, 80) → `embs` (B, 192), float32, B and T free.

    `feats`: 80 Kaldi filter banks every 10 ms, less their mean over time. Raises ModelError when graph and PyTorch model differ.
    """
    import numpy as np
    import onnxruntime
    import torch

    sys.path.insert(0, str(folder))
    try:
        from speakerlab.models.campplus.DTDNN import CAMPPlus  # type: ignore[import-not-found]  # in the folder only
    finally:
        sys.path.remove(str(folder))

    model = CAMPPlus(feat_dim=FEATURES, embedding_size=WIDTH)
    model.load_state_dict(torch.load(folder / "campplus_cn_en_common.pt", map_location="cpu", weights_only=True))
    model.eval()
    generator = torch.Generator().manual_seed(0)
    target = folder / "campplus.onnx"
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs onnxscript; and it warns of branches on the fixed rank of the input.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # not in its __all__
        torch.onnx.export(
            model,
            (torch.randn(1, 345, FEATURES, generator=generator),),
            str(target),
            input_names=["feats"],
            output_names=["embs"],
            dynamic_axes={"feats": {0: "B", 1: "T"}, "embs": {0: "B"}},
            opset_version=17,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    for frames in _CHECKED_FRAMES:
        feats = torch.randn(2, frames, FEATURES, generator=generator)
        with torch.inference_mode():
            wanted = model(feats).numpy()
        (found,) = session.run(["embs"], {"feats": feats.numpy()})
        cosines = (found * wanted).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(wanted, axis=1)
        if 1 - cosines.min() > _TOLERANCE:
            raise ModelError(
                f"campplus.onnx differs from its PyTorch model at {frames} frames (cosine {cosines.min():.4f}).",
                advice="The installed torch exports it otherwise than expected: use the versions of requirements.lock.",
            )
