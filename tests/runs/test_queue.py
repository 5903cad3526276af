"""The file of the waiting trainings, changed by several processes."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from designer import file_lock
from designer.errors import DesignerError
from designer.runs.queue import Queue


def order(queue):
    return [each.path.name for each in queue.read().waiting]


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "state")
    for name in "abc":
        queue.add(tmp_path / name)
    return queue


def test_runs_wait_in_the_order_in_which_they_were_added(queue, tmp_path):
    assert order(queue) == ["a", "b", "c"]
    queue.add(tmp_path / "a")
    assert order(queue) == ["b", "c", "a"]
    queue.add(tmp_path / "d", resume=True, first=True)
    assert order(queue) == ["d", "b", "c", "a"]
    assert [each.resume for each in queue.read().waiting] == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "position", "after"),
    [("c", 0, "cab"), ("a", 1, "bac"), ("a", 9, "bca"), ("b", -1, "bac"), ("x", 0, "abc")],
)
def test_moving(queue, tmp_path, name, position, after):
    queue.move(tmp_path / name, position)
    assert order(queue) == list(after)


def test_removing(queue, tmp_path):
    queue.remove([tmp_path / "a", tmp_path / "c", tmp_path / "nothing"])
    assert order(queue) == ["b"]


def test_the_first_is_taken_unless_one_is_running_or_they_are_held(queue):
    assert queue.take(lambda: True) is None
    queue.hold(True)
    assert queue.take(lambda: False) is None
    queue.hold(False)
    assert queue.take(lambda: False).path.name == "a"
    assert order(queue) == ["b", "c"]


def test_another_window_takes_none_while_one_is_being_started(queue):
    queue.take(lambda: False)
    code = (
        "import sys; from pathlib import Path; from designer.runs.queue import Queue; "
        "print(Queue(Path(sys.argv[1])).take(lambda: False))"
    )
    command = [sys.executable, "-c", code, str(queue.folder)]
    assert subprocess.check_output(command, text=True).strip() == "None"
    queue.started()
    assert "/b'" in subprocess.check_output(command, text=True)
    # That process has ended without saying that it started b: it holds nothing up.
    assert queue.take(lambda: False).path.name == "c"


def test_two_processes_never_take_the_same(tmp_path):
    queue = Queue(tmp_path)
    for number in range(40):
        queue.add(tmp_path / str(number))
    code = (
        "import sys; from pathlib import Path; from designer.runs.queue import Queue\n"
        "queue = Queue(Path(sys.argv[1]))\n"
        "while queue.read().waiting:\n"
        "    taken = queue.take(lambda: False)\n"
        "    if taken: print(taken.path.name); queue.started()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    taken = [name for process in processes for name in process.communicate()[0].split()]
    assert sorted(taken, key=int) == [str(number) for number in range(40)]


@pytest.mark.parametrize("content", [b"{", b'{"waiting": 3}', b"\xff", b'{"waiting": [{}]}'])
def test_a_damaged_file_is_set_aside_with_a_sentence(queue, content):
    queue.file.write_bytes(content)
    with pytest.raises(DesignerError, match=r"was damaged .* set aside as"):
        queue.read()
    assert queue.read().waiting == ()
    assert (queue.folder / "queue.damaged.json").read_bytes() == content


def test_a_folder_that_cannot_be_written_gives_a_sentence(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(DesignerError, match="cannot be written"):
        Queue(tmp_path / "state").add(tmp_path / "a")


def test_a_window_that_is_gone_does_not_hold_the_queue_up(queue):
    gone = {"pid": 2**22 - 1, "started": 1.0}
    state = msgspec.json.decode(queue.file.read_bytes())
    queue.file.write_bytes(msgspec.json.encode({**state, "starting": gone}))
    assert queue.take(lambda: False).path == Path(queue.folder.parent / "a")
    assert queue.read().starting == file_lock.this_process()


def test_a_good_file_written_meanwhile_is_not_set_aside(queue, monkeypatch):
    good = queue.file.read_bytes()
    queue.file.write_bytes(b"{")
    acquire = file_lock.acquire

    def repair_first(file):
        queue.file.write_bytes(good)
        return acquire(file)

    monkeypatch.setattr(file_lock, "acquire", repair_first)
    assert queue.read().waiting
    assert queue.file.read_bytes() == good


def test_a_damaged_file_that_cannot_be_set_aside_gives_a_sentence(queue):
    queue.file.write_bytes(b"{")
    (queue.folder / "queue.damaged.json").mkdir()
    with pytest.raises(DesignerError, match="cannot be set aside"):
        queue.read()
