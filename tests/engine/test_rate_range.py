"""The learning-rate range test against a plain loop of torch, and what it leaves as it was."""

import threading

import pytest
import torch
from torch import nn

from designer.design import edits
from designer.engine.inspect.first_batch import first_batch
from designer.engine.inspect.requests import Canceled, Job, answer
from designer.engine.inspect.subject import load
from designer.engine.rate_range import rate_range
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.events import read_events
from designer.runs.rate_range import Bounds
from tests.engine.inspect.test_measuring import subject
from tests.engine.samples import TINY, WITHOUT_DROPOUT, create, tiny_recipe, write_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


SGD = {"optimizer__momentum": 0.9, "optimizer__nesterov": False, "optimizer__weight_decay": 0.01}


@pytest.mark.parametrize("name", ["design", "kaiming_normal"])
def test_the_losses_are_those_of_a_plain_loop(data, name):
    """All training images are one batch, whose order does not matter."""
    recipe = tiny_recipe(data, batch=96, data__test=0.0, initialization__name=name, **SGD)
    within = Bounds(1e-3, 1.0, 20)
    found = rate_range(WITHOUT_DROPOUT, recipe, within)
    loaded = load(subject(WITHOUT_DROPOUT, recipe), device="cpu")
    batch = first_batch(loaded, recipe)
    network = loaded.network.train().requires_grad_(True)
    steps = torch.optim.SGD(network.parameters(), 1.0, momentum=0.9, weight_decay=0.01)
    for number, each in enumerate(found.steps):
        assert each.learning_rate == pytest.approx(1e-3 * 1000 ** (number / 19))
        steps.param_groups[0]["lr"] = each.learning_rate
        loss = nn.functional.cross_entropy(network(batch.inputs), batch.targets)
        assert each.loss == pytest.approx(loss.item(), rel=2e-4)
        steps.zero_grad()
        loss.backward()
        steps.step()


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation__shift": 0.1, "gradient_clipping": 0.5},
        {"augmentation__mixup": 0.4, "accumulation": 2, "loss__center_weight": 0.01},
        {"accumulation": 3, "loss__class_weights": "balanced", "initialization__name": "lsuv"},
    ],
)
def test_at_one_rate_the_losses_are_those_of_a_training(data, tmp_path, changes):
    rate = 0.02
    recipe = tiny_recipe(
        data, optimizer__learning_rate=rate, schedule__name="constant", epochs=4, **changes
    )
    run = create(tmp_path / "run", recipe)
    train(run)
    events = [each for each in read_events(run.events) if each["event"] == "step"]
    found = rate_range(TINY, recipe, Bounds(rate, rate * (1 + 1e-12), 20))
    together = min(len(events), len(found.steps))
    assert together >= 10  # over more than an epoch
    for event, step in zip(events[:together], found.steps[:together], strict=True):
        assert step.loss == pytest.approx(event["loss"], rel=1e-5)


def test_it_goes_on_through_epochs_and_changes_nothing_else(data, tmp_path):
    recipe = tiny_recipe(data, augmentation__shift=0.1)
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    files = sorted(tmp_path.parent.iterdir())
    shares = []
    found = rate_range(TINY, recipe, Bounds(1e-4, 1e-2, 40), progress=shares.append)
    assert len(found.steps) == 40 > 96 // 8 * 2  # more than two epochs
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert sorted(tmp_path.parent.iterdir()) == files
    again = rate_range(TINY, recipe, Bounds(1e-4, 1e-2, 40))
    assert again == found


def test_it_suggests_a_rate_that_learns(data):
    found = rate_range(WITHOUT_DROPOUT, tiny_recipe(data), Bounds(1e-5, 100.0, 100))
    assert found.suggestion is not None
    assert 1e-3 < found.suggestion < 10


_NOBODY = Job()


def ask(recipe, job=_NOBODY, design=TINY, **request):
    return answer(
        {"do": "rate_range", "subject": subject(design, recipe), "threads": 1, **request}, job
    )


def test_a_request_is_answered(data):
    found = ask(tiny_recipe(data), low=1e-4, high=1.0, steps=30).fields["range"]
    assert len(found["steps"]) <= 30
    assert found["steps"][0]["learning_rate"] == pytest.approx(1e-4)
    assert {"suggestion", "tenth_of_lowest", "diverged", "sentence"} < found.keys()


def test_it_can_be_canceled_at_a_step(data):
    stop = threading.Event()
    shares = []

    def report(share):
        shares.append(share)
        if share > 0.2:
            stop.set()

    with pytest.raises(Canceled):
        ask(tiny_recipe(data), Job(report, stop.is_set), steps=50)
    assert 0.2 < max(shares) < 0.4


def test_what_cannot_be_trained_is_refused(data, tmp_path):
    with pytest.raises(DesignerError, match="nowhere"):
        ask(tiny_recipe(tmp_path / "nowhere"))
    with pytest.raises(DesignerError, match="all training images in each step"):
        ask(tiny_recipe(data, optimizer__name="lbfgs"))
    with pytest.raises(DesignerError, match="larger than the"):
        ask(tiny_recipe(data, batch=5000))
    frozen = edits.set_learning_rate(edits.set_learning_rate(TINY, "conv", 0), "fc", 0)
    frozen = edits.set_learning_rate(frozen, "norm", 0)
    with pytest.raises(DesignerError, match="learns"):
        ask(tiny_recipe(data), design=frozen)
