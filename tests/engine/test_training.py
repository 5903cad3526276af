import errno
import json
import threading
from contextlib import ExitStack

import msgspec
import numpy as np
import pytest
import torch

from designer.data import open_dataset, split
from designer.engine import checkpoint, loop, steering, training
from designer.engine.losses import Objective
from designer.engine.module import module_of_run
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation
from designer.recipe.averaging import AVERAGES
from designer.recipe.optimizers import OPTIMIZERS
from designer.recipe.recipe import fields
from designer.recipe.schedules import SCHEDULES
from designer.runs import control, lock
from designer.runs.events import EventWriter, read_events
from designer.runs.folder import RunFolder
from designer.runs.network import OutputInfo
from tests.engine.samples import (
    TWO_OUTPUTS,
    WITHOUT_DROPOUT,
    WITHOUT_NORM,
    create,
    tiny_recipe,
    write_data,
)
from tests.recipe.alternatives import another_value


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def kinds(run):
    return [event["event"] for event in read_events(run.events)]


def of_kind(run, kind):
    return [event for event in read_events(run.events) if event["event"] == kind]


def losses(run):
    return [(event["step"], event["loss"], event["lr"]) for event in of_kind(run, "step")]


def weights(path, run):
    return checkpoint.load(path, source=run.source())["network"]


def networks(content):
    """Return the network of a checkpoint, and the one that is trained if that is another."""
    found = (content["network"], content.get("training_network"))
    return [each for each in found if each is not None]


def assert_same(first: RunFolder, second: RunFolder):
    """Two runs came to bit-identical losses, figures and weights."""
    assert losses(first) == losses(second)
    for name in ("last", "best"):
        contents = (
            checkpoint.load(getattr(run, name), source=run.source()) for run in (first, second)
        )
        for one, two in zip(*map(networks, contents), strict=True):
            assert one.keys() == two.keys()
            assert all(torch.equal(one[key], two[key]) for key in one)
    ends = [(run.result().best, run.result().test) for run in (first, second)]
    assert ends[0] == ends[1]
    numbers = [event["sequence"] for event in read_events(second.events)]
    assert numbers == sorted(set(numbers))


class StopAt(threading.Event):
    """An interrupt that is set once so many steps have been taken."""

    def __init__(self, steps):
        super().__init__()
        self._looks = steps

    def is_set(self):
        self._looks -= 1
        return self._looks < 0


@pytest.fixture
def look_always(monkeypatch):
    """Look at the control file after every step."""
    monkeypatch.setattr(steering, "POLL_SECONDS", 0.0)


def test_a_run_leaves_all_its_files(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data))
    result = train(run)
    assert result.status == "finished"
    assert (result.epochs, result.steps) == (3, 3 * result.steps // 3)
    assert result == run.result()
    assert run.state() == "finished"
    assert result.test is not None
    assert result.test.accuracy > 0.9
    assert run.preprocessing().classes == ("0", "1", "2")

    events = read_events(run.events)
    assert kinds(run)[0] == "start"
    assert kinds(run)[-1] == "end"
    (start,) = of_kind(run, "start")
    assert start["threads"] == 1
    assert sum(start["counts"].values()) == 120
    steps = of_kind(run, "step")
    assert [event["step"] for event in steps] == list(range(1, result.steps + 1))
    assert {"epoch", "loss", "lr", "images_per_second"} <= steps[0].keys()
    assert all(0 <= event["accuracy"] <= 1 for event in steps)
    assert np.mean([event["accuracy"] for event in steps if event["epoch"] == 1]) == pytest.approx(
        of_kind(run, "epoch")[0]["train"]["accuracy"]
    )
    assert 0 < steps[0]["memory_bytes"] < of_kind(run, "start")[0]["memory_bytes"]
    epochs = of_kind(run, "epoch")
    assert [event["epoch"] for event in epochs] == [1, 2, 3]
    assert epochs[-1]["validation"]["loss"] == result.validation.loss
    assert epochs[0]["train"]["loss"] == pytest.approx(
        np.mean([event["loss"] for event in steps if event["epoch"] == 1])
    )
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))

    confusion = json.loads((run.evaluation / "confusion.json").read_text())
    assert np.trace(confusion["matrix"]) / np.sum(confusion["matrix"]) == result.test.accuracy
    predictions = np.load(run.evaluation / "predictions.npz")
    assert predictions["losses"].mean() == pytest.approx(result.test.loss, rel=1e-5)
    assert (predictions["predicted"] == predictions["targets"]).mean() == result.test.accuracy
    assert len(json.loads((run.evaluation / "mistakes.json").read_text())) == round(
        (1 - result.test.accuracy) * len(predictions["losses"])
    )


