"""Augmentations with given draws, against torchvision, the standard library and counts by hand."""

import colorsys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms.v2.functional as TF
from torchvision.transforms import InterpolationMode

from designer.recipe.augmentations import Augmentation
from tests.engine.augmentation.fixed import changed, photo

CLOSE = {"rtol": 0, "atol": 1e-4}
ANGLES = [-33.0, 7.5, 90.0]
RADIANS = np.radians(ANGLES)


def affine(image, *, angle=0.0, translate=(0.0, 0.0), shear=(0.0, 0.0)):
    return TF.affine(
        image,
        angle=angle,
        translate=list(translate),
        scale=1.0,
        shear=list(shear),
        interpolation=InterpolationMode.BILINEAR,
    )


def test_rotation():
    found = changed(photo(), Augmentation(rotation=90.0), {"rotation": [RADIANS]})
    expected = torch.stack([affine(i, angle=a) for i, a in zip(photo(), ANGLES, strict=True)])
    torch.testing.assert_close(found, expected, **CLOSE)


def test_shear():
    slants = [-20.0, 0.0, 35.0]
    found = changed(photo(), Augmentation(shear=40.0), {"shear": [np.radians(slants)]})
    expected = [affine(i, shear=(s, 0.0)) for i, s in zip(photo(), slants, strict=True)]
    torch.testing.assert_close(found, torch.stack(expected), **CLOSE)


def test_rotation_and_shear_together():
    draws = {"shear": [np.radians([10.0, 20.0, -5.0])], "rotation": [RADIANS]}
    found = changed(photo(), Augmentation(rotation=90.0, shear=20.0), draws)
    both = zip(photo(), ANGLES, (10.0, 20.0, -5.0), strict=True)
    expected = torch.stack([affine(i, angle=a, shear=(s, 0.0)) for i, a, s in both])
    torch.testing.assert_close(found, expected, **CLOSE)


def test_shift():
    # Fractions of 24 and 20 pixels; torchvision moves by whole pixels.
    moves = [(3, -2), (0, 4), (-5, 1)]
    drawn = [[-x / 24, -y / 20] for x, y in moves]
    found = changed(photo(), Augmentation(shift=0.3), {"shift": [drawn]})
    expected = torch.stack([affine(i, translate=m) for i, m in zip(photo(), moves, strict=True)])
    torch.testing.assert_close(found, expected, **CLOSE)


def test_flips_and_crops_move_whole_pixels():
    draws = {"horizontal_flip": [[0.2, 0.7, 0.3]], "vertical_flip": [[0.6, 0.1, 0.2]]}
    draws["crop"] = [[[0, 6], [2, 2], [4, 1]]]  # row and column in the picture with its border
    settings = Augmentation(horizontal_flip=True, vertical_flip=True, crop_padding=3)
    found = changed(photo(), settings, draws)
    expected = []
    flips = ((True, False), (False, True), (True, True))
    for image, flipped, (top, left) in zip(photo(), flips, draws["crop"][0], strict=True):
        across, down = flipped
        turned = TF.horizontal_flip(image) if across else image
        turned = TF.vertical_flip(turned) if down else turned
        expected.append(TF.crop(TF.pad(turned, [3]), top, left, 20, 24))
    assert torch.equal(found, torch.stack(expected))


def test_all_movements_together_are_one_after_another():
    """A crop shows black where the turned picture had ended, as if it were turned first."""
    draws = {"rotation": [RADIANS], "shift": [[[0.1, -0.2], [0.0, 0.1], [0.25, 0.25]]]}
    later = {"horizontal_flip": [[0.2, 0.7, 0.3]], "crop": [[[0, 6], [2, 2], [4, 1]]]}
    settings = Augmentation(rotation=90.0, shift=0.25, horizontal_flip=True, crop_padding=3)
    together = changed(photo(), settings, draws | later)
    apart = changed(changed(photo(), settings, draws), settings, later)
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-5)
    assert (together == 0).any()


