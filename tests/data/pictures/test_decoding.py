"""Decoding of encoded pictures, held against Pillow."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from designer.data import read_picture
from designer.data.pictures import FITS, PictureForm, decode, picture_shape
from designer.errors import DesignerError

COLOR = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), np.uint8)
BILINEAR = Image.Resampling.BILINEAR


def decoded(path: Path, *, channels: int = 3, height: int = 20, width: int = 30) -> np.ndarray:
    return read_picture(path, height=height, width=width, channels=channels)


def test_a_file_is_resized_as_pillow_does(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(COLOR[0]).save(path)
    image = Image.fromarray(COLOR[0])
    expected = image.resize((10, 10), BILINEAR, box=(5, 0, 25, 20))
    np.testing.assert_array_equal(
        decoded(path, height=10, width=10), np.asarray(expected).transpose(2, 0, 1)
    )
    np.testing.assert_array_equal(decoded(path, channels=1)[0], np.asarray(image.convert("L")))


def test_a_large_jpeg_is_close_to_the_full_decode(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    smooth = Image.fromarray(COLOR[0]).resize((900, 600), Image.Resampling.BICUBIC)
    smooth.save(path, quality=95)
    with Image.open(path) as image:
        expected = np.asarray(image.resize((60, 40), BILINEAR)).transpose(2, 0, 1)
    difference = decoded(path, height=40, width=60).astype(int) - expected
    assert np.abs(difference).max() <= 12
    assert np.abs(difference).mean() < 1.5


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    palette = Image.fromarray(COLOR[0]).quantize(16)
    palette.save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.mode == "P"
    np.testing.assert_array_equal(
        decoded(tmp_path / "a.gif"), np.asarray(palette.convert("RGB")).transpose(2, 0, 1)
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_what_is_transparent_becomes_white(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    image = Image.new("RGBA", (30, 20), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 15, 20))
    if mode == "P":
        image = Image.new("P", (30, 20), 1)
        image.putpalette([50, 60, 70, 0, 0, 0])
        image.paste(0, (0, 0, 15, 20))
        image.save(path, transparency=0)
    elif mode == "RGB":
        image = Image.new("RGB", (30, 20))
        image.paste((1, 2, 3), (0, 0, 15, 20))
        image.save(path, transparency=(1, 2, 3))
    else:
        image.convert(mode).save(path)
    for channels in (1, 3):
        pixels = decoded(path, channels=channels)
        assert (pixels[:, :, :15] == 255).all()
        assert (pixels[:, :, 15:] == 0).all()


def turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return (height, width, 3) upright, by the table of the EXIF standard."""
    return {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.transpose(1, 0, 2),
        6: np.rot90(image, -1),
        7: image[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(image),
    }[orientation]


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(COLOR[0]).save(path, exif=exif, lossless=True)
    upright = turned(COLOR[0], orientation)
    height, width = upright.shape[:2]
    whole = decoded(path, height=height, width=width)
    np.testing.assert_array_equal(whole, upright.transpose(2, 0, 1))
    assert picture_shape(path) == (height, width, 3)
    Image.fromarray(upright).save(tmp_path / "upright.png")
    plain = (tmp_path / "upright.png").read_bytes()
    for fit in FITS:
        form = PictureForm(3, 11, 16, fit)
        # It is scaled before it is turned: rows and columns are rounded in another order.
        difference = decode(path.read_bytes(), "a", form).astype(int) - decode(plain, "b", form)
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_turned_jpeg_lies_where_the_full_decode_does(
    fit: str, orientation: int, channels: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth = Image.fromarray(COLOR[0]).resize((451, 303), Image.Resampling.BICUBIC)
    file, plain = BytesIO(), BytesIO()
    smooth.save(file, "JPEG", quality=95, exif=exif)
    with Image.open(BytesIO(file.getvalue())) as image:
        pixels = np.asarray(image)  # decoded in full, not turned
    Image.fromarray(turned(pixels, orientation)).save(plain, "PNG")
    form = PictureForm(channels, 35, 47, fit)
    expected = decode(plain.getvalue(), "a.png", form).astype(int)
    difference = decode(file.getvalue(), "a.jpg", form) - expected
    assert np.abs(difference).max() <= 12
    assert np.abs(difference).mean() < 1.5


def test_exif_behind_the_pixels_of_a_png_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    Image.fromarray(COLOR[0]).save(file, "PNG", exif=exif)
    content = file.getvalue()
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], "big")
    last = content.index(b"IEND") - 4
    behind = content[:start] + content[end:last] + content[start:end] + content[last:]
    expected = turned(COLOR[0], 6).transpose(2, 0, 1)
    np.testing.assert_array_equal(decode(behind, "a", PictureForm(3, 30, 20)), expected)


@pytest.mark.parametrize("mode", ["LAB", "CMYK", "YCbCr"])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_color_spaces_become_rgb(mode: str, channels: int) -> None:
    image = Image.new("RGB", (30, 20), (200, 200, 200))
    if mode == "LAB":
        space = ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), space, outputMode="LAB"
        )
    else:
        image = image.convert(mode)
    file = BytesIO()
    image.save(file, "TIFF")
    pixels = decode(file.getvalue(), "a", PictureForm(channels, 20, 30)).astype(int)
    assert np.abs(pixels - 200).max() <= 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"P1\n3 1\n0 1 0\n", [255, 0, 255]),
        (b"P4\n3 1\n\x40", [255, 0, 255]),
        (b"P2\n3 1\n255\n0 100 255\n", [0, 100, 255]),
        (b"P5\n# a comment\n3 1\n255\n\x00\x64\xff", [0, 100, 255]),
        (b"P5\n3 1\n100\n\x00\x32\x64", [0, 128, 255]),
    ],
)
def test_portable_bitmaps_and_graymaps(content: bytes, expected: list[int]) -> None:
    for channels in (1, 3):
        result = decode(content, "a", PictureForm(channels, 1, 3))
        assert result.tolist() == [[expected]] * channels


@pytest.mark.parametrize(
    "content", [b"P3\n2 1\n255\n1 2 3 4 5 6\n", b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06"]
)
def test_portable_pixmaps(content: bytes) -> None:
    result = decode(content, "a", PictureForm(3, 1, 2))
    assert result.tolist() == [[[1, 4]], [[2, 5]], [[3, 6]]]


@pytest.mark.parametrize("fit", FITS)
def test_a_given_array_is_written_into(fit: str) -> None:
    file = BytesIO()
    Image.fromarray(COLOR[0]).save(file, "PNG")
    form = PictureForm(3, 16, 16, fit)
    store = np.full((2, 3, 16, 16), 99, np.uint8)
    assert decode(file.getvalue(), "a", form, out=store[1]).base is store
    np.testing.assert_array_equal(store[1], decode(file.getvalue(), "a", form))
    assert (store[0] == 99).all()
    with pytest.raises(TypeError):
        decode(file.getvalue(), "a", form, out=np.empty((3, 16, 16), np.float32))


def test_the_first_frame_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert decoded(path)[:, 5, 5].tolist() == [255, 0, 0]


def test_files_are_read_with_one_or_three_channels(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match="1 or 3 channels, not 4"):
        decoded(tmp_path / "a.png", channels=4)
