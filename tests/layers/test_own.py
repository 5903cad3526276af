"""Layer types of a design's own code: what is read of the text, which is never run."""

import pytest

from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.errors import DesignerError
from designer.layers.catalogue import layer_types, resolve
from designer.layers.own import (
    Measured,
    Measurement,
    Output,
    Request,
    digest,
    layer_type,
    layer_types_of,
)
from designer.layers.parameters import Bool, Choice, Float, Int, Text
from designer.layers.python_text import classes, extract
from designer.layers.tensors import BUFFER, WEIGHT, State, Tensor
from tests.own_code import GATE, with_layer

EVERY_KIND = '''
from typing import Literal
import numpy as np
from scipy.special import expit
from torch import nn

class Gate(nn.Module):
    """Gates
    its input.

    More of it.
    """

    def __init__(self, in_channels, in_features: int, hidden: int, rate: "float" = -0.5,
                 on: bool = True, mode: Literal["mean", "max"] = "max", *, name: str = "x"):
        pass

    def forward(self, x, y, mask=None):
        return x
'''


def test_parameters_and_ports_are_found_in_the_text():
    kind = layer_type("Gate", EVERY_KIND)
    assert kind.fault is None
    assert {name: type(each) for name, each in kind.parameters.items()} == {
        "hidden": Int,
        "rate": Float,
        "on": Bool,
        "mode": Choice,
        "name": Text,
    }
    assert kind.required == {"hidden"}
    assert kind.parameters["rate"].default == -0.5
    assert kind.parameters["mode"].choices == ("mean", "max")
    assert kind.filled == ("in_channels", "in_features")
    assert kind.inputs == (2, 3)
    assert kind.help == "Gates its input."
    assert kind.packages == ("numpy", "scipy")


HEAD = "class Gate(nn.Module):\n"
FORWARD = "    def forward(self, x): return x\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("class Gate(", 1, "no Python"),
        ("\nx = '\0'", 2, "U+0000 cannot be seen"),
        (HEAD + "    # \u202e hidden", 2, "U+202E cannot be seen"),
        ("(" * 5_000, 1, "no Python"),
        ("class Other(nn.Module): pass", 1, "there is no class Gate; the code has Other"),
        ("class Gate: pass", 1, "no torch module"),
        (HEAD + "    pass", 1, "no method forward"),
        (HEAD + "    def forward(self): return 1", 2, "takes no tensor"),
        (HEAD + "    def forward(self, x, *, y): return x", 2, "needs y by name"),
        (HEAD + FORWARD + "    def __init__(self, h): pass", 3, "h has no type"),
        (HEAD + FORWARD + "    def __init__(self, h: list): pass", 3, "h is a list"),
        (HEAD + FORWARD + "    def __init__(self, h: int = 'a'): pass", 3, "whole number"),
        (HEAD + FORWARD + "    def __init__(self, h: int = 2 * n): pass", 3, "default of h"),
        (HEAD + FORWARD + "    def __init__(self, *h): pass", 3, "list each of them"),
        (HEAD + FORWARD + "    def __init__(self, when: int): pass", 3, "cannot be called 'when'"),
        ("class Gate(nn.Conv2d):\n" + FORWARD, 1, "has no __init__"),
        ("print(1)\n" + HEAD + FORWARD, 1, "outside of a class"),
        ("import numpy as torch\n" + HEAD + FORWARD, 1, "'torch' has a meaning"),
        ("from numpy import *\n" + HEAD + FORWARD, 1, "does not say what it imports"),
        (HEAD + FORWARD + "#" * 100_000, 1, "at most 100,000"),
        (HEAD + FORWARD + "    x = " + "-" * 2_000 + "1", 3, "nested more than 100 levels"),
        (HEAD + FORWARD + f"    def __init__(self, h: x{'[0]' * 800}): pass", 3, "nested more"),
        (HEAD + FORWARD + f"    def __init__(self, h: 'x{'[0]' * 800}'): pass", 3, "has no type"),
        ("A = 1\n" + HEAD + FORWARD + "A = 2", 4, "'A' is defined a second time"),
        (HEAD + FORWARD + HEAD + FORWARD, 3, "'Gate' is defined a second time"),
        (HEAD + FORWARD + "    \u3164 = 1", 3, "U+3164 cannot be seen"),
        (HEAD + FORWARD + "    x\ufe0f = 1", 3, "U+FE0F cannot be seen"),
    ],
)
def test_a_text_that_cannot_be_used_says_where_and_why(text: str, line: int, words: str):
    fault = layer_type("Gate", text).fault
    assert fault is not None
    assert (fault.line, words in fault.message) == (line, True), fault
    layer, faults = resolve("Gate", {}, {}, {"Gate": text})
    assert layer is None
    assert f"line {line}" in faults[0].message


def test_an_argument_may_have_the_name_of_a_rule():
    text = HEAD + "    def __init__(self, channels: int, states: int = 2): pass\n" + FORWARD
    layer, faults = resolve("Gate", {"channels": 3}, {}, {"Gate": text})
    assert not faults
    assert layer is not None
    assert (layer.parameter_value("channels"), layer.parameter_value("states")) == (3, 2)
    assert layer.states(()) == ()  # the rule itself


