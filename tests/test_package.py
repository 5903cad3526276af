"""What holds for the package as a whole: its dependencies, its imports, its README."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md", "docs/adding.md")
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
heavy = {"torch", "numpy", "PySide6", "PIL", "networkx"} & sys.modules.keys()
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


@pytest.mark.parametrize("page", PAGES)
def test_paths_named_in_the_documents_exist(page: str):
    """Links, and files in backquotes, the latter from the top or from `designer`."""
    path = ROOT / page
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (path.parent / link).exists(), link
    for named in re.findall(r"`([a-z_./]+/[a-z_.]+\.(?:py|json))`", text):
        assert (ROOT / named).exists() or (ROOT / "designer" / named).exists(), named


def test_pre_commit_runs_the_checks_of_ci():
    checks = re.findall(r"^\.venv/bin/(?!pip)(.+)$", (ROOT / ".ci" / "run").read_text(), re.M)
    hooks = re.findall(r"^ +entry: (.+)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.M)
    assert hooks == checks


def test_design_in_the_readme_is_valid():
    from designer.analysis.analysis import analyze
    from designer.codegen import generate
    from designer.design import files

    (text,) = re.findall(r"^```json\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    analysis = analyze(files.loads(text))
    assert [problem.message for problem in analysis.problems] == []
    assert analysis.outputs[0].shape == (10,)
    assert "range(3)" in generate(analysis.design).source
