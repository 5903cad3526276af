"""The fields that a study may vary: what they are, and their values in a design and a recipe.

A field is a setting of the recipe (``optimizer.learning_rate``), an argument of the design
(``design.width``), or a parameter of a node of the design's own graph, or an argument of a use of
a block there (``design.conv1.kernel_size``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import msgspec

from designer.design import edits
from designer.design.values import BlockNode, Design, LayerNode
from designer.errors import DesignerError
from designer.layers.parameters import (
    Bool,
    Float,
    Int,
    OptionalFloat,
    OptionalInt,
    Parameter,
    ParameterError,
    Text,
)
from designer.layers.parameters import Choice as ChoiceParameter
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, value_of
from designer.recipe.recipe import fields as recipe_fields
from designer.studies.spec import Choice, Range, Study, Variant, Varied

DESIGN = "design."
"""What the names of fields of the design begin with."""
_NOT_VARIED = {
    "data.source": "another data set is another question",
    "data.resampling": "the protocol of the study divides the data",
    "data.fold": "the protocol of the study divides the data",
    "seed": "the protocol of the study repeats each training with several seeds",
}
_MOST_VALUES = 10_000  # that a range has by its step or its number of points
_LOG_RATIO = 50  # ends of a range of numbers whose ratio is larger are varied by equal ratios


@dataclass(frozen=True)
class VariedField:
    """What is known of a field.

    Attributes
    ----------
    name
        As in `spec.Varied.name`.
    title
        For people: "Learning rate", "conv1 out_channels".
    group
        The heading under which it is listed: "Optimizer", "Design", or the node's name.
    kind
        The type of its values: int, float, bool or str; None where values are lists.
    current
        Its value in the design or the recipe.
    choices
        The values of a field that takes a few; empty for others.
    low, high
        The ends of what it takes, None where there is none.
    help
        One sentence.
    unit
        In the plural; "" for none.
    """

    name: str
    title: str
    group: str
    kind: type | None
    current: Choice
    choices: tuple[Choice, ...] = ()
    low: float | None = None
    high: float | None = None
    help: str = ""
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it takes numbers, so that a range may be given."""
        return self.kind in (int, float) and not self.choices

    def suggestion(self) -> Varied:
        """Return how it is varied if nobody says more: all choices, or a range around its value."""
        if self.choices:
            return Varied(name=self.name, values=self.choices)
        if self.kind is bool:
            return Varied(name=self.name, values=(False, True))
        if not self.numeric:
            return Varied(name=self.name, values=(self.current,))
        value = float(self.current) if isinstance(self.current, int | float) else 1.0
        factor = 2.0 if self.kind is int else 10.0
        low, high = (value / factor, value * factor) if value > 0 else (0.0, 1.0)
        low = low if self.low is None else max(low, self.low)
        high = high if self.high is None else min(high, self.high)
        if self.kind is int:
            low, high = math.ceil(low), math.floor(high)
        wide = low > 0 and high / low > _LOG_RATIO
        found = Range(low=low, high=high, whole=self.kind is int, log=wide)
        return Varied(name=self.name, range=found)


def all_fields(design: Design, recipe: Recipe) -> list[VariedField]:
    """Return every field that a study of a design with a recipe may vary."""
    return [*_arguments(design), *_parameters(design), *_settings(recipe)]


def find(name: str, design: Design, recipe: Recipe) -> VariedField:
    """Return a field by its name.

    Raises
    ------
    DesignerError
        There is no such field, or it is not one that varies.
    """
    if name in _NOT_VARIED:
        raise DesignerError(f"A study does not vary {name}: {_NOT_VARIED[name]}.")
    known = {each.name: each for each in all_fields(design, recipe)}
    if name in known:
        return known[name]
    if DESIGN + name in known:
        raise DesignerError(f"There is no setting {name}; did you mean '{DESIGN}{name}'?")
    if close := get_close_matches(name, known, 1):
        raise DesignerError(f"There is no field '{name}'; did you mean '{close[0]}'?")
    raise DesignerError(
        f"There is no field '{name}'; fields of the recipe are listed by: netdesigner recipe, and "
        f"of the design these vary: {', '.join(each for each in known if each.startswith(DESIGN))}."
    )


def _settings(recipe: Recipe) -> list[VariedField]:
    found = []
    for name, field in recipe_fields().items():
        setting = field.setting
        if name in _NOT_VARIED:
            continue
        found.append(
            VariedField(
                name=name,
                title=setting.title,
                group=field.group.title,
                kind=field.kind if field.several is None else None,
                current=value_of(recipe, name),
                choices=tuple(setting.choices or ()) if field.several is None else (),
                low=setting.low,
                high=setting.high,
                help=setting.help,
                unit=setting.unit,
            )
        )
    return found


