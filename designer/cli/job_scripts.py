"""The work of the command ``job``: what a run needs on another machine, and the script for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from designer.cli.output import printable, write
from designer.cli.runs import find, folder, is_name
from designer.design import files
from designer.errors import DesignerError
from designer.known_data import KNOWN
from designer.known_data.titles import BUILT_IN
from designer.recipe.misfits import indivisible
from designer.recipe.reading import read_recipe
from designer.runs import disk, launch, trusted_code
from designer.runs.folder import RunFolder
from designer.runs.job_scripts import JOB_KINDS, Job, read_gpus, read_time, script
from designer.runs.states import COMPLETE, WORDS
from designer.storage import save_file, unwritable

_STUDY = "study.json"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of the command, as they were typed; None for those that were not."""

    host: str | None = None
    gpus: str | None = None
    time: str | None = None
    data: str | None = None
    python: str | None = None
    install: str | None = None
    to: str | None = None


def write_script(source: str, kind: str, wanted: Wanted, runs: str | None) -> None:
    """Write the script that does a run or a study on a kind of machine, or print it.

    Parameters
    ----------
    source
        The folder of the run or study, or its name in the folder of runs.
    kind
        The name of a row of `JOB_KINDS`.
    wanted
        The options of the command.
    runs
        The folder of runs; None for that of the settings.

    Raises
    ------
    DesignerError
        There is no such run, it cannot be continued, or what it needs is not there.
    """
    if kind not in JOB_KINDS:
        raise DesignerError(f"--for takes one of {', '.join(JOB_KINDS)}; received '{kind}'.")
    count, gpu_kind = (0, "") if wanted.gpus is None else read_gpus(wanted.gpus)
    to = wanted.to
    given: dict[str, Any] = {
        "host": wanted.host or "",
        "gpus": count,
        "gpu_kind": gpu_kind,
        "seconds": None if wanted.time is None else read_time(wanted.time),
        "python": wanted.python or "",
        "script": to or "",
        **({} if wanted.install is None else {"install": wanted.install}),
    }
    shared = kind == "slurm" and not wanted.host  # the same files are there
    study = _study(source, runs)
    if study is not None:
        found = _of_study(study, wanted.data, shared=shared, **given)
    else:
        found = _of_run(find(source, runs), wanted.data, shared=shared, **given)
    text = script(kind, found)
    if to is None:
        write(text)
        return
    _save(Path(to), text)
    row = JOB_KINDS[kind]
    sentence = f"{to} is written; its first lines say how to start it."
    if row.start:
        sentence = f"{to} is written. Start it with: {row.start} {to}"
    write(f"{printable(sentence)}\n")


def _study(text: str, runs: str | None) -> Path | None:
    """Return the folder of a study by its path, or its name in the folder of runs; else None."""
    paths = [Path(text).expanduser().absolute()]
    if is_name(text):
        paths += [folder(runs) / "studies" / text, folder(runs) / text]
    return next((each for each in paths if (each / _STUDY).is_file()), None)


def _of_study(path: Path, data: str | None, *, shared: bool, **given: Any) -> Job:
    """Return the job of a study; its data must be there at the same path."""
    recipe = path / "base_recipe.json"
    if data is not None:
        raise DesignerError(
            f"--data is for runs: the data of a study are those of its recipe {recipe}, and must "
            "be at the same path on the other machine."
        )
    source = read_recipe(recipe).data.source if recipe.is_file() else ""
    if source and source not in BUILT_IN and source not in KNOWN and not shared:
        sentence = f"The data {source} of the study must be at this path on the other machine, too."
        write(f"{printable(sentence)}\n", error=True)
    downloads = (source,) if source in KNOWN and not shared else ()
    return Job(folder=path, kind="study", command=("study", "run"), downloads=downloads, **given)


def _of_run(run: RunFolder, data: str | None, *, shared: bool, **given: Any) -> Job:
    """Return the job of a run that is not complete.

    Raises
    ------
    DesignerError
        The run is complete or being trained, or what it needs is not on the other machine.
    """
    _check_state(run)
    options: list[str] = []
    downloads: tuple[str, ...] = ()
    source = run.data_source()
    if data is not None:
        options += ["--data", data]
    elif source in KNOWN and not shared:
        downloads = (source,)
    elif source not in BUILT_IN and not shared:
        raise DesignerError(
            f"The data of the run {run.path.name} are {source} on this machine: copy them to the "
            "other one, and say where they are there with --data PATH."
        )
    recipe, begun = run.recipe(), run.last.is_file()
    weights = recipe.initial_weights
    if weights and not begun and not shared and Path(weights).exists():
        raise DesignerError(
            f"The run {run.path.name} starts from the weights {weights} on this machine: train its "
            "first steps here, so that its checkpoint holds them."
        )
    options += _processes(run, given["gpus"], begun=begun)
    design = files.read(run.design)
    if design.code:
        trusted_code.require(design)
        options.append("--trust-code")
    return Job(
        folder=run.path.absolute(),
        kind="run",
        command=("resume",),
        options=tuple(options),
        downloads=downloads,
        **given,
    )


def _check_state(run: RunFolder) -> None:
    """Refuse a run that cannot be continued."""
    if run.worker() is not None:
        raise DesignerError(
            f"The run {run.path.name} is being trained on this machine: stop it first, or wait."
        )
    state = run.state()
    if state in COMPLETE:
        raise DesignerError(
            f"The run {run.path.name} is complete ({WORDS[state]}): for more epochs, make a new "
            f"one with netdesigner train-on {run.path} --epochs N."
        )
    disk.require_state(run)


def _processes(run: RunFolder, gpus: int, *, begun: bool) -> list[str]:
    """Return the option for a process for each GPU, which a run keeps from its begin on."""
    if not gpus:
        return []
    if begun:
        before = launch.processes_of(run)
        if gpus != before:
            raise DesignerError(
                f"The run {run.path.name} was begun with {before} "
                f"{'process' if before == 1 else 'processes'}, and would not continue exactly "
                f"with {gpus}: request --gpus {before}."
            )
    elif refusal := indivisible(run.recipe(), gpus):
        raise DesignerError(refusal)
    return ["--processes", str(gpus)] if gpus > 1 else []


def _save(path: Path, text: str) -> None:
    try:
        save_file(path, text.encode())
        if path.suffix == JOB_KINDS["ssh"].suffix:
            path.chmod(path.stat().st_mode | 0o111)
    except OSError as error:
        raise unwritable(path, error) from error
