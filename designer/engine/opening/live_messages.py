"""What passes between the opening of a live module and the process that runs its code."""

import msgspec


class LiveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to build and export.

    Attributes
    ----------
    kind
        The key of the source's row in `designer.readers.sources`.
    name
        The class or function, or a library's name of the network; "" to look for it.
    module, path
        The Python module, or the file.
    digest
        The SHA-256 of the file, as the user saw it; "" if that is not known.
    working_folder
        From which modules are imported, too.
    inputs
        Shapes without the batch, and types, as the user gave them; none to look for them.
    folder
        Where the program and the example are written.
    threads
        How many torch takes: with as many as in the comparison, sums are rounded alike.
    """

    kind: str
    name: str = ""
    module: str = ""
    path: str = ""
    digest: str = ""
    working_folder: str = ""
    inputs: tuple[tuple[tuple[int, ...], str], ...] = ()
    folder: str
    threads: int = 1


class LiveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the process says: how far it is, and at the end what came of it.

    Attributes
    ----------
    stage
        What it does now; "" at the end.
    message
        Why it failed, a whole sentence; "" if it did not.
    name
        The class or function that was taken.
    notes
        Whole sentences on what was chosen.
    outputs
        What the module calls its outputs; "" for each that has no name.
    """

    stage: str = ""
    message: str = ""
    name: str = ""
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


PROGRAM, EXAMPLE = "program.pt2", "example.safetensors"
"""The files that it writes: the program, and an input with the module's own outputs in eval mode,
as ``input.0``, ``input.1``, ..., ``output.0``, ..."""
BATCH = 2
"""Images in the batch with which a module is exported: with 1, its axis could not be told from
others of size 1."""