def _arguments(design: Design) -> list[VariedField]:
    return [
        VariedField(
            name=DESIGN + name,
            title=name,
            group="Design",
            kind=type(each.default),
            current=each.default,
            choices=each.choices,
            low=each.minimum,
            high=each.maximum,
            help=each.help,
        )
        for name, each in design.arguments.items()
    ]


def _parameters(design: Design) -> list[VariedField]:
    """Return the parameters of the nodes of a design's own graph that have plain values."""
    from designer.layers.catalogue import layer_types

    types = layer_types()
    found = []
    for node, use in design.graph.nodes.items():
        if isinstance(use, BlockNode):
            block = design.blocks.get(use.block)
            for name, argument in (block.arguments if block else {}).items():
                value = use.arguments.get(name, argument.default)
                found.append(
                    VariedField(
                        name=f"{DESIGN}{node}.{name}",
                        title=f"{node} {name}",
                        group=node,
                        kind=type(argument.default),
                        current=value,
                        choices=argument.choices,
                        low=argument.minimum,
                        high=argument.maximum,
                        help=argument.help,
                    )
                )
        elif isinstance(use, LayerNode) and use.layer in types:
            for name, parameter in types[use.layer].parameters.items():
                default = None if parameter.required else parameter.default
                current = use.parameters.get(name, default)
                found.append(
                    VariedField(
                        name=f"{DESIGN}{node}.{name}",
                        title=f"{node} {name}",
                        group=node,
                        kind=_kind(parameter),
                        current=current,
                        choices=tuple(getattr(parameter, "choices", ())),
                        low=getattr(parameter, "minimum", None),
                        high=getattr(parameter, "maximum", None),
                        help=parameter.help,
                        unit=parameter.unit,
                    )
                )
    return found


def _kind(parameter: Parameter[Any]) -> type | None:
    """Return the type of the single values that a layer's parameter takes; None for lists."""
    if isinstance(parameter, Int | OptionalInt) or parameter.axes:  # one number for all axes
        return int
    if isinstance(parameter, Float | OptionalFloat):
        return float
    if isinstance(parameter, Bool):
        return bool
    return str if isinstance(parameter, ChoiceParameter | Text) else None


# Values in a design and a recipe


def with_values(
    design: Design, recipe: Recipe, changes: Mapping[str, Choice]
) -> tuple[Design, Recipe]:
    """Return a design and a recipe with values of fields by their names.

    What follows from a value in the window follows here, too: a new optimizer gets its usual
    learning rate unless that is given.

    Raises
    ------
    DesignerError
        A field does not exist or refuses its value.
    """
    settings: dict[str, Any] = {}
    for name, value in changes.items():
        if not name.startswith(DESIGN):
            settings[name] = _as_setting(value)
            continue
        node, dot, parameter = name.removeprefix(DESIGN).partition(".")
        if not dot:
            design = edits.set_argument(design, node, value)
            continue
        use = design.graph.nodes.get(node)
        if use is None:
            raise DesignerError(f"{design.name} has no node '{node}', which {name} names.")
        plain: Any = tuple(value) if isinstance(value, list) else value
        if isinstance(use, BlockNode):
            design = edits.set_block_argument(design, node, parameter, plain)
        else:
            _check_parameter(name, use, parameter, plain)
            design = edits.set_parameter(design, node, parameter, plain)
    return design, changed(recipe, {**settings, **consequences(recipe, settings)})


def _check_parameter(name: str, use: LayerNode, parameter: str, value: Any) -> None:
    """Refuse a value that a layer's parameter does not take."""
    from designer.layers.catalogue import layer_types

    layer = layer_types().get(use.layer)
    if layer is None:  # a layer type of the design's own
        return
    if parameter not in layer.parameters:
        raise DesignerError(f"{use.layer} has no parameter '{parameter}', which {name} names.")
    try:
        layer.parameters[parameter].check(value)
    except ParameterError as error:
        raise DesignerError(f"{name} {error}.") from error


def _as_setting(value: Choice) -> Choice:
    return tuple(_as_setting(each) for each in value) if isinstance(value, list) else value


def changes_of(study: Study, values: Mapping[str, Choice]) -> tuple[str, dict[str, Choice]]:
    """Return the design file and the changes that a candidate's values stand for.

    Returns
    -------
    str
        The name of the design's file in the study's folder; "" for the study's own.
    dict
        Values by the names of fields.

    Raises
    ------
    DesignerError
        There is no variant of that title.
    """
    design, found = "", {}
    for varied in study.varied:
        value = values[varied.name]
        if not varied.variants:
            found[varied.name] = value
            continue
        chosen = next((each for each in varied.variants if each.title == value), None)
        if chosen is None:
            raise DesignerError(f"{varied.name} has no variant {value!r}.")
        design = chosen.design or design
        found.update(chosen.changes)
    return design, found


