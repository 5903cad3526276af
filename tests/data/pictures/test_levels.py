"""Grays of more than 8 bits: what range is found, and that no gray value is lost by scaling."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import read_picture
from designer.data.pictures import (
    BrokenPicture,
    Levels,
    PictureForm,
    decode,
    levels_of,
    picture_facts,
    picture_levels,
)
from designer.errors import DesignerError

SIDE = 32
FORM = PictureForm(1, SIDE, SIDE)
TWELVE = (np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * 4).astype(np.uint16)  # 0 to 4092


def encoded(values: np.ndarray, file_format: str, **options: object) -> bytes:
    file = BytesIO()
    Image.fromarray(values).save(file, file_format, **options)
    return file.getvalue()


def tiff(values: np.ndarray, *, white_is: int = 1, sample_format: int, big: bool = False) -> bytes:
    """Return an uncompressed TIFF file of one strip, written by hand (TIFF 6.0)."""
    order, start = (">", b"MM") if big else ("<", b"II")
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes()
    tags = [
        (256, values.shape[1]),
        (257, values.shape[0]),
        (258, values.dtype.itemsize * 8),  # bits of a sample
        (259, 1),  # no compression
        (262, white_is),  # 0: zero is white; 1: zero is black
        (273, 8),  # where the pixels start
        (277, 1),  # samples of a pixel
        (278, values.shape[0]),  # rows of the strip
        (279, len(pixels)),
        (339, sample_format),  # 1: unsigned, 2: signed, 3: float, 6: complex
    ]
    # Each entry: the tag, its type (4: 32 bits), how many values there are, and the value.
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags)
    header = start + struct.pack(order + "HI", 42, 8 + len(pixels))
    return header + pixels + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def pgm(values: np.ndarray, white: int, *, plain: bool = False) -> bytes:
    size = f"{values.shape[1]} {values.shape[0]}"
    if plain:
        return f"P2\n# a comment\n{size}\n{white}\n{' '.join(map(str, values.flat))}\n".encode()
    return f"P5\n{size}\n{white}\n".encode() + values.astype(">u2").tobytes()


UP_TO_32 = np.linspace(0, 2**31 - 1, SIDE * SIDE).astype(np.int32).reshape(SIDE, SIDE)
CLOSE = (2**31 - 1 - np.arange(SIDE * SIDE, dtype=np.int64)).astype(np.int32).reshape(SIDE, SIDE)
FLOATS = np.linspace(-3, 5, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
UNSIGNED = np.linspace(0, 2**32 - 1, SIDE * SIDE).astype(np.uint32).reshape(SIDE, SIDE)
SIGNED = (TWELVE.astype(np.int16) - 2000).astype(np.int16)

CASES = {
    "12 bits in a PNG file of 16": (encoded(TWELVE, "PNG"), TWELVE),
    "few dim values": (encoded(TWELVE // 64 * 7, "PNG"), TWELVE // 64 * 7),
    "TIFF of 16 bits": (encoded(TWELVE, "TIFF"), TWELVE),
    "TIFF of 16 bits, big endian": (tiff(TWELVE, sample_format=1, big=True), TWELVE),
    "TIFF of 16 signed bits": (tiff(SIGNED, sample_format=2), SIGNED),
    "TIFF whose zero is white": (tiff(TWELVE, sample_format=1, white_is=0), 65535 - TWELVE),
    "TIFF of 32 bits with 0 to 255": (
        encoded(TWELVE.astype(np.int32) // 16, "TIFF"),
        TWELVE // 16,
    ),
    "TIFF of 32 bits up to the last": (encoded(UP_TO_32, "TIFF"), UP_TO_32),
    "TIFF of 32 bits, values side by side": (encoded(CLOSE, "TIFF"), CLOSE),
    "TIFF of 32 unsigned bits": (tiff(UNSIGNED, sample_format=1), UNSIGNED),
    "TIFF of floats": (encoded(FLOATS, "TIFF"), FLOATS),
    "PGM of 16 bits": (pgm(TWELVE, 65535), TWELVE),
    "PGM of 12 bits": (pgm(TWELVE, 4095), TWELVE),
    "PGM of 12 bits as text": (pgm(TWELVE, 4095, plain=True), TWELVE),
}


@pytest.mark.parametrize("case", CASES)
def test_every_gray_value_is_kept(case: str) -> None:
    content, values = CASES[case]
    assert picture_facts(content, "a").deep
    assert picture_facts(content, "a").channels == 1
    low, high = float(values.min()), float(values.max())
    levels = picture_levels(content, "a")
    assert levels == Levels(low, high)
    result = decode(content, "a", FORM, levels=levels)
    assert result.dtype == np.float32
    assert result.shape == (1, SIDE, SIDE)
    assert result.min() == 0
    assert result.max() == 1
    expected = (values.astype(np.float64) - low) / (high - low)
    np.testing.assert_allclose(result[0], expected, atol=1e-7)
    assert len(np.unique(result)) == len(np.unique(values))


@pytest.mark.parametrize("case", CASES)
def test_an_unknown_range_is_asked_for(case: str) -> None:
    with pytest.raises(DesignerError, match=r"^The picture a/b has .*\(data\.gray_range\)\.$") as e:
        decode(CASES[case][0], "a/b", FORM)
    assert not isinstance(e.value, BrokenPicture)  # leaving it out is not the remedy


def test_one_range_holds_all_deep_pictures() -> None:
    eight = encoded((TWELVE // 16).astype(np.uint8), "PNG")
    dim = encoded(TWELVE // 10 + 5, "PNG")
    floats = encoded(FLOATS, "TIFF")
    assert levels_of([("8", eight), ("dim", dim)]) == Levels(5, 414)
    assert levels_of([("dim", dim), ("8", eight), ("floats", floats)]) == Levels(-3, 414)
    assert levels_of([("8", eight)]) is None
    assert levels_of([]) is None


def test_a_given_range_is_kept_by_black_and_white() -> None:
    result = decode(encoded(TWELVE, "PNG"), "a", FORM, levels=Levels(1000, 2000))[0]
    assert (result[TWELVE <= 1000] == 0).all()
    assert (result[TWELVE >= 2000] == 1).all()
    np.testing.assert_allclose(result[TWELVE == 1500], 0.5)


def test_eight_bits_among_deep_pictures_keep_their_own_white() -> None:
    values = (TWELVE // 16).astype(np.uint8)
    result = decode(encoded(values, "PNG"), "a", FORM, levels=Levels(0, 4095))
    np.testing.assert_array_equal(result[0], values.astype(np.float32) / 255)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_deep_pictures_are_fitted_as_others(fit: str) -> None:
    values = TWELVE[:20]
    form = PictureForm(3, 14, 17, fit)
    deep = decode(encoded(values, "PNG"), "a", form, levels=Levels(0, 4080))
    eight = decode(encoded((values // 16).astype(np.uint8), "PNG"), "a", form)
    # Cut to 8 bits, a value is up to one step lower, and half a step is rounded after scaling.
    assert np.abs(deep * 255 - eight).max() <= 2
    np.testing.assert_array_equal(deep[0], deep[2])


def test_a_constant_picture_is_even() -> None:
    content = encoded(np.full((4, 4), 300, np.uint16), "PNG")
    levels = levels_of([("a", content)])
    assert levels == Levels(300, 300)
    assert (decode(content, "a", FORM, levels=levels) == 0).all()
    assert (decode(content, "a", FORM, levels=Levels(0, 600)) == 0.5).all()


def test_one_file_is_scaled_by_its_own_range(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(TWELVE + 500, "PNG"))
    result = read_picture(tmp_path / "a.png", height=SIDE, width=SIDE, channels=3)
    np.testing.assert_allclose(result[1], TWELVE / 4092, atol=1e-7)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers_are_named(value: float) -> None:
    content = encoded(np.where(FLOATS > 4.9, np.float32(value), FLOATS), "TIFF")
    with pytest.raises(BrokenPicture, match=r"sky\.tif cannot be read .*NaN or infinity"):
        picture_levels(content, "sky.tif")
    with pytest.raises(BrokenPicture, match=r"sky\.tif cannot be read .*NaN or infinity"):
        decode(content, "sky.tif", FORM, levels=Levels(0, 1))


@pytest.mark.parametrize("ends", [(2, 1), (0, np.inf), (np.nan, 1)])
def test_a_range_that_cannot_be_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(DesignerError, match=r"data\.gray_range"):
        Levels(*ends)


@pytest.mark.parametrize(
    ("dtype", "sample_format"), [(np.float16, 3), (np.float64, 3), (np.complex64, 6)]
)
def test_kinds_of_tiff_values_that_are_not_read(dtype: type, sample_format: int) -> None:
    content = tiff(TWELVE.astype(dtype), sample_format=sample_format)
    with pytest.raises(BrokenPicture, match=r"a\.tif cannot be read .*TIFF file"):
        picture_facts(content, "a.tif")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_sixteen(values: np.ndarray) -> bytes:
    """Return a PNG file with 16 bits a channel of (height, width, channels), written by hand."""
    height, width, channels = values.shape
    color_type = {2: 4, 3: 2, 4: 6}[channels]
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(unfiltered.tobytes()))
        + chunk(b"IEND", b"")
    )


def test_sixteen_bits_of_color_keep_the_upper_eight() -> None:
    color = np.random.default_rng(0).integers(0, 65536, (SIDE, SIDE, 3), np.uint16)
    ppm = f"P6\n{SIDE} {SIDE}\n65535\n".encode() + color.astype(">u2").tobytes()
    expected = color.transpose(2, 0, 1) / 257  # 65535 is 255
    for name, content in {"a.ppm": ppm, "a.png": png_of_sixteen(color)}.items():
        facts = picture_facts(content, name)
        assert (facts.deep, facts.channels) == (False, 3)
        assert facts.reduced == (name == "a.png")
        result = decode(content, name, PictureForm(3, SIDE, SIDE))
        assert np.abs(result - expected).max() <= 1


def test_a_color_picture_of_twelve_bits_is_scaled_by_its_own_white() -> None:
    color = np.stack([TWELVE, TWELVE[::-1], TWELVE.T], axis=2)
    ppm = f"P6\n{SIDE} {SIDE}\n4095\n".encode() + color.astype(">u2").tobytes()
    result = decode(ppm, "a.ppm", PictureForm(3, SIDE, SIDE))
    assert np.abs(result - color.transpose(2, 0, 1) / 4095 * 255).max() <= 0.5


def test_sixteen_bits_of_gray_beside_transparency_are_reduced() -> None:
    values = np.stack([TWELVE * 16, np.full_like(TWELVE, 65535)], axis=2)
    content = png_of_sixteen(values)
    facts = picture_facts(content, "a.png")
    assert (facts.deep, facts.channels, facts.reduced) == (False, 1, True)
    result = decode(content, "a.png", FORM)
    assert np.abs(result[0] - values[..., 0] / 257).max() <= 1
