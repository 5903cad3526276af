"""The work of ``netdesigner ensemble``: finding the members, evaluating and exporting them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from designer.cli import exporting
from designer.cli.options import EXPORT_SUFFIXES
from designer.cli.output import share_shown
from designer.cli.runs import find
from designer.errors import DesignerError
from designer.runs.ensembles import Ensemble, weights_named
from designer.runs.evaluation_record import EvaluationRecord
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, LAST, MARK, Subject


def runs_and_files(words: Sequence[str], to: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Return which words of the command line are runs, and the model files to write.

    All but the first file of ``--to`` arrive among the runs, and have the ending of a model file.
    """
    files = [
        word for word in words if to and word.endswith(EXPORT_SUFFIXES) and not Path(word).is_dir()
    ]
    return [word for word in words if word not in files], [Path(text) for text in (*to, *files)]


def ensemble_of(words: Sequence[str], *, weights: str, runs: str | None) -> Ensemble:
    """Return the ensemble that words name.

    Parameters
    ----------
    words
        Of each member the run, with @ and ``best``, ``last`` or an epoch behind it where it has not
        the usual weights. The whole word comes first: a run may have an @ in its name.
    weights
        The usual weights: ``best`` or ``last``.
    runs
        The folder of runs; None for that of the settings.

    Raises
    ------
    DesignerError
        There is no such run.
    """
    return Ensemble(members=tuple(_member(word, weights, runs) for word in words))


def _member(word: str, weights: str, runs: str | None) -> Subject:
    name, mark, text = word.rpartition(MARK)
    chosen = mark and (text.isdecimal() or text in (BEST, LAST))
    try:
        run = find(word, runs)
    except DesignerError:
        if not chosen:
            raise
    else:
        return _subject(run, weights)
    return _subject(find(name, runs), weights_named(text))


def _subject(run: RunFolder, weights: str) -> Subject:
    return Subject(run=str(run.path.absolute()), weights=weights)


def evaluate(
    ensemble: Ensemble, *, chosen: Mapping[str, Any], device: str | None
) -> EvaluationRecord:
    """Evaluate an ensemble; nothing is written.

    Parameters
    ----------
    ensemble
        The networks.
    chosen
        What is evaluated; see `designer.engine.inspect.evaluating.Choice`.
    device
        As the recipe's setting of this name, None for what the recipe of the first member says.

    Raises
    ------
    DesignerError
        It cannot be evaluated.
    """
    from designer.engine import device as devices  # torch takes seconds to load
    from designer.engine.inspect import ensembles
    from designer.engine.inspect.evaluating import Choice

    choice = Choice(**chosen)
    if device is None and ensemble.members:
        device = RunFolder.open(Path(ensemble.members[0].run)).recipe().device
    with share_shown("Evaluating") as progress, devices.enough_memory("inspect"):
        found = ensembles.evaluate(ensemble, choice, device=device or "auto", progress=progress)
    return found.record


def export(ensemble: Ensemble, paths: Sequence[Path]) -> int:
    """Write model files of an ensemble, and return the exit code.

    Raises
    ------
    DesignerError
        An ending is unknown, or the members do not make one network.
    """
    exporting.check_formats(paths)
    from designer.engine import device as devices
    from designer.engine.ensemble_export import of_ensemble

    with devices.enough_memory("build", network=ensemble.name):
        model = of_ensemble(ensemble)
    return exporting.export_model(model, paths)
