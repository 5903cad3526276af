"""Why a design with operations that no layer expresses can be neither trained nor exported."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis


def refusal(analysis: "Analysis") -> str:
    """Return the sentence that refuses a design with such operations; "" if it has none."""
    if not analysis.opaque:
        return ""
    path, layer = analysis.opaque[0]
    name, more = analysis.design.name, len(analysis.opaque) - 1
    others = f", and {more} more have others" if more > 1 else ", and 1 more has another" * more
    return (
        f"{name} can neither be trained nor be exported: {path} has the operation {layer.words}, "
        f"which no layer expresses{others}. Replace it by layers on the canvas."
    )
