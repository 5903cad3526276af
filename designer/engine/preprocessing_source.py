"""The preprocessing of a network as readable code, which follows the network's source."""

from collections.abc import Mapping, Sequence

import msgspec

from designer.codegen.text import LINE, printable
from designer.recipe.columns import value_names
from designer.runs.preprocessing import InputPreprocessing

_TEXT = '''

def preprocess(images: torch.Tensor{arrays}) -> torch.Tensor:
    """Return pictures as the network takes them, as in its training.

    ``images`` are bytes from 0 to 255, or numbers as they were in the training: (n, {channels},
    {height}, {width}).{note}
    """
    images = images.float() / 255 if images.dtype == torch.uint8 else images
{steps}    return images
'''
_NOTE = """ ``arrays`` is the file preprocessing.npz of the run, which numpy.load reads; it
    has {names}."""
_AFFINE = """    mean = torch.tensor({mean}).view(-1, 1, 1)
    deviation = torch.tensor({deviation}).view(-1, 1, 1)
    images = (images - mean) / deviation
"""
_PICTURE = """    images = images - torch.from_numpy(arrays["mean_picture"])
"""
_MATRIX = """    whitening = torch.from_numpy(arrays["whitening"])
    images = (images.flatten(1) @ whitening.T).view(images.shape)
"""

_VALUES = '''

def preprocess_{name}(values: torch.Tensor) -> torch.Tensor:
    """Return values of the input {name} as the network takes them, as in its training.

    ``values`` are {what}: ({shape}).{columns}
    """
{steps}    return values
'''


def preprocessing_source(about: Mapping[str, str]) -> str:
    """Return a function ``preprocess`` as source, "" where nothing is known of the data.

    A network that takes no picture has a function for each input whose values are changed.

    Parameters
    ----------
    about
        What a model file says, as `designer.runs.preprocessing.Preprocessing.metadata`.
    """
    if not about.keys() >= {"mean", "deviation", "input"}:  # torchvision's have no input
        return ""
    if "inputs" in about:
        inputs = msgspec.json.decode(about["inputs"], type=tuple[InputPreprocessing, ...])
        return "".join(_of_values(each) for each in inputs if not each.integer)
    mean, deviation, shape = (
        msgspec.json.decode(about[name]) for name in ("mean", "deviation", "input")
    )
    names = [name for name in ("mean_picture", "whitening") if name in about]
    steps = ""
    if any(mean) or {*deviation} != {1.0}:
        steps += _AFFINE.format(mean=tuple(mean), deviation=tuple(deviation))
    steps += _PICTURE * ("mean_picture" in names) + _MATRIX * ("whitening" in names)
    channels, height, width = shape
    return _TEXT.format(
        arrays=", arrays: dict" if names else "",
        channels=channels,
        height=height,
        width=width,
        note=_NOTE.format(names=" and ".join(names)) if names else "",
        steps=steps,
    )


def _of_values(given: InputPreprocessing) -> str:
    """Return the function of an input that is no picture, "" if its values stay as they are."""
    steps = "    values = values.float() / 255\n" if given.bytes else ""
    if given.mean:
        ones = "".join(", 1" for _ in given.shape[given.axis + 1 :])
        for name in ("mean", "deviation"):
            steps += _tensor(name, getattr(given, name), f".view(-1{ones})" if ones else "")
        steps += "    values = (values - mean) / deviation\n"
    if not steps:
        return ""
    columns = "\n\n    In the order of its columns:\n" if given.columns else ""
    columns += "".join(f"    - {_in_a_docstring(each)}\n" for each in value_names(given.columns))
    return _VALUES.format(
        name=given.name,
        what="bytes from 0 to 255" if given.bytes else "numbers as they were in the training",
        shape=", ".join(["n", *map(str, given.shape)]),
        columns=columns.rstrip("\n"),
        steps=steps,
    )


def _tensor(name: str, values: Sequence[float], view: str) -> str:
    """Return the statement of a tensor, laid out as formatters do."""
    line = f"    {name} = torch.tensor([{', '.join(map(repr, values))}]){view}\n"
    if len(line) <= LINE:
        return line
    rows = "".join(f"            {each!r},\n" for each in values)
    return f"    {name} = torch.tensor(\n        [\n{rows}        ]\n    ){view}\n"


def _in_a_docstring(text: str) -> str:
    """Return free text as one short line that cannot end the docstring."""
    return printable(text)[:80].replace("\\", "/").replace('"', "'")
