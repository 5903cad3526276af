import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import msgspec
import pytest

from designer import processes
from designer.errors import DesignerError
from designer.runs import heartbeat, launch, lock
from designer.runs.folder import RunFolder
from designer.runs.heartbeat import BUSY_SECONDS, Heart, Pulse, read, sentence

WORKER = """
import pathlib, sys, time
from designer.runs import heartbeat, lock
from designer.runs.folder import RunFolder
run = RunFolder(pathlib.Path(sys.argv[1]))
heartbeat.BEAT_SECONDS = 0.02
with lock.held(run.lock), heartbeat.Heart(run.heartbeat) as heart:
    while True:
        heart.step()
        time.sleep(0.01)
"""


@contextmanager
def worker(run):
    child = subprocess.Popen([sys.executable, "-c", WORKER, str(run.path)])
    try:
        wait_for(lambda: read(run) is not None)
        yield child
    finally:
        child.kill()
        child.wait()


def wait_for(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_a_worker_that_steps_is_well(run):
    with worker(run) as child:
        pulse = read(run)
        assert pulse.pid == child.pid
        assert pulse.since_beat < 10
        assert sentence(pulse) == ""
    assert read(run) is None


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the system has no such signal")
def test_a_stopped_worker_is_told_and_can_be_ended(run, monkeypatch):
    monkeypatch.setattr(heartbeat, "LATE_SECONDS", 0.3)
    with worker(run) as child:
        os.kill(child.pid, signal.SIGSTOP)
        wait_for(lambda: sentence(read(run)))
        assert sentence(read(run)).startswith(
            f"The worker (process {child.pid}) was stopped 0 s ago. Continue it with kill -CONT"
        )
        with pytest.raises(DesignerError, match=r"which is stopped. Continue it with kill -CONT"):
            raise lock.already_training(run.path, child.pid)
        os.kill(child.pid, signal.SIGCONT)
        wait_for(lambda: not sentence(read(run)))
        os.kill(child.pid, signal.SIGSTOP)
        launch.end(child.pid)
        assert child.wait(10) == -signal.SIGKILL
        assert run.worker() is None
    launch.end(child.pid)


@pytest.mark.parametrize(
    ("pulse", "said"),
    [
        (Pulse(7, 0.5, 0.5, 60), ""),
        (Pulse(7, 0.5, 61, 60), "has made no progress for 1 min 1 s"),
        (Pulse(7, 0.5, 61, BUSY_SECONDS), ""),
        (Pulse(7, 0.5, 1e6, None), ""),
        (Pulse(7, 45, 45, 60), "has not answered for 45 s: it hangs"),
        (Pulse(7, 45, 45, None, stopped=True), "was stopped 45 s ago. Continue it with kill -CONT"),
        (None, ""),
    ],
)
def test_what_is_said(pulse, said):
    assert said in sentence(pulse)
    assert bool(said) == bool(sentence(pulse))


def test_a_step_may_take_twenty_times_the_longest(tmp_path, monkeypatch):
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with Heart(None) as heart:
        limits = []
        for seconds in (500, 1, 1, 9):  # the first includes compiling and does not count
            now += seconds
            heart.step()
            limits.append(heart._limit)
        assert limits == [60, 60, 60, 180]
        heart.busy()
        assert heart._limit == BUSY_SECONDS
        heart.pause()
        assert heart._limit is None
        now += 5000
        heart.step()
        assert heart._limit == 180


def test_a_clock_that_is_set_alarms_nobody(run, monkeypatch):
    with lock.held(run.lock), Heart(run.heartbeat):
        monkeypatch.setattr(time, "time", lambda: 1e12)
        assert sentence(read(run)) == ""
        assert run.worker() == os.getpid()


def test_beats_of_another_worker_or_damaged_ones_do_not_count(run):
    with lock.held(run.lock):
        for content in (b"", b"{", b"[1]", b"\xff" * 300, b'{"pid": 1e99}', b"[" * 100_000):
            run.heartbeat.write_bytes(content)
            assert read(run) is None
        beat = {"pid": os.getpid() + 1, "time": 0.0, "progress": 0.0, "limit": 1.0}
        run.heartbeat.write_bytes(msgspec.json.encode(beat))
        assert read(run) is None


def test_a_link_in_place_of_the_file_is_not_followed(run):
    target = run.path / "other"
    target.write_bytes(b"mine")
    run.heartbeat.symlink_to(target)
    with Heart(run.heartbeat):
        pass
    assert target.read_bytes() == b"mine"


def test_processes_are_told_apart():
    assert processes.start_of(os.getpid()) == processes.start_of(os.getpid())
    assert processes.start_of(2**22 + 1) is None
    assert not processes.is_stopped(os.getpid())
