"""Pictures of every kind that Pillow reads, of more than 8 bits, and files that are something else."""

import gzip
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from swapgate.core.faults import SurroundingsFault
from swapgate.inputs import kinds
from swapgate.inputs.pictures import read_image

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8))


def refusal(path):
    """Return the words by which a file is refused, without its name."""
    with pytest.raises(SurroundingsFault) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def tiff(path, numbers, bits=None, photometric=1, order="<"):
    """Write one row of numbers as a TIFF file that is not compressed, and say where it is."""
    numbers = np.asarray(numbers)
    kind = {"u": 1, "i": 2, "f": 3}[numbers.dtype.kind]
    data = numbers.astype(numbers.dtype.newbyteorder(order)).tobytes()
    bits = bits or 8 * numbers.dtype.itemsize
    tags = [(256, 4, numbers.size), (257, 4, 1), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 8)]
    tags += [(277, 3, 1), (278, 4, 1), (279, 4, len(data)), (339, 3, kind)]
    table = struct.pack(f"{order}H", len(tags))
    for tag, size, value in tags:
        values = struct.pack(f"{order}HH", value, 0) if size == 3 else struct.pack(f"{order}I", value)
        table += struct.pack(f"{order}HHI", tag, size, 1) + values
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(data))
    path.write_bytes(start + data + table + bytes(4))
    return path


def shades(path):
    """Return the shades of a picture of one row."""
    seen = np.asarray(read_image(path))
    assert seen.shape[::2] == (1, 3)
    return seen[0, :, 0].tolist()


@pytest.mark.parametrize(
    "form",
    [
        *("AVIF", "BMP", "DDS", "DIB", "GIF", "ICNS", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI"),
        *("SGI", "TGA", "TIFF", "WEBP", "XBM"),
    ],
)
def test_formats(tmp_path, form):
    """A picture of each format is what Pillow, and so a pipeline, makes of it; cut off it is refused."""
    path = tmp_path / "a.picture"
    given = NOISE.convert("1") if form == "XBM" else NOISE
    if form == "ICNS":
        given = NOISE.resize((128, 128))
    given.save(path, form, **({"sizes": [(48, 32)]} if form == "ICO" else {}))
    with Image.open(path) as file:
        expected = np.asarray(file.convert("RGB"))
    assert (np.asarray(read_image(path)) == expected).all()
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 3])
    read_image.cache_clear()
    assert "a picture file that is whole" in refusal(path)


@pytest.mark.parametrize(
    ("numbers", "options", "seen"),
    [
        (np.array([0, 257 * 9, 65535], np.uint16), {}, [0, 9, 255]),
        (np.array([0, 257 * 9, 65535], np.uint16), {"order": ">"}, [0, 9, 255]),
        (np.array([0, 257 * 9, 65535], np.uint16), {"photometric": 0}, [255, 246, 0]),
        (np.array([0, 7, 255], np.uint32), {}, [0, 7, 255]),
        (np.array([0, 7, 255], np.int32), {}, [0, 7, 255]),
        (np.array([0, 7, 255], np.int32), {"order": ">"}, [0, 7, 255]),
        (np.array([0, 7, 255], np.int16), {}, [0, 7, 255]),
        (np.array([0, 7, 127], np.int8), {}, [0, 7, 127]),
        (np.array([0, 0.2, 1], np.float32), {}, [0, 51, 255]),
        (np.array([0, 0.2, 1], np.float32), {"photometric": 0}, [255, 204, 0]),
        (np.array([0, 7, 254.5], np.float32), {}, [0, 7, 254]),
    ],
    ids=[
        *("16 bits", "big end first", "white is 0", "32 bits", "with a sign", "big", "16 with a sign", "8 with a sign"),
        *("fractions", "fractions, white is 0", "floats to 255"),
    ],
)
def test_numbers(tmp_path, numbers, options, seen):
    """Numbers of 16 bits are scaled; others are shades where they are from 0 to 255, or fractions."""
    assert shades(tiff(tmp_path / "a.tif", numbers, **options)) == seen


def test_as_a_pipeline_reads_it(tmp_path):
    """Numbers of 32 bits and floats from 0 to 255 are what Pillow's own conversion makes of them."""
    for kind in (np.int32, np.float32):
        path = tiff(tmp_path / f"{kind.__name__}.tif", np.linspace(0, 255, 200).astype(kind))
        with Image.open(path) as file:
            assert shades(path) == np.asarray(file.convert("RGB"))[0, :, 0].tolist()


