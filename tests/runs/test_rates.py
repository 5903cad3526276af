"""The learning rates set by hand, found in logs that grow and are cut back."""

import pytest

from designer.runs.events import EventWriter
from designer.runs.rates import RateChange, RateLog


def write(path, *, after=0, steps=(), changes=()):
    with EventWriter(path, after=after) as events:
        if not after:
            events.write("start", step=0, epochs=3, steps_per_epoch=10)
        for step in steps:
            events.write("step", step=step, epoch=1, loss=1.0, lr=0.1, by_hand=False)
        for step, rate, by_hand in changes:
            events.write("lr", step=step, epoch=1, lr=rate, by_hand=by_hand)
        return events.sequence


def test_changes_of_a_log_that_grows(tmp_path):
    path, log = tmp_path / "events.jsonl", RateLog()
    assert log.read(path) == ()
    end = write(path, steps=range(5), changes=[(5, 0.01, True)])
    first = RateChange(0.01, True, 5, 0.5)
    assert log.read(path) == (first,)
    assert log.read(path) == (first,)
    write(path, after=end, steps=range(6, 9), changes=[(18, 0.1, False)])
    assert log.read(path) == (first, RateChange(0.1, False, 18, 1.8))
    assert log.read(path) == RateLog().read(path)


def test_a_log_that_is_cut_back_and_grows_again_is_read_anew(tmp_path):
    path, log = tmp_path / "events.jsonl", RateLog()
    write(path, steps=range(5), changes=[(5, 0.01, True)])
    log.read(path)
    # It is longer than before when it is read again.
    write(path, after=4, steps=range(4, 40), changes=[(40, 0.02, True)])
    assert log.read(path) == (RateChange(0.02, True, 40, 4.0),)
    write(path, after=4)
    assert log.read(path) == ()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"event":"lr"',
        b'{"event":"lr","step":"x"}',
        b'"event":"lr"',
        b"\xff\x00",
        b"[" * 9999,
    ],
)
def test_damaged_lines_are_passed_over(tmp_path, line):
    path = tmp_path / "events.jsonl"
    end = write(path, changes=[(5, 0.01, True)])
    good = path.read_bytes()
    path.write_bytes(line + b"\n" + good)
    assert len(RateLog().read(path)) == 1
    path.write_bytes(good + line)  # half a line is waited for
    assert len(RateLog().read(path)) == 1
    assert end == 2


def test_a_log_without_the_length_of_an_epoch(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event":"lr","time":1,"sequence":1,"step":7,"lr":0.5}\n')
    assert RateLog().read(path) == (RateChange(0.5, True, 7, None),)
