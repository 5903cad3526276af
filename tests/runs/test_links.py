import os

import pytest

from designer.errors import DesignerError
from designer.runs import control
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.survey import summarize
from tests.runs.test_folder import create

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need a privilege elsewhere")

FILES = (
    "recipe.json", "events.jsonl", "control.jsonl", "worker.log", "worker.lock", "result.json",
    "checkpoints/last.pt", "evaluation/confusion.json", "environment.json", "anything",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_link_that_leads_out_is_refused(tmp_path, name):
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    run = create(tmp_path / "run")
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).symlink_to(outside)
    with pytest.raises(DesignerError, match=r"is a link that leads out of the run folder, to"):
        RunFolder.open(run.path)
    with pytest.raises(DesignerError, match="leads out"):
        run.state()
    assert summarize(run).state == "damaged"
    assert outside.read_bytes() == b"precious"


def test_a_folder_that_leads_out_is_refused_and_links_inside_are_not(tmp_path):
    run = create(tmp_path / "run")
    (run.path / "also.json").symlink_to("recipe.json")
    assert RunFolder.open(run.path).state() == "new"
    run.evaluation.rmdir()
    run.evaluation.symlink_to(tmp_path)
    with pytest.raises(DesignerError, match="evaluation is a link that leads out"):
        RunFolder.open(run.path)


def test_a_link_in_a_circle_is_refused(tmp_path):
    run = create(tmp_path / "run")
    run.events.symlink_to("events.jsonl")
    with pytest.raises(DesignerError, match=r"events.jsonl is a link that leads out"):
        RunFolder.open(run.path)


def test_a_run_can_be_reached_through_a_link(tmp_path):
    run = create(tmp_path / "run")
    (tmp_path / "link").symlink_to(run.path)
    assert RunFolder.open(tmp_path / "link").state() == "new"


def test_nothing_is_written_through_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    for name in ("events.jsonl", "control.jsonl"):
        (tmp_path / name).symlink_to(outside)
    with pytest.raises(DesignerError, match="cannot be written"):
        EventWriter(tmp_path / "events.jsonl")
    with pytest.raises(DesignerError, match="cannot be written"):
        control.send(tmp_path / "control.jsonl", "stop")
    assert outside.read_bytes() == b"precious"


@pytest.mark.parametrize("name", [*FILES, "design.json", "network.json", "data.json"])
def test_a_pipe_is_refused_before_it_is_opened(tmp_path, name):
    run = create(tmp_path / "run")
    (run.path / name).unlink(missing_ok=True)
    os.mkfifo(run.path / name)
    with pytest.raises(DesignerError, match="is a pipe or a device"):
        RunFolder.open(run.path)
    summary = summarize(run)
    assert summary.state == "damaged"
    assert name in summary.message
