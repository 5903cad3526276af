"""The commands, as typer takes them apart.

They import what they need when they run, so that each starts fast.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from designer import __version__
from designer.cli import window
from designer.cli.fast import FastCommand, FastGroup
from designer.cli.output import PROGRAM, show, width, write
from designer.cli.settings import load
from designer.errors import DesignerError

LARGEST_BATCH = 10**6

app = typer.Typer(
    cls=FastGroup,
    name=PROGRAM,
    help="Design neural networks, see what every layer costs, train them, take the code away.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,  # rich's help looks better and takes 0.1 s longer
    pretty_exceptions_enable=False,
)

# What several commands take

DesignName = Annotated[
    str,
    typer.Argument(metavar="DESIGN", help="A preset's name (see: presets) or a design file."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="ARG=VALUE",
        help="Set an argument of the design: a number, true or false, or one of its choices. "
        "May be given several times.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def run(arguments: Sequence[str]) -> int:
    """Run one command; return 0, or 2 for wrong use, of which typer tells."""
    command: Any = typer.main.get_command(app)
    try:
        command.main(list(arguments), prog_name=PROGRAM)
    except SystemExit as end:  # wrong use is told, and a closed pipe passed over, by typer
        return end.code if isinstance(end.code, int) else 1
    return 0


# Commands


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Design neural networks, see what every layer costs, train them, take the code away.

    Without a command, opens the window.
    """
    if context.invoked_subcommand is None:
        raise typer.Exit(window.show())


@app.command("open", cls=FastCommand)
def open_(
    designs: Annotated[
        list[str] | None,
        typer.Argument(metavar="DESIGN ...", help="Presets' names or design files."),
    ] = None,
) -> None:
    """Open the window, with designs in it."""
    raise typer.Exit(window.show(designs or []))


