"""The folder of a study: its files, and how it is created, listed and read."""

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from designer import leftovers, preferences
from designer.design import files
from designer.design.identifiers import words
from designer.design.values import Design
from designer.errors import UNREADABLE, DesignerError
from designer.recipe.reading import read_recipe
from designer.recipe.recipe import Recipe
from designer.runs import own_layers
from designer.runs.folder import RunFolder
from designer.storage import unwritable, write_atomically
from designer.studies import candidates, fields, pruning
from designer.studies.goals import COSTS, GOALS
from designer.studies.journal import Journal, Released
from designer.studies.protocols import PROTOCOLS, Replicate, replicates
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Study

_FORMAT = 1
_RUN = re.compile(r"(\d{4,9})-(\d{1,6})")


@dataclass(frozen=True)
class StudyFolder:
    """The paths of a study. Nothing is cached: every answer comes from the files."""

    path: Path

    @property
    def study_file(self) -> Path:
        """What the study is, a ``spec.Study``."""
        return self.path / "study.json"

    @property
    def base_recipe(self) -> Path:
        """The recipe of all trainings, before the varied fields get their values."""
        return self.path / "base_recipe.json"

    @property
    def designs(self) -> Path:
        """The folder of its designs; ``design.json`` is the study's own."""
        return self.path / "designs"

    @property
    def runs(self) -> Path:
        """The folder of its runs."""
        return self.path / "runs"

    @property
    def process_log(self) -> Path:
        """The errors of the process that the window started last."""
        return self.path / "process.log"

    def run(self, trial: int, replicate: int) -> RunFolder:
        """Return the run of a training; numbers from 0, in the folder's name from 1."""
        return RunFolder(self.runs / f"{trial + 1:04d}-{replicate + 1}")

    @classmethod
    def create(
        cls, path: Path, study: Study, designs: Mapping[str, Design], recipe: Recipe
    ) -> "StudyFolder":
        """Create the folder of a study that is ready to run; a kill never leaves half of it.

        Parameters
        ----------
        path
            The folder, which is empty or does not exist.
        study
            The study.
        designs
            Its designs by the names of their files; "" is its own.
        recipe
            The recipe of all its trainings.

        Raises
        ------
        DesignerError
            The study makes no sense, one of its designs has errors, or the folder is not empty or
            cannot be written.
        """
        check(study, designs, recipe)
        for design in designs.values():
            if error := candidates.error_of(own_layers.analyzed(design)):
                raise DesignerError(f"{design.name} cannot be trained: {error}.")
        try:
            if path.exists() and (path.is_file() or any(path.iterdir())):
                raise DesignerError(f"{path} is not empty: choose another folder for the study.")
            target = Path(os.path.realpath(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            leftovers.remove(target.parent)
            made = cls(target.with_name(leftovers.temporary_name()))
            try:
                made.runs.mkdir(parents=True)
                made.designs.mkdir()
                for name, design in designs.items():
                    write_atomically(made._design_file(name), files.dumps(design).encode())
                write_atomically(made.base_recipe, recipe.to_json())
                write_atomically(made.study_file, _encoded(study))
                if target.exists():
                    target.rmdir()
                made.path.rename(target)
            except BaseException:
                shutil.rmtree(made.path, ignore_errors=True)
                raise
        except OSError as error:
            raise unwritable(path, error) from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> "StudyFolder":
        """Return the study in a folder.

        Raises
        ------
        DesignerError
            The folder is missing or is no study.
        """
        found = cls(path)
        if not path.is_dir():
            raise DesignerError(
                f"There is no study {path}: check the path, or begin one with: netdesigner study "
                "new"
            )
        if not is_study(path):
            raise DesignerError(
                f"{path} is no study, as study.json is missing: choose another folder."
            )
        return found

    def study(self) -> Study:
        """Read what the study is.

        Raises
        ------
        DesignerError
            The file is damaged, makes no sense, or is of a later version.
        """
        try:
            found = msgspec.json.decode(self.study_file.read_bytes(), type=Study)
        except OSError as error:
            raise DesignerError(
                f"{self.study_file} cannot be read ({error.strerror}): make the file readable."
            ) from error
        except UNREADABLE as error:
            raise DesignerError(
                f"{self.study_file} is no study that this version can read ({error}): restore the "
                "file, or begin a new study."
            ) from error
        if found.format > _FORMAT:
            raise DesignerError(
                f"{self.study_file} is of a later version of netdesigner: install that one."
            )
        try:
            check_alone(found)
        except DesignerError as error:
            raise DesignerError(f"{self.study_file} makes no sense. {error}") from error
        return found

    def recipe(self) -> Recipe:
        """Read the recipe of all trainings; raise DesignerError if it is damaged."""
        return read_recipe(self.base_recipe)

    def read_designs(self) -> dict[str, Design]:
        """Read the designs by the names of their files; "" is the study's own.

        Raises
        ------
        DesignerError
            One is missing or damaged.
        """
        study = self.study()
        names = {variant.design for varied in study.varied for variant in varied.variants}
        return {name: files.read(self._design_file(name)) for name in ("", *sorted(names - {""}))}

    def replicates(self) -> tuple[Replicate, ...]:
        """Return how each candidate is trained."""
        return replicates(self.study().protocol, self.recipe())

    def journal(self) -> Journal:
        """Return the journal, to be read or written."""
        return Journal(self.path, len(self.replicates()))

    def extend(self, *, trials: int | None = None, seconds: float | None = None) -> Study:
        """Change how many candidates are trained in all, or for how long; return the new study.

        Processes that run the study already keep what they began with.

        Parameters
        ----------
        trials, seconds
            As in `spec.Study`; None to leave it as it is.

        Raises
        ------
        DesignerError
            The study cannot be read or written, or makes no sense then.
        """
        given = {"trials": trials, "seconds": seconds}
        changes = {name: value for name, value in given.items() if value is not None}
        with self.journal().alone():
            study = msgspec.structs.replace(self.study(), **changes)
            check(study, self.read_designs(), self.recipe())
            try:
                write_atomically(self.study_file, _encoded(study))
            except OSError as error:
                raise unwritable(self.study_file, error) from error
        return study

    def retry(self) -> int:
        """Let trainings that failed be tried again, once the reason is mended; return how many.

        Their folders are removed. Trainings that diverged would diverge again and stay as they are.

        Raises
        ------
        DesignerError
            The study cannot be read or written.
        """
        journal = self.journal()
        with journal.alone() as state:
            failed = [
                (trial.number, number)
                for trial in state.accepted
                for number, training in enumerate(trial.trainings)
                if training.ended is not None and training.ended.outcome == "failed"
            ]
            for trial, number in failed:
                run = self.run(trial, number).path
                try:
                    if run.exists():
                        shutil.rmtree(run)
                except OSError as error:
                    raise unwritable(run, error) from error
                journal.append(Released(trial=trial, replicate=number))
        return len(failed)

    def _design_file(self, name: str) -> Path:
        return self.designs / f"{name or 'design'}.json"


def _encoded(study: Study) -> bytes:
    return msgspec.json.format(msgspec.json.encode(study), indent=2) + b"\n"


def is_study(path: Path) -> bool:
    """Tell whether a folder looks like a study."""
    return (path / "study.json").is_file()


def studies_folder() -> Path:
    """Return the folder of studies: within the folder of runs."""
    return preferences.runs_folder() / "studies"


def default_path(title: str, root: Path | None = None) -> Path:
    """Return an unused path for a study, such as ``batch-size`` in the folder of studies."""
    root = studies_folder() if root is None else root
    stem = "-".join(filter(None, words(title.lower())))[:60].strip("-") or "study"
    path, number = root / stem, 2
    while path.exists():
        path = root / f"{stem}-{number}"
        number += 1
    return path


def list_studies(root: Path | None = None) -> list[StudyFolder]:
    """Return the studies in a folder, the newest first; other folders are skipped."""
    root = studies_folder() if root is None else root
    found: list[tuple[float, StudyFolder]] = []
    with suppress(OSError):
        for entry in os.scandir(root):
            path = Path(entry.path)
            with suppress(OSError):
                if not leftovers.is_one(entry.name) and is_study(path):
                    found.append(((path / "study.json").stat().st_mtime, StudyFolder(path)))
    return [each for _, each in sorted(found, key=lambda each: each[0], reverse=True)]


def study_of_run(path: Path) -> StudyFolder | None:
    """Return the study that a run belongs to, None if it belongs to none."""
    if path.parent.name == "runs" and _RUN.fullmatch(path.name) and is_study(path.parent.parent):
        return StudyFolder(path.parent.parent)
    return None


def replicate_of(path: Path) -> int:
    """Return which training of its candidate a run of a study is, from 0."""
    found = _RUN.fullmatch(path.name)
    return int(found[2]) - 1 if found else 0


def check_alone(study: Study) -> None:
    """Refuse a study that makes no sense, whatever its designs and its recipe are.

    Raises
    ------
    DesignerError
        Names what is wrong and what helps.
    """
    for kind, name, table in (
        ("sampler", study.sampler, SAMPLERS),
        ("protocol", study.protocol.name, PROTOCOLS),
        ("rule of pruning", study.pruning.name, pruning.PRUNERS),
        *(("goal", goal, GOALS) for goal in study.goals),
    ):
        if name not in table:
            raise DesignerError(f"There is no {kind} {name!r}: take one of {', '.join(table)}.")
    if not study.goals:
        raise DesignerError(f"The study has no goal: take one or more of {', '.join(GOALS)}.")
    if all(goal in COSTS for goal in study.goals):
        raise DesignerError(
            f"The study compares {' and '.join(study.goals)} alone, which need no training: add a "
            "goal such as validation_accuracy."
        )
    if study.trials is not None and study.trials < 1:
        raise DesignerError("A study has at least 1 trial.")
    if study.parallel < 0:
        raise DesignerError("At least one training runs at once.")
    if study.pruning.trials < 1 or study.pruning.warmup < 0:
        raise DesignerError("Pruning waits for at least 1 trial, and for 0 epochs or more.")
    for varied in study.varied:
        if varied.range is not None:
            fields.check_numbers(varied.name, varied.range)


def check(study: Study, designs: Mapping[str, Design], recipe: Recipe) -> None:
    """Refuse a study that makes no sense.

    Raises
    ------
    DesignerError
        Names what is wrong and what helps.
    """
    check_alone(study)
    trainings = replicates(study.protocol, recipe)
    decided = {name for training in trainings for name in training.changes}
    for varied in study.varied:
        own = [varied.name, *(name for each in varied.variants for name in each.changes)]
        if found := next((name for name in own if name in decided), None):
            raise DesignerError(
                f"The protocol {study.protocol.name} sets {found} for each training itself: vary "
                "something else, or take the protocol single."
            )
    if not study.varied and len(trainings) < 2:
        raise DesignerError(
            "The study varies nothing: name fields with their values, or a protocol that repeats "
            "the training."
        )
    sampler = SAMPLERS[study.sampler]
    if sampler.endless and study.trials is None and study.seconds is None:
        raise DesignerError(
            f"With the sampler {sampler.name} the study would never end: give a number of trials "
            "or a time."
        )
    if sampler.endless and not study.varied:
        raise DesignerError(f"The sampler {sampler.name} needs fields that vary: name some.")
    fields.check(study, designs, recipe)
    if sampler.searches:
        from designer.studies import searching

        searching.required()
