"""What a file is that was not read: told by its first bytes, so that a message can say what to do with it."""

import codecs
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress

HEAD = 512
"""Bytes from the beginning of a file that tell what it is."""
CONVERT: Mapping[str, str] = {"picture": "PNG or JPEG", "sound": "WAV or FLAC"}
"""What a file is to be converted to that is not read."""
HEIF = "a HEIF picture"
KINDS: tuple[tuple[int, bytes, str], ...] = (
    *((0, b"\x00\x00\x02\x00" + bytes([count, 0]), "a cursor (CUR)") for count in range(1, 20)),  # of 0 it is a TGA
    (0, b"\xb1\x68\xde\x3a", "a DCX picture"),
    (4, b"\x11\xaf", "an animation of Autodesk's (FLI)"),
    (4, b"\x12\xaf", "an animation of Autodesk's (FLC)"),
    (0, b"DanM", "a Microsoft Paint picture (MSP)"),
    (0, b"LinS", "a Microsoft Paint picture (MSP)"),
    (0, b"BLP1", "a BLP picture"),
    (0, b"BLP2", "a BLP picture"),
    (0, b"Image type:", "an IM picture"),
    (0, b"P7\n", "a PAM picture"),
    (0, b"P7 332", "an XV thumbnail"),
    (0, b"\xabKTX ", "a texture (KTX)"),
    (0, b"\x13\xab\xa1\x5c", "a texture (ASTC)"),
    (0, b"PVR\x03", "a texture (PVR)"),
    (0, b"\x97JB2", "a JBIG2 picture"),
    (0, b"II\xbc", "a JPEG XR picture"),
    (0, b"\xff\xd8\xff\xf7", "a JPEG-LS picture"),
    (0, b"IIRO", "a raw picture of a camera (ORF)"),
    (0, b"IIRS", "a raw picture of a camera (ORF)"),
    (0, b"MMOR", "a raw picture of a camera (ORF)"),
    (0, b"IIU\x00", "a raw picture of a camera (RW2)"),
    (0, b"FOVb", "a raw picture of a camera (X3F)"),
    (0, b"\x00MRM", "a raw picture of a camera (MRW)"),
    (4, b"ftypcrx", "a raw picture of a camera (CR3)"),
    (0, b"II\x1a\x00\x00\x00HEAPCCDR", "a raw picture of a camera (CRW)"),
    (0, b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5", "an InDesign document (INDD)"),
    (0, b"8BPS\x00\x02", "a large Photoshop picture (PSB)"),
    (0, b"\x00\xffKA", "an Affinity document"),
    (0, b"Paint Shop Pro Image File", "a Paint Shop Pro picture (PSP)"),
    (0, b"PDN3", "a Paint.NET picture (PDN)"),
    (8, b"CDR", "a CorelDRAW drawing (CDR)"),
    (8, b"ACON", "an animated cursor (ANI)"),
    (0, b"AC10", "a drawing of AutoCAD (DWG)"),
    (0, b"\x8bJNG", "a JNG picture"),
    (0, b"farbfeld", "a farbfeld picture"),
    (0, b"VTF\x00", "a texture (VTF)"),
    (0, b"SDPX", "a DPX picture"),
    (0, b"XPDS", "a DPX picture"),
    (0, b"\x80\x2a\x5f\xd7", "a Cineon picture"),
    (0, b"ZISRAWFILE", "a picture of a microscope (CZI)"),
    (0, b"\xda\xce\xbe\x0a", "a picture of a microscope (ND2)"),
    (0, b"NRRD", "an NRRD picture"),
    (0, b"FWS", "a Flash animation (SWF)"),
    (0, b"CWS", "a Flash animation (SWF)"),
    (0, b"ZWS", "a Flash animation (SWF)"),
    (0, b"BLENDER", "a Blender file"),
    (0, b"Kaydara FBX Binary", "a 3D model (FBX)"),
    (0, b"glTF", "a 3D model (glTF)"),
    (0, b"ply\n", "a 3D model (PLY)"),
    (0, b"ply\r\n", "a 3D model (PLY)"),
    (0, b"\xff\xfe\xff\x0eS\x00k\x00e\x00t\x00c\x00h\x00U", "a 3D model (SketchUp)"),
    (0, b"FOR4", "a 3D model (Maya)"),
    (0, b"FOR8", "a 3D model (Maya)"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"\x0a\x05\x01\x08", "a PCX picture"),
    (0, b"II*\x00\x10\x00\x00\x00CR", "a raw picture of a camera (CR2)"),
    (0, b"II*\x00", "a TIFF picture"),
    *((0, start, "a TIFF picture") for start in (b"MM\x00*", b"MM*\x00", b"II\x00*", b"II+\x00", b"MM\x00+")),
    (0, b"FUJIFILMCCD-RAW", "a raw picture of a camera (RAF)"),
    (8, b"WEBP", "a WebP picture"),
    *((4, b"ftyp" + brand, "a HEIC picture") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")),
    (4, b"ftypavi", "an AVIF picture"),
    *((4, b"ftyp" + brand, HEIF) for brand in (b"mif1", b"mif2", b"miaf", b"msf1", b"heif", b"jpeg")),
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
    (0, b"SIMPLE  =", "a FITS picture"),
    (344, b"n+1\0", "a NIfTI picture"),
    (0, b"BPG\xfb", "a BPG picture"),
    (0, b"FLIF", "a FLIF picture"),
    (0, b"\x8aMNG", "an MNG animation"),
    (0, b"{\\rtf", "a text in RTF"),
    (8, b"WAVE", "a WAV sound"),
    (0, b"fLaC", "a FLAC sound"),
    (0, b"OggS", "an Ogg sound"),
    (0, b"ID3", "an MP3 sound"),
    *((0, bytes([0xFF, second]), "an MP3 sound") for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),  # with no tags
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
    (0, b"wvpk", "a WavPack sound"),
    (0, b"MAC ", "a Monkey's Audio sound (APE)"),
    (0, b"TTA1", "a True Audio sound (TTA)"),
    (0, b"MPCK", "a Musepack sound"),
    (0, b"MP+", "a Musepack sound"),
    (0, b"DSD ", "a DSD sound (DSF)"),
    (0, b"FRM8", "a DSD sound (DFF)"),
    (0, b"\x0bw", "an AC-3 sound"),
    (0, b"\x7f\xfe\x80\x01", "a DTS sound"),
    (0, b".RMF", "a RealMedia file"),
    (0, b".ra\xfd", "a RealAudio sound"),
    (0, b"Extended Module: ", "a tracker module (XM)"),
    (0, b"IMPM", "a tracker module (IT)"),
    (44, b"SCRM", "a tracker module (S3M)"),
    (0, b"\x00\x00\x01\xba", "an MPEG video"),
    (0, b"\x00\x00\x01\xb3", "an MPEG video"),
    (4, b"moov", "a QuickTime file (mov)"),
    (4, b"mdat", "a QuickTime file (mov)"),
    (0, b"MThd", "a MIDI file"),
    (0, b"FLV", "a Flash video"),
    (8, b"AVI ", "an AVI video"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"SQLite format 3", "an SQLite database"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (0, b"LZIP", "an lzip archive"),
    (0, b"MSCF", "a cabinet archive (CAB)"),
    (0, b"xar!", "a xar archive (pkg)"),
    (0, b"!<arch>\n", "an ar archive (deb, a)"),
    (0, b"\xed\xab\xee\xdb", "an RPM package"),
    (0, b"ARROW1", "an Arrow table (Feather)"),
    (0, b"ORC", "an ORC table"),
    (0, b"Obj\x01", "an Avro table"),
    (8, b"DUCK", "a DuckDB database"),
    (0, b"CDF\x01", "a NetCDF file"),
    (0, b"CDF\x02", "a NetCDF file"),
    (0, b"\x0e\x03\x13\x01", "an HDF4 file"),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (0, b"GGUF", "a GGUF model"),
    *((0, bytes([0x80, protocol]), "a Python pickle") for protocol in range(2, 6)),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of older Microsoft Office (doc, xls, ppt, msg)"),
    (0, b"\x00\x05\x16\x07", "what macOS keeps beside a file (AppleDouble, ._…)"),
    (4, b"Bud1", "settings of a folder (.DS_Store)"),
    (0, b"OTTO", "a font"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"ttcf", "a font"),
    (0, b"\x00\x01\x00\x00\x00", "a font"),
    (0, b"\x7fELF", "a program (ELF)"),
    (0, b"MZ", "a program of Windows (EXE, DLL)"),
    (0, b"\xcf\xfa\xed\xfe", "a program of macOS (Mach-O)"),
    (0, b"\xca\xfe\xba\xbe", "a program (Java class, Mach-O)"),
    (0, b"\x00asm", "a program (WebAssembly)"),
)
"""Where in a file which bytes stand, and what it then is; the first that fits counts."""
READ: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "picture": {
        "a PNG picture": (".png",),
        "a JPEG picture": (".jpg", ".jpeg"),
        "a GIF picture": (".gif",),
        "a BMP picture": (".bmp",),
        "a PCX picture": (".pcx",),
        "a TIFF picture": (".tif", ".tiff"),
        "a WebP picture": (".webp",),
        "an AVIF picture": (".avif",),
    },
    "sound": {
        "a WAV sound": (".wav",),
        "a FLAC sound": (".flac",),
        "an Ogg sound": (".ogg", ".oga", ".opus"),
        "an MP3 sound": (".mp3",),
        "an AIFF sound": (".aiff", ".aif"),
        "a Core Audio sound (CAF)": (".caf",),
    },
}
"""The kinds that are read, with how such files are called at their ends; one that was not read must be broken."""
NEITHER = ("a font", "a program", "a Python pickle", "a GGUF model", "what macOS", "settings of")
"""How the kinds begin that hold no picture and no sound, so that there is nothing to convert."""
OF_MANY_KINDS = ("a TIFF picture", "a WAV sound", "an Ogg sound", "an AIFF sound", "a Core Audio sound (CAF)")
"""Those of which it may also hold pixels or samples that nobody here reads."""
COMPATIBLE = {
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
}
"""Of a HEIF picture: what it is by the brands that it names beside its first."""
BEFORE = r"(?:<\?xml[^>]*>|<!--.*?-->|<!doctype (?:svg|html)[^>]*>|\s)*"
ITSELF = "give the {what} itself as {form}"
TEXTS = (
    (r"P[1-7fF]\s|/\* XPM|#define ", "", ""),  # pictures that are read, and texts
    (
        r"data:[\w/+.-]*;base64,|[a-z0-9+/]{60}[a-z0-9+/\s]*={0,2}\s*\Z",
        "a text in base64",
        "decode it to {form}: base64 -d",
    ),
    (BEFORE + r"<(?:\w+:)?svg\b", "a drawing in SVG", "convert it to {form}"),
    (r"<!doctype svg\b", "a drawing in SVG", "convert it to {form}"),
    (BEFORE + r"<(?:html|head|body|meta|script|title|!doctype html)\b", "a web page", "download the file itself"),
    (r"<!doctype html\b", "a web page", "download the file itself"),
    (r"<[?!]?\w", "a text in XML", ITSELF),
    (r"[\[{]\s*(?:[\[{\"\]}\d-]|true|false|null)", "a text in JSON", ITSELF),
    (r"[^\0-\x08\x0e-\x1f\x7f\ufffd]+\Z", "a text", ITSELF),
)
"""How texts begin, what they are, and what to do with them."""
GZIP = b"\x1f\x8b"
SVG = rb"\A[^\0]*<(?:\w+:)?svg\b|<!doctype svg\b"
POINTER = b"version https://git-lfs"


def not_read(head: bytes, what: str, whole: str) -> str:
    """Return in words why a file is not read as a picture or a sound, and what to do.

    `head` are its first bytes, `whole` is what a library said of it: that is told where the file is of no other kind.
    """
    kind = kind_of(head)
    instead = f", or convert it to {CONVERT[what]}" if not kind or kind in OF_MANY_KINDS else ""
    broken = f"cannot be read as a {what} ({whole}); give a {what} file that is whole{instead}"
    return of_another_kind(head, what) or broken


def of_another_kind(head: bytes, what: str) -> str:
    """Return in words what a file is that begins so, and what to do; nothing where it may be a picture or a sound."""
    kind = kind_of(head)
    if not head:
        return f"the file is empty; give a {what} file that is whole"
    if head.startswith(POINTER):
        return f"it is a pointer of Git LFS, and not the {what} itself; fetch that: git lfs pull"
    if kind.startswith(NEITHER):
        return f"it is {kind}, and no {what}; {ITSELF.format(what=what, form=CONVERT[what])}"
    if kind and kind not in READ[what]:
        return f"it is {kind}, which is not read as a {what}; convert it to {CONVERT[what]}"
    if not kind and (text := _text(head)):
        kind, advice = text
        return f"it is {kind}, and no {what}; {advice.format(what=what, form=CONVERT[what])}"
    return ""


def kind_of(head: bytes) -> str:
    """Return what a file is by its first bytes; nothing where they are none that are known."""
    if head.startswith(GZIP) and re.search(SVG, _unpacked(head), re.IGNORECASE):
        return "a packed drawing in SVG (svgz)"
    kind = next((kind for at, magic, kind in KINDS if head[at : at + len(magic)] == magic), "")
    if kind == HEIF:
        box = head[: int.from_bytes(head[:4], "big")]
        brands = [box[at : at + 4] for at in range(16, len(box), 4)]
        return next((COMPATIBLE[brand] for brand in brands if brand in COMPATIBLE), kind)
    return kind


def _unpacked(head: bytes) -> bytes:
    """Return how the content of a gzip archive begins; nothing where that cannot be told."""
    with suppress(zlib.error):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(head, HEAD)
    return b""


def _text(head: bytes) -> tuple[str, str] | None:
    """Return what kind of text a file is and what to do with it; None where it is none, or a picture in letters."""
    coding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    decoder = codecs.getincrementaldecoder(coding)("replace")  # which leaves a letter out that the end of the head cuts
    text = decoder.decode(head).lstrip("\ufeff \t\r\n")
    found = (one for one in TEXTS if re.match(one[0], text, re.IGNORECASE | re.DOTALL))
    _, kind, advice = next(found, ("", "", ""))
    return (kind, advice) if kind else None
