"""The command that lets a network go on with a text."""

import json
from collections.abc import Sequence

import click

from designer.cli.inside import device_option, network, network_weights, subject_of
from designer.cli.options import as_json, design_settings, runs_option, trust_code
from designer.cli.output import printable, say_aside, share_shown, write
from designer.cli.parameters import Command, Real, Text, Whole, option


@click.command(
    cls=Command,
    examples=(
        'sample my-run --prompt "def " --length 300 --temperature 0.8',
        "sample my-run --top-k 10 --seed 3",
    ),
)
@network
@network_weights
@option(
    "--prompt",
    type=Text(),
    default="",
    metavar="TEXT",
    help="The text that the network goes on with; a new line if not given.",
)
@option(
    "--length",
    type=Whole(min=1, max=100_000),
    default=500,
    metavar="N",
    help="How many tokens are added. [default: 500]",
)
@option(
    "--temperature",
    type=Real(min=0.0, max=100.0),
    default=1.0,
    metavar="T",
    help="Below 1 the network prefers what is probable; 0 takes the most probable token each "
    "time. [default: 1]",
)
@option(
    "--top-k",
    "top_k",
    type=Whole(min=1),
    metavar="K",
    help="Draw from the K most probable tokens only; from all if not given.",
)
@option(
    "--seed",
    type=Whole(min=0, max=2**63 - 1),
    default=0,
    metavar="N",
    help="Seed of the draws. [default: 0]",
)
@device_option
@as_json
@runs_option
@design_settings
@trust_code
def sample(
    source: str,
    weights: str | None,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int | None,
    seed: int,
    device: str | None,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> int:
    """Let a network go on with a text.

    Prints the prompt and what the network adds, one token after the other, each drawn by the
    probabilities that it gives. With --json, prints an object with "prompt", "text" and "notes".
    """
    from designer.engine import device as devices  # torch takes seconds to load
    from designer.engine.inspect.continuation import continuation
    from designer.engine.inspect.subject import load

    subject = subject_of(source, weights, settings, runs)
    with share_shown("Writing") as progress, devices.enough_memory("inspect"):
        found = continuation(
            load(subject, device=device or "auto"),
            prompt,
            length=length,
            temperature=temperature,
            top_k=top_k,
            seed=seed,
            progress=progress,
        )
    if as_json:
        write(f"{json.dumps(found._asdict(), ensure_ascii=False, indent=1)}\n")
        return 0
    for sentence in found.notes:
        say_aside(sentence)
    lines = (found.prompt + found.text).replace("\t", "    ").split("\n")
    write("".join(f"{printable(line)}\n" for line in lines))
    return 0
