"""Names of nodes, blocks and arguments: which are allowed, taken, and free."""

import keyword
from collections.abc import Callable, Container

from designer.design.expressions import FUNCTIONS, shortened
from designer.design.identifiers import is_identifier
from designer.design.values import Design
from designer.errors import DesignerError

# A child of an nn.Module with one of these names would hide the attribute of the same name. A test
# compares the list with torch.
_MODULE_ATTRIBUTES = """
T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
named_parameters parameters register_backward_hook register_buffer register_forward_hook
register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
zero_grad
"""
MODULE_ATTRIBUTES = frozenset(_MODULE_ATTRIBUTES.split())
# Names that the generated code uses itself.
_GENERATED = frozenset(
    ("torch", "nn", "F", "math", "self", "super", "range", "layers", "channels", "out_channels")
)
_SCOPE = frozenset(("i", "in_channels", "in_height", "in_width", "in_features", "true", "false"))
LONGEST = 64
"""Characters of the longest name."""


def _refusal(name: str, taken: frozenset[str]) -> str | None:
    if len(name) > LONGEST or not is_identifier(name):
        return "is not a valid name: use up to 64 letters, digits and _, starting with a letter"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "is a word of the Python language; choose another name"
    if name in taken:
        return "is used by PyTorch or by the generated code; choose another name"
    return None


def node_name_refusal(name: str) -> str | None:
    """Return why a node, or a block's input or output, cannot have this name; None if it can.

    The words follow the name: "is a word of the Python language; ...".
    """
    return _refusal(name, MODULE_ATTRIBUTES | _GENERATED)


def block_name_refusal(name: str) -> str | None:
    """Return why a block cannot have this name, in words that follow it; None if it can."""
    return _refusal(name, _GENERATED | frozenset(FUNCTIONS))


def argument_name_refusal(name: str) -> str | None:
    """Return why an argument cannot have this name, in words that follow it; None if it can.

    ``channels`` and ``layers`` are allowed: generated constructors give their own local variables
    other names where an argument has one of these.
    """
    free = _GENERATED - {"channels", "layers"}
    return _refusal(name, free | _SCOPE | frozenset(FUNCTIONS))


def taken_names(design: Design, block: str | None = None) -> set[str]:
    """Return the names that a new node of this graph cannot have, since they are taken."""
    names = set(design.graph_of(block).nodes)
    if block is not None:
        names.update(design.blocks[block].inputs, design.blocks[block].outputs)
    return names


def name_refusal(design: Design, name: str, block: str | None = None) -> str | None:
    """Return a sentence that says why a new node of this graph cannot have a name, or None."""
    refusal = node_name_refusal(name)
    if refusal:
        return f"'{shortened(name)}' {refusal}."
    if name in taken_names(design, block):
        return f"The name '{name}' is taken already; choose another name."
    return None


def check_new_name(design: Design, name: str, block: str | None = None) -> None:
    """Refuse a name that a new node of this graph cannot have.

    Raises
    ------
    DesignerError
        The name is taken or not valid.
    """
    refusal = name_refusal(design, name, block)
    if refusal:
        raise DesignerError(refusal)


def free_name(design: Design, name: str, block: str | None = None) -> str:
    """Return `name` for a new node, with a number if it is taken: relu, relu2, relu3, ..."""
    return first_free(taken_names(design, block), name, node_name_refusal)


def first_free(taken: Container[str], name: str, refusal: Callable[[str], str | None]) -> str:
    """Return `name`, with the first free number if it is taken or refused.

    Parameters
    ----------
    taken
        The names that are in use.
    refusal
        A function such as `node_name_refusal`: why a name is not allowed, or None.
    """
    if name not in taken and refusal(name) is None:
        return name
    number = 2 if name in taken else 1
    name = name[: LONGEST - 6]  # leaves room for a number: longer names are refused
    if name[-1:].isdigit():
        name += "_"  # a second conv1 becomes conv1_2, not conv12
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"
