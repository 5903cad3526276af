"""Arrays that pass to another process: what arrives is what was sent, and nothing is left."""

import numpy as np
import pytest

from designer import shared_arrays
from designer.errors import DesignerError

ARRAYS = {
    "bytes": np.arange(7, dtype=np.uint8),
    "floats": np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4),
    "none": np.zeros((0, 3), np.int64),
    "one": np.array(2.5),
    "strided": np.arange(20).reshape(4, 5)[::2, ::-1],
}


def files():
    return set(shared_arrays.folder().glob(".netdesigner-*"))


def test_what_arrives_is_what_was_sent():
    before = files()
    sent = shared_arrays.send(ARRAYS)
    found = shared_arrays.receive(sent)
    assert files() == before
    assert list(found) == list(ARRAYS)
    for name, each in ARRAYS.items():
        assert found[name].dtype == each.dtype
        assert found[name].shape == each.shape
        assert np.array_equal(found[name], each)
        assert not found[name].flags.writeable or not each.size


def test_nothing_at_all():
    assert shared_arrays.receive(shared_arrays.send({})) == {}


def test_arrays_that_nobody_wants_are_freed():
    before = files()
    sent = shared_arrays.send(ARRAYS)
    shared_arrays.discard(sent)
    assert files() == before
    shared_arrays.discard(sent)
    shared_arrays.discard({"ok": False})
    with pytest.raises(DesignerError, match="try again"):
        shared_arrays.receive(sent)


def test_a_full_disk_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_arrays, "folder", lambda: tmp_path / "missing")
    with pytest.raises(DesignerError):
        shared_arrays.send(ARRAYS)
