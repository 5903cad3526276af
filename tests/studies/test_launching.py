"""A study in a process of its own: begun, asked to stop, and gone on with."""

import time
from collections.abc import Callable

from designer.studies import journal, launching
from designer.studies.running import is_running
from tests.studies.samples import create, study


def _wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.05)


def test_a_study_is_stopped_and_gone_on_with(tmp_path):
    folder = create(tmp_path / "a study", study("epochs=2000,1"))
    assert not launching.is_starting(folder)
    launching.start(folder)
    assert launching.is_starting(folder)
    _wait_until(lambda: is_running(folder))
    events = folder.run(0, 0).events
    _wait_until(lambda: events.exists() and b'"epoch"' in events.read_bytes())
    journal.ask_to_stop(folder.path)
    _wait_until(lambda: not is_running(folder) and not launching.is_starting(folder))
    state = folder.journal().read()
    assert state.trials[0].trainings[0].process == "", "it may be gone on with"
    assert not state.trials[0].ended
    assert launching.failure(folder) == ""


def test_why_a_process_failed_is_known(tmp_path):
    folder = create(tmp_path / "study", study("batch=16,32"))
    folder.journal().path.write_bytes(b"{}\n")
    launching.start(folder)
    _wait_until(lambda: not launching.is_starting(folder))
    assert "journal.jsonl is damaged" in launching.failure(folder)
