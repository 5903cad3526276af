"""The ready-made studies as buttons: for the welcome page and the Studies dock."""

from designer.gui.base import numbers
from designer.gui.base.button_row import Entry
from designer.studies.templates import TEMPLATES


def entries() -> list[Entry]:
    """Return a button for each ready-made study."""
    rows = TEMPLATES.values()
    return [
        Entry(row.name, row.title, numbers.sentence(f"{row.question} {row.help}")) for row in rows
    ]
