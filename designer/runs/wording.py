"""How a training ended, in sentences for the command line and the window."""

from collections.abc import Iterator

from designer.runs.result import Best, Metrics, Result
from designer.runs.states import STATES


def duration(seconds: float) -> str:
    """Return a time as text: 45 s, 3 min 12 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def metrics_text(of: Metrics | Best) -> str:
    """Return a loss and, for classes and labels, an accuracy as text."""
    text = f"loss {of.loss:.4f}"
    if of.accuracy is not None:
        text = f"{text}, accuracy {100 * of.accuracy:.2f} %"
    if isinstance(of, Metrics) and of.exact_match is not None:
        text = f"{text}, all labels right {100 * of.exact_match:.2f} %"
    return text


def summary(result: Result) -> Iterator[str]:
    """Yield the sentences on how a training ended."""
    epochs = "1 epoch" if result.epochs == 1 else f"{result.epochs:,} epochs"
    steps = "1 step" if result.steps == 1 else f"{result.steps:,} steps"
    ended = STATES[result.status].words.capitalize()
    yield f"{ended} after {epochs}, {steps}, {duration(result.seconds)}."
    if result.best is not None:
        yield f"Best epoch {result.best.epoch}: validation {metrics_text(result.best)}."
    if result.test is not None:
        yield f"Test {metrics_text(result.test)} (weights of the best epoch)."
