"""The exported embedding: any batch, any length, 192 wide."""

from __future__ import annotations

import numpy as np
import pytest

from qa_pipeline.settings import load_settings
from qa_pipeline.speech.convert_campplus import FEATURES, WIDTH
from qa_pipeline.speech.models import load_manifest, model_folder

pytestmark = pytest.mark.models


@pytest.mark.parametrize(("batch", "frames"), [(1, 30), (3, 150), (2, 347)])
def test_graph_takes_any_batch_and_length(batch: int, frames: int) -> None:
    import onnxruntime

    settings = load_settings()
    folder = model_folder(load_manifest(settings.manifests / "campplus-zh-en.yaml"), settings)
    session = onnxruntime.InferenceSession(str(folder / "campplus.onnx"), providers=["CPUExecutionProvider"])
    feats = np.random.default_rng(0).standard_normal((batch, frames, FEATURES)).astype(np.float32)
    (found,) = session.run(["embs"], {"feats": feats})
    assert found.shape == (batch, WIDTH)
    assert np.isfinite(found).all()
