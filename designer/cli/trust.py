"""The option ``--trust-code``: what a command that was given it trusts."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from designer.design.values import Design

TRUST = "trust-code"
"""Where a command's context says whether the option was given."""


def asked() -> bool:
    """Tell whether the command that is running was given ``--trust-code``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(TRUST))


def trust_if_asked(design: "Design") -> None:
    """Trust the code of a design if the command was given ``--trust-code``.

    Raises
    ------
    DesignerError
        The settings of the user cannot be written.
    """
    if design.code and asked():
        from designer.runs import trusted_code

        trusted_code.trust(trusted_code.used_code(design).values())
