"""Numbers as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.analysis.accounting.receptive_fields import ReceptiveField
from designer.analysis.report import formatting
from designer.design.printing import setting_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (138_357_544, "138M"),
        (15_237_608, "15.2M"),
        (61_706, "61.7K"),
        (999_499, "999K"),
        (999_999, "1.00M"),
        (9_999_000, "10.0M"),
        (25 * 10**9, "25.0G"),
    ],
)
def test_short(number: int, text: str) -> None:
    assert formatting.short(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(15_470_264_320, "15.47 G"), (416_520, "416.5 K"), (12, "12")]
)
def test_scaled(number: int, text: str) -> None:
    assert formatting.scaled(number) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (553_430_176, 3, "553 MB (528 MiB)"),
        (60_950_432, 4, "60.95 MB (58.13 MiB)"),
        (96_675_744, 4, "96.68 MB (92.20 MiB)"),
        (73_254_912, 3, "73.3 MB (69.9 MiB)"),
        (26_292_224, 3, "26.3 MB (25.1 MiB)"),
        (1000, 3, "1.00 KB (1000 bytes)"),
        (999, 3, "999 bytes"),
        (0, 3, "0 bytes"),
    ],
)
def test_size(number: int, digits: int, text: str) -> None:
    assert formatting.size(number, digits) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (24_168_936, "24M"),
        (138_344_128, "138M"),
        (150_528, "150K"),
        (3_211_264, "3.2M"),
        (1_605_632, "1.6M"),
        (25_088, "25K"),
        (2_000_000, "2M"),
        (4096, "4K"),
        (1_999_999, "1.9M"),
        (999, "999"),
        (0, "0"),
    ],
)
def test_lecture_count_truncates(number: int, text: str) -> None:
    assert formatting.lecture_count(number) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (24_168_936, "24M x 4 bytes = 96 MB"),
        (3_211_264, "3.2M x 4 bytes = 12.8 MB"),
        (802_816, "802K x 4 bytes = 3.208 MB"),
        (200, "200 x 4 bytes = 800 bytes"),
        (0, "0 x 4 bytes = 0 bytes"),
    ],
)
def test_lecture_memory(values: int, text: str) -> None:
    assert formatting.lecture_memory(values) == text


def test_float_memory() -> None:
    text = "15.2M x 4 bytes = 60.95 MB (58.13 MiB)"
    assert formatting.float_memory(15_237_608) == text


def test_shapes() -> None:
    assert formatting.shape((64, 112, 112)) == "64×112×112"
    assert formatting.shape((10,)) == "10"


def test_receptive_fields() -> None:
    assert formatting.receptive_field(None) == "–"
    field = ReceptiveField((212.0, 212), (32, 32), (16, 16), (212, 212), False)
    assert formatting.receptive_field(field) == "212"
    whole = field._replace(size=(224, 224), local=(427, 427), whole=True)
    assert formatting.receptive_field(whole) == "224 (427)"
    assert formatting.receptive_field(field._replace(size=(3, 5), local=(3, 5))) == "3×5"


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (0.5, "0.5"), ("B", "B"), (2, "2")])
def test_values_are_written_as_set_reads_them(value: bool | float | str, text: str) -> None:
    assert setting_text(value) == text


@given(st.integers(0, 10**30))
def test_every_count_has_a_short_form(number: int) -> None:
    for text in (formatting.short(number), formatting.scaled(number), formatting.size(number)):
        assert text
        assert "e+" not in text
    if number < 999 * 10**18:  # beyond the last unit numbers just get longer
        assert len(formatting.short(number)) <= 5
        assert len(formatting.lecture_count(number)) <= 4


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.0, "0"), (1.23e-5, "0.0123"), (0.0015, "1.50"), (0.09996, "100"),
     (0.0123, "12.3"), (1.2345, "1234")],
)  # fmt: skip
def test_milliseconds(seconds: float | None, text: str) -> None:
    assert formatting.milliseconds(seconds) == text
