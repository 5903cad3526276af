"""Rows of a form: what a field shows, which values it takes, and the edit that a value makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.block_uses import MAX_REPEAT
from designer.design.edits import Edit
from designer.design.expressions import ExpressionError, Scalar, evaluate, names, parse
from designer.design.rewriting import NUMBER, SIZES
from designer.design.values import BlockNode, Design, Value
from designer.gui.documents import graph_paths, labels
from designer.gui.forms.field_types import FieldType, has_expression
from designer.layers.catalogue import computed
from designer.layers.parameters import ParameterError


class Sentinel:
    """A value that is none: several nodes differ, or a default that there is not."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


VARIOUS: Final = Sentinel("various")
ABSENT: Final = Sentinel("absent")
UNKNOWN: Final = "known with an input"


class Scope(NamedTuple):
    """The names that expressions may read: those with a value, and those without one now."""

    values: Mapping[str, Scalar]
    unknown: frozenset[str] = frozenset()


class Verdict(NamedTuple):
    """What is known of a text: the value it means, what that comes to, or what is wrong."""

    value: Value = None
    shown: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Row:
    """One field of a form.

    Attributes
    ----------
    key
        Its name within the form, stable while the same thing is shown.
    value
        What it holds; `VARIOUS` where several nodes differ.
    change
        Returns the edit that puts a value there.
    step
        The edit's name in the history.
    default
        What it is unless set, `ABSENT` if it has to be set.
    reset
        The edit back to the default.
    scopes
        For each place where the value counts, the names that it may read.
    refusal
        Says in a sentence why a value cannot be taken although its kind allows it.
    live
        Whether the edit is made while typing; names are taken at the end only.
    select
        Returns the paths to be selected after the edit.
    inner
        Whether it belongs to the row above.
    empty
        What an empty field shows.
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
    scopes: Sequence[Scope] = ()
    refusal: Callable[[Value], str | None] = lambda _: None
    live: bool = True
    select: Callable[[Value], Sequence[str]] | None = None
    inner: bool = False
    empty: str = labels.NOTHING

    @property
    def signature(self) -> tuple[object, ...]:
        """What decides which widgets show it."""
        return self.key, self.label, self.field_type.signature, self.inner

    @property
    def text(self) -> str:
        """The text that the field shows."""
        return "" if isinstance(self.value, Sentinel) else self.field_type.write(self.value)

    @property
    def differs(self) -> bool:
        """Whether it is set to something else than its default."""
        if self.default is ABSENT or self.value is VARIOUS:
            return False
        try:
            return bool(self.field_type.check(self.value) != self.default)
        except ParameterError:
            return True

    def judge(self, text: str) -> Verdict:
        """Return what a text means here."""
        try:
            value = self.field_type.read(self._without_unit(text))
        except ParameterError as error:
            return Verdict(wrong=self._sentence(error))
        return self.judge_value(value)

    def judge_value(self, value: Value) -> Verdict:
        """Return what a value comes to here, or what is wrong with it."""
        if not has_expression(value):
            try:
                self.field_type.check(value)
            except ParameterError as error:
                return Verdict(wrong=self._sentence(error))
            return Verdict(value, wrong=self.refusal(value) or "")
        found: list[Value] = []
        for scope in self.scopes or (Scope({}),):
            if scope.unknown & _names(value):
                return Verdict(value, UNKNOWN)
            try:
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
        """Take off the unit behind a number: 64 channels, 3 px."""
        words = (self.unit, self.unit.removesuffix("s"), "px") if self.unit else ()
        number, _, unit = text.rstrip().rpartition(" ")
        return number if unit in words and "=" not in text else text

    def _sentence(self, error: Exception) -> str:
        return f"{self.label} {error}."


@dataclass(frozen=True)
class Section:
    """Rows under a heading, with buttons beneath: words, name for tests, tooltip, what it does."""

    heading: str = ""
    rows: Sequence[Row] = ()
    buttons: Sequence["Button"] = field(default=())

    @property
    def signature(self) -> tuple[object, ...]:
        """What decides which widgets show it."""
        return (
            self.heading,
            tuple(row.signature for row in self.rows),
            tuple((each.key, each.text, each.after) for each in self.buttons),
        )


@dataclass(frozen=True)
class Button:
    """A button in a form; `after` is the key of the row in whose line it stands, if any."""

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
    """Write the values of all repetitions: one if equal, 2 then 1, or the first three."""
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
    """Return the names that the arguments of a block's use may read, for each repetition."""
    scope = scope_at(analysis, graph_paths.parent(path))
    return [
        Scope({**scope.values, NUMBER: number}, scope.unknown)
        for number in range(repetitions(node, scope))
    ]


def repetitions(node: BlockNode, scope: Scope) -> int:
    """Return how often a block runs in a row, at least 1."""
    times = node.repeat
    if isinstance(times, str):
        try:
            times = evaluate(parse(times), scope.values)
        except ExpressionError:
            times = 1
    return min(max(times, 1), MAX_REPEAT) if type(times) is int else 1


def in_turn(changes: Sequence[Edit]) -> Edit:
    """Return the edit that makes several edits one after the other."""

    def edit(design: Design) -> Design:
        for change in changes:
            design = change(design)
        return design

    return edit


def quoted(value: Value) -> str:
    """Write a value for the name of a step or a sentence."""
    return labels.short(value)