def test_twelve_bits(tmp_path):
    """Of 12 bits 4095 is white."""
    path = tiff(tmp_path / "a.tif", np.frombuffer(bytes([0x00, 0x0F, 0xFF]), np.uint8), bits=12)
    content = bytearray(path.read_bytes())
    width = content.index(struct.pack("<HHI", 256, 4, 1)) + 8
    content[width : width + 4] = struct.pack("<I", 2)
    path.write_bytes(content)
    assert shades(path) == [0, 255]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (np.array([0, 70_000], np.uint32), "uint32 from 0 to 70,000"),
        (np.array([0, 2**32 - 1], np.uint32), "uint32 from 0 to 4,294,967,295"),
        (np.array([-5, 255], np.int32), "int32 from -5 to 255"),
        (np.array([0, 256], np.int16), "int32 from 0 to 256"),
        (np.array([-5, 7], np.int8), "int8 from -5 to 7"),
        (np.array([0, 255.5], np.float32), "float32 from 0 to 255.5"),
        (np.array([-0.5, 1], np.float32), "float32 from -0.5 to 1"),
        (np.array([np.nan, 1], np.float32), "float32 from nan to nan"),
    ],
    ids=["32 bits", "all of 32", "negative", "16 with a sign", "8 with a sign", "floats", "below 0", "no number"],
)
def test_numbers_of_which_none_is_white(tmp_path, numbers, words):
    """Numbers beyond 255 that are no plain 16 bits, or below 0, are refused, never wrapped or black."""
    assert refusal(tiff(tmp_path / "a.tif", numbers)) == (
        f"its pixels are {words}, and nothing says which is white; convert it to 8 or 16 bits"
    )


def test_numbers_that_pillow_does_not_read(tmp_path):
    """A TIFF of numbers that Pillow has no mode for is told to be converted."""
    words = refusal(tiff(tmp_path / "a.tif", np.array([0.0, 1.0])))
    assert words.endswith("; give a picture file that is whole, or convert it to PNG or JPEG")


def test_grey_map_of_16_bits(tmp_path):
    """A PGM of more than 8 bits is scaled by what it says is white."""
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 3 1 4095\n" + np.array([0, 819, 4095], ">u2").tobytes())
    assert shades(path) == [0, 51, 255]


@pytest.mark.parametrize("place", range(8, 40))
@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG"])
def test_damaged_notes(tmp_path, form, place):
    """A picture whose EXIF data are damaged is read: what a library warns of there is no fault of its pixels."""
    path = tmp_path / "a.picture"
    exif = Image.Exif()
    exif[0x010E] = "a description of some length"
    NOISE.save(path, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))
    with Image.open(path) as file:
        whole = np.asarray(file.convert("RGB"))
    content = bytearray(path.read_bytes())
    start = content.index(b"MM\0*") - 6
    content[start + place : start + place + 2] = b"\xff\xff"
    if form == "PNG":
        content = without_sums(content)
    path.write_bytes(content)
    assert (np.asarray(read_image(path)) == whole).all()


def without_sums(content):
    """Write the checksums of a PNG file anew."""
    at = 8
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        sum_of = zlib.crc32(content[at + 4 : at + 8 + size])
        content[at + 8 + size : at + 12 + size] = sum_of.to_bytes(4, "big")
        at += 12 + size
    return content


def box(brand, *others):
    """Return the first box of a picture of the HEIF family."""
    content = b"ftyp" + brand + bytes(4) + b"".join(others)
    return (4 + len(content)).to_bytes(4, "big") + content + b"\0\0\1\0meta\0\0\0\0avif" + bytes(400)


