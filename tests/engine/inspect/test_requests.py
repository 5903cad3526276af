"""Requests to look into a network, as the worker process serves them: progress, cancel, arrays."""

import io
import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from designer import shared_arrays
from designer.design import files
from designer.engine import worker
from designer.engine.inspect import requests
from designer.engine.inspect.requests import Answer, Canceled, Job
from tests.engine.samples import TINY


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
