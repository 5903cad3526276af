"""The work of the commands that train and export; `commands` declares their options."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from designer import presets
from designer.analysis.assist.inputs import takes_picture
from designer.cli import advice, machines, runs, terminal
from designer.cli.machines import ALONE, Start
from designer.cli.options import EXPORT_SUFFIXES
from designer.cli.output import printable, show, write
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
from designer.runs.export_formats import EXPORT_FORMATS, ExportOptions
from designer.runs.folder import RunFolder, default_path
from designer.runs.train_on import train_on as create_child

if TYPE_CHECKING:
    from designer.engine.export import Model
    from designer.runs.fitting import Fitting


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

    recipe = _with_absolute_path(recipe)
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


def _with_absolute_path(recipe: Recipe) -> Recipe:
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


def check_formats(paths: Sequence[Path], options: ExportOptions | None = None) -> None:
    """Refuse unknown endings, and options without a file that they are for, before torch is loaded.

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
    options = options or ExportOptions()
    suffixes = {path.suffix for path in paths}
    if options.opset is not None and ".onnx" not in suffixes:
        raise DesignerError(
            "--opset is for ONNX files, and there is none: add one, as in --to model.onnx, or "
            "leave --opset out."
        )
    named = [suffix for suffix, row in EXPORT_FORMATS.items() if row.state_dict]
    if options.names and suffixes.isdisjoint(named):
        raise DesignerError(
            f"--names is for state dicts ({' and '.join(named)}), and there is none: add one, as "
            f"in --to model{named[0]}, or leave --names out."
        )


def export_run(run: RunFolder, paths: Sequence[Path], options: ExportOptions | None = None) -> int:
    """Write model files of a run's best weights.

    Parameters
    ----------
    run, paths
        What to write, and where to.
    options
        What the user chose beside the formats.

    Returns
    -------
    int
        The exit code: 1 if a file could not be written.

    Raises
    ------
    DesignerError
        The run has no checkpoint yet.
    """
    design = files.read(run.design)
    trusted_code.require(design)
    if options is not None and options.names:
        _check_names(design, options)
    from designer.engine import export  # torch takes seconds to load

    return export_model(export.of_run(run), paths, options)


def export_design(
    design: Design,
    paths: Sequence[Path],
    *,
    weights: str | None,
    runs_folder: str | None,
    options: ExportOptions | None = None,
) -> int:
    """Write model files of a design.

    Parameters
    ----------
    design, paths
        What to write, and where to.
    weights
        A run, a file of weights, ``latest`` for the latest finished run that fits the design, or
        None for fresh weights.
    runs_folder
        The folder of runs; None for that of the settings.
    options
        What the user chose beside the formats.

    Returns
    -------
    int
        The exit code: 1 if a file could not be written.

    Raises
    ------
    DesignerError
        The design has errors, there are no such weights, or a library has no such network.
    """
    trusted_code.require(design)
    weights = weights_of_design(design, weights, runs_folder)
    _check_names(design, options)
    from designer.engine import export

    model = export.of_design(design, weights=weights)
    if weights is None:
        _say(_about_fresh_weights(design, runs_folder))
    return export_model(model, paths, options)


def weights_of_design(
    design: Design,
    weights: str | None,
    runs_folder: str | None,
    *,
    say: Callable[[str], object] | None = None,
) -> str | None:
    """Return where the weights of a design are, from its option ``--weights``.

    Parameters
    ----------
    design
        The design.
    weights
        A run, its name in the folder of runs, a file, ``torchvision:NAME``, ``latest`` for the
        latest finished run that fits the design, or None for fresh weights.
    runs_folder
        The folder of runs; None for that of the settings.
    say
        Gets a sentence on the run that is chosen for ``latest``; prints it by default.

    Raises
    ------
    DesignerError
        No run fits.
    """
    say = say or _say
    if weights == "latest":
        found = _latest(design, runs_folder)
        if found is None:
            raise DesignerError(
                f"No finished run in {runs.folder(runs_folder)} has the layers and shapes of "
                f"{design.name}: train it first, or leave out --weights for fresh ones."
            )
        say(f"Weights of {found.sentence}.")
        if not found.same:
            say(
                f"They fit {design.name} in names and shapes, but settings of its layers differ "
                "from those that were trained: the accuracy and loss are those of the run's own "
                "network."
            )
        return str(found.run.path)
    return None if weights is None else runs.located(weights, runs_folder)


def _check_names(design: Design, options: ExportOptions | None) -> None:
    """Refuse the names of a library without such a network, before torch is loaded.

    Raises
    ------
    DesignerError
        The library has no network with these layers and shapes.
    """
    if options is not None and options.names:
        from designer.runs import library_names

        library_names.naming(own_layers.analyzed(design), options.names)


def _latest(design: Design, runs_folder: str | None) -> "Fitting | None":
    from designer.runs import fitting

    return fitting.latest(fitting.find(runs.folder(runs_folder), own_layers.analyzed(design)))


def _about_fresh_weights(design: Design, runs_folder: str | None) -> str:
    found = _latest(design, runs_folder)
    if found is None:
        return "The weights are fresh: nothing was trained. Name a run folder for trained ones."
    return (
        f"The weights are fresh, although the run {found.run.path.name} has trained ones that fit: "
        "take them with --weights latest."
    )


def export_model(
    model: "Model", paths: Sequence[Path], options: ExportOptions | None = None
) -> int:
    """Write each file that can be written, and report each.

    Parameters
    ----------
    model, paths
        What to write, and where to.
    options
        What the user chose beside the formats.

    Returns
    -------
    int
        The exit code: 1 if a file could not be written.
    """
    from designer.engine import export

    if options is not None:
        model = replace(model, options=options)
    faults = 0
    for path in paths:
        try:
            done = export.write(model, path)
        except DesignerError as error:
            faults += 1
            write(f"{printable(str(error))}\n", error=True)
            continue
        file = f"{done.path}  {done.size:,} bytes  {done.format.title}"
        if done.difference == 0:
            _say(f"{file}; loaded back, its outputs are the same")
        else:
            _say(f"{file}; loaded back, its outputs differ by at most {done.difference:.0e}")
        if done.remark:
            _say(done.remark)
        elif options is not None and options.names and not done.format.state_dict:
            _say("Its tensors keep the design's names: --names is for state dicts.")
    if faults and len(paths) > 1:
        _say(f"{len(paths) - faults} of {len(paths)} files were written.")
    return 1 if faults else 0


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
    written = weights.save(model.network, out, design, about=model.about)
    if as_json:
        _say(msgspec.json.encode(report).decode())
        return
    for line in report.lines():
        _say(line)
    _say(f"{found.origin}: {size(found.size)}; {out}: {size(written)}")


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
    code = export_run(run, [target / f"lenet5{ending}" for ending in EXPORT_SUFFIXES])
    picture = run.path / "curves.png"
    save_curves(run, picture)
    _say(f"{picture}  the curves of loss and accuracy")
    return code


def _say(text: str) -> None:
    _write(text + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
