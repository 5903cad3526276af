"""Running studies with a worker that trains nothing: what is proposed, taken, ended, resumed."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from designer.errors import DesignerError
from designer.runs.control import ControlReader
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.result import Best, Metrics, Result
from designer.studies import running
from designer.studies.folder import StudyFolder
from designer.studies.journal import Proposed
from designer.studies.protocols import Protocol
from designer.studies.running import Report, Runner
from designer.studies.spec import Budget, Pruning
from designer.studies.standby import WorkerDiedError
from tests.studies.samples import create, study


class Trainer:
    """Stands for a worker: writes the events and the result of a run at once."""

    loss: ClassVar[Callable[[RunFolder, int], float]]
    before: ClassVar[Callable[[RunFolder], None]]
    runs: ClassVar[list[str]]

    def __init__(self, log: Path, *, gpu: int | None = None) -> None:
        pass

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass

    def train(self, path: Path, *, resume: bool, while_waiting: Callable[[], None]) -> Any:
        run = RunFolder.open(path)
        run.control.unlink(missing_ok=True)  # commands of before
        Trainer.runs.append(path.name)
        Trainer.before(run)
        epochs = run.recipe().epochs
        losses = [Trainer.loss(run, epoch) for epoch in range(1, epochs + 1)]
        status, done = "finished", epochs
        with EventWriter(run.events) as events:
            for epoch, loss in enumerate(losses, 1):
                figures = Metrics(loss=loss, accuracy=1 - loss)
                events.write(
                    "epoch", epoch=epoch, step=epoch, train=figures, validation=figures, best=True,
                    seconds=1.0, seconds_in_all=1.0, seconds_left=0.0,
                )  # fmt: skip
                while_waiting()
                if any(each.command == "stop" for each in ControlReader(run.control).poll()):
                    status, done = "stopped", epoch
                    break
        loss = min(losses[:done])
        result = Result(
            status=status,  # type: ignore[arg-type]
            epochs=done,
            steps=done,
            best=Best(epoch=done, loss=loss, accuracy=1 - loss),
            seconds=float(done),
        )
        run.result_file.write_bytes(result.to_json())
        return msgspec.to_builtins(result)


@pytest.fixture(autouse=True)
def trainer(monkeypatch: pytest.MonkeyPatch) -> type[Trainer]:
    monkeypatch.setattr(running, "Standby", Trainer)
    Trainer.runs = []
    Trainer.loss = lambda run, epoch: 1 / (run.recipe().batch + epoch)
    Trainer.before = lambda run: None
    return Trainer


def _run(folder: StudyFolder, **settings: Any) -> tuple[Any, list[Report]]:
    reports: list[Report] = []
    return Runner(folder, reports.append, **settings).run(), reports


def test_a_grid_is_trained_once_with_every_seed(tmp_path):
    folder = create(
        tmp_path / "s", study("batch=8,16", protocol=Protocol(name="repeats", repeats=2))
    )
    state, _ = _run(folder)
    assert Trainer.runs == ["0001-1", "0001-2", "0002-1", "0002-2"]
    assert [folder.run(0, each).recipe().seed for each in (0, 1)] == [0, 1]
    assert [folder.run(each, 0).recipe().batch for each in (0, 1)] == [8, 16]
    assert all(trial.ended for trial in state.trials)
    assert state.trials[1].trainings[0].ended.figures["validation_loss"] == 1 / 17
    assert _run(folder)[0].trials == state.trials  # nothing is trained again
    assert len(Trainer.runs) == 4


def test_nothing_beyond_the_budget_is_trained(tmp_path):
    made = study(
        "design.conv1.out_channels=2..12",
        sampler="random",
        trials=6,
        budget=Budget(macs=300_000),
    )
    state, reports = _run(create(tmp_path / "s", made))
    assert len(state.accepted) == len(Trainer.runs) == 3
    assert {each.values["design.conv1.out_channels"] for each in state.accepted} == {2, 3, 4}
    assert all(each.costs["macs"] <= 300_000 for each in state.accepted)
    refused = [each.trial for each in reports if each.replicate is None]
    assert len(refused) == 8
    assert all("beyond the budget of 300,000" in each.refusal for each in refused)
    assert state.exhausted.message == ""  # all 11 were tried


def test_a_search_for_what_no_candidate_keeps_ends_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_MOST_REFUSED", 60)
    made = study(
        "optimizer.learning_rate=0.1..1", sampler="random", trials=6, budget=Budget(macs=1000)
    )
    state, _ = _run(create(tmp_path / "s", made))
    assert Trainer.runs == []
    assert len(state.trials) == 60
    assert "60 candidates were refused" in state.exhausted.message
    assert "It has 416,520 MACs, beyond the budget of 1,000" in state.exhausted.message


def test_what_cannot_be_built_is_refused_with_its_reason(tmp_path):
    state, _ = _run(create(tmp_path / "s", study("design.conv2.kernel_size=5,50")))
    assert [bool(each.refusal) for each in state.trials] == [False, True]
    assert "cannot be built" in state.trials[1].refusal
    assert Trainer.runs == ["0001-1"]


def test_no_training_begins_after_the_time(tmp_path):
    folder = create(tmp_path / "s", study("batch=1..64", sampler="random", seconds=5))
    _run(folder)
    assert len(Trainer.runs) == 5  # of a second each
    assert _run(folder)[1] == []


def test_trainings_that_fall_behind_are_stopped(tmp_path):
    made = study("batch=1,8,16,32,64,2,128", "epochs=4", pruning=Pruning(name="median", trials=4))
    state, _ = _run(create(tmp_path / "s", made))
    ends = [trial.trainings[0].ended for trial in state.trials]
    assert [each.outcome for each in ends] == [*["finished"] * 5, "pruned", "finished"]
    assert ends[5].figures["epochs"] == 2
    assert ends[5].figures["validation_loss"] == 1 / 4


def test_a_study_that_is_stopped_goes_on_where_it_was(tmp_path):
    folder = create(tmp_path / "s", study("batch=1,2,3", "epochs=4"))
    runner = Runner(folder, lambda report: None)

    def stop_second(run: RunFolder) -> None:
        if run.path.name == "0002-1" and len(Trainer.runs) == 2:
            runner.stop()

    Trainer.before = stop_second
    state = runner.run()
    assert [each.ended for each in state.trials] == [True, False]
    assert state.trials[1].trainings[0].process == ""
    state, _ = _run(folder)
    assert Trainer.runs == ["0001-1", "0002-1", "0002-1", "0003-1"]
    assert [each.trainings[0].ended.outcome for each in state.trials] == ["finished"] * 3


def test_a_run_that_ended_before_a_kill_is_recorded_and_not_trained_again(tmp_path):
    folder = create(tmp_path / "s", study("batch=1,2"))
    _run(folder)
    lines = folder.journal().path.read_bytes().splitlines(keepends=True)
    folder.journal().path.write_bytes(b"".join(lines[:-2]))  # killed before the last end
    assert not folder.journal().read().trials[1].ended
    state, _ = _run(folder)
    assert state.trials[1].trainings[0].ended.figures["validation_loss"] == 1 / 3
    assert len(Trainer.runs) == 2


def test_failures_are_recorded_and_the_others_go_on(tmp_path):
    def fail(run: RunFolder) -> None:
        if run.recipe().batch == 2:
            raise DesignerError("It is broken: mend it.")
        if run.recipe().batch == 3:
            raise WorkerDiedError("The worker ended.")

    Trainer.before = fail
    state, _ = _run(create(tmp_path / "s", study("batch=1,2,3,4")))
    ends = [trial.trainings[0].ended for trial in state.trials]
    assert [each.outcome for each in ends] == ["finished", "failed", "failed", "finished"]
    assert ends[1].message == "It is broken: mend it."


def test_what_failed_is_trained_again_where_that_is_wanted(tmp_path, trainer):
    folder = create(tmp_path / "s", study("batch=8,16,32"))

    def fail(run: RunFolder) -> None:
        if run.recipe().batch == 16:
            raise DesignerError("The data are away.")

    trainer.before = fail
    _run(folder)
    trainer.before = lambda run: None
    _run(folder)
    assert trainer.runs == ["0001-1", "0002-1", "0003-1"]
    assert folder.retry() == 1
    state, reports = _run(folder)
    assert trainer.runs[3:] == ["0002-1"]
    assert [each.trainings[0].ended.outcome for each in state.trials] == ["finished"] * 3
    assert len(reports) == 2
    assert folder.retry() == 0


def test_a_study_whose_trainings_all_fail_ends_with_the_reason(tmp_path):
    def fail(run: RunFolder) -> None:
        raise DesignerError("There is no data set x: name another.")

    Trainer.before = fail
    folder = create(tmp_path / "s", study("batch=1..64", sampler="random", trials=50))
    with pytest.raises(DesignerError, match="Every training of the study fails: There is no data"):
        _run(folder)
    assert len(Trainer.runs) == 3


@pytest.mark.parametrize("parallel", [2, 3])
def test_several_at_once_train_each_candidate_once(tmp_path, parallel):
    folder = create(tmp_path / "s", study("batch=1..12:points=12"))
    meeting = threading.Barrier(parallel, timeout=30)
    Trainer.before = lambda run: meeting.wait() and None  # only if so many train at once
    state, _ = _run(folder, parallel=parallel)
    assert sorted(Trainer.runs) == [f"{each:04d}-1" for each in range(1, len(Trainer.runs) + 1)]
    assert len(Trainer.runs) == len(state.trials)
    assert all(trial.ended for trial in state.trials)


def test_two_runners_share_the_trainings(tmp_path):
    folder = create(tmp_path / "s", study("batch=1..12:points=12"))
    meeting = threading.Barrier(2, timeout=30)
    Trainer.before = lambda run: meeting.wait() and None
    threads = [threading.Thread(target=_run, args=(folder,)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    state = folder.journal().read()
    assert all(trial.ended for trial in state.trials)
    assert sorted(Trainer.runs) == [f"{each:04d}-1" for each in range(1, 13)]
    takers = {trial.trainings[0].process for trial in state.trials}
    assert len(takers) == 2


def test_a_folder_that_is_no_study_is_refused(tmp_path):
    with pytest.raises(DesignerError, match="There is no study"):
        StudyFolder.open(tmp_path / "none")
    with pytest.raises(DesignerError, match=r"study.json is missing"):
        StudyFolder.open(tmp_path)
    (tmp_path / "study.json").write_text('{"title": "x", "samplr": "grid"}')
    with pytest.raises(DesignerError, match=r"is no study that this version can read .*samplr"):
        StudyFolder.open(tmp_path).study()


@pytest.mark.parametrize(
    ("texts", "settings", "words"),
    [
        (("batch=1,2",), {"sampler": "bayes"}, "no sampler 'bayes'"),
        (("batch=1,2",), {"goals": ("speed",)}, "no goal 'speed'"),
        (("batch=1,2",), {"goals": ("macs",)}, "need no training"),
        (("batch=1,2",), {"sampler": "random"}, "would never end"),
        (("batch=1,2",), {"trials": 0}, "at least 1 trial"),
        ((), {}, "varies nothing"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused(tmp_path, texts, settings, words):
    with pytest.raises(DesignerError, match=words):
        create(tmp_path / "s", study(*texts, **settings))
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"goals": []}, "has no goal"),
        ({"goals": ["speed"]}, "no goal 'speed'"),
        ({"sampler": "bayes"}, "no sampler 'bayes'"),
        ({"protocol": {"name": "thrice"}}, "no protocol 'thrice'"),
        ({"pruning": {"name": "median", "trials": 0}}, "at least 1 trial"),
        ({"varied": [{"name": "batch", "range": {"low": 1, "high": 4, "step": 0}}]}, "step"),
        ({"varied": [{"name": "batch", "range": {"low": 1, "high": 4, "points": 1}}]}, "2 values"),
    ],
)
def test_a_file_that_was_edited_to_make_no_sense_is_refused(tmp_path, changes, words):
    folder = create(tmp_path / "s", study("batch=1,2"))
    edit(folder, changes)
    with pytest.raises(DesignerError, match=rf"study.json makes no sense.*{words}"):
        folder.study()


@pytest.mark.parametrize(
    "varied",
    [
        [{"name": "batch", "values": [2, 3]}],
        [{"name": "batch", "range": {"low": 2, "high": 9, "whole": True}}],
        [{"name": "batch", "values": [1, 2]}, {"name": "epochs", "values": [1, 2]}],
        [{"name": "epochs", "values": [1, 2]}],
    ],
)
def test_a_study_that_was_edited_after_it_began_does_not_go_on(tmp_path, varied):
    folder = create(tmp_path / "s", study("batch=1,2"))
    journal = folder.journal()
    with journal.alone():
        journal.append(Proposed(trial=0, values={"batch": 1}, costs={}))
    edit(folder, {"varied": varied})
    with pytest.raises(DesignerError, match="Trial 1 has other fields or values"):
        Runner(folder, print).run()


def edit(folder, changes):
    """Change what the file of a study says."""
    plain = json.loads(folder.study_file.read_bytes())
    folder.study_file.write_text(json.dumps({**plain, **changes}))
