"""The one exception whose message is shown to the user, and the errors of damaged JSON files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import msgspec

    # What msgspec raises for a file that is no JSON, of another form, no UTF-8, or nested too
    # deeply.
    UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class DesignerError(Exception):
    """A problem that the user can fix, in one sentence.

    The message names the thing that is wrong and the remedy; the command line prints it and exits
    with 1, a window shows it. Anything else that is raised is a defect of the program.
    """


class OtherDataError(DesignerError):
    """A run cannot continue as its data are not found or are others than it was trained on.

    The remedy is to say where its data are now.
    """


class BrokenPicturesError(DesignerError):
    """A training cannot be done with pictures that cannot be read.

    Attributes
    ----------
    skip
        The names that leave out these pictures, and those that are left out already, for the
        setting ``data.skip``; empty if not all of them are known.
    """

    def __init__(self, sentence: str, skip: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.skip = skip


def __getattr__(name: str) -> object:
    if name != "UNREADABLE":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import msgspec  # a tenth of the time in which a decoder process starts, which does not need it

    return (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
