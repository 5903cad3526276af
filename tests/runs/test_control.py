import pytest

from designer.errors import DesignerError
from designer.runs.control import ControlReader, send


def names(commands):
    return [command.command for command in commands]


def test_each_command_is_taken_once(tmp_path):
    path = tmp_path / "control.jsonl"
    reader = ControlReader(path)
    assert reader.poll() == []
    send(path, "pause")
    send(path, "resume")
    assert names(reader.poll()) == ["pause", "resume"]
    assert reader.poll() == []
    send(path, "set_lr", value=0.5)
    (command,) = reader.poll()
    assert command.value == 0.5
    assert reader.taken == 3


def test_a_resumed_reader_goes_on_behind_what_was_taken(tmp_path):
    path = tmp_path / "control.jsonl"
    send(path, "pause")
    send(path, "checkpoint")
    assert names(ControlReader(path, taken=1).poll()) == ["checkpoint"]
    assert ControlReader(path, taken=2).poll() == []
    assert names(ControlReader(path).poll()) == ["pause", "checkpoint"]


def test_half_lines_wait_and_nonsense_is_passed_over(tmp_path):
    path = tmp_path / "control.jsonl"
    path.write_bytes(b'nonsense\n{"command": "explode"}\n{"command": "set_lr"}\n{"comm')
    reader = ControlReader(path)
    assert reader.poll() == []
    with path.open("ab") as file:
        file.write(b'and": "stop"}\n')
    assert names(reader.poll()) == ["stop"]
    assert reader.taken == 4


@pytest.mark.parametrize("command", ["set_lr", "scale_lr"])
@pytest.mark.parametrize("value", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_a_learning_rate_must_be_positive(tmp_path, command, value):
    with pytest.raises(DesignerError, match="learning rate"):
        send(tmp_path / "control.jsonl", command, value=value)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(DesignerError, match="cannot be written"):
        send(tmp_path / "absent" / "control.jsonl", "stop")
