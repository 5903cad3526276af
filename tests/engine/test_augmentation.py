"""Every augmentation of the table, on images of one gray square each."""

import pytest
import torch

from designer.engine.augmentation import BUILDERS, Augmenter
from designer.recipe.augmentations import AUGMENTATIONS, Augmentation, active
from designer.recipe.recipe import fields
from tests.recipe.alternatives import another_value

SETTINGS = [field for field in fields().values() if field.group is Augmentation]


def test_every_row_has_a_builder() -> None:
    assert list(BUILDERS) == list(AUGMENTATIONS)


def test_nothing_is_active_by_default() -> None:
    assert active(Augmentation()) == []


@pytest.mark.parametrize("field", SETTINGS, ids=lambda field: field.own_name)
def test_a_setting_changes_images_and_keeps_their_shape_and_range(field) -> None:
    values = {field.own_name: 20 if field.setting.unit == "degrees" else another_value(field)}
    settings = Augmentation(**values)
    (row,) = active(settings)
    assert field.own_name in row.settings
    images = torch.linspace(0, 1, 8 * 3 * 12 * 10).view(8, 3, 12, 10)
    torch.manual_seed(0)
    changed = Augmenter(settings, height=12, width=10)(images)
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    assert -1e-6 <= float(changed.min()) <= float(changed.max()) <= 1 + 1e-6


def test_rows_are_applied_in_the_order_of_the_table() -> None:
    everything = Augmentation(**{field.own_name: another_value(field) for field in SETTINGS})
    assert active(everything) == list(AUGMENTATIONS.values())
