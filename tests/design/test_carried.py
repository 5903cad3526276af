import pytest

from designer import presets
from designer.design import carried, files
from designer.design.carried import CarriedError, commented, uncommented, unwrapped, wrapped
from designer.design.values import Design

SOURCE = '"""A network."""\n\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    pass\n'


@pytest.fixture(scope="module")
def design() -> Design:
    return presets.load("resnet18")


def test_text_gives_the_design_and_the_checksum_of_the_network(design):
    assert unwrapped(wrapped(design, "abc")) == (design, "abc")
    assert unwrapped(wrapped(design)) == (design, "")


def test_comment_gives_the_design_and_the_source_as_it_was(design):
    text = commented(SOURCE, design)
    assert text.startswith(SOURCE)
    assert all(
        line.startswith("#") and len(line) <= 100
        for line in text[len(SOURCE) :].split("\n")
        if line
    )
    code, found = uncommented(text)
    assert found == (design, carried.source_digest(SOURCE))
    assert code.strip() == SOURCE.strip()
    compile(text, "net.py", "exec")


def test_source_without_a_comment_carries_nothing():
    assert uncommented(SOURCE) == (SOURCE.rstrip(), None)


def test_comment_survives_other_ends_of_lines_and_code_behind_it(design):
    text = commented(SOURCE, design)
    _, found = uncommented(text.replace("\n", "\r\n"))
    assert found == (design, carried.source_digest(SOURCE))
    code, found = uncommented(text + "\n\nprint(Net())\n")
    assert found is not None and found.design == design
    assert found.network != carried.source_digest(code)
    assert "print(Net())" in code and "netdesigner/embedded" not in code


def damaged(text: str) -> list[str]:
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if "netdesigner/embedded" in line)
    row = lines[first + 1]
    swapped = row[:40] + row[41] + row[40] + row[42:]
    return [
        "\n".join([*lines[: first + 1], *lines[first + 2 :]]),  # a row is missing
        "\n".join([*lines[: first + 1], swapped, *lines[first + 2 :]]),
        "\n".join(lines[:-1]),  # cut off
        "\n".join([*lines[:first], lines[first].replace(" 1 ", " one "), *lines[first + 1 :]]),
        "\n".join([*lines[:first], lines[first][:-40], *lines[first + 1 :]]),
        text + text,  # twice
    ]


@pytest.mark.parametrize("number", range(6))
def test_damaged_comment_is_refused(design, number):
    with pytest.raises(CarriedError, match=r"is not whole|cut off|once|does not begin"):
        uncommented(damaged(commented(SOURCE, design))[number])


def test_damaged_text_is_refused(design):
    text = wrapped(design, "abc")
    with pytest.raises(CarriedError, match="changed or cut off"):
        unwrapped(text.replace('"ResNet-18"', '"ResNet-19"'))
    with pytest.raises(CarriedError, match="does not begin"):
        unwrapped(files.dumps(design))
    with pytest.raises(CarriedError, match="newer version of this program"):
        unwrapped(text.replace("embedded 1", "embedded 2", 1))


def test_text_that_is_whole_but_no_design_is_refused():
    text = '{"format": "netdesigner/design", "version": 1, "name": "x", "nodes": [], "edges": []}'
    with pytest.raises(CarriedError, match=r"cannot be read .*nodes"):
        unwrapped(f"netdesigner/embedded 1 {files.digest(text.encode())} -\n{text}")


def test_comment_that_unpacks_to_more_than_is_read_is_refused(design, monkeypatch):
    text = commented(SOURCE, design)
    monkeypatch.setattr(carried, "LARGEST", 1000)
    with pytest.raises(CarriedError, match="larger than"):
        uncommented(text)
    assert commented(SOURCE, design) == SOURCE
    assert wrapped(design) == ""
