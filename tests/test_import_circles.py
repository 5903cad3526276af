"""No circle of imports between the files of the package, imports for types included.

Files of a circle can only be understood together. Where two need each other, one of them takes a
narrow ``typing.Protocol`` of the other, or what both need moves to a third file.
"""

import ast
from pathlib import Path

import designer

ROOT = Path(designer.__file__).parent

Graph = dict[str, set[str]]


def imports(root: Path) -> Graph:
    """Return the modules of a package that each of its modules imports, anywhere in its text."""
    files = {}
    for file in root.rglob("*.py"):
        parts = [root.name, *file.relative_to(root).with_suffix("").parts]
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    graph: Graph = {}
    for module, file in files.items():
        found = graph[module] = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for each in node.names:
                    inner = f"{node.module}.{each.name}"
                    found.add(inner if inner in files else node.module)
        graph[module] = (found & files.keys()) - {module}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of modules that reach each other: what is left without its ends."""
    rest = dict(graph)
    while ends := [each for each in rest if not rest[each] & rest.keys()]:
        for each in ends:
            del rest[each]
    reached = {each: _reached(each, rest) for each in rest}
    groups = {frozenset(o for o in rest if o in reached[e] and e in reached[o]) for e in rest}
    return sorted(sorted(group) for group in groups if group)


def _reached(start: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_there_is_no_circle() -> None:
    assert circles(imports(ROOT)) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}, "e": set()}
    assert circles(graph) == [["b", "c"]]


def test_imports_for_types_and_in_functions_count(tmp_path: Path) -> None:
    package = tmp_path / "some"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from some.two import Two\n"
    )
    (package / "two.py").write_text("def two():\n    from some import one\n")
    assert circles(imports(package)) == [["some.one", "some.two"]]
