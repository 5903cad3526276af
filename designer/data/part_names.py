"""The usual names of the parts of a data set, as folders and as values of a column."""

from collections.abc import Mapping

PART_NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trainset", "training_set", "train_set", "tr"),
    "validation": ("validation", "val", "valid", "validate", "dev", "eval", "evaluation", "valset",
                   "validation_set", "val_set"),
    "test": ("test", "testing", "tst", "testset", "test_set", "test1", "holdout"),
}  # fmt: skip

_PARTS = {name: part for part, names in PART_NAMES.items() for name in names}


def part_of(name: str) -> str:
    """Return the part that a name usually stands for, in any case; "" if none."""
    return _PARTS.get(name.strip().lower().replace("-", "_").replace(" ", "_"), "")
