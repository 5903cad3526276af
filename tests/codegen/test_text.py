"""Long lines of generated files are broken so that they read well and still mean the same."""

import ast

import pytest

from designer.codegen.text import LINE, wrapped

A = "make_divisible(96 * alpha, 8)"


@pytest.mark.parametrize(
    "line",
    [
        "short(1, 2)",
        f"self.a = nn.Conv2d({A}, {A}, kernel_size=3, stride=(2, 2), padding=1)",
        f"self.a = nn.Sequential(First({A}, {A}), *(Second({A}, {A}, 8) for _ in range(2)))",
        f"self.a = nn.Sequential(*(Block({A}, {A}, drop=drop * (1 + 2) / 16) for _ in range(3)))",
        f"self.a = Partial({[[*range(many)] for many in range(3, 16)]}, 5)",
        f"self.a = Pool('a, (b for c in d', [{A}, {A}], (1,), more=' for i in range(3)', pad=())",
    ],
)
@pytest.mark.parametrize("indent", [4, 8, 30])
def test_a_broken_line_means_the_same(line: str, indent: int) -> None:
    lines = [*wrapped(" " * indent + line)]
    assert ast.dump(ast.parse("\n".join(lines).strip())) == ast.dump(ast.parse(line))
    assert all(len(each) <= LINE for each in lines)
    assert (len(lines) == 1) == (len(line) + indent <= LINE)
