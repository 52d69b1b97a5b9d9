"""Pictures, read from files whatever their mode or turn as upright RGB."""

import functools
from pathlib import Path
from typing import Any

from swapgate.inputs.given import readable_as

MOST_PIXELS = 89_478_485
"""Of the largest picture that is read: what Pillow takes for harmless; as a model's input it takes a gigabyte."""
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP")
"""Pictures that are read: of others Pillow would start a program (EPS) or guess."""


@functools.lru_cache(maxsize=512)
def read_image(path: Path) -> Any:
    """Read a picture file as upright 8-bit RGB: turned as its EXIF data say, 16 bits scaled to 8, on white.

    Raises SurroundingsFault where it holds no picture, or one of more than MOST_PIXELS.
    """
    from PIL import Image, ImageOps

    with readable_as(path, "picture"), Image.open(path, formats=FORMATS) as file:
        if file.width * file.height > MOST_PIXELS:
            raise ValueError(f"{file.width}×{file.height} pixels, at most {MOST_PIXELS:,} are read")
        picture = ImageOps.exif_transpose(file)
        if picture.mode.startswith("I"):  # 16 bits of grey, which convert("RGB") would clip instead of scaling
            picture = _eight_bits(picture)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("RGB")


def _eight_bits(picture: Any) -> Any:
    """Scale 16 bits of grey to 8; the shade that the file calls transparent is."""
    import numpy as np
    from PIL import Image

    shades = np.asarray(picture.convert("I"))
    grey = Image.fromarray(np.rint(shades / 257).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(shades == clear, 0, 255).astype(np.uint8)))
    return grey
