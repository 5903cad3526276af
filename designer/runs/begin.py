"""Creating a run folder, which a worker can train, from a design and a recipe."""

from pathlib import Path

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist import training
from designer.codegen import generate
from designer.design import files
from designer.design.values import Design
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.folder import RunFolder
from designer.runs.network import NetworkInfo, OutputInfo


def begin(path: Path, design: Design, recipe: Recipe) -> RunFolder:
    """Write a new run folder.

    Raises
    ------
    DesignerError
        The design has errors, its input is not one image, or it cannot be trained with this batch;
        the initial weights do not exist, or the folder is in use or cannot be written.
    """
    analysis = analyze(design)
    generated = generate(design, analysis)
    if refusal := training.refusal(analysis, recipe.batch):
        raise DesignerError(refusal)
    return RunFolder.create(
        path,
        design_json=files.dumps(design),
        source=generated.source,
        recipe=_located(recipe),
        network=network_info(analysis),
    )


def _located(recipe: Recipe) -> Recipe:
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
    """Return what a trainer must know about a valid design.

    Raises
    ------
    DesignerError
        The design has several inputs, or one that is not an image.
    """
    shapes = [port.shape for port in analysis.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        received = ", ".join("×".join(map(str, shape)) for shape in shapes)
        raise DesignerError(
            f"{analysis.design.name} takes {received}; training feeds one image "
            "(channels × height × width). Give it one Input of three axes."
        )
    channels, height, width = shapes[0]
    return NetworkInfo(
        name=analysis.design.name,
        input=(channels, height, width),
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
