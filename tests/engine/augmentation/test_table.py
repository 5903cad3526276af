"""Every augmentation of the table: what all have in common."""

from typing import Any

import pytest
import torch

from designer.engine.augmentation import FUNCTIONS, Augmenter
from designer.engine.mixing import MIXERS, Mixing
from designer.recipe.augmentations import AUGMENTATIONS, Augmentation, active, has_effect
from designer.recipe.recipe import fields
from tests.recipe.alternatives import another_value

SETTINGS = [field for field in fields().values() if field.group is Augmentation]
COMPONENTS = ((0.1, 0.1, 0.1), (0.02, 0.0, -0.02), (0.0, 0.01, -0.01))
STRONG: dict[str, Any] = {
    "shear": 20.0,
    "rotation": 20.0,
    "hue": 0.2,
    "blur": 1.5,
    "cutout": 5,
    "crop_padding": 3,
}


def on(name: str) -> Augmentation:
    """Return settings that switch on one row, so that it changes nearly every image."""
    first = AUGMENTATIONS[name].settings[0]
    field = next(each for each in SETTINGS if each.own_name == first)
    value = STRONG.get(first, another_value(field))
    return Augmentation(**{first: 1.0 if first == "erasing" else value})


def images(count: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 3, 12, 10), generator=generator, dtype=torch.uint8)


def augmenter(settings: Augmentation) -> Augmenter:
    return Augmenter(settings, height=12, width=10, mean=(0.4, 0.5, 0.6), components=COMPONENTS)


def test_every_row_has_a_function_at_its_place() -> None:
    assert [*FUNCTIONS, *MIXERS] == list(AUGMENTATIONS)
    assert {name for name, row in AUGMENTATIONS.items() if row.mixes} == set(MIXERS)


def test_nothing_is_active_by_default_and_changes_nothing() -> None:
    assert active(Augmentation()) == []
    stored = images()
    assert torch.equal(augmenter(Augmentation())(stored), stored.float().div(255))


def test_settings_stand_in_the_order_of_application() -> None:
    rows = [setting for row in AUGMENTATIONS.values() for setting in row.settings]
    assert rows == [field.own_name for field in SETTINGS]


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_row_is_switched_on_by_its_first_setting(name: str) -> None:
    settings = on(name)
    assert [row.name for row in active(settings)] == [name]
    assert settings.active and settings.mixes == AUGMENTATIONS[name].mixes
    for row in AUGMENTATIONS.values():
        for further in row.settings[1:]:
            assert has_effect(settings, further) == (row.name == name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_image_has_a_draw_of_its_own(name: str) -> None:
    same = images(1).expand(16, -1, -1, -1).contiguous()
    before = same.clone()
    torch.manual_seed(0)
    found = augmenter(on(name))(same)
    assert found.shape == (16, 3, 12, 10) and found.dtype == torch.float32
    assert torch.equal(same, before)  # what is stored stays as it was
    different = {tuple(image.flatten().tolist()) for image in found}
    assert len(different) >= (2 if "flip" in name else 8)
    assert float(found.min()) >= 0 and float(found.max()) <= 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_state_of_the_generator_gives_the_same_draws(name: str) -> None:
    augment = augmenter(on(name))
    torch.manual_seed(3)
    augment(images())
    state = torch.get_rng_state()
    first = augment(images())
    torch.rand(5)
    torch.set_rng_state(state)
    assert torch.equal(augmenter(on(name))(images()), first)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_layout_in_memory_makes_no_difference(name: str) -> None:
    torch.manual_seed(3)
    plain = augmenter(on(name))(images())
    torch.manual_seed(3)
    last = augmenter(on(name))(images().contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last, plain, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gray_pictures_are_changed_too(name: str) -> None:
    gray = images()[:, :1].contiguous()
    torch.manual_seed(0)
    found = Augmenter(on(name), height=12, width=10, mean=(0.5,), components=((0.1,),))(gray)
    assert found.shape == gray.shape
    without_effect = name in ("saturation", "hue")
    assert torch.allclose(found, gray / 255, atol=1e-6) == without_effect


@pytest.mark.parametrize("name", MIXERS)
def test_mixing_draws_for_each_image_and_repeats(name: str) -> None:
    mixing = Mixing(on(name))
    torch.manual_seed(0)
    found, targets = mixing(images() / 255, torch.arange(16))
    assert found.shape == (16, 3, 12, 10)
    assert len(set(targets.share.tolist())) >= 8
    torch.manual_seed(0)
    again, repeated = Mixing(on(name))(images() / 255, torch.arange(16))
    assert torch.equal(found, again) and torch.equal(targets.share, repeated.share)


def test_floats_of_any_range_are_not_cut() -> None:
    values = 50 * torch.rand(8, 3, 12, 10) - 10
    torch.manual_seed(0)
    found = augmenter(Augmentation(brightness=0.5))(values)
    factors = found.flatten(1)[:, 0] / values.flatten(1)[:, 0]
    torch.testing.assert_close(found, values * factors.view(-1, 1, 1, 1))
