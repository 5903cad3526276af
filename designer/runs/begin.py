"""Creating a run folder, which a worker can train, from a design and a recipe."""

from pathlib import Path

from designer.analysis.analysis import Analysis
from designer.analysis.assist import training
from designer.analysis.assist.inputs import feature_axis, takes_picture
from designer.codegen import generate
from designer.design import files
from designer.design.values import Design
from designer.errors import DesignerError
from designer.recipe.misfits import conflict
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs import own_layers, trusted_code
from designer.runs.folder import RunFolder
from designer.runs.network import InputInfo, NetworkInfo, OutputInfo


def begin(path: Path, design: Design, recipe: Recipe) -> RunFolder:
    """Write a new run folder.

    Raises
    ------
    DesignerError
        The design has errors or code that is not trusted, or it cannot be trained with this batch;
        settings do not go together, the initial weights do not exist, or the folder is in use or
        cannot be written.
    """
    trusted_code.require(design)
    analysis = own_layers.analyzed(design)
    generated = generate(design, analysis)
    if refusal := training.refusal(analysis, recipe.batch, targets=recipe.data.targets):
        raise DesignerError(refusal)
    if wrong := conflict(recipe):
        raise DesignerError(wrong.sentence)
    return RunFolder.create(
        path,
        design_json=files.dumps(design),
        source=generated.source,
        recipe=with_absolute_weights(recipe),
        network=network_info(analysis),
    )


def with_absolute_weights(recipe: Recipe) -> Recipe:
    """Make the path of the initial weights absolute: a worker may start in another folder."""
    source = recipe.initial_weights
    if not source or source.startswith("torchvision:"):
        return recipe
    path = Path(source).expanduser().absolute()
    if not path.exists():
        raise DesignerError(
            f"The initial weights {path} do not exist: give the path of a file of weights or of a "
            "run folder."
        )
    return changed(recipe, {"initial_weights": str(path)})


def network_info(analysis: Analysis) -> NetworkInfo:
    """Return what a trainer must know about a valid design."""
    picture = takes_picture(analysis)
    return NetworkInfo(
        name=analysis.design.name,
        input=analysis.inputs[0].shape if picture else (),
        inputs=()
        if picture
        else tuple(
            InputInfo(
                name=port.name,
                shape=port.shape,
                integer=port.integer,
                axis=feature_axis(analysis, port),
            )
            for port in analysis.inputs
        ),
        outputs=tuple(
            OutputInfo(
                name=port.name,
                shape=port.shape,
                loss_weight=port.loss_weight,
                auxiliary=port.auxiliary,
            )
            for port in analysis.outputs
        ),
        parameters=analysis.totals.parameters,
    )