def write_rare(path):
    """Write squares of which the last class has a tenth of the images of each other."""
    write_data(path, images=180)
    with np.load(path) as arrays:
        labels = arrays["y_train"]
        rare = np.flatnonzero(labels == 2)[:6]
        chosen = np.sort(np.concatenate([np.flatnonzero(labels < 2), rare]))
        np.savez(path, x_train=arrays["x_train"][chosen], y_train=labels[chosen])
    return path


def test_balanced_weights_are_those_of_the_training_part_and_of_both_losses(tmp_path):
    data = write_rare(tmp_path / "rare.npz")
    recipe = tiny_recipe(data, loss__class_weights="balanced", epochs=1, batch=16)
    run = create(tmp_path / "run", recipe)
    result = train(run)
    prepared = training.prepare(create(tmp_path / "again", recipe), ExitStack())
    counts = prepared.train._targets.bincount()
    expected = len(prepared.train) / (3 * counts)
    assert run.preprocessing().class_weights == pytest.approx(expected.tolist())
    network = prepared.network
    network.load_state_dict(weights(run.best, run))
    network.eval()
    for part, metrics in ((prepared.validation, result.validation), (prepared.test, result.test)):
        (batch,) = part.batches(torch.arange(len(part)), len(part))
        outputs, targets = network(batch[0]), batch[1]
        loss = torch.nn.functional.cross_entropy(outputs, targets, weight=expected)
        assert metrics.loss == pytest.approx(loss.item(), rel=1e-5)
        assert metrics.accuracy == pytest.approx((outputs.argmax(1) == targets).float().mean())


def test_the_cost_of_the_decisions_is_measured(tmp_path, data):
    costs = ((0.0, 1.0, 2.0), (3.0, 0.0, 4.0), (5.0, 6.0, 0.0))
    recipe = tiny_recipe(data, loss__cost_matrix=costs, epochs=1, optimizer__learning_rate=1e-5)
    run = create(tmp_path / "run", recipe)
    result = train(run)
    matrix = np.array(json.loads((run.evaluation / "confusion.json").read_text())["matrix"])
    assert result.test.accuracy < 1
    assert result.test.cost == pytest.approx((matrix * costs).sum() / matrix.sum())
    assert of_kind(run, "epoch")[0]["validation"]["cost"] == pytest.approx(result.validation.cost)
    plain = create(tmp_path / "plain", tiny_recipe(data, epochs=1))
    assert train(plain).test.cost is None


def test_the_seed_of_the_split_is_apart_from_that_of_weights_and_order(tmp_path, data):
    def trained(**changes):
        name = "-".join(map(str, changes.values()))
        run = create(tmp_path / name, tiny_recipe(data, epochs=1, **changes))
        train(run)
        return run.data().examples, losses(run)

    first, same_split = trained(seed=0), trained(seed=1, data__split_seed=0)
    assert same_split[0] == first[0]
    assert same_split[1] != first[1]
    assert trained(seed=0, data__split_seed=0) == first
    assert trained(seed=0, data__split_seed=1)[0] == trained(seed=1)[0] != first[0]
    assert trained(seed=0, data__stratified=False)[0] != first[0]


def test_validation_is_measured_without_label_smoothing(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, loss__label_smoothing=0.5, epochs=1))
    result = train(run)
    with np.load(run.evaluation / "predictions.npz") as arrays:
        outputs, targets = (torch.from_numpy(arrays[name]) for name in ("outputs", "targets"))
    expected = torch.nn.functional.cross_entropy(outputs, targets).item()
    assert result.test.loss == pytest.approx(expected, rel=1e-5)


def test_weights_of_another_number_of_classes_are_refused(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, loss__weights=(1.0, 2.0)))
    with pytest.raises(DesignerError, match="has 2 values, but squares has 3 classes"):
        train(run)


