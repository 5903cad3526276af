import errno
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from designer import file_lock, storage
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs import lock
from designer.runs.folder import RunFolder, default_path, list_runs
from designer.runs.launch import is_alive, start
from designer.runs.network import NetworkInfo, OutputInfo
from designer.runs.result import Best, Metrics, Result
from designer.storage import write_atomically

NETWORK = NetworkInfo(
    name="N",
    input=(1, 8, 8),
    outputs=(OutputInfo(name="y", shape=(3,)),),
    parameters=1,
)


def create(path):
    return RunFolder.create(
        path, design_json='{"name": "N"}', source="class N: ...", recipe=Recipe(), network=NETWORK
    )


def test_what_is_created_can_be_read(tmp_path):
    create(tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    assert run.recipe() == Recipe()
    assert run.network() == NETWORK
    assert run.source() == "class N: ..."
    assert run.design.read_text() == '{"name": "N"}'
    assert run.state() == "new"
    assert run.result() is None


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(DesignerError, match="not empty"):
        create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_place_for_a_run(tmp_path):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(DesignerError, match="file is a file: choose a folder"):
        create(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


def test_an_empty_folder_can_be_used(tmp_path):
    assert create(tmp_path).state() == "new"


def test_a_missing_run_is_told(tmp_path):
    with pytest.raises(DesignerError, match="no run folder"):
        RunFolder.open(tmp_path / "absent")
    with pytest.raises(DesignerError, match="not a complete run folder"):
        RunFolder.open(tmp_path)


def test_a_read_only_place_is_told(tmp_path, monkeypatch):
    def refuse(*arguments, **named):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DesignerError, match=r"run cannot be written \(Permission denied\)"):
        create(tmp_path / "run")


def test_states_come_from_the_files(tmp_path):
    run = create(tmp_path / "run")
    run.events.write_bytes(b"")
    assert run.state() == "interrupted"
    result = Result(
        status="stopped",
        epochs=2,
        best=Best(epoch=1, loss=0.5, accuracy=0.9),
        validation=Metrics(loss=0.5),
    )
    run.result_file.write_bytes(result.to_json())
    assert run.state() == "stopped"
    assert run.result() == result
    with lock.held(run.lock):
        assert run.state() == "running"
        assert run.worker() == os.getpid()
        with pytest.raises(DesignerError, match="being trained already"):
            start(run.path)
    assert run.state() == "stopped"


def test_a_damaged_result_is_told(tmp_path):
    run = create(tmp_path / "run")
    run.result_file.write_bytes(b'{"status": "fini')
    with pytest.raises(DesignerError, match=r"result.json cannot be read .*remove the file"):
        run.result()


def test_only_one_holds_the_lock(tmp_path):
    path = tmp_path / "worker.lock"
    with lock.held(path):
        with pytest.raises(DesignerError, match=f"process {os.getpid()}"), lock.held(path):
            pass
        assert file_lock.holder(path) == os.getpid()
    assert file_lock.holder(path) is None
    with lock.held(path):
        pass


def test_a_lock_of_the_dead_counts_for_nothing(tmp_path):
    path = tmp_path / "worker.lock"
    program = (
        "import os, pathlib, sys; from designer.runs import lock\n"
        "with lock.held(pathlib.Path(sys.argv[1])): os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert path.read_bytes()
    assert file_lock.holder(path) is None
    with lock.held(path):
        pass


def test_default_paths_are_free_and_readable(tmp_path):
    now = datetime(2026, 11, 21, 14, 5)
    first = default_path(tmp_path, "LeNet-5", now=now)
    assert first.name == "2026-11-21-1405-lenet5"
    first.mkdir()
    assert default_path(tmp_path, "LeNet-5", now=now).name == "2026-11-21-1405-lenet5-2"
    assert default_path(tmp_path, "../..", now=now).name == "2026-11-21-1405-network"
    assert default_path(tmp_path, "残差网络 2", now=now).name == "2026-11-21-1405-残差网络2"
    default_path(tmp_path, 500 * "परत", now=now).mkdir()


def test_runs_are_listed_newest_first(tmp_path):
    assert list_runs(tmp_path / "absent") == []
    for age, name in enumerate(("b", "a", "c")):
        os.utime(create(tmp_path / name).recipe_file, (age, age))
    (tmp_path / "other").mkdir()
    assert [run.path.name for run in list_runs(tmp_path)] == ["c", "a", "b"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def refuse(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_a_process_that_is_no_worker_is_not_alive(tmp_path):
    assert not is_alive(os.getpid(), create(tmp_path / "run").path)


def test_neither_torch_nor_numpy_is_imported():
    program = (
        "import sys; from designer.runs import control, events, folder, launch\n"
        "found = {'torch', 'numpy', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_folder_that_cannot_be_read_hides_no_run(tmp_path, monkeypatch):
    run = create(tmp_path / "run")
    (tmp_path / "locked").mkdir()
    original = Path.stat

    def stat(path, **options):
        if path.parent.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert [each.path for each in list_runs(tmp_path)] == [run.path]
