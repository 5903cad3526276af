"""Rows of a form as data: the value shown, the values accepted, the edit made by a new value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.block_uses import MAX_REPEAT
from designer.design.edits import Edit
from designer.design.expressions import ExpressionError, Scalar, evaluate, names
from designer.design.parsing import parse
from designer.design.rewriting import NUMBER, SIZES
from designer.design.values import BlockNode, Design, Value
from designer.gui.documents import graph_paths, labels
from designer.gui.forms.field_types import FieldType, has_expression
from designer.layers.catalogue import computed
from designer.layers.parameters import ParameterError


class Sentinel:
    """Stands where there is no value: the selected nodes differ, or there is no default."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


VARIOUS: Final = Sentinel("various")
ABSENT: Final = Sentinel("absent")
UNKNOWN: Final = "needs an input"


class Scope(NamedTuple):
    """The names that expressions may read.

    Attributes
    ----------
    values
        The values of those that are known.
    unknown
        Those whose value depends on an input that is not connected.
    """

    values: Mapping[str, Scalar]
    unknown: frozenset[str] = frozenset()


class Verdict(NamedTuple):
    """The result of checking a text or value of a row.

    Attributes
    ----------
    value
        The parsed value; an expression as its text.
    shown
        What an expression evaluates to, as text; "" for other values.
    wrong
        A sentence on why the value is refused; "" if it is accepted.
    """

    value: Value = None
    shown: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Row:
    """One field of a form.

    Attributes
    ----------
    key
        Identifies the row within its form while the same thing is shown.
    label
        The text beside the field.
    field_type
        How the value is parsed and written, and which widget shows it.
    value
        The current value; `VARIOUS` if the selected nodes differ.
    change
        Returns the edit that sets a value.
    step
        The edit's name in the history.
    help
        A sentence that explains the row.
    unit
        The unit of the value, such as "channels"; "" for none.
    default
        The value if none is set; `ABSENT` if one must be set.
    reset
        The edit that restores the default; None if that is not possible.
    reset_step
        Its name in the history; needed with `reset`.
    scopes
        The names that an expression may read, once for each node or repetition that the value
        applies to.
    refusal
        Returns a sentence if a value of the right type cannot be accepted, else None.
    live
        Whether each keystroke is an edit. Names are set when the field is left.
    select
        Returns the paths of the nodes to select after the edit.
    inner
        Whether the row is indented because it belongs to the row above.
    empty
        The placeholder of an empty field.
    """

    key: str
    label: str
    field_type: FieldType
    value: Value | Sentinel
    change: Callable[[Value], Edit]
    step: str
    help: str = ""
    unit: str = ""
    default: Any = ABSENT
    reset: Edit | None = None
    reset_step: str = ""
    scopes: Sequence[Scope] = ()
    refusal: Callable[[Value], str | None] = lambda _: None
    live: bool = True
    select: Callable[[Value], Sequence[str]] | None = None
    inner: bool = False
    empty: str = labels.NOTHING

    @property
    def signature(self) -> tuple[object, ...]:
        """The attributes that decide which widgets are used."""
        return self.key, self.label, self.field_type.signature, self.inner

    @property
    def text(self) -> str:
        """The value as text, "" if there is none."""
        return "" if isinstance(self.value, Sentinel) else self.field_type.write(self.value)

    @property
    def differs(self) -> bool:
        """Whether the value is not the default."""
        if self.default is ABSENT or isinstance(self.value, Sentinel):
            return False
        try:
            return bool(self.field_type.check(self.value) != self.default)
        except ParameterError:
            return True

    def judge(self, text: str) -> Verdict:
        """Parse and check a text."""
        try:
            value = self.field_type.read(self._without_unit(text))
        except ParameterError as error:
            return Verdict(wrong=self._sentence(error))
        return self.judge_value(value)

    def judge_value(self, value: Value) -> Verdict:
        """Check a value; an expression is evaluated in each of the row's scopes."""
        if not has_expression(value):
            try:
                self.field_type.check(value)
            except ParameterError as error:
                return Verdict(wrong=self._sentence(error))
            return Verdict(value, wrong=self.refusal(value) or "")
        found: list[Value] = []
        for scope in self.scopes or (Scope({}),):
            try:
                if scope.unknown & _names(value):
                    return Verdict(value, UNKNOWN)
                result = computed(value, scope.values)
                self.field_type.check(result)
            except ExpressionError as error:
                return Verdict(value, wrong=f"{self.label}: {error}.")
            except ParameterError as error:
                wrong = f"{self._sentence(error)[:-1]} from '{self.field_type.write(value)}'."
                return Verdict(value, wrong=wrong)
            found.append(result)
        return Verdict(value, _runs([self.field_type.write(each) for each in found]))

    def _without_unit(self, text: str) -> str:
        """Remove a unit after the number: "64 channels" becomes "64"."""
        words = (self.unit, self.unit.removesuffix("s"), "px") if self.unit else ()
        number, _, unit = text.rstrip().rpartition(" ")
        return number if unit in words and "=" not in text else text

    def _sentence(self, error: Exception) -> str:
        return f"{self.label} {error}."