def test_balanced_sampling_trains_on_every_class_equally_often(tmp_path):
    data = write_rare(tmp_path / "rare.npz")
    prepared = training.prepare(
        create(tmp_path / "run", tiny_recipe(data, data__sampling="balanced")), ExitStack()
    )
    length = prepared.steps_per_epoch * prepared.batch
    for epoch in range(3):
        targets = prepared.train._targets[prepared.sampling.order(epoch)]
        counts = targets.bincount(minlength=3)
        assert counts.sum() == length
        assert counts.max() - counts.min() <= 1


def test_the_worst_mistakes_are_kept_as_pictures(tmp_path):
    data = write_data(tmp_path / "squares.npz")
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1, optimizer__learning_rate=1e-6))
    result = train(run)
    mistakes = json.loads((run.evaluation / "mistakes.json").read_text())
    pictures = np.load(run.evaluation / "mistakes.npz")["images"]
    assert result.test.accuracy < 1
    assert (len(pictures), pictures.dtype) == (len(mistakes), np.uint8)
    recipe = run.recipe()
    parts = split(open_dataset(data), validation=recipe.data.validation, test=recipe.data.test)
    places = [mistake["index"] for mistake in mistakes]
    expected = parts.test.read(places, height=8, width=8, channels=1)
    np.testing.assert_array_equal(pictures, expected)
    outputs = np.load(run.evaluation / "predictions.npz")["outputs"][places]
    exponentials = np.exp(outputs - outputs.max(1, keepdims=True))
    sure = (exponentials / exponentials.sum(1, keepdims=True)).max(1)
    assert [mistake["probability"] for mistake in mistakes] == pytest.approx(sure)


def test_the_first_step_is_told_whatever_the_interval(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1, log_interval=4))
    result = train(run)
    steps = [event["step"] for event in of_kind(run, "step")]
    assert steps == [1, 2, *range(4, result.steps + 1, 4)]


