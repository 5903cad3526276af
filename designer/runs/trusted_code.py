"""Which Python texts of designs the user has read and trusted, by their hash."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from designer import preferences
from designer.design.values import Design, LayerNode
from designer.errors import DesignerError
from designer.layers.own import digest
from designer.storage import save_file, unwritable


def folder() -> Path:
    """Return the folder with a copy of each trusted text, whose name is its hash.

    It lies beside the user's preferences. Removing a file takes the trust back.
    """
    return preferences.path().parent / "trusted_code"


def _file(text: str) -> Path:
    return folder() / f"{digest(text)}.py"


def trusted(texts: Iterable[str]) -> frozenset[str]:
    """Return the hashes of those texts that are trusted."""
    return frozenset([digest(text) for text in texts if _file(text).is_file()])


def trust(texts: Iterable[str]) -> None:
    """Trust these texts, from now on; one that differs by a character is another text.

    Raises
    ------
    DesignerError
        The settings cannot be written.
    """
    for text in texts:
        path = _file(text)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(path, text.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise unwritable(path, error) from error


def distrust(texts: Iterable[str]) -> None:
    """Take the trust in these texts back."""
    for text in texts:
        with suppress(OSError):
            _file(text).unlink()


def used_code(design: Design) -> Mapping[str, str]:
    """Return those texts of a design that one of its nodes uses, by class."""
    if not design.code:
        return {}
    graphs = [design.graph, *(block.graph for block in design.blocks.values())]
    layers = {
        node.layer
        for graph in graphs
        for node in graph.nodes.values()
        if isinstance(node, LayerNode)
    }
    return {name: text for name, text in design.code.items() if name in layers}


def untrusted(design: Design) -> list[str]:
    """Return the classes of a design whose code is not trusted."""
    code = used_code(design)
    known = trusted(code.values())
    return [name for name, text in code.items() if digest(text) not in known]


def require(design: Design) -> None:
    """Refuse a design with code that is not trusted.

    Raises
    ------
    DesignerError
        The sentence says what to do.
    """
    if names := untrusted(design):
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        raise DesignerError(
            f"{design.name} has Python code of its own ({listed}), which you have not trusted, so "
            "it is not run: read it in the window or in the design file, then trust it there or "
            "add --trust-code."
        )
