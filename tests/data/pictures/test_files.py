"""Files that cannot be read are named with the reason, and headers are read without the pixels."""

import pickle
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import read_picture
from designer.data.pictures import (
    FORMATS,
    HEAD,
    BrokenPicture,
    Levels,
    PictureFacts,
    PictureForm,
    decode,
    picture_facts,
    picture_shape,
    read_facts,
)

COLOR = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
FORM = PictureForm(3, 20, 30)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """Return a PNG file whose header promises a size, with next to no pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, pixels, b"IEND")
    )


WHOLE = {
    name: encoded(Image.fromarray(COLOR), name, **options)
    for name, options in {
        "PNG": {},
        "JPEG": {},
        "BMP": {},
        "GIF": {},
        "WEBP": {},
        "TIFF": {"compression": "tiff_lzw"},
        "PPM": {},
        **({"AVIF": {"quality": 90}} if "AVIF" in FORMATS else {}),
    }.items()
}

BROKEN = {
    "nothing": (b"", "it is empty"),
    "text": (b"no picture", "it is not a picture in one of the formats PNG"),
    "a page instead of a picture": (b"<!DOCTYPE html><html>", "it is not a picture"),
    "a program for printers": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is not a picture"),
    "text that starts as PPM does": (b"P6 is a road", "."),
    "PPM with too few values": (b"P3\n2 2\n255\n1 2 3\n", "not enough image data"),
    "PPM with too large values": (b"P2\n2 1\n100\n7 101\n", "too large"),
    "PGM of 12 bits with too few values": (b"P5\n2 2\n4095\n\x01\x02", "ends before its pixels"),
    "PPM of 12 bits with too few values": (b"P6\n2 2\n4095\n\x01\x02", "ends before its pixels"),
    "PGM of nothing": (b"P5\n0 0\n255\n", "."),
    "a bomb": (png_of_size(60_000, 60_000), "it has more than [0-9,]+ pixels"),
    "a large bomb": (png_of_size(2**31 - 1, 2**31 - 1), "it has more than [0-9,]+ pixels"),
    "a PPM bomb": (b"P6\n99999 99999\n255\n", "it has more than [0-9,]+ pixels"),
    "a PNG file that ends early": (png_of_size(300, 300), "."),
} | {
    f"{name} cut in half": (content[: len(content) // 2], ".")
    for name, content in WHOLE.items()
    if name != "GIF"  # its rest stays unset, as in every browser
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_named_with_reason_and_remedy(case: str) -> None:
    content, reason = BROKEN[case]
    with pytest.raises(BrokenPicture, match=reason) as caught:
        decode(content, "cat/1.png", FORM, levels=Levels(0, 1) if "12 bits" in case else None)
    error = caught.value
    assert error.name == "cat/1.png"
    assert error.reason
    assert str(error) == (
        f"The picture cat/1.png cannot be read ({error.reason}): replace it, or leave it out "
        "(data.skip)."
    )


def test_a_picture_that_ends_early_is_called_damaged() -> None:
    content = WHOLE["JPEG"]
    with pytest.raises(BrokenPicture) as caught:
        decode(content[: len(content) // 2], "cat/1.jpg", FORM)
    assert caught.value.reason.startswith("it is damaged or incomplete: ")


def test_the_error_can_be_sent_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(BrokenPicture("a.png", "it is empty")))
    assert (error.name, error.reason) == ("a.png", "it is empty")
    assert str(error) == str(BrokenPicture("a.png", "it is empty"))


def test_a_name_with_line_breaks_stays_in_one_line() -> None:
    error = BrokenPicture("a\nb.png", "it is empty")
    assert error.name == "a\nb.png"
    assert "'a\\nb.png'" in str(error)


def test_a_large_picture_is_refused_at_pillows_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (500, 200):  # Pillow warns beyond the limit and raises beyond its double
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(BrokenPicture, match=rf"it has more than {limit} pixels"):
            decode(WHOLE["PNG"], "large.png", FORM)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (lambda path: read_picture(path, height=2, width=2, channels=1), picture_shape):
        with pytest.raises(BrokenPicture, match="No such file") as caught:
            read(tmp_path / "gone.png")
        assert caught.value.name == str(tmp_path / "gone.png")


@pytest.mark.parametrize("name", WHOLE)
def test_the_name_does_not_matter(name: str) -> None:
    pixels = decode(WHOLE[name], "a.txt", FORM).astype(int)
    if name not in ("JPEG", "GIF", "WEBP", "AVIF"):  # these lose something
        np.testing.assert_array_equal(pixels, COLOR.transpose(2, 0, 1))
    assert picture_facts(WHOLE[name], "a.txt") == PictureFacts(20, 30, 3, deep=False)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK"])
def test_facts_of_modes(mode: str) -> None:
    image = Image.fromarray(COLOR).convert(mode)
    content = encoded(image, "TIFF" if mode in ("CMYK", "LA") else "PNG")
    channels = 1 if mode in ("1", "L", "LA") else 3
    assert picture_facts(content, "a") == PictureFacts(20, 30, channels, deep=False)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_facts_are_of_the_upright_picture(file_format: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    facts = picture_facts(encoded(Image.fromarray(COLOR), file_format, exif=exif), "a")
    assert (facts.height, facts.width) == ((30, 20) if value >= 5 else (20, 30))


def test_a_head_is_enough_for_facts_of_most_files() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    for name in ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF"):
        content = encoded(
            Image.fromarray(noise), name, **({"quality": 95} if name == "JPEG" else {})
        )
        assert len(content) > HEAD
        assert picture_facts(content[:HEAD], name) == PictureFacts(300, 400, 3, deep=False)


def test_all_bytes_are_read_where_the_head_is_not_enough() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    asked = []

    def reader(content: bytes):
        def read(most: int | None) -> bytes:
            asked.append(most)
            return content[:most]

        return read

    webp = encoded(Image.fromarray(noise), "WEBP", quality=95)
    assert read_facts(reader(webp), "a") == PictureFacts(300, 400, 3, deep=False)
    assert asked == [HEAD, None]
    asked.clear()
    with pytest.raises(BrokenPicture):
        read_facts(reader(b"short"), "a")
    assert asked == [HEAD]
