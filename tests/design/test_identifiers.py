"""Names in any script: read, compared, renamed and written as Python would."""

import json
from pathlib import Path
from unicodedata import normalize

import pytest

from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.codegen.text import class_name
from designer.design import arguments, blocks, clipboard, edits, files
from designer.design.expressions import ExpressionError, evaluate
from designer.design.identifiers import is_identifier
from designer.design.parsing import parse, renamed
from designer.design.printing import python_source
from designer.errors import DesignerError

FILE = Path(__file__).with_name("scripts.json")


def test_names_are_written_as_they_are_and_not_escaped():
    text = FILE.read_text(encoding="utf-8")
    assert files.dumps(files.loads(text)) == text
    assert "残差块" in text


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_other_spellings_in_unicode_are_the_same_names(form):
    text = FILE.read_text(encoding="utf-8")
    assert files.loads(normalize(form, text)) == files.loads(text)


def test_escapes_are_the_same_names():
    data = json.loads(normalize("NFD", FILE.read_text(encoding="utf-8")))
    assert files.loads(json.dumps(data)) == files.read(FILE)


def test_two_spellings_of_one_name_collide():
    text = FILE.read_text(encoding="utf-8")
    twice = text.replace(
        '"норма": {"layer": "BatchNorm2d"}',
        '"größe": {"layer": "BatchNorm2d"}',
    ).replace('"größe": {"layer": "Conv2d"', '"gro\u0308ße": {"layer": "Conv2d"')
    assert twice != text
    with pytest.raises(DesignerError, match="two spellings"):
        files.loads(twice)


def test_an_expression_reads_names_in_any_script():
    assert evaluate(parse("=宽度*2 + норма"), {"宽度": 8, "норма": 1}) == 17
    assert evaluate(parse("=gro\u0308ße"), {"größe": 3}) == 3
    assert evaluate(parse("=परतें // 2"), {"परतें": 6}) == 3
    assert python_source(parse("=ｗｉｄｔｈ*2")) == "width * 2"
    assert renamed("=gro\u0308ße * größe2", {"größe": "宽度"}) == "=宽度 * größe2"


@pytest.mark.parametrize("text", ["=x²", "=a · b", "=“a”", "=1️⃣"])
def test_other_signs_are_refused_in_expressions(text):
    with pytest.raises(ExpressionError, match="unknown character"):
        parse(text)


def test_edits_follow_names_in_any_script():
    design = files.read(FILE)
    design = blocks.rename_block(design, "残差块", "блок")
    design = arguments.rename_argument(design, "宽度", "ширина", block="блок")
    design = edits.rename_node(design, "größe", "परत", block="блок")
    assert design.graph.nodes["b2"].block == "блок"
    assert design.blocks["блок"].graph.nodes["परत"].parameters["out_channels"] == "=ширина*2"
    assert not analyze(design).problems
    with pytest.raises(DesignerError, match="taken"):
        edits.rename_node(design, "परत", "норма", block="блок")


def test_the_source_is_python_with_these_names_as_keys():
    generated = generate(files.read(FILE))
    namespace: dict[str, type] = {}
    exec(compile(generated.source, "generated.py", "exec"), namespace)
    network = namespace[generated.class_name]()
    assert generated.class_name == "残差网络ResNet"
    assert {"первый.größe.weight", "b2.1.ความจุ.bias", "fc_é.bias"} <= set(network.state_dict())
    line = generated.source.split("\n")[generated.lines["残差块", "परतें"] - 1]
    assert line.strip() == "self.परतें = nn.ReLU(inplace=True)"


@pytest.mark.parametrize(
    "text", ["ResNet-50", "残差网络 2", "Größe ²", "परत-नेट", "שכבה 1", "1 net", "ŉ", "🙂"]
)
def test_a_class_and_a_node_can_be_named_after_any_text(text):
    assert class_name(text).isidentifier()
    assert is_identifier(clipboard.identifier(text, "node"))
