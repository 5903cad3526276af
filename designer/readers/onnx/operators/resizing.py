"""Resize and Upsample: ONNX's ways to say where an element lies, of which torch has some."""

from math import floor

import numpy as np

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator

_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _scales(call: Call) -> tuple[float, ...]:
    """Return by what each axis grows."""
    position = {"Upsample": 1, "Resize": 1 if call.opset < 11 else 2}[call.node.operator]
    if call.has(position) and call.array(position).size:
        found = tuple(float(str(each)) for each in call.array(position).astype(np.float32))
    elif call.attribute("scales") is not None:
        found = tuple(call.attribute("scales"))
    else:
        return tuple(
            after / before
            for before, after in zip(call.shape(), call.outputs[0].shape, strict=True)
        )
    axes = call.ints("axes")
    if axes is not None:
        by_axis = dict(zip(axes, found, strict=True))
        found = tuple(by_axis.get(number, 1.0) for number in range(call.rank()))
    return found


def _from(call: Call, way: str, size: int, wanted: int, scale: float) -> list[float]:
    """Return where each element of an axis comes from."""
    places = range(wanted)
    if way == "asymmetric":
        return [each / scale for each in places]
    if way == "align_corners":
        return [each * (size - 1) / max(wanted - 1, 1) for each in places]
    if way in ("half_pixel", "pytorch_half_pixel"):
        if way == "pytorch_half_pixel" and wanted == 1:
            return [0.0]
        return [(each + 0.5) / scale - 0.5 for each in places]
    if way == "tf_half_pixel_for_nn":
        return [(each + 0.5) / scale for each in places]
    raise NotExpressedError(f"a resize by {way}")


def _nearest(places: list[float], rounding: str, size: int) -> list[int]:
    found = []
    for each in places:
        if rounding == "floor":
            place = floor(each)
        elif rounding == "ceil":
            place = -floor(-each)
        elif rounding == "round_prefer_ceil":
            place = floor(each + 0.5)
        else:
            place = -floor(0.5 - each)
        found.append(min(max(place, 0), size - 1))
    return found


@operator("Resize", "Upsample")
def _resize(call: Call) -> Ref:
    shape, wanted, n = call.shape(), call.outputs[0].shape, call.rank() - 2
    mode = call.attribute("mode", "nearest")
    for name in ("extrapolation_value", "keep_aspect_ratio_policy", "scales"):
        call.attribute(name)  # the first is for another way, the others are in the sizes
    smoothed = call.attribute("antialias", 0)  # which changes nothing for the nearest element
    rounding = call.attribute("nearest_mode", "round_prefer_floor")
    smooth = call.attribute("cubic_coeff_a", -0.75)
    old = call.node.operator == "Upsample" or call.opset < 11
    way = call.attribute("coordinate_transformation_mode", "half_pixel")
    way = "asymmetric" if old else way
    if n not in _LINEAR or shape[:2] != wanted[:2] or call.attribute("exclude_outside", 0):
        raise NotExpressedError("a resize of other axes than the spatial ones")
    scales = _scales(call)[2:]
    if shape == wanted and all(each == 1 for each in scales):
        return call.ref(0)
    places = [
        _from(call, way, size, want, scale)
        for size, want, scale in zip(shape[2:], wanted[2:], scales, strict=True)
    ]
    if mode == "nearest":
        rounding = "floor" if old else rounding
        return _pick(call, n, [
            _nearest(each, rounding, size) for each, size in zip(places, shape[2:], strict=True)
        ])  # fmt: skip
    if mode == "linear":
        kind = f"upsample_{_LINEAR[n]}{n}d"
    elif mode == "cubic" and n == 2 and smooth == -0.75:
        kind = "upsample_bicubic2d"
    else:
        raise NotExpressedError(f"a resize of the mode {mode}")
    aligned = way == "align_corners"
    single = way == "pytorch_half_pixel" and 1 in wanted[2:]
    if way in ("asymmetric", "tf_half_pixel_for_nn") or single or smoothed:
        raise NotExpressedError("a resize that torch does not have")
    exact = all(
        abs(size * scale - want) < 1e-4
        for size, want, scale in zip(shape[2:], wanted[2:], scales, strict=True)
    )
    if not exact and aligned:
        raise NotExpressedError("a resize by a factor that does not fit")
    if not exact:
        return call.emit(kind, input=call.ref(0), align_corners=False, scale_factors=tuple(scales))
    return call.emit(kind, input=call.ref(0), output_size=wanted[2:], align_corners=aligned)


def _pick(call: Call, n: int, places: list[list[int]]) -> Ref:
    """Return the elements that are nearest: torch's resize if it takes the same ones."""
    shape, wanted = call.shape()[2:], call.outputs[0].shape[2:]
    for kind, shift in ((f"upsample_nearest{n}d", 0.0), (f"_upsample_nearest_exact{n}d", 0.5)):
        theirs = [
            [min(floor((each + shift) * size / want), size - 1) for each in range(want)]
            for size, want in zip(shape, wanted, strict=True)
        ]
        if theirs == places:
            return call.emit(kind, input=call.ref(0), output_size=wanted)
    found = call.ref(0)
    for axis, each in enumerate(places, 2):
        now = [*call.spec_of(found).shape]
        now[axis] = len(each)
        index = call.fixed(np.asarray(each, np.int64), f"indices {axis}")
        found = call.emit("index_select", tuple(now), self=found, dim=axis, index=index)
    return found
