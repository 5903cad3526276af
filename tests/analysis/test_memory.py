"""The memory plan of the worked example in the docstring of `memory`."""

from designer.analysis.analysis import analyze
from designer.analysis.evaluation.memory import peak
from designer.analysis.evaluation.memory_plan import SavedStorages
from designer.codegen import source
from designer.design.values import Design
from tests.analysis import examples


def test_the_worked_example_of_the_docstring() -> None:
    design = Design("example", graph=examples.shortcut("conv", "relu"))
    top = analyze(design).top
    plan, wiring = top.plan, top.wiring
    assert wiring.numbers.first == {"image": 1, "conv": 2, "relu": 3, "add": 4, "scores": 5}
    assert plan.in_place == [False, False, True, False, False]
    assert plan.storages.storage_of == [0, 1, 2, 2, 4, 4]
    assert plan.storages.writable == [False, False, True, False, True, True]
    assert plan.storages.convolved == {1}
    assert plan.saved == plan.saved_in_eval == SavedStorages((), (), [1, 2])
    assert top.effect.saved_for_backward.per_image == 131_072
    assert plan.inlined == {"conv", "add"}
    assert plan.steps == [(0, (1,), ()), (1, (2,), ()), (3, (4,), ()), (4, (), [2])]
    effects = [top.nodes[name].effect for name in wiring.order]
    peaks = [each.peak for each in effects if each is not None]
    found = peak(plan.steps, peaks, top.sizes_in_eval, [()] * len(peaks), ())
    assert found == ((top.effect.peak, 0),) == ((196_608, 0),)
    text = source(design)
    assert "y = self.relu(self.conv(x))" in text
    assert "return y + x" in text
