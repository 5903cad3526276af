"""How often augmentations draw what: shares and ranges, counted on pictures that reveal them."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from designer.engine.augmentation import Augmenter
from designer.recipe.augmentations import Augmentation

COUNT = 4000
SIDE = 11


def augmented(images: Tensor, **settings) -> Tensor:
    torch.manual_seed(0)
    return Augmenter(
        Augmentation(**settings),
        height=SIDE,
        width=SIDE,
        mean=(0.5,) * images.shape[1],
        components=((0.3,),) if images.shape[1] == 1 else (),
    )(images.expand(COUNT, -1, -1, -1))


def positions() -> Tensor:
    """Return a picture (1, 2, side, side) whose values are x and y from the center, plus 100."""
    at = torch.arange(SIDE) - (SIDE - 1) / 2
    return torch.stack([at.expand(SIDE, SIDE), at[:, None].expand(SIDE, SIDE)])[None] + 100


def assert_uniform(values: Tensor, low: float, high: float) -> None:
    """Check the largest distance between the shares below a value and those of the uniform."""
    values = values.double().sort().values
    assert low - 1e-4 <= float(values[0]) and float(values[-1]) <= high + 1e-4
    expected = (values - low) / (high - low)
    found = (torch.arange(COUNT) + 0.5) / COUNT
    assert float((expected - found).abs().max()) < 1.63 / math.sqrt(COUNT)  # Kolmogorov, 1 %


CENTER = SIDE // 2


@pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 0), ("vertical_flip", 1)])
def test_half_of_the_pictures_are_mirrored(name, axis):
    found = augmented(positions(), **{name: True})[:, axis] - 100
    first = found[:, 0, 0]
    assert set(first.tolist()) == {-5.0, 5.0}
    assert float((first > 0).float().mean()) == pytest.approx(0.5, abs=0.03)


def test_shifts_are_uniform_in_both_directions():
    found = augmented(positions(), shift=0.2) - 100
    for axis in (0, 1):
        assert_uniform(found[:, axis, CENTER, CENTER], -0.2 * SIDE, 0.2 * SIDE)


def test_angles_are_uniform():
    found = augmented(positions(), rotation=30.0) - 100
    right = found[:, :, CENTER, CENTER + 3]  # where the pixel 3 to the right was
    assert torch.allclose(right.norm(dim=1), torch.tensor(3.0), atol=1e-3)
    assert_uniform(torch.atan2(right[:, 1], right[:, 0]).rad2deg(), -30, 30)


def test_slants_are_uniform():
    found = augmented(positions(), shear=20.0) - 100
    below = found[:, :, CENTER + 2, CENTER]
    assert torch.allclose(below[:, 1], torch.tensor(2.0), atol=1e-3)
    assert_uniform(torch.atan2(below[:, 0], below[:, 1]).rad2deg(), -20, 20)


def test_all_places_of_a_crop_are_equally_frequent():
    found = augmented(positions(), crop_padding=2)[:, :, CENTER, CENTER] - 100
    places, counts = found.unique(dim=0, return_counts=True)
    assert len(places) == 25 and places.min() == -2 and places.max() == 2
    expected = COUNT / 25
    assert float(((counts - expected) ** 2 / expected).sum()) < 43  # chi-squared, 1 % of 24


def test_factors_of_brightness_are_uniform():
    found = augmented(torch.full((1, 1, SIDE, SIDE), 0.5), brightness=0.4)[:, 0, 0, 0]
    assert_uniform(found / 0.5, 0.6, 1.4)


def test_factors_of_contrast_and_saturation_are_uniform():
    halves = torch.full((1, 1, SIDE, SIDE), 0.4)
    halves[..., ::2] = 0.6
    found = augmented(halves, contrast=0.4)[:, 0, 0]
    assert_uniform((found[:, 0] - found[:, 1]) / 0.2, 0.6, 1.4)
    red = torch.tensor([0.6, 0.4, 0.4]).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE)
    found = augmented(red, saturation=0.4)[:, :, 0, 0]
    assert_uniform((found[:, 0] - found[:, 1]) / 0.2, 0.6, 1.4)


def test_angles_of_the_hue_are_uniform():
    red = torch.tensor([0.6, 0.4, 0.4]).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE)
    found = augmented(red, hue=0.3)[:, :, 0, 0].double()
    gray = found @ torch.tensor([0.299, 0.587, 0.114]).double()
    u, v = 0.492111 * (found[:, 2] - gray), 0.877283 * (found[:, 0] - gray)
    start = math.atan2(0.877283 * 0.701, 0.492111 * -0.299)
    turned = torch.atan2(v, u) - start
    assert_uniform(torch.remainder(turned / (2 * math.pi) + 0.5, 1) - 0.5, -0.3, 0.3)


def test_color_noise_and_noise_have_their_deviations():
    gray = torch.full((1, 1, SIDE, SIDE), 0.5)
    added = augmented(gray, color_noise=0.1)[:, 0, 0, 0] - 0.5
    assert float(added.std()) == pytest.approx(0.03, rel=0.05)  # 0.1 times the variance 0.3
    added = augmented(gray, noise=0.1) - 0.5
    assert float(added.std()) == pytest.approx(0.1, rel=0.01)
    assert abs(float(added.mean())) < 1e-3


def test_a_random_piece_has_area_proportions_and_place_in_their_ranges():
    found = augmented(positions(), resized_crop=(0.2, 0.3), resized_crop_aspect=(0.5, 2.0)) - 100
    # Away from the edges, values grow by the size of the piece / the size of the picture.
    wide = (found[:, 0, CENTER, CENTER + 1] - found[:, 0, CENTER, CENTER - 1]) / 2
    high = (found[:, 1, CENTER + 1, CENTER] - found[:, 1, CENTER - 1, CENTER]) / 2
    assert_uniform(wide * high, 0.2, 0.3)
    assert_uniform((wide / high).log2(), -1, 1)
    place = found[:, 0, CENTER, CENTER] / SIDE / (1 - wide)
    assert_uniform(place, -0.5, 0.5)


def test_scales_are_uniform():
    found = augmented(positions(), scale_jitter=(1.2, 2.0)) - 100
    wide = (found[:, 0, CENTER, CENTER + 1] - found[:, 0, CENTER, CENTER - 1]) / 2
    assert_uniform(1 / wide, 1.2, 2.0)


def test_erasing_has_its_probability_and_area():
    big = torch.zeros(1, 1, 40, 40).expand(COUNT, -1, -1, -1)
    torch.manual_seed(0)
    augment = Augmenter(Augmentation(erasing=0.3), height=40, width=40, mean=(0.5,))
    areas = (augment(big) > 0).float().mean((1, 2, 3))
    assert float((areas > 0).float().mean()) == pytest.approx(0.3, abs=0.025)
    erased = areas[areas > 0]
    assert float(erased.min()) > 0.015 and float(erased.max()) < 0.43
    # Large rectangles with extreme proportions do not fit, so that the mean is below the middle.
    assert float(erased.mean()) == pytest.approx(0.2, abs=0.02)


def test_the_centers_of_cutout_are_all_pixels():
    found = augmented(torch.zeros(1, 1, SIDE, SIDE), cutout=1)
    assert torch.equal(found.sum((1, 2, 3)), torch.full((COUNT,), 0.5))
    counts = (found > 0).float().sum((0, 1)).numpy()
    expected = COUNT / SIDE**2
    assert float(((counts - expected) ** 2 / expected).sum()) < 160  # chi-squared, 1 % of 120


def test_blurs_reach_up_to_the_deviation_that_was_set():
    point = torch.zeros(1, 1, SIDE, SIDE)
    point[..., CENTER, CENTER] = 1
    middle = augmented(point, blur=1.0)[:, 0, CENTER, CENTER]
    at = np.arange(-3, 4)
    widest = 1 / np.exp(-(at**2) / 2).sum() ** 2
    assert widest - 1e-4 <= float(middle.min()) < widest + 0.01
    assert float(middle.max()) > 0.99
