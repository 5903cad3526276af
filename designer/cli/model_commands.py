"""The commands that write model files, and put weights from elsewhere into designs."""

from collections.abc import Sequence
from pathlib import Path

import click

from designer.cli.options import (
    EXPORT_HELP,
    FILE,
    SOURCE,
    WEIGHTS,
    as_json,
    design_name,
    design_settings,
    files_of,
    more_files,
    runs_option,
    trust_code,
)
from designer.cli.output import PROGRAM, show
from designer.cli.parameters import Command, Whole, argument, option
from designer.cli.settings import load
from designer.errors import DesignerError
from designer.runs.export_formats import LIBRARIES, NEWEST_OPSET, OLDEST_OPSET, ExportOptions


@click.command(
    cls=Command,
    examples=(
        "export my-run --to model.onnx model.pt",
        "export my.json --weights latest --to model.safetensors model.py",
    ),
)
@argument(
    "source",
    type=SOURCE,
    metavar="DESIGN|RUN",
    help="A preset, a design file, a run folder, or a run's name in the folder of runs.",
)
@option("--to", type=FILE, multiple=True, metavar="FILE ...", help=EXPORT_HELP)
@more_files
@option(
    "--weights",
    type=WEIGHTS,
    metavar="latest|RUN|FILE",
    help="The weights of a design: those of the latest finished run that fits it, of a run, or of "
    "a file; fresh ones if not given.",
)
@option(
    "--opset",
    type=Whole(min=OLDEST_OPSET, max=NEWEST_OPSET),
    metavar="N",
    help=f"The version of ONNX's operators, {OLDEST_OPSET} to {NEWEST_OPSET}; torch's choice if "
    "not given.",
)
@option(
    "--names",
    type=click.Choice(LIBRARIES),
    metavar="|".join(LIBRARIES),
    help="Write state dicts with the names of this library's network, which then loads them "
    "strictly; the design's own names if not given.",
)
@runs_option
@design_settings
@trust_code
def export(
    source: str,
    to: Sequence[str],
    more: Sequence[str],
    weights: str | None,
    opset: int | None,
    names: str | None,
    runs: str | None,
    settings: Sequence[str],
) -> int:
    """Write model files of a run or of a design.

    A run is exported with its best weights, a design with those of --weights or fresh ones. Each
    file is loaded back and compared with the network before it is reported. A format that cannot
    take the network does not stop the others; the exit code is 1 then.
    """
    from designer.cli import exporting
    from designer.cli.runs import find, names_run

    paths = files_of("--to", to, more)
    if not paths:
        raise DesignerError("Say where to write with --to, as in --to lenet5.onnx.")
    options = ExportOptions(opset=opset, names=names or "")
    exporting.check_formats(paths, options)
    if names_run(source, runs):
        for option_, given in (("--set", settings), ("--weights", weights)):
            if given:
                raise DesignerError(
                    f"{option_} is for designs, but {source} is a run, whose design and weights "
                    f"are fixed: leave {option_} out."
                )
        return exporting.export_run(find(source, runs), paths, options)
    return exporting.export_design(
        load(source, settings), paths, weights=weights, runs_folder=runs, options=options
    )


@click.command(
    cls=Command,
    examples=(
        "weights resnet18 --from resnet18.pth --out mine.pt",
        "weights resnet18 --from torchvision:",
    ),
)
@design_name
@option(
    "--from",
    "source",
    type=WEIGHTS,
    metavar="FILE|RUN|torchvision:NAME",
    help="A .pt, .pth or .safetensors file, a run, or weights that torchvision downloads; "
    "torchvision: without a name lists these.",
)
@option("--out", type=FILE, metavar="FILE", help="The state dict to write.")
@design_settings
@trust_code
@option(
    "--map",
    "given",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Say which module of the file belongs to one of the design. May be given several times.",
)
@as_json
def weights(
    design: str,
    source: str | None,
    out: str | None,
    settings: Sequence[str],
    given: Sequence[str],
    as_json: bool,
) -> None:
    """Put weights from elsewhere into a design.

    They are matched by name, then by order and shape; tensors that do not fit, such as the last
    layer of a design with other classes, keep their fresh values. Prints where each tensor came
    from. A match that would be a guess is refused and reported.
    """
    from designer.runs.pretrained import TORCHVISION

    if source == TORCHVISION:
        from designer.cli import listing

        show(listing.torchvision(load(design, settings), design))
        return
    if source is None or out is None:
        raise DesignerError(
            f"Say where the weights come from and go to, as in: {PROGRAM} weights {design} --from "
            "resnet18.pth --out mine.pt"
        )
    from designer.cli import exporting
    from designer.cli.runs import located

    pairs = dict(_pair("--map", text) for text in given)
    exporting.weights(load(design, settings), located(source), Path(out), pairs, as_json=as_json)


def _pair(option: str, text: str) -> tuple[str, str]:
    ours, equals, theirs = (part.strip() for part in text.partition("="))
    if not (equals and ours and theirs):
        raise DesignerError(
            f"{option} takes OURS=THEIRS, as in conv1=features.0; received '{text}'."
        )
    return ours, theirs