def test_the_loop_equals_one_written_by_hand(tmp_path, data):
    recipe = tiny_recipe(data, schedule__name="constant", optimizer__nesterov=False)
    run = create(tmp_path / "run", recipe, WITHOUT_DROPOUT)
    train(run)

    prepared = training.prepare(create(tmp_path / "again", recipe, WITHOUT_DROPOUT), ExitStack())
    network = prepared.network
    steps = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9, weight_decay=0.0005)
    rows = prepared.train._rows.view(-1, 8, 8, 1).permute(0, 3, 1, 2)
    expected = []
    for epoch in range(3):
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(epoch))
        for chosen in order.split(8)[: len(rows) // 8]:
            targets = prepared.train._targets[chosen]
            loss = torch.nn.functional.cross_entropy(network(rows[chosen]), targets)
            loss.backward()
            steps.step()
            steps.zero_grad()
            expected.append(loss.item())
    assert [loss for _, loss, _ in losses(run)] == pytest.approx(expected, rel=1e-4)


EVERY_AUGMENTATION = {
    field.name.replace(".", "__"): another_value(field)
    for field in fields().values()
    if field.group is Augmentation
}


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"optimizer__name": row.name, "optimizer__learning_rate": row.learning_rate}
            for row in OPTIMIZERS.values()
        ),
        *({"schedule__name": name} for name in SCHEDULES),
        {"augmentation__shift": 0.1, "augmentation__horizontal_flip": True},
        EVERY_AUGMENTATION,
        {"augmentation__cutmix": 1.0},
        {"schedule__name": "reduce_on_plateau", "schedule__patience": 0, "early_stopping": 2},
        *({"averaging__name": name, "averaging__start": 0.3} for name in AVERAGES),
        {"averaging__name": "swa", "averaging__start": 0.3, "augmentation__shift": 0.1},
        {"gradient_clipping": 1.0, "gradient_clipping_value": 0.1},
        {"regularization__l1": 1e-3, "regularization__max_norm": 1.0},
        {"accumulation": 2, "averaging__name": "ema"},
        {"accumulation": 3, "loss__class_weights": "balanced"},
        {"schedule__cycle_momentum": True, "optimizer__decay_norms": False},
        {"data__sampling": "balanced", "loss__class_weights": "balanced"},
        {"loss__name": "focal", "loss__center_weight": 0.1},
        {"loss__name": "expected_cost", "loss__cost_matrix": ((0, 1, 2), (1, 0, 1), (5, 1, 0))},
        {"loss__label_smoothing": 0.1},
        {"log_interval": 4},
        {"checkpoint_seconds": 0.0},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_a_stopped_run_goes_on_exactly(tmp_path, data, changes, look_always):
    recipe = tiny_recipe(data, **changes)
    whole = create(tmp_path / "whole", recipe)
    steps = train(whole).steps
    broken = create(tmp_path / "broken", recipe)
    assert train(broken, interrupt=StopAt(steps // 6)).status == "stopped"
    assert broken.state() == "stopped"
    torch.rand(7)  # whatever the generators do in between
    assert train(broken, resume=True, interrupt=StopAt(steps // 3)).status == "stopped"
    assert train(broken, resume=True).status == whole.result().status
    assert_same(whole, broken)


@pytest.mark.parametrize("event", ["step", "epoch", "checkpoint", "end"])
@pytest.mark.parametrize("number", [1, 3])
def test_a_run_that_breaks_off_goes_on_exactly(tmp_path, data, event, number, monkeypatch):
    recipe = tiny_recipe(data)
    whole, broken = create(tmp_path / "whole", recipe), create(tmp_path / "broken", recipe)
    train(whole)
    write, left = EventWriter.write, [number if event != "end" else 1]

    def break_off(self, kind, **fields):
        write(self, kind, **fields)
        left[0] -= kind == event
        if left[0] == 0:
            raise SystemExit  # passes all that handles failures, as a kill would

    monkeypatch.setattr(EventWriter, "write", break_off)
    with pytest.raises(SystemExit):
        train(broken)
    monkeypatch.setattr(EventWriter, "write", write)
    broken.result_file.unlink(missing_ok=True)
    train(broken, resume=True)
    assert_same(whole, broken)


def test_weights_are_kept_every_few_epochs_and_change_nothing(tmp_path, data, look_always):
    whole = create(tmp_path / "whole", tiny_recipe(data, epochs=4))
    train(whole)
    kept = create(tmp_path / "kept", tiny_recipe(data, epochs=4, keep_checkpoints=2))
    assert train(kept, interrupt=StopAt(30)).status == "stopped"  # in the third epoch
    assert kept.kept_epochs() == [0, 2]
    before = kept.kept(2).read_bytes()
    train(kept, resume=True)
    assert_same(whole, kept)
    assert kept.kept_epochs() == [0, 2, 4]
    assert kept.kept(2).read_bytes() == before
    last, last_kept = weights(kept.last, kept), weights(kept.kept(4), kept)
    assert all(torch.equal(last[name], last_kept[name]) for name in last)
    first = weights(kept.kept(0), kept)
    assert not torch.equal(first["conv.weight"], last["conv.weight"])
    assert kept.kept(4).stat().st_size <= kept.best.stat().st_size


def test_weights_kept_at_a_break_are_written_again(tmp_path, data, monkeypatch):
    whole = create(tmp_path / "whole", tiny_recipe(data, keep_checkpoints=1))
    train(whole)
    broken = create(tmp_path / "broken", tiny_recipe(data, keep_checkpoints=1))
    save = checkpoint.save

    def break_off(path, content, *, source):
        save(path, content, source=source)
        if path == broken.kept(2):
            raise SystemExit  # a kill between the weights and the checkpoint of an epoch

    monkeypatch.setattr(checkpoint, "save", break_off)
    with pytest.raises(SystemExit):
        train(broken)
    monkeypatch.setattr(checkpoint, "save", save)
    train(broken, resume=True)
    assert_same(whole, broken)
    for epoch in range(4):
        one, two = (weights(run.kept(epoch), run) for run in (whole, broken))
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_commands_are_obeyed(tmp_path, data, look_always, monkeypatch):
    run = create(tmp_path / "run", tiny_recipe(data, schedule__name="constant"))
    control.send(run.control, "set_lr", value=0.01)
    control.send(run.control, "checkpoint")
    control.send(run.control, "pause")

    def while_paused(seconds):
        assert run.last.exists()
        assert kinds(run)[-1] == "paused"
        control.send(run.control, "set_lr", value=0.02)
        control.send(run.control, "resume")

    monkeypatch.setattr(steering.time, "sleep", while_paused)
    train(run)
    rates = [rate for _, _, rate in losses(run)]
    assert rates[0] == 0.05
    assert set(rates[1:]) == {0.02}
    assert [event["lr"] for event in of_kind(run, "lr")] == [0.01, 0.02]
    assert [event["reason"] for event in of_kind(run, "checkpoint")][:2] == ["command", "pause"]
    assert [kind for kind in kinds(run) if kind in ("paused", "resumed")] == ["paused", "resumed"]


def test_a_rate_typed_in_the_warm_up_scales_the_schedule_and_says_the_peak(
    tmp_path, data, look_always
):
    recipe = tiny_recipe(data, schedule__name="cosine", schedule__warmup_epochs=1.0)
    run = create(tmp_path / "run", recipe)
    control.send(run.control, "set_lr", value=0.01)
    control.send(run.control, "stop")
    train(run)
    train(run, resume=True)  # the schedule stays scaled
    plain = create(tmp_path / "plain", recipe)
    train(plain)
    own, scaled = (np.array([rate for _, _, rate in losses(each)]) for each in (plain, run))
    assert scaled[0] == own[0]
    assert scaled[1] == pytest.approx(0.01)
    assert scaled[1:] == pytest.approx(own[1:] * 0.01 / own[1])
    (event,) = of_kind(run, "lr")
    assert event["message"] == (
        f"The schedule goes on scaled: it will peak at {scaled.max():.3g} in epoch 1."
    )
    assert (event["by_hand"], event["scaled"]) == (False, True)
    assert all(event["scaled"] for event in of_kind(run, "step")[1:])


def test_a_rate_held_in_the_warm_up_is_the_rate_until_the_schedule_is_followed(
    tmp_path, data, look_always
):
    recipe = tiny_recipe(data, schedule__name="constant", schedule__warmup_epochs=1.0)
    run = create(tmp_path / "run", recipe)
    control.send(run.control, "hold_lr", value=0.5)
    control.send(run.control, "stop")
    train(run)
    train(run, resume=True)  # the rate survives
    assert {rate for _, _, rate in losses(run)[1:]} == {0.5}
    assert all(event["by_hand"] for event in of_kind(run, "step")[1:])

    again = create(tmp_path / "again", recipe)
    control.send(again.control, "hold_lr", value=0.5)
    control.send(again.control, "schedule_lr")
    train(again)
    plain = create(tmp_path / "plain", recipe)
    train(plain)
    assert losses(again) == losses(plain)
    (set_, freed) = of_kind(again, "lr")
    assert (set_["lr"], set_["by_hand"], freed["by_hand"]) == (0.5, True, False)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [(100, [1, 2, 4, 8, 16, 32, 64, 100, 200]), (4, [1, 2, 4, 8, 12]), (1, [1, 2, 3, 4])],
)
def test_the_first_steps_are_logged_more_often(interval, expected):
    logged = [step for step in range(1, expected[-1] + 1) if loop._is_logged(step, interval)]
    assert logged == expected


def test_a_stop_ends_with_a_checkpoint_and_is_taken_once(tmp_path, data, look_always):
    run = create(tmp_path / "run", tiny_recipe(data))
    control.send(run.control, "stop")
    result = train(run)
    assert (result.status, result.steps, result.test) == ("stopped", 1, None)
    assert kinds(run)[-2:] == ["checkpoint", "end"]
    assert train(run, resume=True).status == "finished"


def test_a_resume_takes_back_an_unread_stop(tmp_path, data, look_always):
    run = create(tmp_path / "run", tiny_recipe(data))
    control.send(run.control, "stop")
    control.send(run.control, "resume")
    assert train(run).status == "finished"


def test_early_stopping(tmp_path, data):
    recipe = tiny_recipe(data, epochs=50, early_stopping=2, optimizer__learning_rate=1e-9)
    run = create(tmp_path / "run", recipe, WITHOUT_NORM)
    result = train(run)
    assert result.status == "early_stopped"
    assert result.epochs == result.best.epoch + 2
    assert result.test is not None
    with pytest.raises(DesignerError, match="is complete"):
        train(run, resume=True)


def test_the_best_epoch_has_the_lowest_validation_loss(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, epochs=6, optimizer__learning_rate=0.5))
    result = train(run)
    found = [event["validation"]["loss"] for event in of_kind(run, "epoch")]
    assert result.best.loss == min(found)
    assert result.best.epoch == 1 + found.index(min(found))


def test_several_outputs(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data), TWO_OUTPUTS)
    result = train(run)
    assert result.status == "finished"
    assert result.test.accuracy > 0.9


def test_mean_squared_error_on_targets(tmp_path):
    generator = np.random.default_rng(0)
    pictures = generator.random((60, 8, 8), np.float32)
    targets = pictures.reshape(60, -1)[:, :3].astype(np.float32)
    path = tmp_path / "targets.npz"
    np.savez(path, x_train=pictures, y_train=targets)
    recipe = tiny_recipe(path, loss__name="mean_squared_error")
    run = create(tmp_path / "run", recipe)
    result = train(run)
    assert result.status == "finished"
    assert result.test.accuracy is None
    assert {path.name for path in run.evaluation.iterdir()} == {
        "predictions.npz",
        "numbers.json",
        "evaluation.json",
    }
    scores = json.loads((run.evaluation / "numbers.json").read_text())
    assert np.mean([score["mean_squared_error"] for score in scores]) == pytest.approx(
        result.test.loss
    )

    fast = tiny_recipe(
        path,
        loss__name="mean_squared_error",
        schedule__name="constant",
        optimizer__learning_rate=1e6,
        log_interval=3,
    )
    assert train(create(tmp_path / "fast", fast, WITHOUT_NORM)).status == "diverged"

    wrong = create(tmp_path / "wrong", tiny_recipe(path))
    with pytest.raises(DesignerError, match=r"set loss\.name to mean_squared_error"):
        train(wrong)


def test_lower_precision_is_noted_on_the_cpu(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, precision="bfloat16", epochs=1))
    train(run)
    (note,) = of_kind(run, "note")
    assert "float32 on cpu" in note["message"]


