"""What a setting of a recipe is: its title, help, unit and range.

Form, command line and checks derive from it. Settings and the rows of the tables are msgspec's
structs, since the program imports them at its start: 2.4 ms, against 20 ms with dataclasses.
"""

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Protocol

import msgspec

from designer.errors import DesignerError

LARGEST = 10**9
"""Upper bound of every number without one of its own: beyond all trainings, below any overflow."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting, as the window, the command line and the checks need it.

    It stands in the annotation of its field: ``epochs: Annotated[int, Setting(...)] = 10``.

    Attributes
    ----------
    title
        Label of the row in the window's form.
    help
        One sentence that says what the setting does.
    unit
        Unit of the number, in the plural: "epochs".
    low, high
        Smallest and largest value of a number, or of each number of several.
    open_low, open_high
        Whether the bound itself is excluded.
    choices
        Titles by the names that a text setting, or each text of several, accepts; empty for numbers
        and free text.
    reason
        Why the default is what it is.
    formula
        What the setting does as a formula in plain text, such as "w ← w - η · (g + λ · w)"; empty
        where the help says it all.
    source
        The paper that the setting comes from: "Krogh and Hertz, 1992: A simple weight decay can
        improve generalization".
    empty
        What no value means, for a setting that may be left empty: "all". No value is None, a text
        without characters, or a list without values.
    form
        Part of the window's form: "essential", "more", or "elsewhere" for a setting that has an
        editor of its own.
    used_when
        Another setting of the group by its own name, and its choices with which this one has an
        effect: ``("resampling", ("folds",))``; None for a setting that no other one decides on.
    """

    title: str
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    choices: Mapping[str, str] | None = None
    reason: str = ""
    formula: str = ""
    source: str = ""
    empty: str = ""
    form: typing.Literal["essential", "more", "elsewhere"] = "more"
    used_when: tuple[str, tuple[str, ...]] | None = None

    def chosen(self, value: Any) -> str:
        """Return the titles of the choices that a value names; "" for a setting without choices."""
        if self.choices is None:
            return ""
        names = value if isinstance(value, tuple) else (value,)
        return ", ".join(self.choices.get(name, str(name)) for name in names)

    def check(self, name: str, value: Any) -> None:
        """Refuse a value outside the range or the choices.

        Parameters
        ----------
        name
            Dotted name of the setting, which begins the sentence.
        value
            A number, several, a text, or None, which is never refused. NaN always is.

        Raises
        ------
        DesignerError
            Names the setting, the value and what fits.
        """
        if isinstance(value, tuple):
            for part in value:
                self.check(name, part)
        elif self.choices is not None:
            if value not in self.choices:
                allowed = ", ".join(self.choices)
                raise DesignerError(f"{name} takes one of {allowed}; received {value!r}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._check_range(name, value)

    def _check_range(self, name: str, value: float) -> None:
        low = -LARGEST if self.low is None else self.low
        high = LARGEST if self.high is None else self.high
        above = value > low if self.open_low else value >= low
        below = value < high if self.open_high else value <= high
        if above and below:
            return
        bounds = []
        if self.low is not None or not above:
            bounds.append(f"{'above' if self.open_low else 'at least'} {low:,}")
        if self.high is not None or not below:
            bounds.append(f"{'below' if self.open_high else 'at most'} {high:,}")
        raise DesignerError(f"{name} is {value:,} but must be {' and '.join(bounds)}.")


class Kind(Protocol):
    """What all rows of the tables have: a name, a title, and the settings that the kind uses.

    A row may also have ``help``, one sentence, ``formula``, in plain text, and ``source``, the
    paper, as in `Setting`. The window's form shows what is there.
    """

    @property
    def name(self) -> str:
        """The name in a recipe."""
        ...

    @property
    def title(self) -> str:
        """The name for people."""
        ...

    @property
    def settings(self) -> Iterable[str]:
        """The settings of its group that it uses."""
        ...


def titles(kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Return the titles of a table's rows by their names: the choices of a setting."""
    return {name: kind.title for name, kind in kinds.items()}


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that belong together; each value is checked when an instance is made.

    Raises
    ------
    DesignerError
        A value is out of its range, or not among its choices.
    """

    prefix: ClassVar[str] = ""  # of the dotted names: "optimizer."
    title: ClassVar[str] = ""  # the heading above its settings in the window's form
    kinds: ClassVar[Mapping[str, Kind]] = {}  # the rows of its table, if it has one
    chooser: ClassVar[str] = "name"  # the setting that chooses among them

    def __post_init__(self) -> None:
        for name, annotation in annotations(type(self)).items():
            if annotation.setting is not None:
                annotation.setting.check(self.prefix + name, getattr(self, name))


class Annotation(msgspec.Struct, frozen=True):
    """The types that a field may have, and its setting; a field that is a group has none."""

    types: tuple[Any, ...]
    setting: Setting | None


@cache  # one entry for each class of settings
def annotations(group: type[Group]) -> dict[str, Annotation]:
    """Return the annotations of a group's fields, in their order."""
    found = {}
    for name in group.__struct_fields__:
        setting = None
        hint: Any = group.__annotations__[name]  # which are objects here, not strings
        if typing.get_origin(hint) is typing.Annotated:
            hint, setting = typing.get_args(hint)[:2]
        kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        found[name] = Annotation(kinds, setting)
    return found


class Field(msgspec.Struct, frozen=True):
    """A setting of the recipe by its dotted name.

    Attributes
    ----------
    name
        "optimizer.momentum", or "epochs" for a setting that belongs to no group.
    setting
        Title, help, unit and range.
    kind
        The type of its values: int, float, bool, str, ``tuple[float, float]``, or
        ``tuple[float, ...]`` and ``tuple[str, ...]`` for any number of values, or
        ``tuple[tuple[float, ...], ...]`` for rows of numbers.
    optional
        Whether None is a value.
    group
        The class of the group.
    """

    name: str
    setting: Setting
    kind: Any
    optional: bool
    group: type[Group]

    @property
    def own_name(self) -> str:
        """The name within the group."""
        return self.name.rpartition(".")[2]

    @property
    def several(self) -> type | None:
        """The type of each value of a setting that takes several, None if it takes one."""
        if typing.get_origin(self.kind) is not tuple:
            return None
        part: type = typing.get_args(self.kind)[0]
        return part

    @property
    def is_table(self) -> bool:
        """Whether its value are rows of numbers."""
        return self.several is not None and typing.get_origin(self.several) is tuple

    @property
    def count(self) -> int | None:
        """How many values a setting takes, None for any number."""
        if self.several is None:
            return 1
        parts = typing.get_args(self.kind)
        return None if parts[-1] is Ellipsis else len(parts)

    def used_with(self, choice: str) -> bool:
        """Return whether a row of the group's table uses it; what no row lists is always used."""
        own, kinds = self.own_name, self.group.kinds
        return own in kinds[choice].settings or all(
            own not in row.settings for row in kinds.values()
        )


def fields_of(group: type[Group]) -> Iterator[Field]:
    """Yield the settings of a group and of the groups in it, in the order of their definition."""
    for name, annotation in annotations(group).items():
        kind = next(each for each in annotation.types if each is not type(None))
        if annotation.setting is not None:
            optional = type(None) in annotation.types
            yield Field(group.prefix + name, annotation.setting, kind, optional, group)
        else:
            yield from fields_of(kind)
