"""Reading the Python text of a layer type without running it, from its syntax tree."""

import ast
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from designer.design.identifiers import is_identifier
from designer.layers.parameters import REQUIRED, Bool, Choice, Float, Int, Parameter, Text

LONGEST_TEXT = 100_000
"""Characters of the text of one class, with its imports and helpers."""
MOST_INPUTS = 256
"""Inputs of a class whose ``forward`` takes any number."""
MOST_NESTED = 100
"""Levels of the syntax tree of a text. Deeper trees exceed Python's limit of recursion."""

FILLED = ("in_channels", "in_features")
"""Names of leading constructor arguments that are filled with a size of the first input."""

# Fields of a node in a design file, which parameters stand beside.
_NODE_FIELDS = frozenset(("layer", "block", "with", "repeat", "when", "at", "shares"))
_NODE_FIELDS |= {"lr_scale", "learning_rate"}

# What the generated file, and so the text of a class, may use without importing it.
_PROVIDED = {
    "math": "math",
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
}
_GENERATED_FUNCTIONS = frozenset(("make_divisible",))


class Fault(NamedTuple):
    """What is wrong with the text of a class: a line, counted from 1, and a sentence."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line} of its code: {self.message}"


class FaultError(Exception):
    """Raised while a text is read."""

    def __init__(self, node: ast.AST | int, message: str) -> None:
        super().__init__(message)
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        self.fault = Fault(line, message)


def classes(text: str) -> list[str]:
    """Return the names of the modules in a Python text that can be taken as layers of a design.

    Raises
    ------
    FaultError
        The text is no Python.
    """
    found = PythonText(text)
    return [name for name in found.classes if found.is_module(name)]


def extract(text: str, name: str) -> str:
    """Return the part of a Python text that a class needs: imports, helpers, and the class itself.

    Raises
    ------
    FaultError
        The text is no Python, or has no such class.
    """
    found = PythonText(text)
    if name not in found.classes:
        raise FaultError(1, f"there is no class {name}")
    needed: set[str] = set()
    waiting, used = [name], set()
    while waiting:
        each = waiting.pop()
        if each in needed:
            continue
        needed.add(each)
        names = _names(found.definitions[each])
        used |= names
        waiting += names & found.definitions.keys()
    lines = [line for line, bound in found.import_lines if bound & used]
    parts = ["\n".join(lines)] if lines else []
    statements = {id(found.definitions[each]): found.definitions[each] for each in needed}
    in_order = sorted(statements.values(), key=lambda each: each.lineno)
    parts += map(found.segment, in_order)
    return "\n\n\n".join(parts) + "\n"


def _names(node: ast.AST) -> set[str]:
    """Return the names that a statement reads or binds."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as Python counts them: other signs than these end no line."""
    return re.split(r"\r\n|\r|\n", text)


