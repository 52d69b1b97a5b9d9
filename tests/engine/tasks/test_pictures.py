"""From pictures to pixel values and back to boxes: nothing is guessed, nothing near the threshold is lost."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.pictures import MOST_PIXELS
from swapgate.outputs.detections import Detection
from swapgate.project.manifest import row_type
from swapgate.tasks import object_detection
from swapgate.tasks.pictures import processed
from swapgate.tasks.task import Loaded

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"


@pytest.mark.parametrize("height", [1, 2, 3, 4])
def test_flat_pictures(height):
    """A picture one or three pixels high is not taken for one whose colours come first."""
    import numpy as np
    import transformers

    options = {"backend": "pil"} if transformers.__version__ >= "5" else {"use_fast": False}
    reader = transformers.AutoImageProcessor.from_pretrained(ZOO / "image-classification" / "original", **options)
    picture = Image.new("RGB", (50, height), "white")
    picture.paste("red", (0, 0, 20, height))
    given = processed(Loaded(None, reader), [picture])["pixel_values"][0].numpy()
    seen = np.asarray(picture.resize((32, 32), Image.Resampling(reader.resample)), dtype=np.float32) / 255
    wanted = (seen - np.array(reader.image_mean)) / np.array(reader.image_std)
    assert np.allclose(given, wanted.transpose(2, 0, 1), atol=1e-5)


@pytest.mark.parametrize("size", [(0, 0), (0, 9), (9, 0), (MOST_PIXELS, 2)])
def test_impossible_sizes(size):
    """A picture without pixels, or with too many, is refused before anything is read of it."""
    with pytest.raises(SurroundingsFault, match=f"a picture has {size[0]}×{size[1]} pixels, allowed are 1 to"):
        processed(Loaded(None, None), [SimpleNamespace(width=size[0], height=size[1])])


class Detector:
    """Stands in for a model and its processor: it finds objects with the scores it is made with."""

    config = SimpleNamespace(id2label={0: "CAT"})
    device = torch.device("cpu")
    dtype = None
    modules = staticmethod(list)

    def __init__(self, *scores):
        self.scores = torch.tensor(scores)
        self.boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0]] * len(scores))

    def __call__(self, pictures=None, return_tensors=None, **_):
        """As a processor give numbers of no picture, as a model the scores and boxes."""
        if return_tensors:
            return {"pixel_values": torch.zeros(1, 3, 9, 9)}
        return SimpleNamespace(logits=self.scores[None, :, None], pred_boxes=self.boxes[None])

    def post_process_object_detection(self, *_, **__):
        """Return the table of the one picture."""
        return [
            {"scores": self.scores, "labels": torch.zeros(len(self.scores), dtype=torch.int64), "boxes": self.boxes}
        ]


@pytest.mark.parametrize(("threshold", "drift"), [(None, 1e-4), (0.8, 0.01)], ids=["usual", "row's own"])
def test_objects_kept(threshold, drift):
    """Objects are kept down to the threshold less the tolerance, and only those from the threshold up count."""
    least = threshold or object_detection.THRESHOLD
    scores = [0.99, least + drift / 2, least - drift / 2, least - 2 * drift]
    detector = Detector(*scores)
    row = row_type(object_detection.TASK)(
        model="x", labels={"CAT": "cat"}, threshold=threshold, tolerance={"drift": drift, "reason": "a test"}
    )
    (found,) = object_detection.predict(Loaded(detector, detector), [Image.new("RGB", (9, 9))], row)
    assert [thing.score for thing in found.objects] == pytest.approx(scores[:3])
    assert [thing.score for thing in found.counted] == pytest.approx(scores[:2])
    assert found.objects[0] == Detection("cat", (0, 0, 9, 9), pytest.approx(0.99))
