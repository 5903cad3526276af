"""The work of the commands that write model files and weights; `model_commands` declares them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from designer.cli import runs
from designer.cli.options import EXPORT_SUFFIXES
from designer.cli.output import printable, write
from designer.design import files
from designer.design.values import Design
from designer.errors import DesignerError
from designer.runs import own_layers, trusted_code
from designer.runs.export_formats import EXPORT_FORMATS, ExportOptions
from designer.runs.folder import RunFolder

if TYPE_CHECKING:
    from designer.engine.export import Model
    from designer.runs.fitting import Fitting


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


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