def test_a_larger_picture_is_scaled_down_where_all_of_it_is_taken():
    larger = photo(height=40, width=36)
    settings = Augmentation(resized_crop=(0.5, 1.0))
    draws = {"resized_crop": [torch.ones(3, 10), torch.zeros(3, 10), torch.zeros(3, 2)]}
    found = changed(larger, settings, draws, size=(20, 18))
    expected = F.interpolate(larger, (20, 18), mode="bilinear", align_corners=False)
    torch.testing.assert_close(found, expected, **CLOSE)


def test_a_piece_of_random_size_and_proportions():
    larger = photo(height=40, width=40)
    # A quarter of the area with width / height 4 is as wide as the picture and a quarter as high.
    areas, aspects = torch.full((3, 10), 0.25), torch.full((3, 10), 4.0).log()
    places = [[0.0, -0.5], [0.0, 0.5], [0.0, 0.0]]  # at the top, the bottom, in the middle
    settings = Augmentation(resized_crop=(0.25, 0.5), resized_crop_aspect=(0.25, 4.0))
    found = changed(larger, settings, {"resized_crop": [areas, aspects, places]}, size=(20, 20))
    expected = torch.stack(
        [
            TF.resized_crop(image, top, 0, 10, 40, [20, 20], antialias=False)
            for image, top in zip(larger, (0, 30, 15), strict=True)
        ]
    )
    # At the edges of the piece ours sees the pixels beside it.
    torch.testing.assert_close(found[:, :, 1:-1], expected[:, :, 1:-1], **CLOSE)


def test_a_piece_that_never_fits_is_the_whole_picture():
    settings = Augmentation(resized_crop=(0.9, 1.0), resized_crop_aspect=(0.25, 4.0))
    draws = [torch.ones(3, 10), torch.full((3, 10), 4.0).log(), torch.zeros(3, 2)]
    found = changed(photo(), settings, {"resized_crop": draws})
    torch.testing.assert_close(found, photo(), **CLOSE)


def test_scale_jitter_takes_a_piece_of_the_size_of_the_input():
    larger = photo(height=40, width=40)  # twice the input's 20: as read for a scale of up to 2
    draws = {"scale_jitter": [[2.0, 2.0, 1.0], [[-0.5, -0.5], [0.5, 0.0], [0.3, 0.3]]]}
    found = changed(larger, Augmentation(scale_jitter=(1.0, 2.0)), draws, size=(20, 20))
    torch.testing.assert_close(found[0], larger[0, :, :20, :20], **CLOSE)
    torch.testing.assert_close(found[1], larger[1, :, 10:30, 20:], **CLOSE)
    whole = F.interpolate(larger[2:], (20, 20), mode="bilinear", align_corners=False)
    torch.testing.assert_close(found[2:], whole, **CLOSE)


FACTORS = [0.8, 1.0, 1.3]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_factors_of_colors(name, channels):
    given = photo(channels=channels)
    found = changed(given, Augmentation(**{name: 0.4}), {name: [FACTORS]})
    change = getattr(TF, f"adjust_{name}")
    expected = torch.stack([change(i, f) for i, f in zip(given, FACTORS, strict=True)])
    # torchvision's gray is 0.2989 red + 0.587 green + 0.114 blue.
    torch.testing.assert_close(found, expected, **CLOSE)


def test_contrast_takes_the_mean_after_what_comes_before():
    bright, strong = [0.8, 1.1, 1.3], [0.9, 1.2, 0.7]
    settings = Augmentation(brightness=0.3, contrast=0.3, saturation=0.3)
    draws = {"brightness": [bright], "contrast": [strong], "saturation": [[1.2, 0.8, 0.9]]}
    found = changed(photo(), settings, draws)
    expected = [
        TF.adjust_saturation(TF.adjust_contrast(TF.adjust_brightness(i, b), c), s)
        for i, b, c, s in zip(photo(), bright, strong, (1.2, 0.8, 0.9), strict=True)
    ]
    assert max(each.max() for each in expected) < 1 and min(each.min() for each in expected) > 0
    torch.testing.assert_close(found, torch.stack(expected), rtol=0, atol=2e-4)


