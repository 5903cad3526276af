import traceback

import pytest
import torch

from designer.codegen import source
from designer.engine.module import module_from_source
from designer.errors import DesignerError
from tests.engine.samples import LENET as DESIGN

LENET = source(DESIGN)


def test_source_becomes_a_module():
    network = module_from_source(LENET, "LeNet5")
    assert sum(weight.numel() for weight in network.parameters()) == 61_706
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 10)


def test_tracebacks_show_the_generated_line():
    network = module_from_source(LENET, "LeNet5", filename="model.py")
    with pytest.raises(RuntimeError) as caught:
        network(torch.zeros(1, 3, 32, 32))
    text = "".join(traceback.format_exception(caught.value))
    line = "x = self.pool1(self.tanh1(self.conv1(x)))"
    number = next(i for i, text in enumerate(LENET.splitlines(), 1) if line in text)
    assert f'File "model.py", line {number}' in text
    assert line in text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class N(", "SyntaxError"),
        ("import absent_package", "ModuleNotFoundError"),
        ("x = 1", "has no attribute 'N'"),
        ("def N(): return 1", "no torch module"),
    ],
)
def test_source_that_is_of_no_use_is_told(source, words):
    with pytest.raises(DesignerError, match=words):
        module_from_source(source, "N")
