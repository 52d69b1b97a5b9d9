"""Pictures as the pixel values that a model sees."""

from collections.abc import Sequence
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.pictures import MOST_PIXELS
from swapgate.tasks.task import Loaded

BATCH = 4
"""Pictures that go through a model together on a CPU: of 32 photos a MobileNet takes twice the time each."""


def processed(loaded: Loaded, pictures: Sequence[Any]) -> Any:
    """Return a batch of torch tensors of Pillow pictures of mode RGB.

    It is said where their channels are: of a picture one or three pixels high the processor would guess it wrong.
    Raises SurroundingsFault where a picture has no pixels, or too many.
    """
    for picture in pictures:
        if not 0 < picture.width * picture.height <= MOST_PIXELS:
            raise SurroundingsFault(
                f"a picture has {picture.width}×{picture.height} pixels, allowed are 1 to {MOST_PIXELS:,}; give another"
                " size"
            )
    return loaded.reader(list(pictures), return_tensors="pt", input_data_format="channels_last")
