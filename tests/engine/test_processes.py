"""Several processes train one run: as one process with the whole batch would, and exactly resumed.

The processes are forked from one that has torch loaded, as loading it takes most of their time.
"""

import multiprocessing
import os
import socket

import pytest
import torch
from torch import nn
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from designer.engine import several_processes
from designer.engine.loop import Loop
from designer.engine.processes import FAILURES, Failure, Processes, connection_lost, first_failure
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs.folder import RunFolder
from designer.runs.launch import processes_of, several_machines
from tests.engine.samples import (
    TWO_OUTPUTS,
    create,
    tiny_recipe,
    write_data,
)
from tests.engine.test_training import StopAt, assert_same, of_kind

SECONDS = 120  # until a test gives up waiting


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


@pytest.fixture(scope="module")
def server():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch._dynamo", "designer.engine.training", __name__])
    return context


@pytest.fixture
def together(server, tmp_path):
    """Return a function that trains a run in several processes and returns their errors."""

    def run_them(run, *, count=2, resume=False, stop=None, broken=None):
        notes = tmp_path / f"{run.path.name}.failures"
        notes.touch()
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        environment = {
            "WORLD_SIZE": str(count),
            "LOCAL_WORLD_SIZE": str(count),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "GLOO_SOCKET_IFNAME": "lo",
            FAILURES: str(notes),
        }
        errors = server.Queue()
        children = [
            server.Process(
                target=train_one,
                args=(run.path, rank, environment, resume, stop, broken, errors),
            )
            for rank in range(count)
        ]
        for child in children:
            child.start()
        found = [errors.get(timeout=SECONDS) for _ in children]
        for child in children:
            child.join(SECONDS)
        return [message for _, message in sorted(found)]

    return run_them


def train_one(path, rank, environment, resume, stop, broken, errors):
    """Train as one process of several; ``broken`` fails in its third step."""
    os.environ.update(environment, RANK=str(rank), LOCAL_RANK=str(rank))
    if rank == broken:
        steps = []
        end_step = Loop._end_step

        def fail(loop):
            steps.append(1)
            if len(steps) == 3:
                raise DesignerError("The picture cat.png cannot be read.")
            end_step(loop)

        Loop._end_step = fail
    interrupt = None if stop is None else StopAt(stop)
    try:
        train(RunFolder.open(path), resume=resume, interrupt=interrupt)
        errors.put((rank, ""))
    except DesignerError as error:
        errors.put((rank, str(error)))


def losses(run):
    return [event["loss"] for event in of_kind(run, "step")]


WEIGHTED = {"loss__weights": (1.0, 4.0, 0.2), "data__sampling": "balanced"}
ALL = {
    "loss__weights": (1.0, 4.0, 0.2),
    "accumulation": 2,
    "averaging__name": "ema",
    "gradient_clipping": 0.05,  # smaller than every gradient
    "optimizer__name": "adam",
    "schedule__name": "cosine",
    "loss__label_smoothing": 0.1,
}


@pytest.mark.parametrize("changes", [{}, WEIGHTED, ALL], ids=["plain", "weighted", "all"])
def test_two_processes_train_as_one(tmp_path, data, together, changes):
    """84 training images in batches of 10 leave a rest, which neither trains on."""
    recipe = tiny_recipe(data, **{"batch": 10, **changes})
    alone, shared = (create(tmp_path / name, recipe, TWO_OUTPUTS) for name in ("alone", "shared"))
    train(alone)
    assert together(shared) == ["", ""]
    assert len(losses(alone)) == 3 * (84 // recipe.step_images)
    assert losses(shared) == pytest.approx(losses(alone), rel=1e-5)
    one, two = alone.result(), shared.result()
    assert (two.status, two.steps) == ("finished", one.steps)
    assert two.validation.loss == pytest.approx(one.validation.loss, rel=1e-5)
    assert two.best.epoch == one.best.epoch
    assert right(shared) == right(alone)


def right(run):
    return [epoch["train"]["accuracy"] for epoch in of_kind(run, "epoch")]


def test_a_stopped_run_continues_exactly_with_as_many_processes(tmp_path, data, together):
    """Dropout draws in each process, from a generator that the checkpoint holds."""
    recipe = tiny_recipe(data, epochs=3)
    whole, broken = (create(tmp_path / name, recipe) for name in ("whole", "broken"))
    assert together(whole) == ["", ""]
    assert together(broken, stop=5) == ["", ""]
    assert broken.state() == "stopped" and 0 < broken.result().steps < whole.result().steps
    with pytest.raises(DesignerError) as refused:
        train(broken, resume=True)
    assert "was begun with 2 processes" in str(refused.value)
    assert f"netdesigner resume {broken.path} --processes 2" in str(refused.value)
    assert broken.state() == "stopped"
    assert processes_of(broken) == 2
    assert together(broken, resume=True) == ["", ""]
    assert_same(whole, broken)


def test_the_reason_of_any_process_is_that_of_the_run(tmp_path, data, together):
    run = create(tmp_path / "run", tiny_recipe(data))
    messages = together(run, broken=1)
    assert messages == ["The picture cat.png cannot be read."] * 2
    assert run.result().status == "failed"
    assert run.result().message == messages[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch": 9}, "A batch of 9 cannot be divided among 2 processes: choose a multiple of 2, "
         "such as 8 or 10."),
        ({"optimizer__name": "lbfgs"}, "does not go with several processes"),
        ({"sync_batch_norm": True}, "synchronizes batch norms on GPUs only"),
    ],
)  # fmt: skip
def test_what_cannot_be_divided_is_refused(tmp_path, data, monkeypatch, changes, sentence):
    monkeypatch.setenv("WORLD_SIZE", "2")
    run = create(tmp_path / "run", tiny_recipe(data, **changes))
    with pytest.raises(DesignerError, match=sentence):
        train(run)
    assert sentence in run.result().message


