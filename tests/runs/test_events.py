import errno
import json
import os
import shutil
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.errors import DesignerError
from designer.runs.events import EventReader, EventWriter, last_time, read_events


def numbers(events):
    return [event["sequence"] for event in events]


def write(path, *names, after=0):
    with EventWriter(path, after=after) as writer:
        for name in names:
            writer.write(name)


def test_every_event_has_kind_time_and_number(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as writer:
        writer.write("step", loss=0.5, lr=0.1)
    (event,) = map(json.loads, path.read_text().splitlines())
    assert event["event"] == "step"
    assert event["sequence"] == 1
    assert event["time"] > 1.7e9
    assert event["loss"] == 0.5


def test_an_event_can_be_read_at_once(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as writer:
        writer.write("paused")
        assert numbers(read_events(path)) == [1]


def test_a_reader_gets_each_event_once(tmp_path):
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.poll().events == []
    with EventWriter(path) as writer:
        writer.write("a")
        assert numbers(reader.poll().events) == [1]
        writer.write("b")
        writer.write("c")
        news = reader.poll()
        assert (numbers(news.events), news.restarted) == ([2, 3], False)
        assert reader.poll().events == []


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 200), max_size=20))
def test_half_lines_wait_for_their_rest(cuts, tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    write(path, "ä" * 30, "b", "c")
    whole = path.read_bytes()
    path.write_bytes(b"")
    reader, seen, written = EventReader(path), [], 0
    for cut in [*cuts, len(whole)]:
        with path.open("ab") as file:
            file.write(whole[written : written + cut])
        written = min(written + cut, len(whole))
        seen += reader.poll().events
    assert numbers(seen) == [1, 2, 3]


def test_a_log_that_is_cut_back_starts_readers_over(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, "a", "b", "c", "d")
    reader = EventReader(path)
    reader.poll()
    write(path, after=2)
    news = reader.poll()
    assert news.restarted
    assert numbers(news.events) == [1, 2]


def test_a_log_that_was_cut_and_has_grown_again_is_noticed(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, "a", "b", "c", "d")
    reader = EventReader(path)
    reader.poll()
    write(path, "x", "y", "z", after=2)
    news = reader.poll()
    assert news.restarted
    assert [event["event"] for event in news.events] == ["a", "b", "x", "y", "z"]
    assert numbers(news.events) == [1, 2, 3, 4, 5]


def test_writing_on_drops_torn_lines_and_what_came_after_the_checkpoint(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, "a", "b", "c")
    with path.open("ab") as file:
        file.write(b'{"event":"st')
    write(path, "d", after=2)
    assert [event["event"] for event in read_events(path)] == ["a", "b", "d"]


def test_numbers_go_on_from_the_checkpoint_even_if_the_log_lost_its_end(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, "a")
    write(path, "d", after=5)
    assert numbers(read_events(path)) == [1, 6]


def test_a_new_writer_without_checkpoint_begins_anew(tmp_path):
    path = tmp_path / "events.jsonl"
    write(path, "a", "b")
    write(path, "c")
    assert [event["event"] for event in read_events(path)] == ["c"]


def test_losses_that_are_no_numbers_stay_json(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as writer:
        writer.write("step", loss=float("nan"))
    assert json.loads(path.read_text())["loss"] is None


def test_damage_is_told(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\x00\x00\n")
    with pytest.raises(DesignerError, match="damaged at byte 0"):
        read_events(path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told(tmp_path, monkeypatch):
    writer = EventWriter(tmp_path / "events.jsonl")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._file)
    os.close(full)
    with writer, pytest.raises(DesignerError, match="No space left on device"):
        writer.write("step")


def test_a_read_only_folder_is_told(tmp_path, monkeypatch):
    def refuse(*arguments, **named):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DesignerError, match="Permission denied"):
        EventWriter(tmp_path / "events.jsonl")


def test_a_long_log_comes_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("designer.runs.lines._BLOCK", 50)
    path = tmp_path / "events.jsonl"
    write(path, *"abcdef")
    reader = EventReader(path)
    pieces = [reader.poll(at_most=100)]
    while pieces[-1].more:
        pieces.append(reader.poll(at_most=100))
    assert len(pieces) > 2
    assert [piece.restarted for piece in pieces] == [True, *[False] * (len(pieces) - 1)]
    assert numbers([event for piece in pieces for event in piece.events]) == [1, 2, 3, 4, 5, 6]


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be moved")
@pytest.mark.parametrize("how", ["moved", "removed", "replaced"])
def test_nothing_is_written_for_a_run_that_is_elsewhere(tmp_path, how):
    run = tmp_path / "run"
    run.mkdir()
    with EventWriter(run / "events.jsonl") as events:
        events.write("step", step=1)
        if how == "replaced":
            shutil.copytree(run, tmp_path / "copy")
        run.rename(tmp_path / "elsewhere")
        if how == "removed":
            shutil.rmtree(tmp_path / "elsewhere")
        if how == "replaced":
            (tmp_path / "copy").rename(run)
            with EventWriter(run / "events.jsonl", after=1) as theirs:
                theirs.write("step", step=2)
        with pytest.raises(DesignerError, match="moved, removed or replaced"):
            events.sync()
        with pytest.raises(DesignerError, match="moved, removed or replaced"):
            events.write("step", step=3)


def test_the_time_of_the_last_event(tmp_path):
    path = tmp_path / "events.jsonl"
    assert last_time(path) is None
    path.write_bytes(b'{"event":"step","time":5.5}\n{"event":"step","time":7.5}\n{"event":"st')
    assert last_time(path) == 7.5
    path.write_bytes(b"\xff\n" * 100)
    assert last_time(path) is None