@app.command(cls=FastCommand)
def check(
    design: DesignName,
    settings: Settings = None,
    batch: Annotated[
        int,
        typer.Option(
            min=1, max=LARGEST_BATCH, metavar="N", help="Images at a time, for what memory needs."
        ),
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Check a design: outputs, weights, MACs, memory.

    Prints a table of every layer and the totals. Exits with 1 and names every problem if the
    design is invalid.
    """
    from designer.analysis.analysis import analyze

    analysis = analyze(load(design, settings))
    if as_json:
        from designer.analysis.report.check import report

        write(report(analysis, batch).to_json())
    else:
        from designer.analysis.report import sheet

        show(sheet.check(analysis, batch=batch, width=width(sys.stdout)))
        if analysis.problems:
            show([sheet.Line()])
            show(sheet.problems(analysis.problems), error=True)
    if not analysis.valid:
        raise typer.Exit(1)


@app.command(cls=FastCommand)
def presets(
    as_json: AsJson = False,
    checked: Annotated[
        bool, typer.Option("--check", help="Check every one of them instead of listing them.")
    ] = False,
) -> None:
    """List the built-in designs.

    Prints their arguments with defaults, their totals and their papers. With --check, holds each
    against its own files, a line for each, and exits with 1 if something is wrong.
    """
    from designer import presets as built_in
    from designer.cli import listing

    if checked:
        if not listing.check(built_in.names()):
            raise typer.Exit(1)
        return
    entries = [built_in.entry(name) for name in built_in.names()]
    entries.sort(key=lambda entry: (entry.preset.year, entry.name))
    if as_json:
        write(built_in.to_json(entries))
        return
    show(line for entry in entries for line in listing.lines(entry))


# Training and exporting; the work is in `jobs`

DataName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="mnist10k (built in), a folder of IDX or CIFAR files or of pictures, or a .npz file.",
    ),
]
RunPath = Annotated[str, typer.Argument(metavar="RUN", help="A run folder.")]
Epochs = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How often to go through the images.")
]
Files = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE ...", help="Write model files; .py, .pt, .safetensors, .pt2 or .onnx."
    ),
]
MoreFiles = Annotated[list[str] | None, typer.Argument(metavar="FILE", hidden=True)]


@app.command(cls=FastCommand)
def train(
    design: DesignName,
    data: DataName = None,
    settings: Settings = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="FILE", help="A recipe; the preset's own if not given.")
    ] = None,
    epochs: Epochs = None,
    batch: Annotated[int | None, typer.Option(min=1, metavar="N", help="Images a step.")] = None,
    lr: Annotated[str | None, typer.Option(metavar="X", help="Learning rate.")] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="sgd, rmsprop, adagrad, adam or adamw."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Of weights, split, order and draws.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto, cuda, mps or cpu.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Use only so many training images.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|RUN",
            help="Start from these weights, as far as they fit; torchvision:NAME downloads some.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The new run folder; runs/DATE-NAME if not given."),
    ] = None,
    export: Files = None,
    more: MoreFiles = None,
) -> None:
    """Train a design on images; Ctrl+C stops with a checkpoint.

    Everything goes into a run folder: design, recipe, source, events, checkpoints and result.
    """
    from designer.cli import jobs

    network = load(design, settings)
    changes = {
        "data.source": data,
        "data.limit": limit,
        "epochs": epochs,
        "batch": batch,
        "optimizer.name": optimizer,
        "optimizer.learning_rate": None if lr is None else _number("--lr", lr),
        "seed": seed,
        "device": device,
        "initial_weights": weights,
    }
    plan = jobs.recipe_for(design, recipe, changes)
    paths = _paths("--export", export, more)
    jobs.check_formats(paths)
    done = jobs.train(network, design, plan, run)
    if paths:
        jobs.export_run(done.path, paths)


@app.command(cls=FastCommand)
def resume(run: RunPath) -> None:
    """Go on with a run that was stopped or killed.

    It goes on from its last checkpoint, exactly as it would have without the interruption.
    """
    from designer.cli import jobs

    jobs.resume(run)


@app.command(cls=FastCommand)
def export(
    source: Annotated[
        str, typer.Argument(metavar="DESIGN|RUN", help="A preset, a design file or a run folder.")
    ],
    to: Files = None,
    more: MoreFiles = None,
    settings: Settings = None,
) -> None:
    """Write model files of a run or of a design.

    A run has its best weights, a design fresh ones. Each file is loaded back and compared with
    the network before it is reported.
    """
    from designer.cli import jobs

    paths = _paths("--to", to, more)
    if not paths:
        raise DesignerError("Say where to write with --to, as in --to lenet5.onnx.")
    jobs.check_formats(paths)
    if jobs.is_run(source):
        if settings:
            raise DesignerError(f"--set goes with a design; the run {source} has its own.")
        jobs.export_run(Path(source), paths)
    else:
        jobs.export_design(load(source, settings), paths)


@app.command(cls=FastCommand)
def weights(
    design: DesignName,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|RUN|torchvision:NAME",
            help="A .pt, .pth or .safetensors file, a run folder, or what torchvision downloads.",
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="The state dict to write.")
    ] = None,
    settings: Settings = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="OURS=THEIRS",
            help="Say which module of the file belongs to one of the design.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put weights from elsewhere into a design.

    They are matched by name, then by order and shape; what does not fit, as the last layer of a
    design with other classes, stays fresh. Prints what came from where; a match that would be a
    guess is refused and told.
    """
    if source is None or out is None:
        raise DesignerError(
            f"Say where the weights come from and go to, as in: {PROGRAM} weights {design} --from "
            "resnet18.pth --out mine.pt"
        )
    from designer.cli import jobs

    pairs = dict(_pair("--map", text) for text in given or ())
    jobs.weights(load(design, settings), source, Path(out), pairs, as_json=as_json)


@app.command(cls=FastCommand)
def demo(
    run: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The new run folder; runs/DATE-lenet5 if not given."),
    ] = None,
    epochs: Epochs = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Train in the terminal even if there is a display.")
    ] = False,
) -> None:
    """Open LeNet-5 and train it on the built-in digits.

    With a display, the window opens on the finished design and its training begins. Without one,
    or with an option, it is checked, trained and exported in the terminal: model files and a
    picture of the curves, all in one run folder, in less than a minute on two cores.
    """
    from designer.gui.shell import application as gui

    if not (terminal or run or epochs):
        if gui.has_screen():
            raise typer.Exit(window.show(demo=True))
        missing = gui.display_missing()
        if missing:
            write(f"{missing}\n\n")
    check("lenet5")
    write("\n")
    from designer.cli import jobs

    jobs.demo(run, epochs)


def _paths(option: str, first: list[str] | None, more: list[str] | None) -> list[Path]:
    """Return the files of an option, of which those behind its first arrive as arguments."""
    if more and not first:
        raise DesignerError(f"'{more[0]}' is one word too many; model files follow {option}.")
    return [Path(text) for text in (*(first or ()), *(more or ()))]


def _pair(option: str, text: str) -> tuple[str, str]:
    one, equals, other = (part.strip() for part in text.partition("="))
    if not (equals and one and other):
        raise DesignerError(
            f"{option} takes OURS=THEIRS, as in conv1=features.0; received '{text}'."
        )
    return one, other


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DesignerError(f"{option} takes a number, as in 0.01; received '{text}'.") from None
