"""What a file is that was not read: told by its first bytes, so that a message can say what to do with it."""

from collections.abc import Mapping

HEAD = 256
"""Bytes from the beginning of a file that tell what it is."""
CONVERT: Mapping[str, str] = {"picture": "PNG or JPEG", "sound": "WAV or FLAC"}
"""What a file is to be converted to that is not read."""
KINDS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"\x0a\x05\x01\x08", "a PCX picture"),
    (0, b"II*\x00\x10\x00\x00\x00CR", "a raw picture of a camera (CR2)"),
    (0, b"II*\x00", "a TIFF picture"),
    (0, b"MM\x00*", "a TIFF picture"),
    (0, b"FUJIFILMCCD-RAW", "a raw picture of a camera (RAF)"),
    (8, b"WEBP", "a WebP picture"),
    *((4, b"ftyp" + brand, "a HEIC picture") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")),
    *((4, b"ftyp" + brand, "a HEIC picture") for brand in (b"mif1", b"msf1")),
    (4, b"ftypavi", "an AVIF picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"%!PS", "a PostScript file (EPS)"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file (EPS)"),
    (0, b"%PDF", "a PDF file"),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (40, b" EMF", "a Windows metafile (EMF)"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance picture (HDR)"),
    (0, b"gimp xcf", "a GIMP picture (XCF)"),
    (0, b"AT&TFORM", "a DjVu file"),
    (128, b"DICM", "a DICOM picture"),
    (8, b"WAVE", "a WAV sound"),
    (0, b"fLaC", "a FLAC sound"),
    (0, b"OggS", "an Ogg sound"),
    (0, b"ID3", "an MP3 sound"),
    (8, b"AIFF", "an AIFF sound"),
    (8, b"AIFC", "an AIFF sound"),
    (0, b"caff", "a Core Audio sound (CAF)"),
    (4, b"ftypM4", "an MPEG-4 sound (m4a)"),
    (4, b"ftyp", "an MPEG-4 file (mp4, m4a, mov, 3gp)"),
    (0, b"\xff\xf1", "an AAC sound"),
    (0, b"\xff\xf9", "an AAC sound"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file (wma, wmv)"),
    (0, b"#!AMR", "an AMR sound"),
    (0, b"#!SILK", "a SILK sound"),
    (1, b"#!SILK", "a SILK sound"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (0, b"MThd", "a MIDI file"),
    (0, b"FLV", "a Flash video"),
    (8, b"AVI ", "an AVI video"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x93NUMPY", "a NumPy array"),
)
"""Where in a file which bytes stand, and what it then is; the first that fits counts."""
READ: Mapping[str, tuple[str, ...]] = {
    "picture": tuple(
        f"{name} picture" for name in ("a PNG", "a JPEG", "a GIF", "a BMP", "a PCX", "a TIFF", "a WebP", "an AVIF")
    ),
    "sound": (
        "a WAV sound",
        "a FLAC sound",
        "an Ogg sound",
        "an MP3 sound",
        "an AIFF sound",
        "a Core Audio sound (CAF)",
    ),
}
"""The kinds that are read: a file of one of them that was not must be broken."""
OF_MANY_KINDS = ("a TIFF picture", "a WAV sound", "an Ogg sound", "an AIFF sound", "a Core Audio sound (CAF)")
"""Those of which it may also hold pixels or samples that nobody here reads."""
PAGES = (b"<!doctype", b"<html", b"<head")
POINTER = b"version https://git-lfs"


def not_read(head: bytes, what: str, whole: str) -> str:
    """Return in words why a file is not read as a picture or a sound, and what to do.

    `head` are its first bytes, `whole` is what a library said of it: that is told where the file is of no other kind.
    """
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for at, magic, kind in KINDS if head[at : at + len(magic)] == magic), "")
    if not head:
        return f"the file is empty; give a {what} file that is whole"
    if head.startswith(POINTER):
        return f"it is a pointer of Git LFS, and not the {what} itself; fetch that: git lfs pull"
    if text.startswith(PAGES):
        return f"it is a web page, and no {what}; download the file itself"
    if text.startswith((b"<svg", b"<?xml")):
        return f"it is a text in XML (SVG?), which is not read as a {what}; convert it to {CONVERT[what]}"
    if kind and kind not in READ[what]:
        return f"it is {kind}, which is not read as a {what}; convert it to {CONVERT[what]}"
    instead = f", or convert it to {CONVERT[what]}" if kind in OF_MANY_KINDS else ""
    return f"cannot be read as a {what} ({whole}); give a {what} file that is whole{instead}"