# Checks


def check(study: Study, designs: Mapping[str, Design], recipe: Recipe) -> None:
    """Refuse a study whose fields do not exist, vary nothing, or refuse one of their values.

    Parameters
    ----------
    study
        The study.
    designs
        Its designs by the names of their files; "" is its own.
    recipe
        The recipe of all its trainings.

    Raises
    ------
    DesignerError
        Names the field and what helps.
    """
    names = [each.name for each in study.varied]
    for name in names:
        if names.count(name) > 1:
            raise DesignerError(f"{name} varies twice: give all its values at once.")
    for varied in study.varied:
        if varied.variants:
            _check_variants(varied, designs, recipe)
            continue
        field = find(varied.name, designs[""], recipe)
        if varied.range is not None:
            check_range(field, varied.range)
            ends: Sequence[Choice] = ends_of(varied.range)
        elif varied.values:
            ends = varied.values
        else:
            raise DesignerError(f"{varied.name} has no values: give some, or a range.")
        _check_once(varied)
        for value in ends:
            with_values(designs[""], recipe, {varied.name: value})


def _check_once(varied: Varied) -> None:
    """Refuse a value that is given twice."""
    known = set()
    for value in varied.values:
        key = msgspec.json.encode(value)
        if key in known:
            raise DesignerError(
                f"{varied.name} has the value {text_of(value)} twice: give each value once."
            )
        known.add(key)


def _check_variants(varied: Varied, designs: Mapping[str, Design], recipe: Recipe) -> None:
    titles = [each.title for each in varied.variants]
    for title in titles:
        if titles.count(title) > 1:
            raise DesignerError(f"{varied.name} has two variants called {title!r}: rename one.")
    for each in varied.variants:
        if each.design not in designs:
            raise DesignerError(f"The study has no design {each.design}, which {each.title} names.")
        with_values(designs[each.design], recipe, each.changes)


def check_range(field: VariedField, given: Range) -> None:
    """Refuse a range that a field does not take; raise DesignerError."""
    if not field.numeric:
        raise DesignerError(f"{field.name} takes no range but single values, separated by commas.")
    check_numbers(field.name, given)
    if field.kind is int and (given.low % 1 or given.high % 1):
        raise DesignerError(f"{field.name} takes whole numbers: give whole ends of its range.")
    if field.kind is int and given.step is not None and given.step % 1:
        raise DesignerError(f"{field.name} takes whole numbers: give a whole step.")


def check_numbers(name: str, given: Range) -> None:
    """Refuse a range that makes no sense, whatever field it is of; raise DesignerError."""
    if not (math.isfinite(given.low) and math.isfinite(given.high) and given.low < given.high):
        raise DesignerError(
            f"The range of {name} goes from {given.low:g} to {given.high:g}: give the lower end "
            "first, then a higher one."
        )
    if given.log and given.low <= 0:
        raise DesignerError(
            f"The range of {name} begins at {given.low:g}, but equal ratios need one above 0: give "
            "another lower end, or leave out log."
        )
    if given.step is not None and not 0 < given.step <= given.high - given.low:
        raise DesignerError(
            f"The step of {name} is {given.step:g}: give one above 0 that fits its range."
        )
    if given.step is not None and given.log:
        raise DesignerError(f"The range of {name} has a step and equal ratios: choose one.")
    if given.points is not None and given.points < 2:
        raise DesignerError(f"A grid takes at least 2 values of {name}.")
    values = (given.high - given.low) / given.step + 1 if given.step else given.points or 0
    if values > _MOST_VALUES:
        raise DesignerError(
            f"A grid would take {values:,.0f} values of {name}: give a range that makes "
            f"{_MOST_VALUES:,} or fewer."
        )


def ends_of(given: Range) -> tuple[Choice, Choice]:
    """Return both ends of a range as values."""
    return (int(given.low), int(given.high)) if given.whole else (given.low, given.high)


def text_of(value: Choice) -> str:
    """Return a value of a field as it is shown in tables: ``0.001``, ``true``, ``none``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value))
    return str(value)


def variants_of_designs(designs: Mapping[str, str], name: str = "network") -> Varied:
    """Return a field whose variants are designs.

    Parameters
    ----------
    designs
        The file names in the study's folder by the titles.
    name
        The name of the field.
    """
    variants = tuple(Variant(title=title, design=file) for title, file in designs.items())
    return Varied(name=name, variants=variants)