BASE64 = b"iVBORw0KGgoAAAANSUhEUgAAADAAAAAgCAIAAADbtmxLAAAAGklEQVR4nO3BMQEAAADCoPVPbQhf"
CONVERTED = "which is not read as a picture; convert it to PNG or JPEG"
ITSELF = "and no picture; give the picture itself as PNG or JPEG"
PAGE = "it is a web page, and no picture; download the file itself"
DECODED = "it is a text in base64, and no picture; decode it to PNG or JPEG: base64 -d"
DRAWN = "it is a drawing in SVG, and no picture; convert it to PNG or JPEG"
KINDS = {
    "HEIC": (box(b"heic", b"mif1", b"heic"), f"it is a HEIC picture, {CONVERTED}"),
    "HEIC of mif1": (box(b"mif1", b"heic"), f"it is a HEIC picture, {CONVERTED}"),
    "HEIF": (box(b"mif1", b"miaf"), f"it is a HEIF picture, {CONVERTED}"),
    "broken AVIF": (box(b"avif", b"mif1"), "cannot be read as a picture ("),
    "broken AVIF of mif1": (box(b"mif1", b"avif", b"miaf"), "cannot be read as a picture ("),
    "broken AVIF of msf1": (box(b"msf1", b"avis"), "cannot be read as a picture ("),
    "HEIF by its name": (box(b"heif", b"miaf"), f"it is a HEIF picture, {CONVERTED}"),
    "CR3": (box(b"crx ", b"isom"), f"it is a raw picture of a camera (CR3), {CONVERTED}"),
    "ORF": (b"IIRO\x08\0\0\0", f"it is a raw picture of a camera (ORF), {CONVERTED}"),
    "RW2": (b"IIU\0\x18\0\0\0", f"it is a raw picture of a camera (RW2), {CONVERTED}"),
    "CUR": (b"\0\0\2\0\1\0\x18\x18", f"it is a cursor (CUR), {CONVERTED}"),
    "PAM": (b"P7\nWIDTH 2\nHEIGHT 1\n", f"it is a PAM picture, {CONVERTED}"),
    "IM": (b"Image type: RGB image\r\n", f"it is an IM picture, {CONVERTED}"),
    "BLP": (b"BLP2\1\0\0\0", f"it is a BLP picture, {CONVERTED}"),
    "FLI": (b"\0\2\0\0\x11\xaf\1\0", f"it is an animation of Autodesk's (FLI), {CONVERTED}"),
    "KTX": (b"\xabKTX 11\xbb\r\n\x1a\n", f"it is a texture (KTX), {CONVERTED}"),
    "JPEG XR": (b"II\xbc\1\x08\0\0\0", f"it is a JPEG XR picture, {CONVERTED}"),
    "JPEG-LS": (b"\xff\xd8\xff\xf7\0\x0b", f"it is a JPEG-LS picture, {CONVERTED}"),
    "packed SVG": (
        gzip.compress(b"<?xml version='1.0'?>\n<svg/>"),
        "it is a packed drawing in SVG (svgz), " + CONVERTED,
    ),
    "packed text": (gzip.compress(b"a" * 999), f"it is a gzip archive, {CONVERTED}"),
    "broken gzip": (b"\x1f\x8b\x08\0", f"it is a gzip archive, {CONVERTED}"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n", f"it is a PostScript file (EPS), {CONVERTED}"),
    "PDF": (b"%PDF-1.7\n", f"it is a PDF file, {CONVERTED}"),
    "JPEG XL": (b"\xff\x0a\xfa\x1f\x41", f"it is a JPEG XL picture, {CONVERTED}"),
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt ", f"it is a WAV sound, {CONVERTED}"),
    "MP4": (b"\0\0\0\x20ftypisom\0\0", f"it is an MPEG-4 file (mp4, m4a, mov, 3gp), {CONVERTED}"),
    "FITS": (b"SIMPLE  =                    T / file".ljust(2880), f"it is a FITS picture, {CONVERTED}"),
    "NIfTI": (b"\x5c\x01\0\0".ljust(344, b"\0") + b"n+1\0", f"it is a NIfTI picture, {CONVERTED}"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", f"it is an HDF5 file, {CONVERTED}"),
    "tar": (b"cat.png".ljust(257, b"\0") + b"ustar\0", f"it is a tar archive, {CONVERTED}"),
    "INDD": (b"\x06\x06\xed\xf5\xd8\x1dF\xe5\xbd1\xef\xe7", f"it is an InDesign document (INDD), {CONVERTED}"),
    "FBX": (b"Kaydara FBX Binary  \0\x1a\0", f"it is a 3D model (FBX), {CONVERTED}"),
    "Blender": (b"BLENDER-v300", f"it is a Blender file, {CONVERTED}"),
    "PSB": (b"8BPS\0\2" + bytes(20), f"it is a large Photoshop picture (PSB), {CONVERTED}"),
    "beside a file": (
        b"\0\5\x16\7\0\2\0\0Mac OS X",
        f"it is what macOS keeps beside a file (AppleDouble, ._…), {ITSELF}",
    ),
    "pickle": (b"\x80\4\x95\5\0", f"it is a Python pickle, {ITSELF}"),
    "font": (b"wOF2\0\1\0\0", f"it is a font, {ITSELF}"),
    "RTF": (b"{\\rtf1\\ansi}", f"it is a text in RTF, {CONVERTED}"),
    "SVG": (b'<?xml version="1.0"?>\n<!-- made\nby hand -->\n<svg/>', DRAWN),
    "SVG alone": (b"\xef\xbb\xbf <svg viewBox='0 0 1 1'>", DRAWN),
    "SVG of a type": (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg>', DRAWN),
    "SVG of a space": (b"<svg:svg xmlns:svg='x'>", DRAWN),
    "XML": (b"<?xml version='1.0'?><annotation>", f"it is a text in XML, {ITSELF}"),
    "page": (b"\n<!DOCTYPE HTML><title>404", PAGE),
    "page with a comment": (b"<!-- login --><html>", PAGE),
    "XHTML": (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html>', PAGE),
    "script": (b"<script>location='x'</script>", PAGE),
    "page in UTF-16": ("\ufeff<!doctype html><p>ü".encode("utf-16-le"), PAGE),
    "JSON": (b'{"error": {"code": 403}}', f"it is a text in JSON, {ITSELF}"),
    "JSON list": (b"[\n  [0, 1, 2]\n]", f"it is a text in JSON, {ITSELF}"),
    "long JSON": ('{"text": "' + "é" * 999, f"it is a text in JSON, {ITSELF}"),
    "base64": (BASE64 + b"\n", DECODED),
    "long base64": ((BASE64 + b"\n") * 20, DECODED),
    "end of base64": (BASE64 + b"AA==", DECODED),
    "data URL": (b"data:image/png;base64,iVBORw0KGgo=", DECODED),
    "path": (b"pictures/cat.png\n", f"it is a text, {ITSELF}"),
    "address": (b"https://example.org/cat.png", f"it is a text, {ITSELF}"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\n",
        "it is a pointer of Git LFS, and not the picture itself",
    ),
    "empty": (b"", "the file is empty; give a picture file that is whole"),
    "broken PGM": (b"P5 3 1 4095\n", "cannot be read as a picture ("),
    "broken XBM": (b"#define im_width 3\n", "cannot be read as a picture ("),
    "unknown": (b"\1\2\3\4\5\6", "cannot be read as a picture ("),
}


@pytest.mark.parametrize(("content", "words"), KINDS.values(), ids=KINDS)
def test_files_of_other_kinds(tmp_path, content, words):
    """A file that is not read is named for what it is, whatever it is called, with what to convert it to."""
    (tmp_path / "a.jpg").write_bytes(content.encode() if isinstance(content, str) else content)
    assert refusal(tmp_path / "a.jpg").startswith(words)


@pytest.mark.parametrize(("at", "magic", "kind"), kinds.KINDS)
def test_no_kind_hides_another(at, magic, kind):
    """Each kind that is known by its first bytes is told by them, whichever others are known."""
    said = kinds.not_read(bytes(at) + magic, "sound" if "picture" in kind else "picture", "")
    assert f"it is {kind}, " in said


@pytest.mark.parametrize("content", [b"\1\2\3\4\5\6", bytes(300)])
def test_files_of_no_known_kind(tmp_path, content):
    """Of a file whose kind nobody knows the message says what is read, too: it may be whole."""
    (tmp_path / "a.jpg").write_bytes(content)
    assert refusal(tmp_path / "a.jpg").endswith("give a picture file that is whole, or convert it to PNG or JPEG")


FORMS = {
    "PNG": ("PNG", {}),
    "interlaced PNG": ("PNG", {"interlace": 1}),
    "JPEG": ("JPEG", {}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "JPEG 2000": ("JPEG2000", {}),
    "WebP": ("WEBP", {}),
    "AVIF": ("AVIF", {}),
    "GIF": ("GIF", {}),
}


@pytest.mark.parametrize("picture", ["noise", "plain"])
@pytest.mark.parametrize(("form", "options"), FORMS.values(), ids=FORMS)
def test_cut_off(tmp_path, form, options, picture):
    """A picture that was cut off is refused, or is whole where only what stands behind its pixels is missing."""
    given = NOISE if picture == "noise" else Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    path = tmp_path / "a.picture"
    given.save(path, form, **options)
    content, whole = path.read_bytes(), np.asarray(read_image(path))
    refused = []
    for length in range(16, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:length])
        read_image.cache_clear()
        try:
            assert (np.asarray(read_image(path)) == whole).all()
        except SurroundingsFault as fault:
            refused.append(str(fault))
    assert len(refused) > 40
    assert all("a picture file that is whole" in one for one in refused)


def test_cut_between_parts_of_its_detail(tmp_path):
    """A JPEG 2000 picture that was cut off between two steps of its detail is refused at every length."""
    path = tmp_path / "a.jp2"
    rows, columns = np.mgrid[0:64, 0:96]
    Image.fromarray(np.stack([columns * 2, rows * 3, rows + columns], -1).astype(np.uint8)).save(path)
    content = path.read_bytes()
    for length in range(100, len(content) - 1):
        path.write_bytes(content[:length])
        read_image.cache_clear()
        assert "a picture file that is whole" in refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_no_permission(tmp_path):
    """A file that must not be read is told as such."""
    NOISE.save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    assert refusal(tmp_path / "a.png").startswith("cannot be read as a picture (Permission denied)")


def test_a_warning_of_a_tag(tmp_path):
    """A TIFF with a tag that Pillow warns of, for it leads out of the file, is read."""
    path = tiff(tmp_path / "a.tif", np.array([1, 2, 3], np.uint8))
    content = bytearray(path.read_bytes())
    place = int.from_bytes(content[4:8], "little")
    content[place : place + 2] = (11).to_bytes(2, "little")
    content[-4:-4] = struct.pack("<HHII", 700, 1, 99, 4_000)
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="Truncated"):
        Image.open(path).close()
    assert shades(path) == [1, 2, 3]
