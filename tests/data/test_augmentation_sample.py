"""The training pictures that a preview of an augmentation shows."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import PictureForm, array_part, picture_part
from designer.data.augmentation_sample import augmentation_sample, mixed_caption
from designer.data.files import FolderFiles
from designer.errors import DesignerError
from tests.data.writers import write_pictures


def test_pictures_are_read_larger_and_the_colors_are_those_of_more_of_them() -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (60, 9, 9, 3), np.uint8)
    part = array_part(pixels, np.arange(60))
    form = PictureForm(3, 6, 6)
    found = augmentation_sample(part, form, enlargement=4.0, colors=True, count=5)
    assert found.images.shape == (5, 3, 9, 9) and found.size == (6, 6)
    assert np.array_equal(found.images[3], pixels[found.indices[3]].transpose(2, 0, 1))
    assert np.allclose(found.mean, pixels.mean((0, 1, 2)) / 255)
    variances = np.linalg.norm(found.components, axis=1)
    covariance = np.cov(pixels.reshape(-1, 3).T / 255, bias=True)
    assert np.allclose(np.sort(variances), np.linalg.eigvalsh(covariance))
    plain = augmentation_sample(part, form, enlargement=1.0, colors=False, count=5)
    assert plain.images.shape == (5, 3, 6, 6) and plain.mean == (0, 0, 0)


def test_pictures_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    write_pictures(tmp_path, 6, size=(8, 8))
    names = tuple(sorted(path.name for path in tmp_path.iterdir()))
    part = picture_part(FolderFiles(tmp_path), names, np.zeros(6, np.int64))
    (tmp_path / names[0]).write_bytes(b"")
    form = PictureForm(3, 8, 8)
    found = augmentation_sample(part, form, enlargement=1.0, colors=True, count=6)
    assert found.indices == (1, 2, 3, 4, 5)
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DesignerError, match=names[-1]):
        augmentation_sample(part, form, enlargement=1.0, colors=False, count=6)


@pytest.mark.parametrize(
    ("share", "caption"),
    [
        (0.7, "0.70 cat + 0.30 dog"),
        (0.994, "0.99 cat + 0.01 dog"),
        (0.998, "cat"),
        (0.001, "dog"),
    ],
)
def test_a_caption_says_what_a_picture_is_mixed_of(share: float, caption: str) -> None:
    assert mixed_caption(share, "cat", "dog") == caption
    assert mixed_caption(share, "cat", "cat") == "cat"
