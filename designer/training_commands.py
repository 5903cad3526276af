"""The commands that train and export, behind the options that `cli` declares."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from designer import presets, terminal
from designer.design.values import Design
from designer.errors import DesignerError
from designer.runs.begin import begin
from designer.runs.folder import RunFolder, default_path
from designer.runs.recipe import Recipe, changed, read_recipe
from designer.runs.result import Result

RUNS = Path("runs")
ALL_FORMATS = (".py", ".pt", ".safetensors", ".pt2", ".onnx")

# What to begin with where an optimiser is chosen and no learning rate.
USUAL_RATES = {"sgd": 0.05, "rmsprop": 0.001, "adagrad": 0.01, "adam": 0.001, "adamw": 0.001}


def recipe_for(
    design_name: str, recipe_file: Path | None, changes: Mapping[str, Any]
) -> Recipe:
    """Return the recipe of a training: a file's, the preset's own or the default, with changes.

    Raises
    ------
    DesignerError
        The file cannot be used, or a value does not fit.
    """
    if recipe_file is not None:
        recipe = read_recipe(recipe_file)
    else:
        recipe = presets.recipe(design_name) or Recipe()
    given = {name: value for name, value in changes.items() if value is not None}
    optimiser = given.get("optimiser.name")
    if optimiser not in (None, recipe.optimiser.name):
        given.setdefault("optimiser.learning_rate", USUAL_RATES.get(str(optimiser)))
    return changed(recipe, {name: value for name, value in given.items() if value is not None})


def train(design: Design, name: str, recipe: Recipe, place: Path | None) -> RunFolder:
    """Begin a run and follow it to its end in the terminal.

    Raises
    ------
    DesignerError
        The run cannot begin or fails.
    """
    path = place or default_path(RUNS, Path(name).stem)
    run = begin(path, design, recipe)
    follow(run, resume=False)
    return run


def follow(run: RunFolder, *, resume: bool) -> Result:
    """Train a run in a process of its own, tell its progress and how it ended."""
    _say(f"Run folder: {run.path}")
    result = terminal.train(run, resume=resume, write=_write)
    for line in terminal.summary(result):
        _say(line)
    if result.status == "stopped":
        _say(f"Go on with: netdesigner resume {run.path}")
    return result


def export(source: str, design: Design | None, paths: Iterable[Path]) -> None:
    """Write model files of a run folder, or of a design with fresh weights.

    Raises
    ------
    DesignerError
        The run or design cannot be exported, or a file not be written.
    """
    wanted = list(paths)
    from designer.engine import export as exporter  # torch takes seconds to load

    exporter.check_formats(wanted)
    if design is None:
        model = exporter.of_run(RunFolder.open(Path(source)))
    else:
        model = exporter.of_design(design)
        _say("The weights are fresh: nothing was trained. Name a run folder for trained ones.")
    for done in exporter.export(model, wanted):
        agreement = "the same outputs" if done.difference == 0 else f"within {done.difference:.0e}"
        _say(f"{done.path}  {done.size:,} bytes  {done.format.title}, loaded back: {agreement}")


def demo(place: Path | None, epochs: int | None) -> None:
    """Train LeNet-5 on the built-in digits, write its model files and the picture of its curves.

    Raises
    ------
    DesignerError
        Something on the way fails.
    """
    from designer.curves import save_curves

    design = presets.load("lenet5")
    recipe = recipe_for("lenet5", None, {"epochs": epochs})
    run = train(design, "lenet5", recipe, place)
    folder = run.path / "export"
    export(str(run.path), None, [folder / f"lenet5{ending}" for ending in ALL_FORMATS])
    picture = run.path / "curves.png"
    save_curves(run, picture)
    _say(f"{picture}  the curves of loss and accuracy")


def is_run(name: str) -> bool:
    """Tell whether a name is that of a run folder rather than of a design."""
    return name not in presets.names() and Path(name).is_dir()


def split_paths(given: Iterable[str]) -> Iterator[Path]:
    """Read paths, of which one option may hold several between commas."""
    for text in given:
        for part in text.split(","):
            if part.strip():
                yield Path(part.strip())


def _say(text: str) -> None:
    _write(text + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def refuse_options(given: Iterable[str]) -> None:
    """Refuse options that go with a design only."""
    for option in given:
        raise DesignerError(f"{option} goes with a design; a run folder has its own.")
