"""Pruning: what is deleted, what remains, and what is refused."""

import os
from pathlib import Path

import msgspec
import pytest

from designer.errors import DesignerError
from designer.runs import disk, lock
from designer.runs.folder import RunFolder
from designer.runs.result import Result

DAY = 86_400


def made(path: Path, status: str | None = "finished", *, best: bool = True) -> RunFolder:
    """Return a run folder with checkpoints of 1,000 and 300 bytes."""
    run = RunFolder(path)
    run.last.parent.mkdir(parents=True)
    run.recipe_file.write_text("{}")
    run.events.write_text("")
    run.last.write_bytes(bytes(1000))
    if best:
        run.best.write_bytes(bytes(300))
    if status is not None:
        run.result_file.write_bytes(Result(status=status).to_json())  # type: ignore[arg-type]
    return run


def test_pruning_deletes_the_state_only(tmp_path):
    run = made(tmp_path / "run")
    before = disk.folder_bytes(run.path)
    assert disk.prunable_bytes(run) == 1000
    assert disk.prune(run) == 1000
    assert not run.last.exists()
    assert run.best.stat().st_size == 300
    assert disk.folder_bytes(run.path) < before - 800
    assert disk.pruned(run).size == 1000
    assert disk.prunable_bytes(run) == 0


def test_weights_kept_of_single_epochs_are_pruned_with_the_state(tmp_path):
    run = made(tmp_path / "run")
    for epoch in (10, 0, 5):
        run.kept(epoch).write_bytes(bytes(200))
    (run.last.parent / "epoch-05.pt").write_bytes(b"")
    assert run.kept_epochs() == [0, 5, 10]
    assert disk.prunable_bytes(run) == 1600
    assert disk.prune(run) == 1600
    assert run.kept_epochs() == []
    assert sorted(path.name for path in run.last.parent.iterdir()) == ["best.pt", "epoch-05.pt"]


def test_pruned_run_says_so_when_it_should_continue(tmp_path):
    run = made(tmp_path / "run")
    disk.require_state(run)
    disk.prune(run)
    with pytest.raises(DesignerError, match=r"its state was pruned on \d{4}-\d\d-\d\d \d\d:\d\d"):
        disk.require_state(run)


@pytest.mark.parametrize("status", ["finished", "early_stopped", "diverged"])
def test_runs_that_ended_by_themselves_are_candidates(tmp_path, status):
    run = made(tmp_path / "run", status)
    assert disk.candidates([run]) == [run]


@pytest.mark.parametrize("status", ["stopped", "failed", None])
def test_runs_that_wait_to_be_resumed_are_pruned_only_by_name(tmp_path, status):
    run = made(tmp_path / "run", status)
    assert disk.candidates([run]) == []
    assert disk.prune(run) == 1000


def test_only_weights_of_a_run_are_never_pruned(tmp_path):
    run = made(tmp_path / "run", best=False)
    assert disk.candidates([run]) == []
    with pytest.raises(DesignerError, match="is all that it has learned"):
        disk.prune(run)
    assert run.last.exists()


def test_running_run_is_never_pruned(tmp_path):
    run = made(tmp_path / "run")
    with lock.held(run.lock):
        assert disk.candidates([run]) == []
        with pytest.raises(DesignerError, match="is being trained"):
            disk.prune(run)
    assert run.last.exists()


def test_age_counts_from_the_last_checkpoint(tmp_path):
    run = made(tmp_path / "run")
    os.utime(run.last, (10 * DAY, 10 * DAY))
    assert disk.candidates([run], older_than_days=5, now=14 * DAY) == []
    assert disk.candidates([run], older_than_days=5, now=16 * DAY) == [run]


def test_damaged_run_is_no_candidate(tmp_path):
    run = made(tmp_path / "run")
    run.result_file.write_text('{"status": ')
    assert disk.candidates([run]) == []


def test_damaged_record_is_as_none(tmp_path):
    run = made(tmp_path / "run")
    disk.prune(run)
    (run.path / "pruned.json").write_bytes(msgspec.json.encode({"time": "now"}))
    assert disk.pruned(run) is None


def test_size_does_not_follow_links(tmp_path):
    run = made(tmp_path / "run")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "big").write_bytes(bytes(50_000))
    (run.path / "link").symlink_to(outside)
    assert disk.folder_bytes(run.path) < 5_000
