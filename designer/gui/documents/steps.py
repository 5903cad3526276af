"""The names of the steps of the history, as the Edit menu shows them behind "Undo:" and "Redo:".

Each is a whole phrase with named fields, so that it can be translated as one.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "add": "Add {name}",
        "add_argument": "Add argument {name}",
        "add_code": "Add the layer type {name}",
        "add_input": "Add input {name}",
        "add_output": "Add output {name}",
        "arrange": "Arrange",
        "connect": "Connect {source} to {target}",
        "connect_several": "Connect {count} nodes to {target}",
        "cut": "Cut {name}",
        "cut_several": "Cut {count} nodes",
        "delete": "Delete {name}",
        "delete_several": "Delete {count} nodes",
        "disconnect": "Disconnect {source} from {target}",
        "dissolve": "Dissolve {name}",
        "duplicate": "Duplicate {name}",
        "duplicate_several": "Duplicate {count} nodes",
        "fold": "Fold repeated structure",
        "freeze": "Freeze {name}",
        "freeze_several": "Freeze {count} nodes",
        "freeze_loaded": "Freeze loaded weights",
        "group": "Group {name}",
        "group_several": "Group {count} nodes",
        "insert": "Insert {name}",
        "move": "Move {name}",
        "move_several": "Move {count} nodes",
        "name_block": "Name the block {name}",
        "paste": "Paste {name}",
        "paste_several": "Paste {count} nodes",
        "paste_shared": "Paste {name} as shared",
        "paste_shared_several": "Paste {count} nodes as shared",
        "reload": "Reload",
        "remove_argument": "Remove argument {name}",
        "remove_code": "Remove the layer type {name}",
        "remove_input": "Remove input {name}",
        "remove_output": "Remove output {name}",
        "rename": "Rename {old} to {new}",
        "rename_argument": "Rename argument {name}",
        "rename_block": "Rename block {name}",
        "rename_design": "Rename the design",
        "rename_node": "Rename {name}",
        "rename_port": "Rename port {name}",
        "replace": "Replace {name} by {kind}",
        "reset": "Reset {setting} of {name}",
        "reset_several": "Reset {setting} of {count} nodes",
        "revert": "Revert",
        "set": "Set {setting} of {name}",
        "set_several": "Set {setting} of {count} nodes",
        "set_about": "Set the description",
        "set_argument": "Set {name}",
        "set_code": "Edit the code of {name}",
        "set_argument_definition": "Set {setting} of argument {name}",
        "set_block_argument": "Set {name} of block {block}",
        "set_cites": "Set the papers",
        "share": "Share the weights of {name}",
        "share_several": "Share the weights of {count} nodes",
        "stop_sharing": "Stop sharing {name}",
        "stop_sharing_several": "Stop sharing {count} nodes",
        "take_code": "Take the changes of {name}",
        "take_out": "Take out {name}",
        "take_out_several": "Take out {count} nodes",
        "unfold": "Unfold {name}",
        "unfold_several": "Unfold {count} nodes",
        "unfold_all": "Unfold all blocks",
        "unfreeze": "Unfreeze {name}",
        "unfreeze_several": "Unfreeze {count} nodes",
    }
)

UNDO, REDO = "&Undo: {step}", "&Redo: {step}"


def step(key: str, **fields: object) -> str:
    """Return the name of a step from the fields of its row of `STEPS`."""
    return STEPS[key].format(**fields)


def step_of(key: str, names: Sequence[str], **fields: object) -> str:
    """Return the name of a step that edits some nodes: it names one, and counts several."""
    if len(names) == 1:
        return step(key, name=names[0], **fields)
    return step(f"{key}_several", count=len(names), **fields)


def capitalized(fix: str) -> str:
    """Return the label of a fix as a button or the history shows it."""
    return fix[:1].upper() + fix[1:]
