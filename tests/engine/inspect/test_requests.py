"""Requests to look into a network, as the worker process serves them: progress, cancel, arrays."""

import io
import json
import re
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from designer import shared_arrays
from designer.design import files
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine import worker
from designer.engine.inspect import requests
from designer.engine.inspect.requests import Answer, Canceled, Job
from designer.errors import DesignerError
from tests.engine.samples import TINY, chain


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "seven.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (11, 9), np.uint8)).save(path)
    return {"file": str(path)}


SUBJECT = {"design": files.dumps(TINY), "weights": ""}


def served(*asked):
    """Return what the service answers to some requests, in order."""
    answers = io.StringIO()
    lines = [json.dumps(each) + "\n" for each in asked]
    worker.serve(io.StringIO("".join(lines)), answers, interrupt=threading.Event())
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_an_answer_has_its_number_and_its_arrays_come_through_memory(picture):
    request = {"do": "predict", "id": 5, "subject": SUBJECT, "pictures": [picture], "top": 2}
    *said, answer = served(request)
    assert all(each.keys() == {"id", "progress"} and each["id"] == 5 for each in said)
    assert answer["ok"] and answer["id"] == 5
    (entry,) = answer["predictions"]
    assert [each.keys() for each in entry["predictions"]] == [{"class", "probability"}] * 2
    assert shared_arrays.receive(answer)["seen"].shape == (1, 8, 8, 1)


def test_what_is_wrong_is_a_sentence(picture):
    broken = {"design": "{", "weights": ""}
    request = {"do": "predict", "id": 1, "pictures": [picture]}
    (answer,) = served({**request, "subject": broken})
    assert not answer["ok"] and not answer["canceled"]
    assert answer["message"].startswith("The design")
    (answer,) = served({**request, "subject": {"run": "/nowhere/run"}})
    assert "no run folder /nowhere/run" in answer["message"]


def test_a_canceled_request_ends_early(monkeypatch):
    begun = threading.Event()
    release = threading.Event()

    def slow(request, job):
        job.progress(0.25)
        begun.set()
        release.wait(30)
        job.progress(0.5)
        raise AssertionError("it went on")

    monkeypatch.setitem(requests.REQUESTS, "predict", slow)

    class Lines:
        def __iter__(self):
            yield json.dumps({"do": "predict", "id": 8}) + "\n"
            begun.wait(30)
            yield json.dumps({"do": "cancel", "id": 8}) + "\n"
            release.set()

    answers = io.StringIO()
    worker.serve(Lines(), answers, interrupt=threading.Event())
    said = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert said[0] == {"id": 8, "progress": 0.25}
    assert said[-1]["canceled"] and not said[-1]["ok"]


def test_threads_are_as_before():
    before = torch.get_num_threads()
    seen = []

    def row(request, job):
        seen.append(torch.get_num_threads())
        raise Canceled

    requests_before = dict(requests.REQUESTS)
    requests.REQUESTS["predict"] = row
    try:
        with pytest.raises(Canceled):
            requests.answer({"do": "predict", "threads": 1}, Job())
    finally:
        requests.REQUESTS.update(requests_before)
    assert seen == [1]
    assert torch.get_num_threads() == before


def test_running_out_of_memory_is_a_sentence(monkeypatch):
    def row(request, job):
        raise MemoryError

    monkeypatch.setitem(requests.REQUESTS, "predict", row)
    (answer,) = served({"do": "predict", "id": 1})
    assert "ran out of memory while the network was looked into" in answer["message"]
    assert Answer({}).arrays == {}


def _ask(design, picture, do="predict", **more):
    given = {"design": files.dumps(design), "weights": "", **more}
    request = {"do": do, "subject": given, "pictures": [picture], "method": "gradient"}
    return requests.answer({**request, "device": "cpu"}, Job()).fields


