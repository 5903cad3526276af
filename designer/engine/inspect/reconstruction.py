"""What a network gives that was trained to give its input again, and how far that is from it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from designer.data.pictures import Array
from designer.engine.batches import finish
from designer.engine.inputs import Inputs, call
from designer.engine.inspect.subject import Loaded
from designer.engine.losses import main_output
from designer.engine.passes import Passes
from designer.metrics.summary import probabilities
from designer.recipe.columns import value_names
from designer.runs.evaluation_record import meaning_of
from designer.runs.inspection import recipe_of

ERROR = "squared error"


def answers(loaded: Loaded, inputs: Inputs, passes: Passes) -> tuple[Tensor, Array]:
    """Return the errors of what the network gives, and what it gives.

    Returns
    -------
    Tensor
        (n, 1 + columns): the mean squared error of all values as the network gets them, and for a
        table the values that it gives, in the units of the table.
    Array
        The pictures that it gives, (n, channels, height, width) from 0 to 1; an empty array for
        other inputs.
    """
    wanted = inputs if isinstance(inputs, Tensor) else next(iter(inputs.values()))
    wanted = wanted.float().clone()  # a layer may work in place on the input
    with torch.inference_mode(), passes.seeded(loaded.device):
        outputs = [main_output(call(loaded.network, inputs)) for _ in range(passes.samples)]
    meaning = meaning_of(loaded.analysis, recipe_of(loaded.subject), loaded.preprocessing)
    flat = torch.stack(outputs).mean(0).float().flatten(1).cpu().numpy()
    given = torch.from_numpy(probabilities(flat, meaning, "input").astype(np.float32))
    error = (given.to(wanted.device) - wanted.flatten(1)).square().mean(1, keepdim=True).cpu()
    if loaded.preprocessing.inputs:
        return torch.cat([error, _in_units(loaded, given)], dim=1), np.zeros(0, np.uint8)
    pictures = given.view_as(wanted).to(loaded.device)
    undone = finish(loaded.preprocessing, device=loaded.device).undone(pictures)
    return error, undone.clamp(0, 1).nan_to_num().float().cpu().numpy()


def _in_units(loaded: Loaded, given: Tensor) -> Tensor:
    """Return what is given for a table in its units, (n, values); (n, 0) for arrays."""
    (kind,) = loaded.preprocessing.inputs
    if not kind.columns:
        return given[:, :0]
    return given * torch.tensor(kind.deviation or 1.0) + torch.tensor(kind.mean or 0.0)


def named(loaded: Loaded, values: Tensor, top: int) -> list[dict[str, Any]]:
    """Return the error and the values of a row of `answers` with their names, all of them."""
    names = (ERROR, *value_names(loaded.preprocessing.columns))
    return [
        {"name": name, "value": value} for name, value in zip(names, values.tolist(), strict=True)
    ]
