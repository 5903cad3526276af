"""Pictures in arrays: fits, channels and resizing, held against Pillow and against decoding."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from designer.data import array_part
from designer.data.pictures import FITS, PictureForm, arrays, decode, fitted
from designer.data.pictures.form import placement
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


@pytest.mark.parametrize(
    ("shape", "size"),
    [((7, 1, 28, 28), (32, 32)), ((10, 3, 20, 30), (16, 16)), ((3, 1, 9, 9), (5, 7))],
)
def test_planes_are_scaled_as_each_by_itself(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    height, width = size
    form = PictureForm(shape[1], height, width)
    box = placement((shape[3], shape[2]), form).box
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
    assert np.array_equal(arrays._resized(images, form), expected)


SIZES = [(20, 30), (21, 37), (7, 40), (33, 5), (1, 1), (224, 224)]  # height, width


def png(image: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("own", [(20, 30), (37, 23), (5, 90), (64, 64)])
@pytest.mark.parametrize("size", SIZES)
def test_an_array_becomes_what_its_png_file_becomes(
    fit: str, own: tuple[int, int], size: tuple[int, int]
) -> None:
    color = np.random.default_rng(1).integers(0, 256, (2, *own, 3), np.uint8)
    for images in (color, color[..., :1]):
        for channels in (1, 3):
            form = PictureForm(channels, *size, fit)
            files = [png(image.squeeze(-1) if image.shape[-1] == 1 else image) for image in images]
            expected = [decode(file, "a.png", form) for file in files]
            np.testing.assert_array_equal(fitted(images, form), expected)


@pytest.mark.parametrize(
    ("own", "size", "inner", "corner"),
    [  # (height, width); rounded by hand
        ((20, 30), (30, 30), (20, 30), (5, 0)),
        ((20, 30), (15, 15), (10, 15), (2, 0)),
        ((30, 20), (15, 15), (15, 10), (0, 2)),
        ((21, 37), (10, 11), (6, 11), (2, 0)),
        ((10, 10), (25, 40), (25, 25), (0, 7)),
        ((1, 900), (9, 9), (1, 9), (4, 0)),
    ],
)
def test_padding_centers_the_whole_picture_on_black(
    own: tuple[int, int], size: tuple[int, int], inner: tuple[int, int], corner: tuple[int, int]
) -> None:
    images = np.random.default_rng(2).integers(1, 256, (1, *own, 3), np.uint8)
    result = fitted(images, PictureForm(3, *size, "pad"))[0].transpose(1, 2, 0).copy()
    window = np.s_[corner[0] : corner[0] + inner[0], corner[1] : corner[1] + inner[1]]
    expected = Image.fromarray(images[0]).resize(inner[::-1], BILINEAR)
    np.testing.assert_array_equal(result[window], np.asarray(expected))
    result[window] = 0
    assert not result.any()


@pytest.mark.parametrize("size", SIZES)
def test_stretching_scales_each_side_by_itself(size: tuple[int, int]) -> None:
    result = fitted(COLOR, PictureForm(3, *size, "stretch"))
    for image, own in zip(result, COLOR, strict=True):
        expected = Image.fromarray(own).resize(size[::-1], BILINEAR)
        np.testing.assert_array_equal(image.transpose(1, 2, 0), np.asarray(expected))


def test_floats_are_padded_as_floats() -> None:
    floats = COLOR.astype(np.float32) / 255 + 1
    result = fitted(floats, PictureForm(3, 30, 30, "pad"))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result[:, :, 5:25], floats.transpose(0, 3, 1, 2))
    assert not result[:, :, :5].any()
    assert not result[:, :, 25:].any()


def test_a_form_that_cannot_be_is_refused() -> None:
    with pytest.raises(DesignerError, match="'squash': use one of crop, pad, stretch"):
        PictureForm(3, 8, 8, "squash")
    with pytest.raises(DesignerError, match="make all three at least 1"):
        PictureForm(3, 0, 8)
