"""The end of work that nobody waits for any more."""

from designer.errors import DesignerError


class Canceled(DesignerError):  # noqa: N818 - nothing went wrong
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__("This was canceled.")
