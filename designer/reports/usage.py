"""How to use the network of a run: commands and code that load what it is exported to."""

from designer import system
from designer.reports.blocks import Block, Code, Text
from designer.reports.reading import Report
from designer.runs.preprocessing import Preprocessing

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_MOST_NAMED = 200  # classes that stand in the code


def how_to_use(report: Report) -> list[Block]:
    """Return how the network is exported, loaded and asked."""
    run = system.quoted(report.name)
    preprocessing = report.preprocessing
    if preprocessing is not None and preprocessing.inputs:
        return _with_inputs(preprocessing, run)
    blocks: list[Block] = [
        Text("With Network Designer, the run says what it sees in pictures:"),
        Code(f"netdesigner predict {run} picture.png", "sh"),
    ]
    if preprocessing is None:
        return blocks
    blocks += [
        Text("Without it, export the network as an ONNX file, which many programs load:"),
        Code(f"netdesigner export {run} --to model.onnx", "sh"),
    ]
    if _has_arrays(preprocessing) or preprocessing.picture[0] not in _MODES:
        blocks.append(
            Text(
                "What the file takes are pictures that were preprocessed as in the training; the "
                "metadata of the file have all that is needed for it."
            )
        )
        return blocks
    blocks += [
        Text("It takes pictures in its own size, preprocessed as in the training, as here:"),
        Code(_onnx(preprocessing), "python"),
    ]
    return blocks


def _with_inputs(preprocessing: Preprocessing, run: str) -> list[Block]:
    """Return how a network that takes no picture is asked."""
    if preprocessing.vocabulary is not None:
        return [
            Text("With Network Designer, the run goes on with a text:"),
            Code(f"netdesigner sample {run} --prompt TEXT", "sh"),
            Text("Without it, export the network as an ONNX file, which many programs load:"),
            Code(f"netdesigner export {run} --to model.onnx", "sh"),
            Text(
                f"It takes {preprocessing.inputs[0].shape[0]:,} tokens, whole numbers by the "
                "vocabulary in the metadata of the file, and gives a value for each token that may "
                "come next at each of them."
            ),
        ]
    file = "other.csv" if preprocessing.columns else "other.npz"
    shown = " and ".join(
        f"{each.name} ({'×'.join(map(str, each.shape))})" for each in preprocessing.inputs
    )
    standardized = any(each.mean for each in preprocessing.inputs)
    how = ", less the mean and divided by the deviation that the metadata name" * standardized
    return [
        Text("With Network Designer, the run is evaluated on other examples:"),
        Code(f"netdesigner evaluate {run} --data {file}", "sh"),
        Text("Without it, export the network as an ONNX file, which many programs load:"),
        Code(f"netdesigner export {run} --to model.onnx", "sh"),
        Text(f"It takes {shown}{how}."),
    ]


def _has_arrays(preprocessing: Preprocessing) -> bool:
    """Return whether more is done to pictures than mean and deviation of channels say."""
    return bool(preprocessing.mean_picture or preprocessing.gray_range)


def _onnx(preprocessing: Preprocessing) -> str:
    channels, height, width = preprocessing.picture
    mean = ", ".join(f"{value!r}" for value in preprocessing.mean)
    deviation = ", ".join(f"{value!r}" for value in preprocessing.deviation)
    shape = f"{height}, {width}, {channels}"
    names = preprocessing.classes or preprocessing.labels or preprocessing.numbers
    what = {
        "classes": ("classes", "print(classes[scores.argmax()])"),
        "labels": ("labels", "print(dict(zip(labels, scores)))  # before the sigmoid"),
        "numbers": ("numbers", "print(dict(zip(numbers, scores)))"),
        "input": ("", "print(scores)  # the input again"),
    }
    word, say = what[preprocessing.targets]
    known = names and len(names) <= _MOST_NAMED
    listed = f"{word} = {list(names)!r}\n" if known else ""
    say = say if known or preprocessing.gives_input else "print(scores)"
    return f"""import numpy as np
import onnxruntime
from PIL import Image

{listed}picture = Image.open("picture.png").convert("{_MODES[channels]}")
picture = picture.resize(({width}, {height}))
values = np.asarray(picture, np.float32).reshape({shape}) / 255
values = (values - np.array([{mean}])) / np.array([{deviation}])
inputs = values.transpose(2, 0, 1)[None].astype(np.float32)
session = onnxruntime.InferenceSession("model.onnx")
scores = session.run(None, {{session.get_inputs()[0].name: inputs}})[0][0]
{say}
"""
