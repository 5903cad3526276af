import json
import os
import random
import signal
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

from designer.engine import worker
from designer.errors import DesignerError
from designer.runs import control, launch
from designer.runs.events import EventReader
from tests.engine.samples import create, tiny_recipe, write_data
from tests.engine.test_training import assert_same, kinds

SECONDS = 120  # until a test gives up waiting


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def wait_for(condition):
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.005)
    return found


def wait_for_end(pid, run):
    wait_for(lambda: not launch.is_alive(pid, run.path))
    assert run.worker() is None


def wait_for_steps(run, count):
    """Follow the log of a run until it is that many steps further."""
    reader = EventReader(run.events)

    def steps():
        return [event["step"] for event in reader.poll().events if event["event"] == "step"]

    goal = max(steps(), default=0) + count
    wait_for(lambda: any(step >= goal for step in steps()))


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_numbers(tmp_path, data):
    recipe = tiny_recipe(data, epochs=30, checkpoint_seconds=0.02, threads=2)
    whole, broken = create(tmp_path / "whole", recipe), create(tmp_path / "broken", recipe)
    wait_for_end(launch.start(whole.path), whole)
    generator = random.Random(1)
    for attempt in range(3):
        pid = launch.start(broken.path, resume=attempt > 0)
        wait_for_steps(broken, generator.randint(1, 60))
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid, broken)
        assert broken.state() == "interrupted"
    wait_for_end(launch.start(broken.path, resume=True), broken)
    assert whole.result().status == "finished", whole.log.read_text()
    assert broken.result().status == "finished", broken.log.read_text()
    assert_same(whole, broken)


@pytest.mark.slow
def test_a_detached_run_can_be_steered(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, epochs=100_000))
    pid = launch.start(run.path)
    assert launch.is_alive(pid, run.path)
    wait_for(lambda: run.state() == "running")
    with pytest.raises(DesignerError, match="being trained already"):
        launch.start(run.path)
    control.send(run.control, "pause")
    wait_for(lambda: "paused" in kinds(run))
    control.send(run.control, "resume")
    wait_for(lambda: "resumed" in kinds(run))
    os.kill(pid, signal.SIGTERM)
    wait_for_end(pid, run)
    assert run.state() == "stopped"
    assert run.log.read_text() == ""


def run_worker(*arguments, options=()):
    return subprocess.run(
        [sys.executable, *options, "-m", "designer.engine.worker", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def test_what_is_wrong_is_one_line_and_exit_status_1(tmp_path):
    done = run_worker(tmp_path / "absent")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "There is no run folder" in done.stderr


def test_a_failing_training_exits_with_1(tmp_path, data, capsys, monkeypatch):
    monkeypatch.setattr(worker, "_interrupt", worker.threading.Event)
    run = create(tmp_path / "run", tiny_recipe(data, batch=500))
    assert worker.main([str(run.path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == run.result().message + "\n"
    assert worker.main([str(create(tmp_path / "good", tiny_recipe(data)).path)]) == 0


def test_either_a_run_or_a_service(capsys):
    for arguments in ([], ["run", "--serve"]):
        with pytest.raises(SystemExit):
            worker.main(arguments)
    capsys.readouterr()


def test_the_service_answers_and_trains(tmp_path, data):
    recipe = tiny_recipe(data)
    run = create(tmp_path / "run", recipe)
    service = launch.start_service()
    with service:

        def ask(text):
            service.stdin.write(text.encode() + b"\n")
            service.stdin.flush()
            return json.loads(service.stdout.readline())

        assert ask('{"do": "ping", "id": 7}') == {"id": 7, "ok": True}
        assert "cannot do 'dance'" in ask('{"do": "dance"}')["message"]
        assert ask("nonsense")["ok"] is False
        assert ask('{"do": "train"}')["ok"] is False
        assert "no run folder" in ask('{"do": "train", "run": "/absent"}')["message"]
        request = {"do": "prepare", "recipe": msgspec.to_builtins(recipe)}
        request["network"] = msgspec.to_builtins(run.network())
        assert ask(json.dumps(request)) == {"ok": True}
        request["network"]["input"] = [2, 8, 8]
        assert "cannot be converted from 1 to" in ask(json.dumps(request))["message"]
        trained = ask(json.dumps({"do": "train", "run": str(run.path), "id": "a"}))
        assert (trained["ok"], trained["id"]) == (True, "a")
        assert trained["result"]["status"] == "finished"
        assert run.state() == "finished"
        request = {
            "do": "preview",
            "images": str(tmp_path / "pictures.npy"),
            "to": str(tmp_path / "draws.npz"),
            "augmentation": {"rotation": 30.0},
            "draws": 3,
            "seed": 0,
            "size": [8, 8],
            "mean": [0.5],
            "components": [[0.1]],
        }
        assert "preview of the augmentation cannot be made" in ask(json.dumps(request))["message"]
        np.save(request["images"], np.full((2, 1, 8, 8), 200, np.uint8))
        assert ask(json.dumps(request)) == {"ok": True}
        assert np.load(request["to"])["pictures"].shape == (3, 2, 1, 8, 8)
        request = {"do": "export", "source": str(run.path), "to": [str(tmp_path / "tiny.pt")]}
        (file,) = ask(json.dumps(request))["files"]
        assert (file["path"], file["difference"]) == (str(tmp_path / "tiny.pt"), 0)
        found = ask(json.dumps({"do": "look", "weights": str(tmp_path / "tiny.pt")}))
        assert ["conv.weight", [4, 1, 3, 3]] in found["tensors"] and found["ordered"] is True
        absent = ask('{"do": "look", "weights": "absent.pt"}')
        assert "There is no file absent.pt" in absent["message"]
        request["to"] = [str(tmp_path / "tiny.doc")]
        assert "must end in one of .py" in ask(json.dumps(request))["message"]
        assert service.poll() is None
        service.stdin.write(b'{"do": "quit"}\n')
        service.stdin.flush()
        assert service.wait(SECONDS) == 0


def test_a_served_training_outlives_who_asked(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, epochs=20))
    with launch.start_service() as service:
        service.stdin.write(json.dumps({"do": "train", "run": str(run.path)}).encode() + b"\n")
        service.stdin.close()
        service.stdout.close()
        assert service.wait(SECONDS) == 0
    assert run.result().status == "finished"


def test_what_is_printed_during_a_served_training_is_in_its_log(tmp_path, capfd):
    with worker._printing_to(tmp_path / "worker.log"):
        os.write(2, b"from C\n")
        sys.stderr.write("from Python\n")
    sys.stderr.write("afterwards\n")
    assert (tmp_path / "worker.log").read_text().splitlines()[0] == "from C"
    assert capfd.readouterr().err.endswith("afterwards\n")
    with worker._printing_to(tmp_path / "absent" / "worker.log"):  # a disk that is gone
        os.write(2, b"unheard\n")


def test_a_training_in_one_process_loads_no_compiler(tmp_path, data):
    """Torch's compiler takes as long to load as half of torch."""
    done = run_worker(
        create(tmp_path / "run", tiny_recipe(data, epochs=1)).path, options=("-X", "importtime")
    )
    assert done.returncode == 0
    assert "torch.optim" in done.stderr and "torch._dynamo\n" not in done.stderr
