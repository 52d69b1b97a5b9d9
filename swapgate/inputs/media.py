"""Pictures and sounds made small enough for a page: thumbnails, waveforms, short Opus."""

import base64
import io
from typing import Any, TypeAlias

from swapgate.inputs.given import Input, Sound

Media: TypeAlias = dict[str, Any]
"""What JSON can hold of a picture ("width" and "height" in pixels of the original, "data") or of a sound ("seconds",
"peaks", "data"); the data as a data URI, empty where there is none."""

SIDE = 320
"""Pixels of the longer side of a thumbnail."""
LONGEST = 30.0
"""Seconds of the longest sound that is put into a page."""
RATES = (8_000, 12_000, 24_000, 16_000)
"""Samples a second (Hz) of which Opus is written; a sound of another rate is given the last of them."""
PEAKS = 160
"""Bars of a waveform."""


def media(given: Input) -> Media | None:
    """Return what a page shows of an input; None of a text."""
    if isinstance(given, Sound):
        return _sound(given)
    return _picture(given) if hasattr(given, "tobytes") and hasattr(given, "width") else None


def _picture(picture: Any) -> Media:
    small, file = picture.convert("RGB"), io.BytesIO()
    small.thumbnail((SIDE, SIDE))
    small.save(file, "JPEG", quality=70)
    return {"width": picture.width, "height": picture.height, "data": _uri("image/jpeg", file.getvalue())}


def _sound(sound: Sound) -> Media:
    import numpy as np
    import soundfile

    seconds = len(sound.samples) / sound.rate
    parts = np.array_split(np.abs(sound.samples), min(PEAKS, len(sound.samples)))
    peaks = [round(min(float(part.max()), 1.0), 3) for part in parts]
    found: Media = {"seconds": round(seconds, 3), "peaks": peaks, "data": ""}
    if seconds <= LONGEST:
        file = io.BytesIO()
        samples, rate = sound.samples, sound.rate
        if sound.rate not in RATES:
            import librosa

            samples, rate = librosa.resample(samples, orig_sr=rate, target_sr=RATES[-1]), RATES[-1]
        soundfile.write(file, np.clip(samples, -1, 1), rate, format="OGG", subtype="OPUS")
        found["data"] = _uri("audio/ogg", file.getvalue())
    return found


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
