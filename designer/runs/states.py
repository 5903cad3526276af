"""The states of a run: their words, on the command line and in the window, and what each allows."""

from typing import Literal, NamedTuple

from designer.runs.result import Status

State = Literal["new", "running", "interrupted"] | Status


class Row(NamedTuple):
    """What a state means.

    Attributes
    ----------
    words
        How it is shown, in small letters.
    complete
        Whether the training came to its planned end: the run is never resumed, and the export takes
        it without being asked.
    ended
        Whether the training ended by itself: it is pruned without being named.
    resumable
        Whether the list of runs offers to resume it.
    trained_on
        Whether it can be trained on for more epochs.
    """

    words: str
    complete: bool = False
    ended: bool = False
    resumable: bool = False
    trained_on: bool = False


STATES: dict[State, Row] = {
    "new": Row("not started", resumable=True),
    "running": Row("running"),
    "interrupted": Row("interrupted", resumable=True),
    "finished": Row("finished", complete=True, ended=True, trained_on=True),
    "early_stopped": Row("stopped early", complete=True, ended=True, trained_on=True),
    "stopped": Row("stopped", resumable=True, trained_on=True),
    "diverged": Row("diverged", ended=True, resumable=True),
    "failed": Row("failed", resumable=True),
}
"""To add a state, add a row here and its name to `State`."""

COMPLETE = frozenset(state for state, row in STATES.items() if row.complete)
ENDED = frozenset(state for state, row in STATES.items() if row.ended)
RESUMABLE = frozenset(state for state, row in STATES.items() if row.resumable)
TRAINED_ON = frozenset(state for state, row in STATES.items() if row.trained_on)

WORDS: dict[str, str] = {state: row.words for state, row in STATES.items()}
"""The words of each state."""
