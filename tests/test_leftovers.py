import os
import subprocess
import sys

from designer import leftovers
from designer.recipe.recipe import Recipe
from designer.runs.folder import RunFolder, list_runs
from designer.runs.network import NetworkInfo, OutputInfo
from designer.storage import save_file


def ended() -> int:
    """Return the number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_only_what_ended_processes_left_is_removed(tmp_path):
    gone, here = ended(), os.getppid()
    theirs = [f".last.pt.{here}.tmp", f".export-{here}-ab12", f".run.{here}.new"]
    mine = [f"a.{gone}.tmp", ".profile", f".x.{gone}.tmp.txt", f".export-{gone}", ".a.b.tmp"]
    dead = [f".last.pt.{gone}.tmp", f".export-{gone}-a_b2", f".run.{gone}.new"]
    for name in (*theirs, *mine, *dead):
        if "tmp" in name:
            (tmp_path / name).write_bytes(b"x")
        else:
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_bytes(b"x")
    leftovers.remove(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*theirs, *mine))
    leftovers.remove(tmp_path, all_=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(mine)
    leftovers.remove(tmp_path / "absent")


def test_a_link_among_them_is_removed_alone(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"x")
    (tmp_path / f".run.{ended()}.new").symlink_to(tmp_path / "precious")
    leftovers.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert (tmp_path / "precious" / "file").exists()


def test_saving_a_file_removes_what_a_kill_left_beside_it(tmp_path):
    (tmp_path / f".net.json.{ended()}.tmp").write_bytes(b"half")
    save_file(tmp_path / "net.json", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["net.json"]


def test_a_run_that_was_not_made_wholly_is_none_and_vanishes(tmp_path):
    half = tmp_path / f".a-run.{ended()}.new"
    half.mkdir()
    (half / "design.json").write_bytes(b"{}")
    network = NetworkInfo(
        name="N", input=(1, 8, 8), outputs=(OutputInfo(name="y", shape=(3,)),), parameters=1
    )
    run = RunFolder.create(
        tmp_path / "b-run", design_json="{}", source="", recipe=Recipe(), network=network
    )
    assert [each.path for each in list_runs(tmp_path)] == [run.path]
    assert [path.name for path in tmp_path.iterdir()] == ["b-run"]
