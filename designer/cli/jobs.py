"""The commands that train and export, behind the options that `cli` declares."""

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
    """Return the recipe of a training: a file's, the preset's own or the default, with changes.

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


def train(design: Design, name: str, recipe: Recipe, place: str | None) -> RunFolder:
    """Begin a run and follow it to its end in the terminal.

    Raises
    ------
    DesignerError
        There are no such data; the run cannot begin or fails.
    """
    path = Path(place) if place else default_path(RUNS, Path(name).stem)
    run = begin(path, design, _with_whole_path(recipe))
    _follow(run, resume=False)
    return run


def _with_whole_path(recipe: Recipe) -> Recipe:
    """Name the data by their whole path, since a resume may begin in another folder."""
    from designer.data.opening import BUILT_IN, present

    source = recipe.data.source
    return recipe if source in BUILT_IN else changed(recipe, {"data.source": str(present(source))})


def resume(place: str) -> None:
    """Go on with a run and follow it to its end in the terminal.

    Raises
    ------
    DesignerError
        There is nothing to go on with, or it fails.
    """
    _follow(RunFolder.open(Path(place)), resume=True)


def _follow(run: RunFolder, *, resume: bool) -> None:
    _say(f"Run folder: {run.path}")
    result = terminal.train(run, resume=resume, write=_write)
    for line in terminal.summary(result):
        _say(line)
    if result.status == "stopped":
        _say(f"Go on with: netdesigner resume {run.path}")


def check_formats(paths: Iterable[Path]) -> None:
    """Refuse model files whose ending names no format, before torch is loaded.

    Raises
    ------
    DesignerError
        Names the file and the endings there are.
    """
    for path in paths:
        if path.suffix not in EXPORT_SUFFIXES:
            known = ", ".join(EXPORT_SUFFIXES)
            raise DesignerError(
                f"{path} has no ending that names a format; use one of {known}, as in {path}.onnx."
            )


def export_run(place: Path, paths: Iterable[Path]) -> None:
    """Write model files of a run folder's best weights.

    Raises
    ------
    DesignerError
        The folder is no run, has no checkpoint yet, or a file cannot be written.
    """
    run = RunFolder.open(place)
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
        agreement = "the same" if done.difference == 0 else f"within {done.difference:.0e}"
        _say(
            f"{done.path}  {done.size:,} bytes  {done.format.title}; loaded back, its outputs are "
            f"{agreement}"
        )


def weights(
    design: Design, source: str, out: Path, given: Mapping[str, str], *, as_json: bool
) -> None:
    """Put weights from elsewhere into a design, write them and tell what came from where.

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


def demo(place: str | None, epochs: int | None) -> None:
    """Train LeNet-5 on the built-in digits, write its model files and the picture of its curves.

    Raises
    ------
    DesignerError
        Something on the way fails.
    """
    from designer.cli.curves import save_curves

    recipe = recipe_for("lenet5", None, {"epochs": epochs})
    run = train(presets.load("lenet5"), "lenet5", recipe, place)
    folder = run.path / "export"
    export_run(run.path, [folder / f"lenet5{ending}" for ending in EXPORT_SUFFIXES])
    picture = run.path / "curves.png"
    save_curves(run, picture)
    _say(f"{picture}  the curves of loss and accuracy")


def is_run(name: str) -> bool:
    """Tell whether a name is that of a run folder rather than of a design."""
    return name not in presets.names() and Path(name).is_dir()


def _say(text: str) -> None:
    _write(text + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
