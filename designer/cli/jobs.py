"""The work of the commands that train and export; `commands` declares their options."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from designer import presets
from designer.cli import terminal
from designer.cli.options import EXPORT_SUFFIXES
from designer.design.values import Design
from designer.errors import DesignerError
from designer.recipe.reading import changed, read_recipe
from designer.recipe.recipe import Recipe, consequences
from designer.runs.begin import begin
from designer.runs.folder import RunFolder, default_path

if TYPE_CHECKING:
    from designer.engine.export import Exported

RUNS = Path("runs")


def recipe_for(design_name: str, recipe_file: str | None, changes: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a training, with changes.

    Parameters
    ----------
    design_name
        A preset or design file. Its own recipe is used if no file is given; the defaults if it has
        none.
    recipe_file
        The path of a recipe, or None.
    changes
        Values by the dotted names of settings.

    Raises
    ------
    DesignerError
        The file cannot be used, or a value does not fit.
    """
    if recipe_file is not None:
        recipe = read_recipe(Path(recipe_file))
    else:
        recipe = presets.recipe(design_name) or Recipe()
    given = {name: value for name, value in changes.items() if value is not None}
    return changed(recipe, {**given, **consequences(recipe, given)})


def train(design: Design, name: str, recipe: Recipe, folder: str | None) -> RunFolder:
    """Start a training in a new run folder and follow it in the terminal to its end.

    Raises
    ------
    DesignerError
        The data set does not exist, or the run cannot start or fails.
    """
    path = Path(folder) if folder else default_path(RUNS, Path(name).stem)
    run = begin(path, design, _with_absolute_path(recipe))
    _follow(run, resume=False)
    return run


def _with_absolute_path(recipe: Recipe) -> Recipe:
    """Make the data set's path absolute, since the run may be resumed from another folder."""
    from designer.data.opening import BUILT_IN, existing

    source = recipe.data.source
    return recipe if source in BUILT_IN else changed(recipe, {"data.source": str(existing(source))})


def resume(folder: str) -> None:
    """Resume a run and follow it in the terminal to its end.

    Raises
    ------
    DesignerError
        There is no run to resume, or it fails.
    """
    _follow(RunFolder.open(Path(folder)), resume=True)


def _follow(run: RunFolder, *, resume: bool) -> None:
    _say(f"Run folder: {run.path}")
    result = terminal.train(run, resume=resume, write=_write)
    for line in terminal.summary(result):
        _say(line)
    if result.status == "stopped":
        _say(f"Resume it with: netdesigner resume {run.path}")


def check_formats(paths: Iterable[Path]) -> None:
    """Refuse model files with an unknown ending, before torch is loaded.

    Raises
    ------
    DesignerError
        The sentence names the file and the known endings.
    """
    for path in paths:
        if path.suffix not in EXPORT_SUFFIXES:
            known = ", ".join(EXPORT_SUFFIXES)
            raise DesignerError(
                f"{path} has no ending that names a format; use one of {known}, as in {path}.onnx."
            )


def export_run(folder: Path, paths: Iterable[Path]) -> None:
    """Write model files of a run folder's best weights.

    Raises
    ------
    DesignerError
        The folder is no run, has no checkpoint yet, or a file cannot be written.
    """
    run = RunFolder.open(folder)
    from designer.engine import export  # torch takes seconds to load

    _export(export.export(export.of_run(run), list(paths)))


def export_design(design: Design, paths: Iterable[Path]) -> None:
    """Write model files of a design with fresh weights.

    Raises
    ------
    DesignerError
        The design has errors, or a file cannot be written.
    """
    from designer.engine import export

    _say("The weights are fresh: nothing was trained. Name a run folder for trained ones.")
    _export(export.export(export.of_design(design), list(paths)))


def _export(files: "Iterable[Exported]") -> None:
    for done in files:
        file = f"{done.path}  {done.size:,} bytes  {done.format.title}"
        if done.difference == 0:
            _say(f"{file}; loaded back, its outputs are the same")
        else:
            _say(f"{file}; loaded back, its outputs differ by at most {done.difference:.0e}")


def weights(
    design: Design, source: str, out: Path, given: Mapping[str, str], *, as_json: bool
) -> None:
    """Load weights from elsewhere into a design, write them, and report where each came from.

    Raises
    ------
    DesignerError
        The weights cannot be read, nothing fits, or the file cannot be written.
    """
    if out.suffix.lower() not in (".pt", ".pth", ".safetensors"):
        raise DesignerError(f"{out} must end in .pt, .pth or .safetensors.")
    from designer.analysis.report.formatting import size
    from designer.engine import export, weights

    model = export.of_design(design)
    found = weights.read(source)
    report = weights.load(model.network, model.analysis, found, given)
    written = weights.save(model.network, out, about=model.about)
    if as_json:
        _say(msgspec.json.encode(report).decode())
        return
    for line in report.lines():
        _say(line)
    _say(f"{found.origin}: {size(found.size)}; {out}: {size(written)}")


def demo(folder: str | None, epochs: int | None) -> None:
    """Train LeNet-5 on the built-in digits, then write model files and a picture of the curves.

    Raises
    ------
    DesignerError
        Training or exporting fails.
    """
    from designer.cli.curves import save_curves

    recipe = recipe_for("lenet5", None, {"epochs": epochs})
    run = train(presets.load("lenet5"), "lenet5", recipe, folder)
    target = run.path / "export"
    export_run(run.path, [target / f"lenet5{ending}" for ending in EXPORT_SUFFIXES])
    picture = run.path / "curves.png"
    save_curves(run, picture)
    _say(f"{picture}  the curves of loss and accuracy")


def is_run(name: str) -> bool:
    """Tell whether a name means a run folder rather than a design."""
    return name not in presets.names() and Path(name).is_dir()


def _say(text: str) -> None:
    _write(text + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