def test_batch_norms_of_one_process_are_said():
    two, recipe = Processes(0, 2), Recipe(batch=64)
    norms, cpu = nn.Sequential(nn.BatchNorm2d(3)), torch.device("cpu")
    note = two.prepare_norms(norms, recipe, cpu)
    assert "Each batch norm sees the 32 images of its own process, not all 64" in note
    assert Processes().prepare_norms(norms, recipe, cpu) == ""
    assert two.prepare_norms(nn.Sequential(nn.Linear(2, 2)), recipe, cpu) == ""
    whole = Recipe(batch=64, sync_batch_norm=True)
    assert two.prepare_norms(norms, whole, torch.device("cuda")) == ""
    assert isinstance(norms[0], nn.SyncBatchNorm)
    assert "set it to false" in refusal(lambda: two.prepare_norms(norms, whole, cpu))


def refusal(act):
    with pytest.raises(DesignerError) as refused:
        act()
    return str(refused.value)


def test_more_processes_than_gpus_are_refused():
    Processes(0, 2, 0, 2).check_gpus(2)
    message = refusal(lambda: Processes(0, 4, 0, 4).check_gpus(1))
    assert message.startswith("This machine has 1 GPU, but 4 processes")
    assert "--processes 1" in message


def test_the_first_own_reason_counts(tmp_path, monkeypatch):
    assert first_failure() is None
    notes = tmp_path / "notes"
    notes.write_text(
        '{"rank":0,"message":"The connection was lost.","lost":true}\n'
        '{"rank":1,"message":"The disk is full."}\n{"rank":2,"message":"Later."}\n'
    )
    monkeypatch.setenv(FAILURES, str(notes))
    assert first_failure() == Failure(1, "The disk is full.")
    gone = RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]")
    assert connection_lost(gone) is None  # a single process has no connection
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert connection_lost(gone) == "The disk is full."
    assert connection_lost(RuntimeError("shapes differ")) is None
    notes.write_text("")
    assert connection_lost(gone).startswith("The connection to another process")


def test_the_command_for_several_machines(tmp_path):
    path = tmp_path / "my run"
    command = several_machines(path, resume=True, processes=4, data=tmp_path / "data.npz")
    assert command == (
        "torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29500 "
        f"--rdzv-id 'my run' -m designer.engine.worker '{path}' --resume "
        f"--data {tmp_path / 'data.npz'}"
    )


@pytest.mark.parametrize(
    ("noted", "codes", "sentence"),
    [
        ("", {1: -9}, "Process 2 of 2 was ended by the signal SIGKILL"),
        ('{"rank":0,"message":"Lost.","lost":true}\n', {0: 1, 1: -9}, "Process 2 of 2 was ended"),
        ('{"rank":0,"message":"Lost.","lost":true}\n', {0: 1}, "Lost."),
        ('{"rank":1,"message":"The disk is full."}\n', {0: 1, 1: 1}, "The disk is full."),
        ("", {0: 2}, "Process 1 of 2 ended with the exit code 2."),
    ],
)
def test_the_last_line_says_why_the_processes_ended(tmp_path, monkeypatch, noted, codes, sentence):
    (tmp_path / "notes").write_text(noted)
    monkeypatch.setenv(FAILURES, str(tmp_path / "notes"))
    failures = {
        rank: ProcessFailure(local_rank=rank, pid=1, exitcode=code, error_file="")
        for rank, code in codes.items()
    }
    told = several_processes._sentence(ChildFailedError("worker", failures), 2)
    assert told.startswith(sentence)
