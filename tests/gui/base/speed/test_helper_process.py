"""Computing in another process: results, refusals, and a process that is ended by somebody."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from designer import presets
from designer.codegen import generate
from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.base.speed import helper_process


def test_the_result_is_that_of_another_process() -> None:
    assert helper_process.call(os.getpid) != os.getpid()
    design = presets.load("lenet5")
    assert helper_process.call(generate, design) == generate(design)


def test_the_process_loads_neither_qt_nor_torch() -> None:
    helper_process.call(generate, presets.load("lenet5"))
    assert not {"torch", "PySide6", "numpy"} & helper_process.call(_modules)


def test_what_it_refuses_is_raised_here() -> None:
    with pytest.raises(DesignerError, match="Empty cannot be built"):
        helper_process.call(generate, Design("Empty"))
    assert helper_process.call(len, "and it goes on") == 14


def test_when_it_was_ended_the_work_is_done_all_the_same() -> None:
    os.kill(helper_process.call(os.getpid), signal.SIGKILL)
    assert helper_process.call(len, "here") == 4
    assert helper_process.call(os.getpid) != os.getpid()


def test_a_request_that_cannot_be_read_is_done_here() -> None:
    assert helper_process.call(_Unreadable(), 3) == 3
    assert helper_process.call(len, "here") == 4


class _Unreadable:
    """A function that another process refuses to read."""

    def __call__(self, value: int) -> int:
        return value

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("no number",)


def _modules() -> set[str]:
    return set(sys.modules)


@pytest.mark.parametrize("doing", ["input()", "helper_process.call(time.sleep, 600)"])
def test_the_process_ends_with_one_that_is_killed(doing: str) -> None:
    program = (
        "import os, time; from designer.gui.base.speed import helper_process; "
        f"print(helper_process.call(os.getpid), flush=True); {doing}"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        other = psutil.Process(int(killed.stdout.readline()))
        killed.kill()
    other.wait(timeout=20)
