"""The parts of a new study, as they are typed on the command line."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from designer.analysis.report.line import Line, Style
from designer.cli import jobs
from designer.cli.settings import load
from designer.design import edits
from designer.design.values import Design
from designer.errors import DesignerError
from designer.presets import missing_data
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences
from designer.runs.begin import with_absolute_weights
from designer.studies import fields, templates, typed
from designer.studies.answers import wording
from designer.studies.folder import StudyFolder, default_path
from designer.studies.protocols import Protocol
from designer.studies.spec import Study, Variant, Varied


@dataclass(frozen=True)
class Start:
    """What a study begins from.

    Attributes
    ----------
    study
        What is known of it so far; the title is "" if it has none yet.
    designs
        The designs by the names of their files; "" is the study's own.
    recipe
        The recipe of all trainings.
    """

    study: Study
    designs: Mapping[str, Design]
    recipe: Recipe


def from_template(name: str, changes: Mapping[str, Any], others: Mapping[str, object]) -> Start:
    """Return a ready-made study with changes of its recipe.

    Parameters
    ----------
    name
        A row of `designer.studies.templates.TEMPLATES`.
    changes
        Values by the dotted names of settings.
    others
        What was given of the options that do not go with a template, by their names.

    Raises
    ------
    DesignerError
        There is no such template, or another option does not go with it.
    """
    for option, value in others.items():
        if value:
            raise DesignerError(f"A template has its own designs and fields: leave out {option}.")
    study, designs, recipe = templates.find(name).build()
    return Start(study, designs, _ready(changed(recipe, _with_consequences(recipe, changes))))


def from_design(
    name: str | None,
    settings: Sequence[str],
    recipe_file: str | None,
    changes: Mapping[str, Any],
    *,
    network: Sequence[str],
    variant: Sequence[str],
) -> Start:
    """Return a study of a design, in which networks and variants vary as they are given.

    Parameters
    ----------
    name
        A preset or a design file.
    settings
        What ``--set`` says.
    recipe_file
        A recipe file, the name of a template, or None for the design's own recipe.
    changes
        Values by the dotted names of settings.
    network, variant
        What ``--network`` and ``--variant`` say.

    Raises
    ------
    DesignerError
        The design or the recipe cannot be used, or the data do not exist.
    """
    if name is None:
        raise DesignerError(
            "Say which design the study is of, as in: netdesigner study new lenet5 --vary "
            "batch=8,32; or take a template (see: netdesigner study templates)."
        )
    design = load(name, settings)
    recipe = jobs.recipe_for(name, recipe_file, changes)
    if recipe_file is None and "data.source" not in changes and missing_data(name):
        classes_set = any(each.partition("=")[0].strip() == "classes" for each in settings)
        design = jobs.fit_to_stand_in(design, name, classes_set=classes_set)
    recipe = _ready(recipe)
    designs, varied = {"": design}, []
    if network:
        designs, field = networks(design, network)
        varied.append(field)
    if variant:
        varied.append(variants(variant, design, recipe))
    return Start(Study(title="", varied=tuple(varied), goals=goals((), recipe)), designs, recipe)


def _with_consequences(recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**changes, **consequences(recipe, dict(changes))}


def _ready(recipe: Recipe) -> Recipe:
    """Return a recipe whose data are there and whose paths hold in any folder."""
    from designer.cli.unpacking import unpack  # with numpy, which takes 0.1 s

    recipe = with_absolute_weights(jobs.with_absolute_path(recipe))
    unpack(recipe.data.source)
    return recipe


def networks(design: Design, names: Sequence[str]) -> tuple[dict[str, Design], Varied]:
    """Return designs that are compared with another one, and the field that they make.

    Each gets as many classes as the design has, if both have an argument for it.

    Parameters
    ----------
    design
        The study's own design, the first of the networks.
    names
        Presets or design files.

    Returns
    -------
    dict
        The designs by the names of their files in the study; "" is its own.
    Varied
        The field.

    Raises
    ------
    DesignerError
        There is no such design.
    """
    classes = design.arguments.get("classes")
    designs, titles = {"": design}, {design.name: ""}
    for number, name in enumerate(names, start=2):
        found = load(name)
        argument = found.arguments.get("classes")
        if classes and argument and argument.default != classes.default:
            found = edits.set_argument(found, "classes", classes.default)
        title = found.name if found.name not in titles else f"{found.name} ({number})"
        file = f"network{number}"
        designs[file], titles[title] = found, file
    return designs, fields.variants_of_designs(titles)


def variants(texts: Iterable[str], design: Design, recipe: Recipe) -> Varied:
    """Read what ``--variant`` says: TITLE:NAME=VALUE,NAME=VALUE.

    Raises
    ------
    DesignerError
        A text has no title, or a field or value does not exist.
    """
    found = []
    for text in texts:
        title, colon, changes = (part.strip() for part in text.partition(":"))
        if not (title and colon):
            raise DesignerError(
                "--variant takes TITLE:NAME=VALUE,NAME=VALUE, as in "
                f"'no dropout:design.dropout.p=0'; received '{text}'."
            )
        values = dict(_value(each, design, recipe) for each in typed.split(changes))
        found.append(Variant(title=title, changes=values))
    return Varied(name="variant", variants=tuple(found))


def _value(text: str, design: Design, recipe: Recipe) -> tuple[str, Any]:
    varied = typed.read(text, design, recipe) if "=" in text else None
    if varied is None or len(varied.values) != 1:
        raise DesignerError(
            f"A variant gives each field one value, as in batch=8; received '{text}'."
        )
    return varied.name, varied.values[0]


def protocol(
    usual: Protocol,
    *,
    repeats: int | None,
    folds: int | None,
    bootstrap: int | None,
    seed: int | None,
) -> Protocol:
    """Return the protocol that ``--repeats``, ``--folds`` and ``--bootstrap`` mean.

    Parameters
    ----------
    usual
        The protocol if none of them is given.
    repeats, folds, bootstrap, seed
        The options.

    Raises
    ------
    DesignerError
        They do not go together.
    """
    first = usual.seed if seed is None else seed
    if bootstrap is not None:
        if folds is not None or repeats is not None:
            raise DesignerError(
                "--bootstrap draws the examples of each training by itself: leave out --folds and "
                "--repeats."
            )
        return Protocol(name="bootstrap", repeats=bootstrap, seed=first)
    if folds is not None:
        if repeats is None or repeats == 1:
            return Protocol(name="folds", folds=folds, seed=first)
        return Protocol(name="repeated_folds", folds=folds, repeats=repeats, seed=first)
    if repeats is None:
        return msgspec.structs.replace(usual, seed=first)
    if repeats == 1:
        return Protocol(seed=first)
    return Protocol(name="repeats", repeats=repeats, seed=first)


def goals(given: Sequence[str], recipe: Recipe) -> tuple[str, ...]:
    """Return what is compared; without any given, the accuracy, or the loss where there is none."""
    if given:
        return tuple(dict.fromkeys(given))
    counts_right = recipe.data.targets in ("auto", "classes", "labels")
    return ("validation_accuracy",) if counts_right else ("validation_loss",)


def seconds(option: str, text: str) -> float:
    """Read a time: seconds, minutes and seconds, or hours, minutes and seconds.

    Raises
    ------
    DesignerError
        It is none, or not above 0.
    """
    total = 0.0
    parts = text.split(":")
    try:
        for part in parts:
            total = 60 * total + float(part)
    except ValueError:
        total = 0.0
    if not 0 < total < float("inf") or len(parts) > 3 or "-" in text:
        raise DesignerError(
            f"{option} takes hours, minutes and seconds, as in 1:30:00, or seconds; received "
            f"'{text}'."
        )
    return total


def title_of(design: Design, varied: Sequence[Varied]) -> str:
    """Return what a study is called that was given no title: ``batch of lenet5``."""
    names = [each.name.rpartition(".")[2] for each in varied]
    return f"{' and '.join(names) or 'repeats'} of {design.name}"


def create(
    study: Study, designs: Mapping[str, Design], recipe: Recipe, to: str | None, root: Path
) -> StudyFolder:
    """Write the folder of a new study.

    Parameters
    ----------
    study, designs, recipe
        As in `StudyFolder.create`.
    to
        The new folder; None for one in the folder of studies, named after the title.
    root
        The folder of studies.
    """
    path = default_path(study.title, root) if to is None else Path(to).expanduser().absolute()
    return StudyFolder.create(path, study, designs, recipe)


def size(candidates: int | None, replicates: int) -> str:
    """Return how large a study is, as a sentence."""
    if candidates is None:
        return "The study trains as many candidates as its time allows."
    trainings = wording.counted(candidates * replicates, "training")
    if replicates == 1:
        return f"The study has {trainings}."
    return f"The study has {wording.counted(candidates, 'candidate')} and {trainings}."


def template_lines() -> Iterator[Line]:
    """Yield the templates, each with its question and what it does."""
    for row in templates.TEMPLATES.values():
        yield Line(row.name, Style.HEADING)
        minutes = wording.counted(row.minutes, "minute")
        for text in (row.question, row.help, f"About {minutes} on two cores."):
            for line in textwrap.wrap(text, 74, break_on_hyphens=False):
                yield Line(f"    {line}")


def templates_json() -> str:
    """Return the templates as a JSON array of objects."""
    names = ("name", "title", "question", "help", "minutes")
    rows = [{each: getattr(row, each) for each in names} for row in templates.TEMPLATES.values()]
    return f"{msgspec.json.format(msgspec.json.encode(rows), indent=1).decode()}\n"
