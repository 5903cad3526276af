"""The work of the commands that train; `training_commands` declares their options."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from designer import presets
from designer.analysis.assist.inputs import takes_picture
from designer.cli import advice, exporting, machines, runs, terminal
from designer.cli.machines import ALONE, Start
from designer.cli.options import EXPORT_SUFFIXES
from designer.cli.output import show, write
from designer.design import edits, files
from designer.design.values import Design
from designer.errors import DesignerError
from designer.known_data import KNOWN
from designer.known_data.titles import BUILT_IN, data_title, stand_in_for
from designer.recipe import templates
from designer.recipe.misfits import indivisible
from designer.recipe.reading import changed, read_recipe
from designer.recipe.recipe import Recipe, consequences
from designer.runs import own_layers, trusted_code
from designer.runs.begin import begin
from designer.runs.discard import discard_refused
from designer.runs.folder import RunFolder, default_path
from designer.runs.train_on import train_on as create_child


def takes_a_picture(design: Design) -> bool:
    """Tell whether a design takes a picture, for which some settings of a recipe are."""
    return takes_picture(own_layers.analyzed(design))


def recipe_for(design_name: str, recipe_file: str | None, changes: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a training, with changes.

    Parameters
    ----------
    design_name
        A preset or design file. Its own recipe is used if no file is given; the defaults if it has
        none. Where the data of a preset are missing, built-in ones stand in.
    recipe_file
        The path of a recipe, the name of a template, or None.
    changes
        Values by the dotted names of settings.

    Raises
    ------
    DesignerError
        The file cannot be used, or a value does not fit.
    """
    if recipe_file is not None and not is_template(recipe_file):
        if not Path(recipe_file).exists():
            raise DesignerError(
                f"There is no recipe file and no template called {recipe_file}: give the path of a "
                f"recipe file, or take a template ({', '.join(templates.names())})."
            )
        recipe = read_recipe(Path(recipe_file))
    else:
        recipe = presets.usable_recipe(design_name) or Recipe()
    if recipe_file is not None and is_template(recipe_file):
        recipe = templates.applied(recipe_file, recipe)
    given = {name: value for name, value in changes.items() if value is not None}
    return changed(recipe, {**given, **consequences(recipe, given)})


def is_template(text: str) -> bool:
    """Return whether a text is the name of a recipe template, and of no file."""
    return text in templates.names() and not Path(text).exists()


def fit_to_stand_in(design: Design, name: str, *, classes_set: bool) -> Design:
    """Say that built-in data stand in for those of a preset, and give the design their classes.

    Parameters
    ----------
    design
        The design of the preset.
    name
        The preset, whose data are not on this computer.
    classes_set
        Whether the user has said how many classes the design has; then it is left as it is.

    Returns
    -------
    Design
        The design, with as many classes as the built-in data.
    """
    missing = presets.missing_data(name)
    source = stand_in_for(missing)
    title, instead = data_title(missing, missing), BUILT_IN[source]
    classes = design.arguments.get("classes")
    if classes is None or classes_set or classes.default == instead.classes:
        sentence = (
            f"The preset {name} is for {title}, which is not on this computer: {instead.words} "
            f"({source}) are used instead."
        )
    else:
        design = edits.set_argument(design, "classes", instead.classes)
        sentence = (
            f"The preset {name} is for {title}, which is not on this computer: {instead.words} "
            f"({source}) are used instead, and the design is set to their {instead.classes} "
            "classes."
        )
    if missing in KNOWN:
        sentence += f" To download it: netdesigner data {missing} --download"
    write(f"{sentence}\n", error=True)
    return design


def train(
    design: Design,
    name: str,
    recipe: Recipe,
    folder: str | None,
    runs_folder: str | None,
    *,
    silenced: Collection[str] | None = None,
    start: Start = ALONE,
) -> RunFolder:
    """Start a training in a new run folder and follow it in the terminal to its end.

    Parameters
    ----------
    design, recipe
        What to train, and how.
    name
        The preset's name or the design's file, from which the run folder gets its name.
    folder
        The run folder; None for a new one in the folder of runs.
    runs_folder
        The folder of runs; None for that of the settings.
    silenced
        Conditions of the doctor of which nothing is said; None for those of the settings.
    start
        How many processes train, or whether only the folder is made.

    Raises
    ------
    DesignerError
        The data set does not exist, or the run cannot start or fails.
    """
    from designer.cli.unpacking import unpack  # with numpy, which takes 0.1 s

    recipe = with_absolute_path(recipe)
    if refusal := indivisible(recipe, start.count or 1):
        raise DesignerError(refusal)
    if folder:
        path = Path(folder).expanduser().absolute()
    else:
        path = default_path(runs.writable_folder(runs_folder), Path(name).stem)
    unpack(recipe.data.source)  # here, since the terminal shows how far it is
    existed = path.exists()
    run = begin(path, design, recipe)
    silent = advice.silenced(()) if silenced is None else silenced
    said = _warn(design, recipe, silent)
    try:
        _follow(run, resume=False, silenced=silent, said=said, start=start)
    except terminal.RefusedError:
        discard_refused(run, leave_folder=existed)
        raise
    return run


