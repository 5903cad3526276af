"""The usual names of the parts of a data set, as folders and as values of a column."""

import re
from collections.abc import Iterable, Mapping

PART_NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trainset", "training_set", "train_set", "tr"),
    "validation": ("validation", "val", "valid", "validate", "dev", "eval", "evaluation", "valset",
                   "validation_set", "val_set", "publictest", "public_test"),
    "test": ("test", "testing", "tst", "testset", "test_set", "test1", "holdout",
             "privatetest", "private_test"),
}  # fmt: skip

_PARTS = {name: part for part, names in PART_NAMES.items() for name in names}


def part_of(name: str) -> str:
    """Return the part that a name usually stands for, in any case; "" if none."""
    return _PARTS.get(name.strip().lower().replace("-", "_").replace(" ", "_"), "")


def parts_of(names: Iterable[str]) -> dict[str, str]:
    """Return the parts that the names of folders beside one another stand for, by name.

    Names of parts may have further words, if those are the same for the training part and another
    one: ``train_images`` and ``test_images``, or ``seg_train`` and ``seg_test``.
    """
    found = {name: part for name in names if (part := part_of(name))}
    if "train" in found.values():
        return found
    by_rest: dict[tuple[str, ...], dict[str, str]] = {}
    for name in names:
        pieces = re.split(r"[\s._-]+", name)
        parts = [part for piece in pieces if (part := part_of(piece))]
        if len(parts) == 1:
            rest = tuple(piece.lower() for piece in pieces if not part_of(piece))
            by_rest.setdefault(rest, {})[name] = parts[0]
    for alike in by_rest.values():
        parts = sorted(alike.values())
        if "train" in parts and 1 < len(parts) == len(set(parts)):
            return found | alike
    return found
