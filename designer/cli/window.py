"""The window, as the command line opens it."""

from collections.abc import Sequence

from designer.errors import DesignerError


def show(designs: Sequence[str] = (), *, demo: bool = False) -> int:
    """Open the window, with designs or with the demo; return the exit code when it is closed.

    Raises
    ------
    DesignerError
        There is no display, or what Qt needs for one is missing.
    """
    from designer.gui.shell import application

    missing = application.display_missing()
    if missing:
        raise DesignerError(missing)
    return application.run(designs, demo=demo)
