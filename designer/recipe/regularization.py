"""Regularizers of the weights besides weight decay: an L1 penalty and a bound of the norm."""

from typing import Annotated, ClassVar

from designer.recipe.settings import Group, Setting


class Regularization(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds weights small; all off by default.

    Norms and biases, all parameters with fewer than two dimensions, are left alone.
    """

    prefix: ClassVar[str] = "regularization."
    title: ClassVar[str] = "Regularization"

    l1: Annotated[
        float,
        Setting(
            title="L1 penalty",
            help="Pulls all weights towards zero by the same amount, so that many become almost "
            "zero; norms and biases are left alone, and the loss that is shown is without the "
            "penalty.",
            low=0.0,
            high=1e6,
            formula="L + λ·Σ|w|:  g ← g + λ·sign(w)",
            source="Tibshirani, 1996: Regression shrinkage and selection via the lasso",
            reason="weight decay alone is usual",
        ),
    ] = 0.0
    max_norm: Annotated[
        float | None,
        Setting(
            title="Max-norm",
            help="Largest norm of the weights that lead into one unit, to which they are scaled "
            "down after each step; empty for no bound.",
            low=0.0,
            high=1e6,
            open_low=True,
            empty="none",
            formula="w ← w · min(1, c / ‖w‖) for each unit",
            source="Srivastava and others, 2014: Dropout: a simple way to prevent neural networks "
            "from overfitting, which takes 3 to 4",
        ),
    ] = None
