"""Pictures, read from files whatever their mode or turn as upright RGB."""

import functools
import io
from pathlib import Path
from typing import Any

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import readable_as

MOST_PIXELS = 89_478_485
"""Of the largest picture that is read: what Pillow takes for harmless; as a model's input it takes a gigabyte."""
FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "JPEG2000", "BMP", "ICO", "ICNS", "PSD", "QOI", "DDS", "SGI"),
    *("SUN", "PPM", "XPM", "XBM", "PCX", "DIB", "TGA"),
)
"""Pictures that are read, those last that are known by least: of others Pillow would start a program (EPS) or guess."""
ORIENTATION = 0x0112
"""The EXIF tag of how a picture is turned: 1 for upright, 2 to 8 for what turns it back."""
END_OF_JPEG2000 = b"\xff\xd9"
"""Without it, the pixels of some that were cut off are made up."""
SHADES_OF_16_BITS = 65_535
PHOTOMETRIC, BITS, SAMPLE_FORMAT = 262, 258, 339
"""Tags of a TIFF file: what 0 is (0: white), bits of a number, and what numbers are (1: unsigned, 2: signed)."""


@functools.lru_cache(maxsize=512)
def read_image(path: Path) -> Any:
    """Read a picture file as upright 8-bit RGB: turned as its EXIF data say, 16 bits scaled to 8, on white.

    Numbers with a sign, of 32 bits or with a fraction are read where they are from 0 to 255, those with a fraction
    also from 0 to 1. Raises SurroundingsFault where they are others, where the file holds no picture, or one of more
    than MOST_PIXELS.
    """
    with readable_as(path, "picture"), _opened(path) as file:
        from PIL import Image

        if file.width * file.height > MOST_PIXELS:
            raise SurroundingsFault(
                f"{path}: {file.width}×{file.height} pixels, at most {MOST_PIXELS:,} are read; give a smaller picture"
            )
        if file.format == "JPEG2000" and END_OF_JPEG2000 not in path.read_bytes():
            raise SurroundingsFault(f"{path}: a JPEG 2000 picture that was cut off; give a picture file that is whole")
        picture, tags = _upright(file), getattr(file, "tag_v2", {})
        if picture.mode[0] in "IF" or (picture.mode == "L" and 2 in tags.get(SAMPLE_FORMAT, ())):
            picture = _eight_bits(path, picture, file.format, tags)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("RGB")


def _opened(path: Path) -> Any:
    """Open a picture file of one of FORMATS; an old or small Pillow has not all of them."""
    from PIL import Image

    Image.init()
    return Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN])


def _upright(file: Any) -> Any:
    """Turn a picture as its EXIF data say; where these cannot be read it stands as it is."""
    from PIL.Image import Transpose

    file.load()  # what that raises is no matter of EXIF data
    turns = (
        *(Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM, Transpose.TRANSPOSE),
        *(Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90),
    )
    try:
        turn = dict(enumerate(turns, 2)).get(file.getexif().get(ORIENTATION))
    except Exception:  # whatever damaged data do to Pillow
        turn = None
    return file if turn is None else file.transpose(turn)


def _eight_bits(path: Path, picture: Any, form: str, tags: Any) -> Any:
    """Scale numbers to 8 bits of grey; the shade that the file calls transparent is. Raises SurroundingsFault."""
    import numpy as np
    from PIL import Image

    shades = np.asarray(picture.convert("I") if picture.mode.startswith("I;") else picture)
    white: float = SHADES_OF_16_BITS
    if picture.mode.startswith("I;"):
        white = 2 ** max(tags.get(BITS, (16,))) - 1
    elif (picture.mode, form) != ("I", "PPM"):  # which Pillow scales to 16 bits
        white = _white(path, shades := _signed(shades, picture.mode, tags))
    if tags.get(PHOTOMETRIC) == 0 and picture.mode != "L":
        shades = white - shades
    scaled = shades if white == 255 else np.rint(shades * (255 / white))
    grey = Image.fromarray(scaled.astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(shades == clear, 0, 255).astype(np.uint8)))
    return grey


def _signed(shades: Any, mode: str, tags: Any) -> Any:
    """Return numbers as the file means them: Pillow takes all of 32 bits for signed and all of 8 for unsigned."""
    import numpy as np

    if mode == "L":
        return shades.view(np.int8)
    unsigned = mode == "I" and tags.get(SAMPLE_FORMAT, (1,))[0] == 1 and max(tags.get(BITS, (32,))) == 32
    return shades.view(np.uint32) if unsigned else shades


def png(picture: Any) -> bytes:
    """Return a picture as a PNG file, which holds its pixels as they are."""
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


UNCLEAR = 16
"""Of fractions: from 1 to this a picture may be one of 0 to 1 a little beyond it, or a very dark one of 0 to 255."""


def _white(path: Path, shades: Any) -> float:
    """Return which number is white where the file does not say: 255, or 1 of those with a fraction."""
    low, high, form = shades.min(), shades.max(), ",g" if shades.dtype.kind == "f" else ",d"
    unclear = shades.dtype.kind == "f" and 1 < high < UNCLEAR
    if unclear or not (low >= 0 and high <= 255):  # NaN is neither
        raise SurroundingsFault(
            f"{path}: its pixels are {shades.dtype} from {low:{form}} to {high:{form}}, and nothing says which is"
            " white; convert it to 8 or 16 bits"
        )
    return 1 if shades.dtype.kind == "f" and high <= 1 else 255