@pytest.mark.parametrize("name", requests.NUMBERS)
def test_an_impossible_number_is_refused_with_a_sentence(name, picture):
    low, high = requests.NUMBERS[name]
    request = {"do": "predict", "subject": SUBJECT, "pictures": [picture], "method": "occlusion"}
    odd = (low - 1, high + 1, 10**30, 2.5, "3", True, [1])
    refused = served(*({**request, "id": 1, name: each} for each in odd))
    for each, answer in zip(odd, refused, strict=True):
        assert not answer["ok"] and f"The request's {name} is {each!r}: " in answer["message"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"do": "predict", "top": 2**31}, ""),
        (
            {"do": "maps", "pictures": [{"part": "test", "index": -1}]},
            "no example 0 of the test",
        ),
        ({"do": "maps", "pictures": [{"part": "odd", "index": 10**9}]}, "of the odd part"),
        ({"do": "predict", "pictures": [{"file": 5}]}, "The request's pictures cannot be read"),
        ({"do": "predict", "pictures": None}, "The request's pictures cannot be read"),
        ({"do": "predict", "subject": {"seed": "x"}}, "The request's subject cannot be read"),
        ({"do": "filters", "node": "conv", "channel": 2**31}, "1 input channels: choose one"),
        ({"do": "explain", "class": -1}, "no output -1"),
        ({"do": "explain", "patch": 2**16}, "A patch of 65536 pixels does not fit"),
        ({"do": "explain", "patch": 2, "stride": 3}, "A step of 3 pixels does not suit"),
        ({"do": "channels", "node": "conv", "precision": "float99"}, "not as float99"),
    ],
)
def test_what_no_network_can_answer_is_a_sentence(picture, more, sentence):
    request = {"subject": SUBJECT, "pictures": [picture], "method": "occlusion", "id": 1, **more}
    answer = served(request)[-1]
    assert answer["ok"] == (not sentence), answer
    assert sentence in answer.get("message", "")
    assert "internal error" not in answer.get("message", "")


def test_networks_without_answers_for_pictures_are_refused(picture):
    nodes = {**TINY.graph.nodes, "second": LayerNode("Input", {"shape": (1, 8, 8)})}
    nodes["sum"] = LayerNode("Add")
    edges = [each for each in TINY.graph.edges if each.source != "image"]
    edges += [Edge("image", 0, "sum", 0), Edge("second", 0, "sum", 1), Edge("sum", 0, "conv", 0)]
    two = Design("Pair", graph=Graph(nodes, tuple(edges)))
    image = chain("Mask", (1, 8, 8), conv=LayerNode("ReLU"))
    vector = chain("Vector", (7,), fc=LayerNode("Linear", {"out_features": 2}))
    for design, taken in ((two, r"image \(1×8×8\) and second \(1×8×8\)"), (vector, r"image \(7\)")):
        (answer,) = _ask(design, picture)["predictions"]
        assert re.search(f"The network takes {taken}, which .* cannot hold", answer["error"])
        with pytest.raises(DesignerError, match=f"takes {taken}, no picture"):
            _ask(design, picture, "explain")
    for do in ("predict", "explain"):
        with pytest.raises(DesignerError, match="Mask gives 1x8x8"):
            _ask(image, picture, do)


def test_one_output_is_a_number_and_behind_a_sigmoid_a_label(picture):
    layers = {"flat": LayerNode("Flatten"), "fc": LayerNode("Linear", {"out_features": 1})}
    one = chain("One", (1, 8, 8), **layers)
    label = chain("Label", (1, 8, 8), **layers, end=LayerNode("Sigmoid"))
    (number,) = _ask(one, picture)["predictions"][0]["predictions"]
    (chance,) = _ask(label, picture)["predictions"][0]["predictions"]
    # Both draw the same weights.
    assert chance["probability"] == pytest.approx(1 / (1 + np.exp(-number["value"])), abs=1e-6)
    lost = {"data": {"source": "/nowhere"}, "loss": {"name": "binary_cross_entropy"}}
    (chance,) = _ask(one, picture, recipe=lost)["predictions"][0]["predictions"]
    assert chance["probability"] == pytest.approx(1 / (1 + np.exp(-number["value"])), abs=1e-6)


@pytest.mark.parametrize("odd", [{"do": ["predict"]}, {"do": {}}, {"do": "cancel", "id": [1]}])
def test_a_request_of_odd_types_is_refused_and_the_next_one_served(odd):
    refused, answered = served(odd, {"do": "ping", "id": 2})
    assert not refused["ok"] and refused["message"]
    assert answered == {"id": 2, "ok": True}
