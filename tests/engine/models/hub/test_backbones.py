"""Detectors whose published settings ask for a backbone of timm's."""

import importlib.util
import json

import pytest

from swapgate.backends import transformers as backend
from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import Source
from swapgate.project.manifest import Row
from swapgate.tasks import object_detection


@pytest.mark.skipif(importlib.util.find_spec("timm") is not None, reason="timm is installed")
@pytest.mark.parametrize("kind", ["detr", "conditional_detr"])
def test_no_timm(tmp_path, kind):
    """Where timm is missing the message names the extra that brings it."""
    import torch
    from safetensors.torch import save_file

    config = {"model_type": kind, "backbone": "resnet50", "use_timm_backbone": True, "use_pretrained_backbone": True}
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file({"weight": torch.zeros(20_000_000, dtype=torch.int8)}, tmp_path / "model.safetensors", {"format": "pt"})
    row = Row.model_validate({"model": "facebook/detr-resnet-50", "labels": {"*": "*"}})
    with pytest.raises(SurroundingsFault) as caught:
        backend.load(object_detection.TASK, Source(row, tmp_path, "facebook/detr-resnet-50@2729413"))
    assert str(caught.value) == (
        "facebook/detr-resnet-50@2729413 has a backbone of timm's, and timm or its torchvision is not installed;"
        ' install them with: pip install "swapgate[timm]" (torchvision must be built for this torch: CPU or CUDA)'
    )