def test_rare_classes_are_noted_with_the_remedy(tmp_path):
    path = write_data(tmp_path / "rare.npz", images=240)
    with np.load(path) as arrays:
        images, labels = arrays["x_train"], arrays["y_train"]
    chosen = np.flatnonzero((labels != 2) | (np.arange(240) < 15))
    np.savez(path, x_train=images[chosen], y_train=labels[chosen])
    run = create(tmp_path / "run", tiny_recipe(path, epochs=1))
    train(run)
    (note,) = of_kind(run, "note")
    assert "The class 2 is rare" in note["message"]
    assert "loss.class_weights=balanced" in note["message"]


def test_data_too_large_for_memory_gives_the_same(tmp_path, data, monkeypatch):
    whole = create(tmp_path / "whole", tiny_recipe(data, data__workers=0))
    train(whole)
    monkeypatch.setattr("designer.engine.batches.devices.free_bytes", lambda device: 0)
    streamed = create(tmp_path / "streamed", tiny_recipe(data, data__workers=0))
    train(streamed)
    assert losses(streamed) == losses(whole)


# What goes wrong


class Root(torch.nn.Module):
    """An activation that breaks in its twentieth step of training."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += self.training
        return x if self.calls < 20 else x * float("nan")


def test_a_loss_that_is_no_number_names_step_and_layer(tmp_path, data, monkeypatch):
    def broken(run):
        network = module_of_run(run)
        network.act = Root()
        return network

    monkeypatch.setattr("designer.engine.preparation.module_of_run", broken)
    run = create(tmp_path / "run", tiny_recipe(data))
    result = train(run)
    assert result.status == "diverged"
    assert result.steps == 19
    assert "became nan at step 20 (epoch 2): layer act (Root) was the first" in result.message
    assert result == run.result()
    assert kinds(run)[-1] == "end"
    kept = checkpoint.load(run.last, source=run.source())
    assert kept["progress"]["epoch"] == 1
    assert all(torch.isfinite(weight).all() for weight in kept["network"].values())
    assert result.best.epoch == 1


def test_too_large_a_learning_rate_diverges(tmp_path, data):
    recipe = tiny_recipe(
        data, optimizer__learning_rate=1e6, schedule__name="constant", log_interval=7
    )
    run = create(tmp_path / "run", recipe, WITHOUT_NORM)
    result = train(run)
    assert result.status == "diverged"
    assert "lower the learning rate" in result.message


def failed(run, match):
    """Train a run that must fail with a sentence, in every place where one looks."""
    with pytest.raises(DesignerError, match=match) as caught:
        train(run)
    message = str(caught.value)
    assert "\n" not in message
    assert run.result().status == "failed"
    assert run.result().message == message
    assert of_kind(run, "failed")[0]["message"] == message


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"batch": 500}, "batch of 500 is larger than the .* training images"),
        ({"data__validation": 0.0}, "no validation images: set data.validation"),
        ({"data__source": "/nowhere"}, "nowhere"),
        ({"device": "cuda"}, "no cuda device"),
    ],
)
def test_recipes_that_do_not_fit(tmp_path, data, changes, match):
    failed(create(tmp_path / "run", tiny_recipe(data, **changes)), match)


@pytest.mark.parametrize(
    ("network", "match"),
    [
        (
            {"outputs": (OutputInfo(name="y", shape=(7,)),)},
            "has 3 classes but output y of Tiny gives 7 values: set its last layer to 3",
        ),
        ({"outputs": (OutputInfo(name="y", shape=(3, 1, 1)),)}, "3x1x1 .* insert a Flatten"),
        ({"input": (2, 8, 8)}, "channel"),
    ],
)
def test_networks_that_do_not_fit(tmp_path, data, network, match):
    failed(create(tmp_path / "run", tiny_recipe(data), **network), match)


def test_a_model_file_of_somebody_else_is_never_run(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data))
    proof = tmp_path / "proof"
    run.source_file.write_text(f"open({str(proof)!r}, 'w').close()\n{run.source()}")
    failed(run, "differs from the source .* generates from design.json, so it is not run")
    assert not proof.exists()


def test_labels_out_of_range(tmp_path):
    path = tmp_path / "bad.npz"
    labels = np.array([0, 1, -3] * 10)
    np.savez(path, x_train=np.zeros((30, 8, 8), np.uint8), y_train=labels)
    failed(create(tmp_path / "run", tiny_recipe(path)), "-3")


def test_out_of_memory_is_told(tmp_path, data, monkeypatch):
    def run_out(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0")

    monkeypatch.setattr(Objective, "__call__", run_out)
    monkeypatch.setattr("designer.engine.device.free_bytes", lambda where: 2**40)
    monkeypatch.setattr("designer.engine.device.title", lambda where: "GPU")
    failed(create(tmp_path / "run", tiny_recipe(data)), r"at batch 8\. 2.50 GiB .* Try batch 4")


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, data, monkeypatch):
    recipe = tiny_recipe(data)
    whole, run = create(tmp_path / "whole", recipe), create(tmp_path / "run", recipe)
    train(whole)
    save, calls = torch.save, []

    def fill_up(content, file):
        calls.append(1)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(content, file)

    monkeypatch.setattr(torch, "save", fill_up)
    failed(run, r"cannot be written \(No space left on device\): free some space")
    monkeypatch.setattr(torch, "save", save)
    assert checkpoint.load(run.last, source=run.source())["progress"]["epoch"] == 1
    train(run, resume=True)
    assert_same(whole, run)


def test_a_disk_too_full_for_kept_weights_is_told_and_the_run_goes_on_when_there_is_room(
    tmp_path, data, monkeypatch
):
    recipe = tiny_recipe(data, keep_checkpoints=1)
    whole, run = create(tmp_path / "whole", recipe), create(tmp_path / "run", recipe)
    train(whole)
    write = checkpoint.write_atomically

    def fill_up(path, content, *given):
        def half(file):
            content(file)
            file.truncate(file.tell() // 2)
            raise OSError(errno.ENOSPC, "No space left on device")

        write(path, half if path == run.kept(2) else content, *given)

    monkeypatch.setattr(checkpoint, "write_atomically", fill_up)
    failed(run, r"epoch-2.pt cannot be written \(No space left on device\): free some space")
    monkeypatch.setattr(checkpoint, "write_atomically", write)
    left = sorted(path.name for path in run.last.parent.iterdir())
    assert left == ["best.pt", "epoch-0.pt", "epoch-1.pt", "last.pt"]  # no half of a file
    assert checkpoint.load(run.last, source=run.source())["progress"]["epoch"] == 1
    train(run, resume=True)
    assert_same(whole, run)
    for epoch in whole.kept_epochs():
        one, two = (weights(each.kept(epoch), each) for each in (whole, run))
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_disk_too_full_for_the_log_still_gives_the_sentence(tmp_path, data, monkeypatch):
    run = create(tmp_path / "run", tiny_recipe(data))

    def refuse(*arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("designer.runs.events.os.write", refuse)
    with pytest.raises(DesignerError, match=r"events.jsonl cannot be written \(No space left"):
        train(run)


def test_a_read_only_run_is_told(tmp_path, data, monkeypatch):
    run = create(tmp_path / "run", tiny_recipe(data))

    def refuse(self, *arguments, **named):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(DesignerError, match=r"cannot be written \(Permission denied\)"):
        train(run)


def test_a_damaged_recipe_is_told(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data))
    run.recipe_file.write_text('{"bach": 8}')
    failed(run, "unknown field bach")


def test_runs_are_not_begun_twice(tmp_path, data, look_always):
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1))
    with lock.held(run.lock), pytest.raises(DesignerError, match="being trained already"):
        train(run)
    train(run, interrupt=StopAt(2))
    before = run.result()
    with pytest.raises(DesignerError, match=r"has ended already \(stopped\): resume it"):
        train(run)
    assert run.result() == before
    run.result_file.unlink()
    with pytest.raises(DesignerError, match="was started already: resume it"):
        train(run)
    train(run, resume=True)
    with pytest.raises(DesignerError, match=r"is complete \(finished\)"):
        train(run, resume=True)


def test_checkpoints_that_do_not_fit_are_refused(tmp_path, data, look_always):
    run = create(tmp_path / "run", tiny_recipe(data))
    train(run, interrupt=StopAt(2))
    source = run.source()
    run.source_file.write_text(source.replace("0.2", "0.3"))
    with pytest.raises(DesignerError, match="of another design"):
        train(run, resume=True)
    run.source_file.write_text(source)
    run.recipe_file.write_bytes(tiny_recipe(data, batch=4).to_json())
    with pytest.raises(DesignerError, match="steps an epoch"):
        train(run, resume=True)
    for changes, told in (
        ({"name": "adam"}, r"of another optimizer than the recipe's \(name was sgd\)"),
        (
            {"momentum": 0.5, "betas": (0.8, 0.9)},
            r"\(momentum was 0\.9, betas was \(0\.9, 0\.999\)",
        ),
    ):
        own = tiny_recipe(data)
        optimizer = msgspec.structs.replace(own.optimizer, **changes)
        run.recipe_file.write_bytes(msgspec.structs.replace(own, optimizer=optimizer).to_json())
        with pytest.raises(DesignerError, match=told):
            train(run, resume=True)
    run.recipe_file.write_bytes(tiny_recipe(data).to_json())
    whole = run.last.read_bytes()
    run.last.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DesignerError, match="damaged"):
        train(run, resume=True)
    run.last.unlink()
    with pytest.raises(DesignerError, match="is missing"):
        train(run, resume=True)
    run.last.write_bytes(whole)
    assert train(run, resume=True).status == "finished"


def test_a_run_with_mixed_images_says_so(tmp_path, data):
    for name, value in (("plain", 0.0), ("mixed", 0.4)):
        run = create(tmp_path / name, tiny_recipe(data, augmentation__mixup=value, epochs=1))
        train(run)
        (start,) = of_kind(run, "start")
        assert start["mixed"] == (name == "mixed")
        notes = [event["message"] for event in of_kind(run, "note")]
        said = [note for note in notes if "Training accuracy is measured on mixed images" in note]
        assert len(said) == (name == "mixed")


def test_images_for_pieces_are_larger_and_color_noise_has_its_components_in_the_run(tmp_path, data):
    changes = {"augmentation__resized_crop": (0.3, 1.0), "augmentation__color_noise": 0.1}
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1, **changes), WITHOUT_DROPOUT)
    assert train(run).status == "finished"
    (row,) = run.preprocessing().color_components
    assert row[0] > 0
    plain = create(tmp_path / "plain", tiny_recipe(data, epochs=1), WITHOUT_DROPOUT)
    train(plain)
    assert not plain.preprocessing().color_components
