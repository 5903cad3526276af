"""The journal: appended by several processes, read by all, intact whenever one is killed."""

import multiprocessing
import os
import socket
import threading
import time
from pathlib import Path

import msgspec
import pytest

from designer import file_lock
from designer.errors import DesignerError
from designer.studies import journal
from designer.studies.journal import Ended, Journal, Presence, Proposed, Released, Taken, Training


def _proposed(trial: int, refusal: str = "") -> Proposed:
    return Proposed(trial=trial, values={"batch": trial}, costs={}, refusal=refusal)


def test_what_is_written_is_read_again(tmp_path):
    first = Journal(tmp_path, 2)
    with first.alone():
        first.append(_proposed(0), _proposed(1, "too large"), _proposed(2))
        first.append(Taken(trial=0, replicate=1, process="a"))
        first.append(Ended(trial=2, replicate=0, outcome="finished", figures={"x": 0.5}))
    for found in (first.read(), Journal(tmp_path, 2).read()):
        assert [each.values for each in found.accepted] == [{"batch": 0}, {"batch": 2}]
        assert [each.process for each in found.trials[0].trainings] == ["", "a"]
        assert found.trials[1].trainings == []
        assert found.trials[2].trainings[0].ended.figures == {"x": 0.5}
        assert not found.trials[2].ended
    with first.alone():
        first.append(Released(trial=0, replicate=1))
        first.append(Ended(trial=2, replicate=0, outcome="failed"))  # a training ends once
    found = Journal(tmp_path, 2).read()
    assert found.trials[0].trainings[1].process == ""
    assert found.trials[2].trainings[0].ended.outcome == "finished"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_a_killed_process_began_is_left_out(tmp_path, cut):
    made = Journal(tmp_path, 1)
    with made.alone():
        made.append(_proposed(0))
    line = msgspec.json.encode(_proposed(1)) + b"\n"
    with made.path.open("ab") as file:
        file.write(line[:cut])
    other = Journal(tmp_path, 1)
    assert len(other.read().trials) == 1
    with other.alone():
        other.append(_proposed(1))
    for each in (made, other, Journal(tmp_path, 1)):
        assert [trial.values for trial in each.read().trials] == [{"batch": 0}, {"batch": 1}]


def test_a_damaged_line_is_named(tmp_path):
    made = Journal(tmp_path, 1)
    made.path.write_bytes(b'{"do":"propose"}\n')
    with pytest.raises(DesignerError, match=r"journal.jsonl is damaged at byte 0"):
        made.read()
    made.path.write_bytes(b'{"do":"take","trial":7,"replicate":0,"process":"a"}\n')
    with pytest.raises(DesignerError, match="is damaged"):
        Journal(tmp_path, 1).read()


def _append(folder: Path, count: int) -> None:
    mine = Journal(folder, 1)
    for _ in range(count):
        with mine.alone() as state:
            mine.append(_proposed(len(state.trials)))


def test_processes_append_one_after_another(tmp_path):
    context = multiprocessing.get_context("spawn")
    helpers = [context.Process(target=_append, args=(tmp_path, 40)) for _ in range(3)]
    for each in helpers:
        each.start()
    for each in helpers:
        each.join(60)
        assert each.exitcode == 0
    numbers = [trial.number for trial in Journal(tmp_path, 1).read().trials]
    assert numbers == list(range(120))


def test_a_training_is_free_once_its_process_has_ended(tmp_path, monkeypatch):
    folder = tmp_path / "processes"
    with Presence(tmp_path) as me:
        assert me.is_free(Training())
        assert not me.is_free(Training(process=me.name))
        assert me.is_free(Training(process="gone.json"))
        assert not me.is_free(Training(ended=Ended(trial=0, replicate=0, outcome="failed")))
        host = socket.gethostname()
        living = journal._Presence(host, file_lock.this_process())
        (folder / "b.json").write_bytes(msgspec.json.encode(living))
        assert not me.is_free(Training(process="b.json"))
        dead = journal._Presence(host, file_lock.Process(2**22 + 1, "0"))
        (folder / "b.json").write_bytes(msgspec.json.encode(dead))
        assert me.is_free(Training(process="b.json"))
        # On another machine the time of its file counts.
        away = journal._Presence("elsewhere", file_lock.Process(1, "0"))
        (folder / "c.json").write_bytes(msgspec.json.encode(away))
        assert not me.is_free(Training(process="c.json"))
        long_ago = time.time() - journal.SILENT_SECONDS - 5
        os.utime(folder / "c.json", (long_ago, long_ago))
        assert me.is_free(Training(process="c.json"))
    assert not (folder / me.name).exists()


def test_a_process_is_asked_to_stop_and_leaves_nothing_behind(tmp_path):
    asked = threading.Event()
    journal.ask_to_stop(tmp_path)  # nobody runs it
    with Presence(tmp_path, asked.set):
        assert not asked.is_set()
        journal.ask_to_stop(tmp_path)
        assert asked.wait(5)
    assert list((tmp_path / "processes").iterdir()) == []
    again = threading.Event()
    with Presence(tmp_path, again.set):  # a later process is not meant
        assert not again.wait(0.8)


@pytest.mark.parametrize(
    "record",
    [_proposed(5), _proposed(0), Taken(trial=-1, replicate=0, process="a")],
)
def test_what_does_not_go_with_the_lines_before_is_damage(tmp_path, record):
    made = Journal(tmp_path, 1)
    with made.alone():
        made.append(_proposed(0))
    with made.path.open("ab") as file:
        file.write(msgspec.json.encode(record) + b"\n")
    with pytest.raises(DesignerError, match="is damaged at byte"):
        Journal(tmp_path, 1).read()


def test_a_process_whose_name_is_no_file_name_does_not_live(tmp_path):
    assert not journal.is_alive(tmp_path / "a\0b")
