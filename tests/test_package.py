"""What holds for the package as a whole: its dependencies, its imports, its README."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_pyside_is_none_of_the_versions_that_lose_references():
    (requirement,) = [
        Requirement(each) for each in PROJECT["dependencies"] if each.startswith("PySide6")
    ]
    assert requirement.name == "PySide6-Essentials"
    assert Version("6.12.0") not in requirement.specifier
    assert Version("6.11.3") in requirement.specifier
    import PySide6

    assert Version(PySide6.__version__) in requirement.specifier


def test_pyside_keeps_the_references_to_none():
    """PySide6 6.12.0 drops a reference to None in each void call on CPython 3.11."""
    script = """
import sys
from PySide6.QtCore import QObject
thing = QObject()
before = sys.getrefcount(None)
for _ in range(2000):
    thing.setObjectName("x")
assert sys.getrefcount(None) > before - 500, (before, sys.getrefcount(None))
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_torch_is_not_pinned_to_a_cpu_build():
    (requirement,) = [
        Requirement(each) for each in PROJECT["dependencies"] if Requirement(each).name == "torch"
    ]
    assert str(requirement.specifier) == ">=2.9"
    assert requirement.url is None


def test_everything_left_of_the_engine_imports_without_torch_or_qt():
    script = """
import sys
import designer.analysis.analysis, designer.codegen, designer.runs.begin, designer.cli
import designer.runs.launch, designer.cli.jobs, designer.cli.terminal
heavy = {"torch", "numpy", "PySide6", "PIL", "networkx", "kornia"} & sys.modules.keys()
assert not heavy, heavy
import designer.data
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_opening_checking_and_editing_a_design_import_no_networkx():
    script = """
import sys
from designer.analysis.analysis import analyze
from designer.analysis.report import sheet
from designer.design import edits, files
from designer import presets
from designer.codegen import generate
design = presets.load("lenet5")
before = analyze(files.loads(files.dumps(design)))
list(sheet.check(before))
after = analyze(edits.set_parameter(design, "conv1", "out_channels", 8), before)
generate(after.design, after)
assert "networkx" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_readme_has_two_commands_that_set_everything_up():
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    assert len(blocks) == 2
    assert all(block.count("\n") == 1 and "-m venv .venv" in block for block in blocks)
    assert blocks[0].rstrip().endswith("netdesigner demo")
    assert blocks[1].rstrip().endswith("-m pytest")


def test_paths_named_in_the_readme_exist():
    text = (ROOT / "README.md").read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link


def test_design_in_the_readme_is_valid():
    from designer.analysis.analysis import analyze
    from designer.codegen import generate
    from designer.design import files

    (text,) = re.findall(r"^```json\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    analysis = analyze(files.loads(text))
    assert [problem.message for problem in analysis.problems] == []
    assert analysis.outputs[0].shape == (10,)
    assert "range(3)" in generate(analysis.design).source
