"""Small pictures as PNG, enlarged so that single pixels can be seen."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 112  # pixels that the longer side has at least


def png(picture: NDArray[Any]) -> bytes:
    """Return a picture, uint8 (channels, height, width) with 1 or 3 channels, as PNG.

    Of another number of channels the first one is taken.
    """
    from PIL import Image

    planes = picture if len(picture) in (1, 3) else picture[:1]
    factor = max(1, round(_SIDE / max(planes.shape[1:])))
    large = np.repeat(np.repeat(planes, factor, axis=1), factor, axis=2)
    image = Image.fromarray(large[0] if len(large) == 1 else large.transpose(1, 2, 0).copy())
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()
