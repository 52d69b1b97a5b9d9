"""Sounds in frames or pages, MP3 and Ogg: whether they were cut off, which no length at their beginning need say."""

import functools
import re
from typing import BinaryIO

from swapgate.inputs.kinds import HEAD

PAGE = 27
"""Bytes of the header of a page of Ogg before the lengths of its segments."""
FIRST, LAST = 2, 4
"""Flags of pages of Ogg: the one that begins a stream, and the one that ends it."""
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Rates (Hz) of MPEG 1, 2 and 2.5, by their number in the header of a frame (ISO 11172-3, 13818-3)."""
KILOBITS = {
    (True, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits a second, by whether it is MPEG 1 and by the number of the layer (3: I, 1: III), from number 1 on."""


def claimed_by_mp3(file: BinaryIO) -> int:
    """Return how many bytes an MP3 file must have: by its first frame where that says so, and by its last one.

    0 in files of other kinds, and where frames have no length of their own (the free format).
    """
    place = _behind_notes(file)
    file.seek(place)
    first = file.read(HEAD)
    said = re.match(rb"\xff[\xe0-\xff].{,40}(?:Xing|Info)\0\0\0([\x00-\xff])(.{8})", first, re.DOTALL)
    claimed = 0
    if said and said[1][0] & 2:
        at = 4 if said[1][0] & 1 else 0  # behind the number of frames
        claimed = place + int.from_bytes(said[2][at : at + 4], "big")
    elif said := re.match(rb"\xff[\xe0-\xff].{34}VBRI.{6}(.{4})", first, re.DOTALL):
        claimed = place + int.from_bytes(said[1], "big")
    while length := _frame(file, place):
        place += length
        claimed = max(claimed, place)
    file.seek(place)
    rest = file.read(4)
    return place + 4 if claimed == place > 0 and len(rest) < 4 and rest.startswith(b"\xff") else claimed


def _behind_notes(file: BinaryIO) -> int:
    """Return where in a file stands what is behind its ID3 tags."""
    place = 0
    while True:
        file.seek(place)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return place
        footer = 10 if head[5] & 0x10 else 0
        place += 10 + footer + functools.reduce(lambda size, byte: size << 7 | byte & 0x7F, head[6:], 0)


def _frame(file: BinaryIO, place: int) -> int:
    """Return the bytes of the frame of MPEG that begins at a place; 0 where none does, or its length is not told."""
    file.seek(place)
    head = int.from_bytes(file.read(4), "big")
    version, layer, bits, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or not layer or bits in (0, 15) or rate == 3:
        return 0
    bytes_a_second = KILOBITS[version == 3, layer][bits - 1] * 125
    samples = {3: 384, 2: 1152, 1: 1152 if version == 3 else 576}[layer]
    slot = 4 if layer == 3 else 1
    return (samples * bytes_a_second // RATES[version][rate] // slot + (head >> 9 & 1)) * slot


def fault_of_ogg(file: BinaryIO, size: int) -> str:
    """Return in words why an Ogg file is not read: it was cut off, or only its first sound would be; else nothing."""
    open_streams, place, begun = set[bytes](), 0, False
    while len(head := _page(file, place)) >= PAGE:
        flags, stream, lengths = head[5], head[14:18], head[PAGE:]
        length = PAGE + head[26] + sum(lengths)
        if len(lengths) < head[26] or place + length > size:
            return f"its last page has {size - place:,} bytes of {length:,}; give a sound file that is whole"
        if flags & FIRST and begun:
            return "it holds several sounds, one behind the other; give each as a file, or convert it to WAV or FLAC"
        begun = begun or not flags & FIRST
        open_streams = open_streams - {stream} if flags & LAST else open_streams | {stream}
        place += length
    if open_streams:
        return "it does not end with its last page; give a sound file that is whole, or convert it to WAV or FLAC"
    return ""


def _page(file: BinaryIO, place: int) -> bytes:
    """Return the header of the page of Ogg that begins at a place; nothing where none does."""
    file.seek(place)
    head = file.read(PAGE)
    return head + file.read(head[26]) if head[:4] == b"OggS" and len(head) == PAGE else b""
