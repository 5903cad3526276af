import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from designer.data.decoding.decoders import Decoders
from designer.data.decoding.store import PictureStore
from designer.errors import DesignerError
from tests.data.decoding.samples import SHAPE, Numbered

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals end processes on POSIX only")


def store(decoders, fates):
    pictures = Numbered(20, fates)
    return PictureStore(decoders, pictures, shape=SHAPE, dtype="uint8", memory=10**6, batch=4)


@posix_only
@pytest.mark.parametrize(
    ("fate", "sentence"),
    [
        ("killed", r"was killed while it decoded number9\.png, probably because memory ran out"),
        ("crash", r"^The picture number9\.png cannot be read \(it ended .*, SIGABRT\)"),
    ],
)
def test_a_process_that_dies_is_told_with_the_picture(fate, sentence, capfd):
    with Decoders(2) as decoders:
        source = store(decoders, {9: fate})
        with pytest.raises(DesignerError, match=sentence):
            list(source.pieces(np.arange(20), 4))
        with pytest.raises(DesignerError, match=sentence):  # nothing waits for ever
            source.read([9])


def test_nothing_is_left_after_the_end():
    before = {child.pid for child in psutil.Process().children()}
    decoders = Decoders(2)
    started = [each for each in psutil.Process().children() if each.pid not in before]
    assert len(started) == 2
    store(decoders, {}).read([0])
    decoders.close()
    decoders.close()  # a second time does nothing
    assert not any(each.is_running() for each in started)


_PARENT = """
import sys
import psutil
from designer.data.decoding.decoders import Decoders
from tests.data.decoding.test_decoders import store
decoders = Decoders(2)
store(decoders, {}).read([0, 1])
print(*[child.pid for child in psutil.Process().children()], flush=True)
sys.stdin.read()
"""


@posix_only
def test_decoders_end_when_their_parent_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_too_much_memory_is_refused():
    with Decoders(0) as decoders, pytest.raises(DesignerError, match=r"data\.memory"):
        decoders.rows(2**60, shape=(1, 1, 1), dtype="uint8")
