"""Labels that differ only in spaces and capital letters: one class, or several."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from designer.data.files import natural
from designer.data.findings import Choice, Finding

Spellings = Literal["ask", "merge", "apart"]
"""What the setting ``data.spellings`` says; see `ReadOptions.spellings`."""

_NAMED = 5  # classes whose spellings a sentence gives


def settle(
    labels: Sequence[str], spellings: Spellings, name: str
) -> tuple[list[str], tuple[Finding, ...]]:
    """Return the label of each example, with different spellings of one class made alike.

    Parameters
    ----------
    labels
        The label of each example as it is written.
    spellings
        Whether labels that differ only in spaces and case are one class. ``ask`` reads them as one
        and asks.
    name
        The name of the data set.

    Returns
    -------
    list of str
        The label of each example.
    tuple of Finding
        The question, if there is something to ask.
    """
    meanings, findings = one_spelling(Counter(labels), spellings, name)
    return [meanings[label] for label in labels], findings


def one_spelling(
    counts: Mapping[str, int], spellings: Spellings, name: str
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Return the label that each spelling stands for, and the question, if there is one.

    Of several spellings the one with the most examples is taken, without spaces at its ends.

    Parameters
    ----------
    counts
        The number of examples with each spelling.
    spellings, name
        As of `settle`.
    """
    if spellings == "apart":
        return {label: label for label in counts}, ()
    alike: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        alike[" ".join(label.split()).casefold()].append(label)
    meanings: dict[str, str] = {}
    several: list[list[str]] = []
    for group in alike.values():
        group.sort(key=lambda label: (-counts[label], label != label.strip(), natural(label)))
        meanings.update((label, group[0].strip() or group[0]) for label in group)
        if len(group) > 1:
            several.append(group)
    if not several or spellings == "merge":
        return meanings, ()
    return meanings, (_question(several, counts, name),)


def _question(several: list[list[str]], counts: Mapping[str, int], name: str) -> Finding:
    several = sorted(several, key=lambda group: natural(group[0]))
    groups = "; ".join(
        " and ".join(f"{_quoted(label)} ({counts[label]:,})" for label in group)
        for group in several[:_NAMED]
    )
    more = len(several) - _NAMED
    rest = f"; and {more:,} more" if more > 0 else ""
    return Finding(
        code="spellings",
        sentence=(
            f"Labels of {name} differ only in spaces or capital letters: {groups}{rest}. They are "
            "read as the same class until you decide."
        ),
        kind="question",
        choices=(
            Choice(label="read them as the same class", settings={"data.spellings": "merge"}),
            Choice(label="keep them as different classes", settings={"data.spellings": "apart"}),
        ),
    )


def _quoted(label: str) -> str:
    """Return a label in quotes, with line breaks and the like as escapes."""
    return f'"{label}"' if label.isprintable() else f'"{ascii(label)[1:-1]}"'
