"""The table of the operations that have layers: what makes them of each kind of operation."""

from collections.abc import Callable
from typing import TypeAlias

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.values import Call, UnsupportedError

Handler: TypeAlias = Callable[[Converter, Call], None]
HANDLERS: dict[str, Handler] = {}
"""What each kind of operation becomes; the modules of this package register their functions."""


def handles(*kinds: str) -> Callable[[Handler], Handler]:
    """Register a function for these kinds of operations."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def handle(handler: Handler, c: Converter, call: Call) -> None:
    """Call a handler; arguments of a damaged file are of types that torch refuses."""
    try:
        handler(c, call)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnsupportedError(
            f"arguments that {call.operation.kind} does not take ({error})"
        ) from error
