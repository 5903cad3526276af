"""The commands that begin studies."""

from collections.abc import Iterable, Sequence

import click

from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    DESIGN,
    FILE,
    FOLDER,
    OUTPUT,
    TRAINING,
    as_json,
    data_help,
    design_settings,
    epochs_option,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import show as print_lines
from designer.cli.output import write
from designer.cli.parameters import Command, Text, Whole, argument, option
from designer.cli.study_options import (
    BUDGET,
    QUESTION,
    REPEATS,
    SEARCH,
    follow,
    listed,
    names,
    parallel_option,
    time_option,
    trials_option,
)


def _templates() -> Iterable[str]:
    from designer.studies.templates import TEMPLATES

    return TEMPLATES


@click.command(
    cls=Command,
    examples=(
        "study new lenet5 --vary batch=8,32,128 --repeats 3 --run",
        "study new my.json --vary batch=8..256 --sampler tpe --trials 30",
    ),
)
@argument(
    "design",
    type=DESIGN,
    required=False,
    metavar="[DESIGN]",
    help="A preset's name (see: presets) or a design file; none with --template.",
)
@option(
    "--template",
    type=Text(_templates),
    group=QUESTION,
    metavar="NAME",
    help="A ready-made study (see: study templates), which other options change.",
)
@option(
    "--vary",
    multiple=True,
    group=QUESTION,
    metavar="NAME=VALUES",
    help="A field that varies: batch=8,32,128, a range as in "
    "optimizer.learning_rate=1e-4..1e-1:log (or with :step=2 or :points=5), or a name alone for "
    "what suits it. Fields of the design begin with design., as in "
    "design.conv1.out_channels=8,16. May be given several times.",
)
@option(
    "--network",
    type=DESIGN,
    multiple=True,
    group=QUESTION,
    metavar="DESIGN",
    help="A further design that is compared with the first. May be given several times.",
)
@option(
    "--variant",
    multiple=True,
    group=QUESTION,
    metavar="TITLE:NAME=VALUE,...",
    help="Several changes that make one candidate, under a title of its own. May be given several "
    "times; TITLE: alone changes nothing.",
)
@option(
    "--goal",
    type=names("goals"),
    multiple=True,
    group=QUESTION,
    metavar="NAME",
    help=lambda: f"What is compared, the most important one first: {listed('goals')}.",
)
@option("--title", group=QUESTION, metavar="TEXT", help="What the study is called.")
@option("--question", group=QUESTION, metavar="TEXT", help="The question in a sentence.")
@option(
    "--sampler",
    type=names("samplers"),
    default="grid",
    group=SEARCH,
    metavar="NAME",
    help=lambda: (
        f"How candidates are found: {listed('samplers')}; the last two need Optuna. [default: grid]"
    ),
)
@trials_option
@time_option
@option(
    "--prune",
    type=names("pruners"),
    default="none",
    group=SEARCH,
    metavar="NAME",
    help=lambda: f"Stop trainings that fall behind: {listed('pruners')}. [default: none]",
)
@option(
    "--repeats",
    type=Whole(min=1),
    group=REPEATS,
    metavar="N",
    help="Train each candidate with N seeds; with --folds, draw the folds N times.",
)
@option(
    "--folds",
    type=Whole(min=2),
    group=REPEATS,
    metavar="K",
    help="Divide the examples into K parts, and train each candidate K times, each time with "
    "another part for validation.",
)
@option(
    "--bootstrap",
    type=Whole(min=1),
    group=REPEATS,
    metavar="N",
    help="Train each candidate N times on examples drawn with replacement.",
)
@option(
    "--most-parameters",
    type=Whole(min=1),
    group=BUDGET,
    metavar="N",
    help="Refuse candidates with more parameters, before they are trained.",
)
@option(
    "--most-macs",
    type=Whole(min=1),
    group=BUDGET,
    metavar="N",
    help="Refuse candidates with more multiply-accumulates.",
)
@option(
    "--most-training-memory",
    type=Whole(min=1),
    group=BUDGET,
    metavar="BYTES",
    help="Refuse candidates that need more memory for a step of the training.",
)
@option(
    "--most-file-size",
    type=Whole(min=1),
    group=BUDGET,
    metavar="BYTES",
    help="Refuse candidates whose file of weights is larger.",
)
@option("--data", type=DATA_SOURCE, group=DATA, metavar="NAME|PATH", help=data_help)
@option(
    "--limit",
    type=Whole(min=1),
    group=DATA,
    metavar="N",
    help="Use at most this many training images.",
)
@option(
    "--recipe",
    type=FILE,
    group=TRAINING,
    metavar="FILE|NAME",
    help="A recipe file or a template; without it, the design's own.",
)
@set_recipe_option
@epochs_option
@option(
    "--seed",
    type=Whole(min=0),
    group=SEARCH,
    metavar="N",
    help="The first seed of the trainings, and the seed of the search. [default: 0]",
)
@option(
    "--to",
    type=FOLDER,
    group=OUTPUT,
    metavar="DIR",
    help="The new folder of the study; one in "
    "the folder of studies, named after the title, if not given.",
)
@runs_option
@option("--run", is_flag=True, help="Run the study at once.")
@parallel_option
@design_settings
@trust_code
def new(
    design: str | None,
    template: str | None,
    vary: Sequence[str],
    network: Sequence[str],
    variant: Sequence[str],
    goal: Sequence[str],
    title: str | None,
    question: str | None,
    sampler: str,
    trials: int | None,
    limit_time: str | None,
    prune: str,
    repeats: int | None,
    folds: int | None,
    bootstrap: int | None,
    most_parameters: int | None,
    most_macs: int | None,
    most_training_memory: int | None,
    most_file_size: int | None,
    data: str | None,
    limit: int | None,
    recipe: str | None,
    set_recipe: Sequence[str],
    epochs: int | None,
    seed: int | None,
    to: str | None,
    runs: str | None,
    run: bool,
    parallel: int | None,
    settings: Sequence[str],
) -> int:
    """Write a new study; with --run, run it at once.

    With several --vary, every combination is a candidate, unless --sampler says otherwise. The
    design of a candidate and its costs are examined before any training.
    """
    import msgspec

    from designer.cli import recipes, study_folders, study_new
    from designer.studies import typed
    from designer.studies.journal import State
    from designer.studies.progress import wanted
    from designer.studies.spec import Budget, Pruning

    options = {"data.source": data, "data.limit": limit, "epochs": epochs}
    changes = {name: value for name, value in options.items() if value is not None}
    changes |= recipes.read_settings(set_recipe)
    if template is not None:
        begun = study_new.from_template(
            template,
            changes,
            {
                "DESIGN": design,
                "--network": network,
                "--variant": variant,
                "--recipe": recipe,
                "--set": settings,
            },
        )
    else:
        begun = study_new.from_design(
            design, settings, recipe, changes, network=network, variant=variant
        )
    usual, base, plan = begun.study, begun.designs[""], begun.recipe
    varied = (*(typed.read(each, base, plan) for each in vary), *usual.varied)
    made = msgspec.structs.replace(
        usual,
        title=title or usual.title or study_new.title_of(base, varied),
        question=question or usual.question,
        varied=varied,
        sampler=sampler,
        goals=tuple(dict.fromkeys(goal)) or usual.goals,
        protocol=study_new.protocol(
            usual.protocol, repeats=repeats, folds=folds, bootstrap=bootstrap, seed=seed
        ),
        budget=Budget(
            parameters=most_parameters,
            macs=most_macs,
            training_bytes=most_training_memory,
            file_bytes=most_file_size,
        ),
        trials=trials,
        seconds=None if limit_time is None else study_new.seconds("--time", limit_time),
        pruning=Pruning(name=prune),
        seed=seed or 0,
        parallel=1 if parallel is None else parallel,
    )
    folder = study_new.create(made, begun.designs, plan, to, study_folders.root(runs))
    if run:
        return follow(folder, parallel)
    write(f"{study_new.size(wanted(made, State()), len(folder.replicates()))}\n")
    write(f"The study is in {folder.path}\n")
    write(f"Run it with: netdesigner study run {study_folders.reference(folder.path)}\n")
    return 0


@click.command(
    cls=Command,
    examples=(
        "study templates",
        "study new --template batch_size --run",
    ),
)
@as_json
def templates(as_json: bool) -> None:
    """List the ready-made studies."""
    from designer.cli import study_new

    if as_json:
        write(study_new.templates_json())
    else:
        print_lines(study_new.template_lines())