def _warn(design: Design, recipe: Recipe, silenced: Collection[str]) -> list[str]:
    """Print what will make the training worse than it need be, and return the doctor's lines."""
    from designer.analysis.assist.training import warnings
    from designer.analysis.report import sheet
    from designer.doctor.case import Case
    from designer.doctor.rules import BEFORE, examine

    analysis = own_layers.analyzed(design)
    found = advice.unsilenced(warnings(analysis, recipe.batch, recipe.loss.name), silenced)
    show(sheet.problems((*analysis.problems, *found)), error=True)
    device = advice.device_facts(analysis, recipe)
    case = Case(analysis=analysis, recipe=recipe, device=device)
    said = examine(case, when=BEFORE, silenced=silenced)
    return [line.text for line in advice.lines(advice.unsaid(said, found))]


def with_absolute_path(recipe: Recipe) -> Recipe:
    """Make the data set's path absolute, since the run may be resumed from another folder."""
    from designer.data.opening import existing, is_name

    source = recipe.data.source
    if is_name(source):
        return recipe
    return changed(recipe, {"data.source": str(existing(source))})


def resume(run: RunFolder, data: str | None, start: Start = ALONE) -> None:
    """Resume a run and follow it in the terminal to its end.

    Parameters
    ----------
    run
        The run.
    data
        Where its data are now; None if they were not moved.
    start
        As of `train`; by default as many as the run was begun with.

    Raises
    ------
    DesignerError
        There is no state to resume from, the data are others, or the training fails.
    """
    trusted_code.require(files.read(run.design))
    _follow(run, resume=True, data=_existing(data), start=start)


def train_on(
    run: RunFolder,
    folder: str | None,
    *,
    epochs: int,
    changes: Mapping[str, Any],
    runs_folder: str | None,
    data: str | None,
) -> RunFolder:
    """Continue a run for more epochs in a new run folder, followed in the terminal to its end.

    Parameters
    ----------
    run
        The run that is continued; it is left as it is.
    folder
        The new run folder; None for one in the folder of runs.
    epochs
        How many epochs to train beyond those of the run.
    changes
        Values by the dotted names of settings.
    runs_folder
        The folder of runs; None for that of the settings.
    data
        Where the data of the run are now; None if they were not moved.

    Raises
    ------
    DesignerError
        The run cannot be trained on, or the training fails.
    """
    trusted_code.require(files.read(run.design))
    found = _existing(data)
    if folder:
        path = Path(folder).expanduser().absolute()
    else:
        path = default_path(runs.writable_folder(runs_folder), run.network().name)
    existed = path.exists()
    child = create_child(run, path, epochs=epochs, changes=changes)
    try:
        _follow(child, resume=True, data=found)
    except terminal.RefusedError:
        discard_refused(child, leave_folder=existed)
        raise
    return child


def _existing(data: str | None) -> Path | None:
    if data is None:
        return None
    from designer.data.opening import existing

    return existing(data)


def _follow(
    run: RunFolder,
    *,
    resume: bool,
    data: Path | None = None,
    silenced: Collection[str] | None = None,
    said: Sequence[str] = (),
    start: Start = ALONE,
) -> None:
    if start.print_command:
        machines.print_command(run, start.count, resume=resume, data=data)
        return
    _say(f"Run folder: {run.path}")
    if start.folder_only:
        name = runs.reference(run.path)
        _say(f"Train it with: netdesigner resume {name}")
        _say(f"Train it elsewhere with: netdesigner job {name} --for ssh --host USER@HOST")
        return
    silent = advice.silenced(()) if silenced is None else silenced
    result = terminal.train(
        run,
        resume=resume,
        data=data,
        write=_write,
        silenced=silent,
        said=said,
        processes=start.count,
    )
    for line in terminal.summary(result):
        _say(line)
    if next_ := advice.next_of(run, silent):
        _say(f"Next: {next_}")
    name = runs.reference(run.path)
    _say(f"The run is in {run.path}")
    if result.status == "stopped":
        _say(f"Resume it with: netdesigner resume {name}")
    else:
        _say(f"Train on with: netdesigner train-on {name} --epochs {max(1, result.epochs)}")
    if run.best.exists():
        _say(f"Export it with: netdesigner export {name} --to model.onnx")


def demo(folder: str | None, runs_folder: str | None, epochs: int | None) -> int:
    """Train LeNet-5 on the built-in digits, then write model files and a picture of the curves.

    Returns
    -------
    int
        The exit code: 1 if a model file could not be written.

    Raises
    ------
    DesignerError
        Training or exporting fails.
    """
    from designer.cli.curves import save_curves

    recipe = recipe_for("lenet5", None, {"epochs": epochs})
    run = train(presets.load("lenet5"), "lenet5", recipe, folder, runs_folder)
    target = run.path / "export"
    code = exporting.export_run(run, [target / f"lenet5{ending}" for ending in EXPORT_SUFFIXES])
    picture = run.path / "curves.png"
    save_curves(run, picture)
    _say(f"{picture}  the curves of loss and accuracy")
    return code


def _say(text: str) -> None:
    _write(text + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
