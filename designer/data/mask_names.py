"""Names of folders that hold pictures and, beside them, their segmentation masks."""

from collections.abc import Iterable

_PICTURES = frozenset(
    {"image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "jpegimages"}
    | {"rgb", "input", "inputs", "original", "originals"}
)
_MASKS = frozenset(
    {"mask", "masks", "segmentation", "segmentations", "segmentationclass", "segmentationobject"}
    | {"annotation", "annotations", "label", "labels", "groundtruth", "gt", "trimap", "trimaps"}
    | {"target", "targets"}
)


def masks_among(folders: Iterable[str]) -> tuple[str, ...]:
    """Return the folders of masks, if all folders are those of pictures or of their masks."""
    plain = {name: "".join(filter(str.isalpha, name.casefold())) for name in folders}
    masks = tuple([name for name, letters in plain.items() if letters in _MASKS])
    pictures = [name for name, letters in plain.items() if letters in _PICTURES]
    return masks if pictures and len(masks) + len(pictures) == len(plain) else ()
