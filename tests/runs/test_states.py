"""The table of the states of a run."""

from typing import get_args

from designer.runs.result import Status
from designer.runs.states import COMPLETE, ENDED, RESUMABLE, STATES, State


def test_every_state_has_a_row() -> None:
    literals = [each for part in get_args(State) for each in (get_args(part) or (part,))]
    assert set(STATES) == set(literals)
    assert set(get_args(Status)) < set(STATES)


def test_a_complete_run_has_ended_and_is_not_resumed() -> None:
    assert COMPLETE <= ENDED
    assert not COMPLETE & RESUMABLE
