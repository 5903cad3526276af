"""The module of a user comes in clean: its classes are blocks, and names are kept in the code."""

import re
from pathlib import Path

from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.engine.opening.pipeline import Wishes, open_source

FILE = Path(__file__).with_name("user_module.py")


def test_the_generated_code_reads_as_the_original() -> None:
    found = open_source(str(FILE), Wishes(run_code=True))
    report = found.report
    assert report.title == "Net"
    assert report.parameters == 109_898
    assert report.opaque == ()
    assert report.equal
    assert {each.name: each.uses for each in report.blocks}["Residual"] == 3
    written = generate(found.design, analyze(found.design)).source
    original = FILE.read_text()

    def layers(text: str) -> set[str]:
        return set(re.findall(r"self\.(\w+) = nn\.(?:Conv2d|Linear|BatchNorm2d|Dropout)\(", text))

    assert layers(written) == layers(original)
    assert "class Residual(nn.Module):" in written
    assert "class Net(nn.Module):" in written
    assert written.count("self.shared(") == 2  # the same weights twice
    assert len(written.splitlines()) < 1.2 * len(original.splitlines())