# Control signs, and those that change the direction of writing or have no width.
_UNSEEN = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs"))
# Letters and marks that are drawn as nothing, which names may have: joiners, fillers, selectors.
_UNSEEN_LETTERS = frozenset(
    chr(each)
    for each in (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)


def parsed(text: str) -> ast.Module:
    """Return the syntax tree of a text.

    Raises
    ------
    FaultError
        It is no Python.
    """
    for number, line in enumerate(lines_of(text), 1):
        for sign in line:
            if sign in _UNSEEN_LETTERS or (sign != "\t" and unicodedata.category(sign) in _UNSEEN):
                raise FaultError(
                    number,
                    f"the sign U+{ord(sign):04X} cannot be seen, so that the code may look other "
                    "than it is; remove it",
                )
    if len(text) > LONGEST_TEXT:
        raise FaultError(
            1, f"it has {len(text):,} characters, and at most {LONGEST_TEXT:,} are read; shorten it"
        )
    try:
        with warnings.catch_warnings():  # of odd escapes in strings
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise FaultError(
            error.lineno or 1, f"this is no Python ({error.msg}); correct it"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise FaultError(1, f"this is no Python ({error}); correct it") from None
    _check_nesting(tree)
    return tree


def _check_nesting(tree: ast.AST) -> None:
    """Refuse a tree that is too deep for the functions that read it.

    Raises
    ------
    FaultError
        It is.
    """
    line, level = 1, [(tree, 1)]
    for _ in range(MOST_NESTED):
        level = [
            (child, getattr(child, "lineno", number))
            for node, number in level
            for child in ast.iter_child_nodes(node)
        ]
        if not level:
            return
        line = level[0][1]
    raise FaultError(
        line, f"this is nested more than {MOST_NESTED} levels deep; divide it into several parts"
    )


class PythonText:
    """A text, divided into its imports and definitions.

    Attributes
    ----------
    imports
        The lines of its imports.
    definitions
        The functions, classes and constants, by name.
    classes
        The classes among them.
    bindings
        What each name means, and the line that says so.
    """

    def __init__(self, text: str) -> None:
        self.lines = lines_of(text)
        self.tree = parsed(text)
        self.definitions: dict[str, ast.stmt] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.bindings: dict[str, tuple[str, int]] = {}
        self.import_lines: list[tuple[str, set[str]]] = []
        self.others: list[ast.stmt] = []
        self.again: dict[str, ast.stmt] = {}  # definitions of a name that had a meaning before
        for statement in self.tree.body:
            self._add(statement)

    def _add(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    meaning = alias.name if alias.asname else bound
                    self.bindings[bound] = meaning, statement.lineno
                    self.import_lines.append((ast.unparse(ast.Import([alias])), {bound}))
            case ast.ImportFrom(names=names, module=module, level=level):
                bound_names = {alias.asname or alias.name for alias in names}
                for alias in names:
                    meaning = f"{'.' * level}{module or ''}.{alias.name}"
                    self.bindings[alias.asname or alias.name] = meaning, statement.lineno
                self.import_lines.append((ast.unparse(statement), bound_names))
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define(statement.name, statement)
                if isinstance(statement, ast.ClassDef):
                    self.classes[statement.name] = statement
            case ast.Assign(targets=targets) if all(isinstance(each, ast.Name) for each in targets):
                for each in targets:
                    assert isinstance(each, ast.Name)
                    self._define(each.id, statement)
            case ast.AnnAssign(target=ast.Name(id=name)):
                self._define(name, statement)
            case ast.Expr(value=ast.Constant(value=str())):
                pass  # a docstring
            case _:
                self.others.append(statement)

    def _define(self, name: str, statement: ast.stmt) -> None:
        if name in self.bindings:
            self.again.setdefault(name, statement)
        self.definitions[name] = statement
        self.bindings[name] = ast.dump(statement), statement.lineno

    @property
    def imports(self) -> list[str]:
        """The lines of its imports."""
        return [line for line, _ in self.import_lines]

    @property
    def source(self) -> str:
        """The text without its imports."""
        statements = {id(each): each for each in self.definitions.values()}
        return "\n\n\n".join(map(self.segment, statements.values()))

    def segment(self, statement: ast.stmt) -> str:
        """Return the lines of a statement, with its decorators."""
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(each.lineno for each in decorators)])
        assert statement.end_lineno is not None
        return "\n".join(line.rstrip() for line in self.lines[first - 1 : statement.end_lineno])

    def check(self) -> None:
        """Refuse what cannot stand in a generated file.

        Raises
        ------
        FaultError
            There is such a statement.
        """
        for statement in self.others:
            raise FaultError(
                statement,
                "beside imports, functions, classes and constants nothing may stand outside of a "
                "class; move it into one",
            )
        for name, statement in self.again.items():
            raise FaultError(
                statement, f"'{name}' is defined a second time; give one of both another name"
            )
        for line, bound in self.import_lines:
            if "*" in bound or line.startswith("from ."):
                number = self.bindings[next(iter(bound))][1]
                raise FaultError(number, f"'{line}' does not say what it imports; name it")
        for name, (meaning, line_number) in self.bindings.items():
            if name in _GENERATED_FUNCTIONS or _PROVIDED.get(name, meaning) != meaning:
                raise FaultError(
                    line_number,
                    f"'{name}' has a meaning of its own in generated code; choose another name",
                )

    def packages(self) -> tuple[str, ...]:
        """Return the packages that it imports anywhere, beyond torch and the standard library."""
        found: dict[str, None] = {}
        for node in ast.walk(self.tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            for name in names:
                top = name.partition(".")[0]
                if top != "torch" and top not in sys.stdlib_module_names:
                    found[top or "."] = None
        return tuple(found)

    def bases(self, name: str) -> Iterator[ast.ClassDef]:
        """Yield a class and the classes of the text that it derives from, itself first."""
        seen, waiting = set(), [name]
        while waiting:
            each = waiting.pop(0)
            if each in self.classes and each not in seen:
                seen.add(each)
                yield self.classes[each]
                waiting += [ast.unparse(base) for base in self.classes[each].bases]

    def is_module(self, name: str) -> bool:
        """Tell whether a class derives from a class of torch.nn, or from one that is imported."""
        known = set(self.classes)
        return any(
            ast.unparse(base) not in known and ast.unparse(base) != "object"
            for each in self.bases(name)
            for base in each.bases
        )


class ClassText:
    """The class of a text that becomes a layer type."""

    def __init__(self, text: PythonText, name: str) -> None:
        if name not in text.classes:
            has = ", ".join(text.classes) or "none"
            raise FaultError(1, f"there is no class {name}; the code has {has}")
        self.name = name
        self.text = text
        self.node = text.classes[name]
        if not text.is_module(name):
            raise FaultError(self.node, f"{name} is no torch module; derive it from nn.Module")
        self.doc = ast.get_docstring(self.node) or ""

    def _method(self, name: str) -> ast.FunctionDef | None:
        for each in self.text.bases(self.name):
            for statement in each.body:
                if isinstance(statement, ast.FunctionDef) and statement.name == name:
                    return statement
        return None

    def inputs(self) -> tuple[int, int]:
        """Return the smallest and largest number of inputs, from the arguments of forward."""
        method = self._method("forward")
        if method is None:
            raise FaultError(self.node, f"{self.name} has no method forward; write one")
        arguments = method.args
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is None:
                raise FaultError(
                    each, f"forward needs {each.arg} by name; inputs are given by position"
                )
        names = _after_self(arguments)
        least = sum(default is None for _, default in names)
        most = MOST_INPUTS if arguments.vararg else len(names)
        if most == 0:
            raise FaultError(method, "forward takes no tensor; give it an argument for its input")
        return max(1, least), most

    def parameters(self) -> tuple[tuple[str, ...], dict[str, Parameter[Any]], tuple[str, ...]]:
        """Return what the constructor takes.

        Returns
        -------
        tuple
            The leading arguments that follow from the first input, the parameters, and those of
            them that are given by position, since they have no default.
        """
        method = self._method("__init__")
        if method is None:
            direct = [
                ast.unparse(base) for each in self.text.bases(self.name) for base in each.bases
            ]
            unknown = [
                base
                for base in direct
                if base not in self.text.classes
                and base not in ("nn.Module", "torch.nn.Module", "Module")
            ]
            if unknown:
                raise FaultError(
                    self.node,
                    f"{self.name} has no __init__, and the arguments of {unknown[0]} are not known "
                    "here; write one with an int, float, bool, str or Literal for each argument",
                )
            return (), {}, ()
        arguments = method.args
        if arguments.vararg or arguments.kwarg:
            raise FaultError(
                method, "__init__ takes any arguments; list each of them with its type"
            )
        listed = _after_self(arguments)
        filled: list[str] = []
        for each, _ in listed:
            if each.arg not in FILLED:
                break
            filled.append(each.arg)
        found: dict[str, Parameter[Any]] = {}
        positional: list[str] = []
        for argument, default in listed[len(filled) :]:
            found[argument.arg] = _parameter(argument, default)
            if default is None:
                positional.append(argument.arg)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            found[argument.arg] = _parameter(argument, default)
        return tuple(filled), found, tuple(positional)


def _after_self(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    """Return the arguments of a method that are given by position, with their defaults."""
    every = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(every) - len(arguments.defaults))
    return list(zip(every, [*defaults, *arguments.defaults], strict=True))[1:]


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter[Any]:
    """Return the parameter of a constructor argument."""
    name = argument.arg
    if name in _NODE_FIELDS or not is_identifier(name):
        raise FaultError(
            argument, f"an argument cannot be called '{name}' in a design; choose another name"
        )
    value: Any = REQUIRED
    if default is not None:
        try:
            value = ast.literal_eval(default)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            raise FaultError(
                default, f"the default of {name} must be a number, text, True or False"
            ) from None
    made = _of_type(argument, value)
    made.name = name
    if default is not None:
        try:
            made.default = made.check(value)
        except ValueError as error:
            raise FaultError(default, f"the default does not fit: {name} {error}") from None
    return made


def _of_type(argument: ast.arg, default: Any) -> Parameter[Any]:
    name, annotation = argument.arg, argument.annotation
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            tree = ast.parse(annotation.value, mode="eval")
            _check_nesting(tree)
            annotation = tree.body
        except (SyntaxError, ValueError, RecursionError, MemoryError, FaultError):
            annotation = None
    written = ast.unparse(annotation) if annotation is not None else ""
    about = f"The argument {name} of the constructor."
    match written:
        case "int":
            whole = Int(default, minimum=-(10**9), help=about)
            whole.expects = "a whole number"
            return whole
        case "float":
            number = Float(default, minimum=-1e9, maximum=1e9, help=about)
            number.expects = "a number"
            return number
        case "bool":
            return Bool(default, help=about)
        case "str":
            return Text(default, help=about)
    if isinstance(annotation, ast.Subscript) and written.partition("[")[0].endswith("Literal"):
        chosen = annotation.slice
        every = chosen.elts if isinstance(chosen, ast.Tuple) else [chosen]
        words = [each.value for each in every if isinstance(each, ast.Constant)]
        if len(words) == len(every) and words and all(isinstance(each, str) for each in words):
            return Choice(default, choices=tuple(map(str, words)), help=about)
        raise FaultError(argument, f"the choices of {name} must be texts, as in Literal['a', 'b']")
    if not written:
        raise FaultError(argument, f"{name} has no type; write {name}: int, float, bool or str")
    raise FaultError(
        argument,
        f"{name} is a {written[:60]}; arguments are an int, float, bool, str or Literal of texts",
    )