def test_a_built_in_type_keeps_its_name_and_the_class_is_refused():
    design = with_layer(GATE.replace("Gate", "ReLU"), "ReLU")
    assert layer_types(design.code)["ReLU"] is layer_types()["ReLU"]
    assert "code-name" in [each.code for each in analyze(design).problems]


def test_two_texts_cannot_give_a_name_two_meanings():
    one = "def helper(x): return x\n" + HEAD + FORWARD
    two = one.replace("Gate", "Other").replace("return x\n", "return -x\n", 1)
    same = one.replace("Gate", "Other")
    assert layer_types_of((("Gate", one), ("Other", same)), frozenset())["Other"].fault is None
    fault = layer_types_of((("Gate", one), ("Other", two)), frozenset())["Other"].fault
    assert fault is not None
    assert "'helper' means something else in the code of Gate" in fault.message


def test_a_class_is_taken_out_of_a_file_with_what_it_needs():
    text = (
        "import os\nimport torch\nfrom torch import nn\n\nSIZE = 3\nOTHER = 4\n\n"
        "def helper(x):\n    return x * SIZE\n\n"
        "class Base(nn.Module):\n    def forward(self, x): return helper(x)\n\n"
        "class Gate(Base):\n    pass\n\nclass Data:\n    pass\n\n"
        "if __name__ == '__main__':\n    print(os.name)\n"
    )
    assert classes(text) == ["Base", "Gate"]
    taken = extract(text, "Gate")
    assert layer_type("Gate", taken).fault is None
    assert "OTHER" not in taken
    assert "import os" not in taken
    assert taken.index("SIZE = 3") < taken.index("def helper") < taken.index("class Base")


# The analysis


def request(design) -> Request:
    found = analyze(design, measured=Measured(frozenset((digest(GATE),)))).pending
    assert len(found) == 1
    return found[0]


def test_what_is_not_trusted_or_measured_is_pending_and_no_error():
    design = with_layer(GATE, hidden=2)
    analysis = analyze(design)
    assert not analysis.valid
    assert [(each.code, each.severity.value) for each in analysis.problems] == [
        ("not-trusted", "pending")
    ]
    trusted = analyze(design, analysis, Measured(frozenset((digest(GATE),))))
    assert [each.code for each in trusted.problems] == ["not-measured"]
    assert request(design) == Request(
        "Gate",
        GATE,
        (("in_channels", 4), ("hidden", 2), ("scale", 1.0)),
        (Tensor((4, 8, 8), axes=()),),
    )
    assert "10" not in [row.type for row in trusted.rows()]
    with pytest.raises(DesignerError, match="not trusted yet"):
        generate(design)


def test_measured_facts_take_part_in_the_analysis():
    design = with_layer(GATE, hidden=2)
    asked = request(design)
    found = Measurement(
        outputs=(Output((5, 2, 2)),),
        states=(State("w", (7, 2), WEIGHT), State("n", (), BUFFER, 8)),
        macs=1234,
    )
    measured = Measured(frozenset((digest(GATE),)), {asked: found})
    analysis = analyze(design, measured=measured)
    assert analysis.valid
    assert analysis.node("gate").outputs[0].shape == (5, 2, 2)
    convolution, linear = 4 * 3 * 9, 10 * 5 * 2 * 2
    assert analysis.totals.weights == convolution + linear + 14
    assert analysis.totals.macs == 64 * convolution + linear + 1234
    # An edit that keeps inputs and arguments needs nothing new; another argument does.
    assert analyze(with_layer(GATE, hidden=2), analysis).valid
    changed = analyze(with_layer(GATE, hidden=3), analysis)
    assert [each.code for each in changed.problems] == ["not-measured"]
    # One character more is another text, of which nothing is known.
    other = analyze(with_layer(GATE + "#", hidden=2), analysis)
    assert [each.code for each in other.problems] == ["not-trusted"]


def test_a_refusal_is_an_error_of_the_node():
    design = with_layer(GATE)
    asked = request(design)
    measured = Measured(frozenset((digest(GATE),)), {asked: Measurement(refusal="is odd")})
    problems = analyze(design, measured=measured).problems
    assert [(each.path, each.message) for each in problems] == [("gate", "gate: Gate is odd")]


def test_the_generated_file_has_the_class_with_its_imports():
    code = "from __future__ import annotations\nimport string\n" + GATE
    design = with_layer(code, hidden=2)
    trusted = Measured(frozenset((digest(code),)))
    asked = analyze(design, measured=trusted).pending[0]
    found = Measurement(outputs=(Output((4, 8, 8)),))
    source = generate(design, measured=Measured(trusted.trusted, {asked: found})).source
    lines = source.splitlines()
    assert lines[1] == "from __future__ import annotations"
    assert "import string" in lines
    assert lines.count("from torch import nn") == 1
    assert source.count("class Gate(nn.Module):") == 1
    assert "self.gate = Gate(4, hidden=2)" in source