@dataclass(frozen=True)
class Section:
    """Rows under a heading, and buttons."""

    heading: str = ""
    rows: Sequence[Row] = ()
    buttons: Sequence["Button"] = field(default=())

    @property
    def signature(self) -> tuple[object, ...]:
        """The attributes that decide which widgets are used."""
        return (
            self.heading,
            tuple(row.signature for row in self.rows),
            tuple((each.key, each.text, each.after) for each in self.buttons),
        )


@dataclass(frozen=True)
class Button:
    """A button in a form.

    Attributes
    ----------
    key
        The widget's object name.
    text
        The text on the button; "" for a small button with an icon only.
    help
        The tooltip.
    run
        What a click does.
    after
        The key of the row that the button belongs to: a button with text stands below it, one
        without text beside it. "" puts the button below all rows.
    icon
        The name of the icon, "" for none.
    """

    key: str
    text: str
    help: str
    run: Callable[[], object]
    after: str = ""
    icon: str = ""


def _names(value: Value) -> frozenset[str]:
    if isinstance(value, tuple):
        return frozenset().union(*map(_names, value))
    return names(parse(value)) if isinstance(value, str) and value.startswith("=") else frozenset()


def _runs(texts: Sequence[str]) -> str:
    """Write the values of all repetitions: 2; 2, then 1; or the first three."""
    runs = [text for number, text in enumerate(texts) if number == 0 or texts[number - 1] != text]
    if len(runs) <= 2:
        return ", then ".join(runs)
    return f"{', '.join(texts[:3])}, …" if len(texts) > 3 else ", ".join(texts)


def scope_at(analysis: Analysis, path: str) -> Scope:
    """Return the names that expressions in the graph at a path may read."""
    if not path:
        return Scope(analysis.top.scope)
    result = analysis.node(path)
    inside = result.inside if result is not None else None
    if inside is not None and "0" in inside.nodes and not path.rpartition(".")[2].isdecimal():
        inside = inside.nodes["0"].inside
    if inside is not None:
        return Scope(inside.scope)
    block = graph_paths.block_at(analysis.design, path)
    used = analysis.design.blocks.get(block or "")
    values = {name: each.default for name, each in used.arguments.items()} if used else {}
    return Scope(values, frozenset(SIZES))


def scopes_of_use(analysis: Analysis, path: str, node: BlockNode) -> list[Scope]:
    """Return the names that the arguments of a block node may read, for each repetition."""
    scope = scope_at(analysis, graph_paths.parent(path))
    return [
        Scope({**scope.values, NUMBER: number}, scope.unknown)
        for number in range(repetitions(node, scope))
    ]


def repetitions(node: BlockNode, scope: Scope) -> int:
    """Return how many times a block is repeated, at least 1; 1 if that is not known."""
    times = node.repeat
    if isinstance(times, str):
        try:
            times = evaluate(parse(times), scope.values)
        except ExpressionError:
            times = 1
    return min(max(times, 1), MAX_REPEAT) if type(times) is int else 1


def in_turn(changes: Sequence[Edit]) -> Edit:
    """Return one edit that makes several edits one after the other."""

    def edit(design: Design) -> Design:
        for change in changes:
            design = change(design)
        return design

    return edit
