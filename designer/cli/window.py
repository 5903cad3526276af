"""Opening the window from the command line."""

from collections.abc import Sequence

from designer.errors import DesignerError


def show(designs: Sequence[str] = (), *, demo: bool = False) -> int:
    """Open the window, with designs or with the demo; return its exit code when it is closed.

    Raises
    ------
    DesignerError
        There is no such preset or file, there is no display, or a system library that Qt needs
        for it is missing.
    """
    if designs:
        from designer import presets
        from designer.readers import sources

        for design in designs:
            if not sources.is_name(design):
                presets.locate(design)
    from designer.gui.shell import application

    missing = application.display_missing()
    if missing:
        raise DesignerError(missing)
    return application.run(designs, demo=demo)
