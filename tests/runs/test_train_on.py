import pytest

from designer.engine.training import train
from designer.errors import DesignerError
from designer.gui.training.train_on_dialog import read_parent
from designer.recipe.recipe import fields, value_of
from designer.reports.reading import read_record
from designer.runs import control
from designer.runs.events import read_events
from designer.runs.origin import Origin
from designer.runs.train_on import _REFUSALS, CHANGEABLE, _matches, train_on
from tests.engine.samples import create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same
from tests.recipe.alternatives import another_value


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    run = create(tmp_path_factory.mktemp("finished") / "run", tiny_recipe(data, epochs=2))
    train(run)
    return run


def content(run):
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("schedule", ["constant", "reduce_on_plateau"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_two_and_three_epochs_are_five_bit_for_bit(data, tmp_path, schedule, optimizer):
    settings = {
        "schedule__name": schedule,
        "schedule__patience": 0,
        "optimizer__name": optimizer,
        "augmentation__rotation": 10,
    }
    parent = create(tmp_path / "parent", tiny_recipe(data, epochs=2, **settings))
    result = train(parent)
    before = content(parent)
    child = train_on(parent, tmp_path / "child", epochs=3)
    train(child, resume=True)
    whole = create(tmp_path / "whole", tiny_recipe(data, epochs=5, **settings))
    train(whole)
    assert_same(child, whole)
    assert content(parent) == before
    origin = child.origin()
    assert origin == Origin(
        parent=str(parent.path), epochs=2, steps=result.steps, began=origin.began
    )
    assert child.recipe().epochs == 5
    assert parent.origin() is None


def test_a_child_begins_without_an_end(finished, tmp_path):
    child = train_on(finished, tmp_path / "child", epochs=1)
    assert child.state() == "interrupted"
    assert child.events.read_bytes().splitlines()[-1].startswith(b'{"event":"checkpoint"')


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": 16}, "order of the images"),
        ({"optimizer.name": "rmsprop"}, "optimizer's state"),
        ({"loss.label_smoothing": 0.1}, "losses before and after"),
        ({"data.source": "mnist10k"}, "data and the parts"),
        ({"seed": 5}, "random draw"),
        ({"averaging.name": "ema"}, "average of its weights"),
        ({"accumulation": 2}, "steps of an epoch"),
        ({"initialization.name": "zeros"}, "weights of the run itself"),
    ],
)
def test_what_the_state_depends_on_is_not_changed(finished, tmp_path, changes, words):
    with pytest.raises(DesignerError, match=words):
        train_on(finished, tmp_path / "child", epochs=1, changes=changes)
    assert not (tmp_path / "child").exists()


@pytest.mark.parametrize("name", [name for name in fields() if name != "epochs"])
def test_each_setting_is_taken_or_refused_with_a_reason(finished, tmp_path, name):
    value = another_value(fields()[name])
    if _matches(name, CHANGEABLE):
        child = train_on(finished, tmp_path / "child", epochs=1, changes={name: value})
        assert value_of(child.recipe(), name) == value
    else:
        with pytest.raises(DesignerError, match=f"{name} cannot be changed .* begin a new run"):
            train_on(finished, tmp_path / "child", epochs=1, changes={name: value})
        assert any(_matches(name, (key,)) for key in _REFUSALS if key)


def test_another_way_to_evaluate_is_that_of_the_final_test(finished, tmp_path):
    changes = {"evaluation.test_time": "ten_crops", "augmentation.cutout": 2}
    child = train_on(finished, tmp_path / "child", epochs=1, changes=changes)
    assert train(child, resume=True).status == "finished"
    assert read_record(child).test_time == "ten_crops"


def test_another_rate_is_taken(finished, tmp_path):
    changes = {"optimizer.learning_rate": 0.5, "batch": 8}  # 8 is what it was
    child = train_on(finished, tmp_path / "child", epochs=1, changes=changes)
    assert child.recipe().optimizer.learning_rate == 0.5


def test_a_run_that_has_not_ended_is_resumed_instead(data, finished, tmp_path):
    new = create(tmp_path / "new", tiny_recipe(data))
    with pytest.raises(DesignerError, match="resume it"):
        train_on(new, tmp_path / "child", epochs=1)
    with pytest.raises(DesignerError, match="1 or more"):
        train_on(finished, tmp_path / "child", epochs=0)


def test_a_stopped_run_is_trained_on(data, tmp_path, monkeypatch):
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
    run = create(tmp_path / "run", tiny_recipe(data, epochs=9))
    assert train(run, interrupt=StopAt(30)).status == "stopped"
    child = train_on(run, tmp_path / "child", epochs=1)
    result = train(child, resume=True)
    assert (result.status, result.epochs) == ("finished", run.result().epochs + 1)


def first_rate(run, after):
    """Return the rate of the first step that is logged after a number of steps."""
    steps = [event for event in read_events(run.events) if event["event"] == "step"]
    return next(event["lr"] for event in steps if event["step"] > after)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("stop_at", [None, 20])
def test_the_rate_that_the_window_shows_is_that_of_the_first_further_step(
    data, tmp_path, monkeypatch, schedule, stop_at
):
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
    parent = create(tmp_path / "parent", tiny_recipe(data, epochs=3, schedule__name=schedule))
    train(parent, interrupt=None if stop_at is None else StopAt(stop_at))
    before, steps = read_parent(parent), parent.result().steps
    child = train_on(parent, tmp_path / "child", epochs=2)
    train(child, resume=True)
    assert first_rate(child, steps) == pytest.approx(before.continued_rate(2))
    base = before.base_for(0.05, 2)
    other = train_on(
        parent, tmp_path / "other", epochs=2, changes={"optimizer.learning_rate": base}
    )
    train(other, resume=True)
    assert first_rate(other, steps) == pytest.approx(0.05)


def test_a_schedule_that_was_scaled_is_continued_scaled(data, tmp_path):
    recipe = tiny_recipe(data, epochs=2, schedule__name="cosine")
    parent = create(tmp_path / "parent", recipe)
    control.send(parent.control, "set_lr", value=0.01)
    train(parent)
    before, steps = read_parent(parent), parent.result().steps
    assert before.factor == pytest.approx(0.01 / 0.05, rel=0.05)
    child = train_on(parent, tmp_path / "child", epochs=2)
    train(child, resume=True)
    assert first_rate(child, steps) == pytest.approx(before.continued_rate(2))


def test_a_rate_given_anew_replaces_one_that_is_held(data, tmp_path):
    recipe = tiny_recipe(data, epochs=2, schedule__name="constant", optimizer__learning_rate=0.001)
    parent = create(tmp_path / "parent", recipe)
    control.send(parent.control, "hold_lr", value=0.01)
    train(parent)
    steps = parent.result().steps
    assert read_parent(parent).continued_rate(1) == 0.01
    kept = train_on(parent, tmp_path / "kept", epochs=1)
    train(kept, resume=True)
    assert first_rate(kept, steps) == 0.01
    anew = train_on(parent, tmp_path / "anew", epochs=1, changes={"optimizer.learning_rate": 0.001})
    train(anew, resume=True)
    assert first_rate(anew, steps) == 0.001
