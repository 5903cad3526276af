"""Curves of earlier runs beside the shown one, told apart by color and by the mark of points."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, strong
from designer.gui.training.lines import MIDDLE, Line
from designer.gui.worker.follower import Follower
from designer.gui.worker.history import smoothed
from designer.layers.category import Category

OWN = "●"
"""The mark of the shown run in the legend."""

# pyqtgraph's names of the marks, and letters that look like them.
_MARKS = (("s", "■"), ("t1", "▲"), ("d", "◆"), ("t", "▼"), ("star", "★"), ("t2", "▶"), ("t3", "◀"))
# Blue and orange are the colors of the shown run's own curves.
_SHORT = "…-1200-resnet"  # at least so much of each name is in the legend
_COLORS = (Category.NORMALIZATION, Category.DENSE, Category.JOIN, Category.POOLING, Category.SHAPE)


def drawn(
    overlays: Mapping[Path, Follower], shown: Follower | None
) -> Iterator[tuple[Follower, str, str, str]]:
    """Yield each run to draw besides the shown one, with its color, mark and letter."""
    own = shown.run.path if shown is not None else None
    others = (follower for path, follower in overlays.items() if path != own)
    for number, follower in enumerate(others):
        mark, letter = _MARKS[number % len(_MARKS)]
        color = colors().of(_COLORS[number % len(_COLORS)]).name()
        yield follower, color, mark, letter


def lines(
    overlays: Mapping[Path, Follower], shown: Follower | None, name: str, share: float
) -> Iterator[Line]:
    """Yield the curves of the other runs: validation solid with marks, training dashed.

    Parameters
    ----------
    overlays, shown
        The runs to draw together with the shown one, and that one.
    name
        ``loss`` or ``accuracy``.
    share
        How much the curve of single steps is smoothed, which a run has before its first epoch.
    """
    for follower, color, mark, _ in drawn(overlays, shown):
        history = follower.history
        epochs = history.epochs
        if not epochs.rows:
            steps = history.at_epochs(history.steps)
            yield Line("", color, steps, smoothed(history.steps[name], share), faint=True)
        training = epochs[f"train_{name}"]
        yield Line("", color, epochs["epoch"] - MIDDLE, training, dashed=True)
        validation = epochs[f"validation_{name}"]
        yield Line("", color, epochs["epoch"], validation, marked=True, mark=mark)


def legend(
    overlays: Mapping[Path, Follower], shown: Follower | None, metrics: QFontMetrics, room: int
) -> str:
    """Return the names of all drawn runs with their marks as HTML, "" if it is one run only.

    The test accuracies are added where there is room; names without room lose their beginning,
    which is the day, and the last ones are counted only.

    Parameters
    ----------
    overlays, shown
        The runs that are drawn together with the shown one, and that one.
    metrics, room
        Those of the font, and the pixels of the line.
    """
    entries = [(color, letter, other) for other, color, _, letter in drawn(overlays, shown)]
    if not entries:
        return ""
    if shown is not None:
        entries.insert(0, (colors().validation, OWN, shown))
    around = metrics.horizontalAdvance(f"{OWN}   ") + 4
    names = [follower.run.path.name for _, _, follower in entries]
    whole = [f"{name}{_accuracy(each)}" for name, (_, _, each) in zip(names, entries, strict=True)]

    def width(texts: list[str]) -> int:
        return sum(around + metrics.horizontalAdvance(text) for text in texts)

    bold = 12  # pixels by which the bold name may be wider
    more = ""
    texts = next((each for each in (whole, names) if width(each) + bold <= room), None)
    if texts is None:
        left = metrics.horizontalAdvance("  and 99 more") + bold
        fitting = max(1, (room - left) // (around + metrics.horizontalAdvance(_SHORT)))
        if fitting < len(names):
            more = f" and {len(names) - fitting} more"
            room -= left
        share = room // min(fitting, len(names)) - around - bold
        texts = [
            metrics.elidedText(name, Qt.TextElideMode.ElideLeft, share) for name in names[:fitting]
        ]
    shown_entries = zip(entries, texts, strict=False)
    return " &nbsp; ".join(
        f'<span style="color:{color}">{letter}</span>&nbsp;'
        + (strong(_unbroken(text)) if follower is shown else _unbroken(text))
        for (color, letter, follower), text in shown_entries
    ) + escape(more)


def explanation(overlays: Mapping[Path, Follower], shown: Follower | None) -> str:
    """Return the names of all drawn runs, one a line, and what solid and dashed curves are."""
    names = [f"{OWN} {shown.run.path.name}"] if shown is not None else []
    names += [f"{letter} {other.run.path.name}" for other, _, _, letter in drawn(overlays, shown)]
    return wrapped_tip(*names, "Validation is solid, training dashed.")


def _accuracy(follower: Follower) -> str:
    """Return the test accuracy of a run after a space, "" if it has none yet."""
    test = follower.result.test if follower.result is not None else None
    if test is None or test.accuracy is None:
        return ""
    return f"  {100 * test.accuracy:.2f} %"


def _unbroken(text: str) -> str:
    """Return a text as HTML that breaks no line within it."""
    return escape(text).replace("-", "&#8209;").replace(" ", "&nbsp;")