def test_bytes_are_cut_to_black_and_white():
    white = torch.full((1, 3, 2, 2), 250, dtype=torch.uint8)
    assert changed(white, Augmentation(brightness=0.5), {"brightness": [[1.4]]}).unique() == 1


@pytest.mark.parametrize("turn", [-0.5, -0.1, 0.25])
def test_hue_turns_the_color_differences(turn):
    """The standard library's YIQ is the same plane with coefficients of two digits."""
    found = changed(photo(1), Augmentation(hue=0.5), {"hue": [[turn]]})[0]
    for before, after in zip(photo(1)[0].flatten(1).T[::37], found.flatten(1).T[::37], strict=True):
        y, i, q = colorsys.rgb_to_yiq(*before.tolist())
        new_y, new_i, new_q = colorsys.rgb_to_yiq(*after.tolist())
        assert new_y == pytest.approx(y, abs=5e-3)
        turned = complex(q, i) * np.exp(2j * np.pi * turn)
        assert complex(new_q, new_i) == pytest.approx(turned, abs=6e-3)


def test_a_full_turn_of_the_hue_in_parts_is_none():
    half = {"hue": [[0.5, -0.5, 0.5]]}
    once = changed(photo(), Augmentation(hue=0.5), half)
    assert (once - photo()).abs().max() > 0.05
    again = changed(once, Augmentation(hue=0.5), half)
    torch.testing.assert_close(again, photo(), **CLOSE)


def test_color_noise_adds_principal_components():
    components = ((0.2, 0.19, 0.18), (0.02, 0.0, -0.02), (0.001, -0.002, 0.001))
    amounts = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    found = changed(
        photo(), Augmentation(color_noise=0.1), {"color_noise": [amounts]}, components=components
    )
    for image, after, drawn in zip(photo(), found, amounts, strict=True):
        added = sum(0.1 * a * torch.tensor(c) for a, c in zip(drawn, components, strict=True))
        torch.testing.assert_close(after, image + added.view(3, 1, 1), **CLOSE)


def test_blur():
    deviations = [0.3, 1.0, 2.0]
    found = changed(photo(), Augmentation(blur=2.0), {"blur": [deviations]})
    expected = [
        TF.gaussian_blur(i, [13, 13], [s, s]) for i, s in zip(photo(), deviations, strict=True)
    ]
    torch.testing.assert_close(found, torch.stack(expected), **CLOSE)


def test_noise():
    drawn = torch.randn(3, 3, 20, 24, generator=torch.Generator().manual_seed(2))
    found = changed(photo(), Augmentation(noise=0.05), {"noise": [drawn]})
    torch.testing.assert_close(found, photo() + 0.05 * drawn, **CLOSE)


def test_erasing_fills_a_rectangle_with_the_mean_color():
    # 10 % of 480 pixels with height / width 2 / 0.6: width 3.79, height 12.65, rounded.
    aspect = 0.3 * 20 / 24  # in shares of width and height
    draws = [[0.1, 0.9, 0.3]]  # the second picture is not chosen
    draws += [torch.full((3, 10), 0.1), torch.full((3, 10), aspect).log()]
    draws += [[[2, 5], [0, 0], [7, 20]]]
    found = changed(photo(), Augmentation(erasing=0.5), {"erasing": draws}, mean=(0.1, 0.2, 0.3))
    expected = photo()
    mean = torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    expected[0, :, 2:15, 5:9] = mean
    expected[2, :, 7:20, 20:24] = mean
    assert torch.equal(found, expected)


def test_cutout_fills_a_square_that_may_reach_out():
    draws = [[[0, 0], [10, 12], [19, 23]]]
    found = changed(photo(), Augmentation(cutout=6), {"cutout": draws}, mean=(0.1, 0.2, 0.3))
    expected = photo()
    mean = torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    for image, rows, columns in zip(
        expected,
        (slice(0, 3), slice(7, 13), slice(16, 20)),
        (slice(0, 3), slice(9, 15), slice(20, 24)),
        strict=True,
    ):
        image[:, rows, columns] = mean
    assert torch.equal(found, expected)
