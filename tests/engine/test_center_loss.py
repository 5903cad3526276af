"""The center loss against the equations of its paper, written out."""

import numpy as np
import pytest
import torch

from designer.analysis.analysis import analyze
from designer.analysis.assist.features import features_at, features_misfit, nodes_with_features
from designer.codegen import generate
from designer.data import PictureForm, open_dataset
from designer.design import edits
from designer.design.values import LayerNode
from designer.engine.center_loss import CenterLoss
from designer.engine.export import of_run
from designer.engine.mixing import Mixed
from designer.engine.module import module_from_source
from designer.engine.processes import Processes
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.losses import Loss
from tests.engine.samples import LENET, TINY, chain, create, tiny_recipe, write_data
from tests.engine.test_training import losses

FEATURES = chain(
    "Features",
    (1, 8, 8),
    flat=LayerNode("Flatten"),
    hidden=LayerNode("Linear", {"out_features": 5}),
    act=LayerNode("ReLU"),
    fc=LayerNode("Linear", {"out_features": 3}),
)


def built(design=FEATURES, **settings):
    analysis = analyze(design)
    source = generate(design, analysis)
    torch.manual_seed(0)
    network = module_from_source(source.source, source.class_name)
    loss = Loss(center_weight=0.3, **settings)
    centers = CenterLoss(loss, network, analysis, classes=3, processes=Processes.current())
    return network, centers


def by_the_paper(features, targets, centers, alpha):
    """Return the loss of a batch by equation 2, as a mean, and the centers after equation 4."""
    loss = sum(((x - centers[y]) ** 2).sum() for x, y in zip(features, targets, strict=True))
    moved = centers.clone()
    for j in range(len(centers)):
        own = [x for x, y in zip(features, targets, strict=True) if y == j]
        change = sum((centers[j] - x for x in own), torch.zeros_like(centers[j])) / (1 + len(own))
        moved[j] = centers[j] - alpha * change
    return loss / 2 / len(targets), moved


@pytest.mark.parametrize(
    ("node", "read"),
    [
        ("", lambda n, x: torch.relu(n.hidden(x.flatten(1)))),
        ("act", lambda n, x: torch.relu(n.hidden(x.flatten(1)))),
        ("hidden", lambda n, x: n.hidden(x.flatten(1))),  # which the ReLU overwrites
    ],
)
def test_loss_gradient_and_centers_are_those_of_the_paper(node, read):
    network, centers = built(center_node=node, center_alpha=0.4)
    expected = torch.zeros(3, 5)
    for step in range(3):
        generator = torch.Generator().manual_seed(step)
        images = torch.randn(6, 1, 8, 8, generator=generator)
        targets = torch.tensor([0, 2, 2, 0, 0, 2])  # none of class 1
        network(images)
        loss = centers(targets)
        network.zero_grad()
        loss.backward()
        gradient = network.hidden.weight.grad.clone()
        centers.move()

        plain, moved = by_the_paper(read(network, images), targets, expected, 0.4)
        network.zero_grad()
        (0.3 * plain).backward()
        torch.testing.assert_close(loss, 0.3 * plain)
        torch.testing.assert_close(gradient, network.hidden.weight.grad)
        expected = moved.detach()
        torch.testing.assert_close(centers.centers, expected)
    assert not expected[1].any()
    assert expected[0].any()


def test_mixed_images_are_pulled_to_both_centers_by_their_shares():
    network, centers = built(center_node="hidden")
    images = torch.randn(4, 1, 8, 8)
    first, second = torch.tensor([0, 1, 2, 0]), torch.tensor([1, 1, 0, 2])
    centers.centers.copy_(torch.randn(3, 5))
    losses = []
    for targets in (first, second, Mixed(first, second, torch.full((4,), 0.7))):
        network(images)
        losses.append(centers(targets))
    torch.testing.assert_close(losses[2], 0.7 * losses[0] + 0.3 * losses[1])
    before = centers.centers.clone()
    centers.move()  # by all three, as if their gradients had been accumulated
    centers.centers.copy_(before)
    network(images)
    centers(Mixed(first, second, torch.full((4,), 0.7)))
    centers.move()
    features = network.hidden(images.flatten(1)).detach()
    _, moved = by_the_paper(features, first, before, Loss().center_alpha)  # the larger shares
    torch.testing.assert_close(centers.centers, moved)


def test_measuring_leaves_the_features_of_the_step():
    network, centers = built()
    images = torch.randn(6, 1, 8, 8)
    network(images)
    with torch.inference_mode():
        network(torch.zeros(2, 1, 8, 8))
    assert centers(torch.zeros(6, dtype=torch.int64)) > 0


def test_where_features_can_be():
    analysis = analyze(FEATURES)
    assert nodes_with_features(analysis) == ("hidden", "act", "fc")
    assert features_at(analysis, "") == ("fc", 5, True)
    assert features_at(analysis, "hidden") == ("hidden", 5, False)
    lenet = analyze(LENET)
    assert features_at(lenet, "").size == 84
    assert set(nodes_with_features(lenet)) >= {"fc1", "fc2"}


@pytest.mark.parametrize("node", ["flat", "image", "nothing"])
def test_a_node_without_features_is_refused_with_those_that_have_some(node):
    assert f"loss.center_node is {node}" in features_misfit(analyze(FEATURES), node)
    with pytest.raises(DesignerError, match="choose hidden or act or fc, or leave it empty"):
        built(center_node=node)


def test_a_design_without_a_list_before_its_last_layer():
    conv = chain(
        "Conv",
        (1, 8, 8),
        conv=LayerNode("Conv2d", {"out_channels": 3, "kernel_size": 8}),
        flat=LayerNode("Flatten"),
    )
    assert features_misfit(analyze(conv), "conv") == ""
    assert (
        "ends in no layer with weights of its own whose input is a list: choose conv"
        in features_misfit(analyze(conv), "")
    )


def test_a_training_brings_features_of_a_class_together(tmp_path):
    data = write_data(tmp_path / "squares.npz")

    def spread(weight):
        recipe = tiny_recipe(data, loss__center_weight=weight, epochs=5)
        run = create(tmp_path / f"run{weight}", recipe, FEATURES)
        train(run)
        network = of_run(run).network
        part = open_dataset(str(data)).train
        images = torch.from_numpy(
            part.images.read(np.arange(len(part)), PictureForm(1, 8, 8))
        ).float()
        given = run.preprocessing()
        with torch.no_grad():
            x = (images / 255 - given.mean[0]) / given.deviation[0]
            features = torch.relu(network.hidden(x.flatten(1)))
        labels = torch.from_numpy(part.labels)
        means = torch.stack([features[labels == each].mean(0) for each in range(3)])
        return (features - means[labels]).square().sum(1).mean()

    assert spread(0.3) < 0.5 * spread(0.0)


def test_the_refusal_comes_before_the_training(tmp_path):
    recipe = tiny_recipe(
        write_data(tmp_path / "d.npz"), loss__center_weight=0.1, loss__center_node="conv"
    )
    run = create(tmp_path / "run", recipe, edits.remove_node(TINY, "norm"))
    with pytest.raises(DesignerError, match=r"loss.center_node is conv, which is no layer of Tiny"):
        train(run)
    assert losses(run) == []
