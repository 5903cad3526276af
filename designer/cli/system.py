"""Commands that make the program known to the shell and to the desktop."""

import click

from designer.cli.output import PROGRAM, write
from designer.cli.parameters import Command, Text, argument, option
from designer.errors import DesignerError

SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    examples=("completion bash", "completion fish"),
)
@argument("shell", type=Text(lambda: SHELLS), metavar="SHELL", help="bash, zsh or fish.")
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands with Tab.

    It completes commands, options, presets, runs and the settings of a recipe. Put this line into
    ~/.bashrc or ~/.zshrc: eval "$(netdesigner completion bash)", with zsh in the place of bash
    there. For fish, write the script to ~/.config/fish/completions/netdesigner.fish.
    """
    from click.shell_completion import get_completion_class

    known = get_completion_class(shell) if shell in SHELLS else None
    if known is None:
        raise DesignerError(
            f"There is no completion for the shell '{shell}'; choose {', '.join(SHELLS[:-1])} or "
            f"{SHELLS[-1]}."
        )
    program = context.find_root().command
    variable = f"_{PROGRAM.upper()}_COMPLETE"
    write(known(program, {}, PROGRAM, variable).source())


@click.command(
    "install-desktop", cls=Command, examples=("install-desktop", "install-desktop --remove")
)
@option("--remove", is_flag=True, help="Remove what the command has written.")
def install_desktop(remove: bool) -> None:
    """Add the program to the menu of a Linux desktop.

    With its icon and file type: design files are then opened by a double click. Writes only into
    the user's own folder of data, $XDG_DATA_HOME or ~/.local/share, and names each file.
    """
    from designer.cli import desktop

    verb = "Removed" if remove else "Wrote"
    for path in desktop.remove() if remove else desktop.install():
        write(f"{verb} {path}\n")
