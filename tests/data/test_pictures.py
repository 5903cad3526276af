"""Decoding, resizing and channels, held against Pillow."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import array_part, pictures, read_picture
from designer.data.pictures import picture_shape
from designer.errors import DesignerError

COLOR = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), np.uint8)
GRAY = COLOR[..., :1]
LABELS = np.arange(3)
BILINEAR = Image.Resampling.BILINEAR


def read(images: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    part = array_part(images, LABELS)
    return part.read([2, 0], height=height, width=width, channels=channels)


def test_arrays_are_read_as_they_are() -> None:
    result = read(COLOR, 20, 30, 3)
    np.testing.assert_array_equal(result, COLOR[[2, 0]].transpose(0, 3, 1, 2))
    assert result.flags.c_contiguous


@pytest.mark.parametrize("factor", [0.4, 0.5, 1.7])
def test_resize_is_pillows_antialiased_bilinear(factor: float) -> None:
    height, width = round(20 * factor), round(30 * factor)
    expected = Image.fromarray(COLOR[2]).resize((width, height), BILINEAR)
    np.testing.assert_array_equal(
        read(COLOR, height, width, 3)[0].transpose(1, 2, 0), np.asarray(expected)
    )


def test_floats_are_resized_as_floats() -> None:
    floats = COLOR.astype(np.float32) / 255 - 0.5
    result = read(floats, 10, 15, 3)
    plane = Image.fromarray(np.ascontiguousarray(floats[2, ..., 1]))
    np.testing.assert_array_equal(result[0, 1], np.asarray(plane.resize((15, 10), BILINEAR)))
    assert result.dtype == np.float32


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [(20, 20, (5, 0, 25, 20)), (10, 10, (5, 0, 25, 20)), (10, 30, (0, 5, 30, 15))],
)
def test_another_proportion_cuts_the_middle_out(
    height: int, width: int, box: tuple[int, int, int, int]
) -> None:
    expected = Image.fromarray(COLOR[2]).resize((width, height), BILINEAR, box=box)
    np.testing.assert_array_equal(
        read(COLOR, height, width, 3)[0].transpose(1, 2, 0), np.asarray(expected)
    )


@pytest.mark.parametrize("own", [(1, 1000), (997, 13), (3, 3), (33, 57)])
@pytest.mark.parametrize("asked", [(1, 1), (7, 3), (187, 187), (49, 224)])
def test_no_size_is_refused_for_rounding(own: tuple[int, int], asked: tuple[int, int]) -> None:
    images = np.full((3, *own, 1), 7, np.uint8)
    assert (read(images, *asked, 1) == 7).all()


def test_gray_becomes_three_equal_channels() -> None:
    result = read(GRAY, 20, 30, 3)
    assert result.shape == (2, 3, 20, 30)
    for channel in range(3):
        np.testing.assert_array_equal(result[:, channel], GRAY[[2, 0], ..., 0])


def test_color_becomes_pillows_luminance() -> None:
    expected = np.asarray(Image.fromarray(COLOR[2]).convert("L"))
    np.testing.assert_array_equal(read(COLOR, 20, 30, 1)[0, 0], expected)
    floats = read(COLOR.astype(np.float32), 20, 30, 1)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats[0, 0], expected, atol=0.51)


@pytest.mark.parametrize(("own", "asked"), [(1, 2), (3, 4), (4, 3), (2, 1)])
def test_other_channels_are_refused(own: int, asked: int) -> None:
    with pytest.raises(DesignerError, match=f"cannot be converted from {own} to {asked} channels"):
        read(np.zeros((3, 4, 4, own), np.uint8), 4, 4, asked)


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


@pytest.mark.parametrize(
    ("suffix", "dtype"), [("png", np.uint16), ("tif", np.uint16), ("tif", np.int32)]
)
def test_sixteen_bits_become_eight(tmp_path: Path, suffix: str, dtype: type) -> None:
    path = tmp_path / f"a.{suffix}"
    values = (GRAY[0, ..., 0].astype(dtype) << 8) + 200
    Image.fromarray(values).save(path)
    np.testing.assert_array_equal(decoded(path, channels=1)[0], GRAY[0, ..., 0])
    np.testing.assert_array_equal(decoded(path)[2], GRAY[0, ..., 0])
    assert picture_shape(path) == (20, 30, 1)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(COLOR[0]).save(path, exif=exif)
    expected = np.rot90(COLOR[0], -1).transpose(2, 0, 1)
    np.testing.assert_array_equal(decoded(path, height=30, width=20), expected)
    assert picture_shape(path) == (30, 20, 3)


def test_the_first_frame_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert decoded(path)[:, 5, 5].tolist() == [255, 0, 0]


def test_a_decompression_bomb_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.png"
    Image.new("L", (30, 20)).save(path)
    for limit in (500, 200):  # Pillow warns beyond the limit and raises beyond its double
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DesignerError, match=rf"large\.png has more than {limit} pixels"):
            decoded(path)


def damaged(path: Path, name: str, data: bytes) -> Path:
    (path / name).write_bytes(data)
    return path / name


def test_useless_files_are_named(tmp_path: Path) -> None:
    Image.fromarray(COLOR[0]).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    Image.fromarray(np.zeros((20, 30), np.float32)).save(tmp_path / "float.tif")
    cases = {
        damaged(tmp_path, "text.png", b"no picture"): "is not a picture",
        damaged(tmp_path, "empty.png", b""): "is not a picture",
        damaged(tmp_path, "script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n"): "is not a picture",
        damaged(tmp_path, "half.jpg", whole[:-200]): "cannot be read .*truncated",
        tmp_path / "float.tif": "floating-point pixels",
        tmp_path / "gone.png": "cannot be read",
    }
    for path, message in cases.items():
        with pytest.raises(DesignerError, match=message) as caught:
            decoded(path)
        assert str(path) in str(caught.value)


def test_files_are_read_with_one_or_three_channels(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match="1 or 3 channels, not 4"):
        decoded(tmp_path / "a.png", channels=4)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((7, 1, 28, 28), (32, 32)), ((10, 3, 20, 30), (16, 16)), ((3, 1, 9, 9), (5, 7))],
)
def test_planes_are_scaled_as_each_by_itself(shape, size):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    height, width = size
    box = pictures._covering_box((shape[3], shape[2]), (width, height))
    expected = [
        [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(plane)).resize(
                    (width, height), Image.Resampling.BILINEAR, box=box
                )
            )
            for plane in image
        ]
        for image in images
    ]
    assert np.array_equal(pictures._resized(images, height=height, width=width), expected)
