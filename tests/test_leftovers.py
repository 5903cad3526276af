"""What killed processes leave is removed at the next start, and nothing of anybody else."""

import os
import platform
import re
import subprocess
import sys

import pytest

from designer import leftovers
from designer.recipe.recipe import Recipe
from designer.runs.folder import RunFolder, list_runs
from designer.runs.network import NetworkInfo, OutputInfo
from designer.storage import save_file

# Names of users' files and folders that look like temporary ones, with numbers of no process.
FOREIGN = (
    ".report.2024.new",
    ".data.99999999.tmp",
    ".export-2024-photos",
    ".netdesigner",
    ".netdesigner-notes",
    ".netdesigner-2024.txt",
    "netdesigner-box-99999999-ab",
    "a.99999999.tmp",
    ".profile",
)


def name_of(process: int) -> str:
    """Return a leftover's name as a process of this machine would give it."""
    return re.sub(rf"-{os.getpid()}-", f"-{process}-", leftovers.temporary_name())


def ended() -> int:
    """Return the number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture
def crowded(tmp_path):
    """A folder with files and folders of users, living processes and ended ones."""
    for number, name in enumerate((*FOREIGN, name_of(os.getppid()), name_of(ended()))):
        for path in (tmp_path / "files" / name, tmp_path / "folders" / name):
            path.parent.mkdir(exist_ok=True)
            if path.parent.name == "files":
                path.write_text(f"{number}")
            else:
                path.mkdir()
                (path / "file").write_text(f"{number}")
    return tmp_path


@pytest.mark.parametrize("kind", ["files", "folders"])
def test_only_what_ended_processes_left_is_removed(crowded, kind):
    folder = crowded / kind
    (theirs,) = (each for each in os.listdir(folder) if f"-{os.getppid()}-" in each)
    leftovers.remove(folder)
    assert sorted(os.listdir(folder)) == sorted((*FOREIGN, theirs))
    leftovers.remove(folder, all_=True)
    of_version_0_1 = {".data.99999999.tmp"}
    assert set(os.listdir(folder)) == set(FOREIGN) - of_version_0_1
    leftovers.remove(folder / "absent")


def test_what_another_machine_writes_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "another.example")
    leftovers._machine.cache_clear()
    (tmp_path / name_of(ended())).write_bytes(b"x")
    monkeypatch.undo()
    leftovers._machine.cache_clear()
    leftovers.remove(tmp_path)
    assert len(os.listdir(tmp_path)) == 1
    leftovers.remove(tmp_path, all_=True)
    assert not os.listdir(tmp_path)


def test_a_link_among_them_is_removed_alone(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"x")
    (tmp_path / name_of(ended())).symlink_to(tmp_path / "precious")
    leftovers.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert (tmp_path / "precious" / "file").exists()


def test_saving_a_file_removes_what_a_kill_left_beside_it(tmp_path):
    (tmp_path / name_of(ended())).write_bytes(b"half")
    save_file(tmp_path / "net.json", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["net.json"]


def test_a_file_with_the_longest_name_can_be_written(tmp_path):
    path = tmp_path / ("n" * 250 + ".json")
    save_file(path, b"whole")
    assert path.read_bytes() == b"whole"


def test_a_run_that_was_not_made_wholly_is_none_and_vanishes(tmp_path):
    half = tmp_path / name_of(ended())
    half.mkdir()
    for file in ("design.json", "recipe.json"):
        (half / file).write_bytes(b"{}")
    assert not list_runs(tmp_path)
    network = NetworkInfo(
        name="N", input=(1, 8, 8), outputs=(OutputInfo(name="y", shape=(3,)),), parameters=1
    )
    run = RunFolder.create(
        tmp_path / "b-run", design_json="{}", source="", recipe=Recipe(), network=network
    )
    assert [each.path for each in list_runs(tmp_path)] == [run.path]
    assert [path.name for path in tmp_path.iterdir()] == ["b-run"]
