"""The report that ``check --json`` prints: an analysis as a plain object with a published schema.

The schema is ``check.schema.json`` in this folder. `schema` makes it from the classes below; a test
fails when the two differ.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from designer.analysis.accounting.receptive_fields import Axes, ReceptiveField
from designer.analysis.analysis import Analysis, Port, Row
from designer.analysis.problems import Problem, Severity
from designer.recipe.optimizers import ESTIMATES

SCHEMA_PATH = Path(__file__).with_name("check.schema.json")

Count = Annotated[int, Meta(ge=0)]
Sizes = Annotated[list[Count], Meta(description="A shape without the batch axis.")]
Axis = Annotated[list[int | float], Meta(min_length=1, max_length=3)]


class PortReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input or output of the design."""

    name: str
    shape: Sizes


class ProblemReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something wrong with the design."""

    severity: Annotated[
        Literal["error", "pending", "warning"],
        Meta(
            description="An error makes a design invalid. What is pending is not known yet: code "
            "of the design's own that is not trusted."
        ),
    ]
    code: Annotated[str, Meta(description="A short stable name of the kind of problem.")]
    path: Annotated[
        str,
        Meta(description="Graph path of the node, as layer2.0.add; empty for the whole design."),
    ]
    port: Annotated[int | None, Meta(description="The input port at fault.")]
    message: Annotated[str, Meta(description="One sentence that gives the numbers.")]
    fixes: Annotated[list[str], Meta(description="The label of each offered edit.")]


class RemedyReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change that helps: of the recipe, or an edit of the design where there are no settings."""

    label: str
    settings: Annotated[
        dict[str, Any], Meta(description="New values of the recipe by their dotted names.")
    ]


class AdviceReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the doctor says of a design, a recipe or a run."""

    key: Annotated[str, Meta(description="The condition, by which it is silenced.")]
    severity: Annotated[
        Literal["advice", "explanation"],
        Meta(description="An explanation asks for no change."),
    ]
    when: Annotated[
        Literal["before", "while", "after"],
        Meta(description="Whether it is seen before, while or after a training."),
    ]
    path: Annotated[str, Meta(description="Graph path of the node; empty for the whole training.")]
    sentence: str
    evidence: Annotated[str, Meta(description="The figures that show it, in words.")]
    remedies: list[RemedyReport]


class TotalsReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the whole design with auxiliary outputs, for one image unless stated otherwise."""

    parameters: Annotated[Count, Meta(description="Learned values: weights + biases.")]
    weights: Annotated[Count, Meta(description="Learned values that multiply.")]
    biases: Annotated[Count, Meta(description="Learned values that add.")]
    trainable: Annotated[Count, Meta(description="Parameters that learn.")]
    frozen: Annotated[Count, Meta(description="Parameters frozen by an lr_scale of 0.")]
    buffers: Annotated[Count, Meta(description="Values saved but not learned.")]
    macs: Annotated[
        Count, Meta(description="Multiply-accumulates of convolutions and matrix products.")
    ]
    output_values: Annotated[
        Count,
        Meta(description="Layer outputs: the input and all except activations, dropout and views."),
    ]
    output_bytes: Annotated[Count, Meta(description="4 times output_values.")]
    buffer_values: Annotated[
        Count,
        Meta(
            description="In-and-out buffers, the CS231n lecture's total: input and output of each "
            "convolution, output of every other layer that counts."
        ),
    ]
    saved_bytes: Annotated[
        Count, Meta(description="Kept for backward in train mode, for the whole batch.")
    ]
    inference_peak_bytes: Annotated[
        Count,
        Meta(
            description="Largest sum of tensors alive at once without autograd, with those that "
            "torch makes on the way, such as the indices of a MaxPool2d."
        ),
    ]
    file_bytes: Annotated[
        Count,
        Meta(description="Parameters and buffers, each in its own type, without the container."),
    ]
    training_bytes: Annotated[
        dict[str, Count],
        Meta(description="Estimate of the memory that training in float32 needs, by optimizer."),
    ]


class ReceptiveFieldReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receptive field of a layer's output, in pixels of the input.

    The numbers are [height, width] for an image, [length] for a sequence and [depth, height, width]
    for a volume.
    """

    size: Annotated[
        Axis,
        Meta(
            description="Pixels of the image that the value in the middle depends on, over all "
            "paths: the image's sides behind a global branch."
        ),
    ]
    jump: Annotated[
        Axis, Meta(description="Step between the local receptive fields of neighboring values.")
    ]
    start: Annotated[
        Axis,
        Meta(
            description="Center of the first value's local receptive field; the first pixel is at "
            "0.5."
        ),
    ]
    local: Annotated[
        Axis,
        Meta(
            description="Size by the usual rule, without global branches: it may exceed the image. "
            "Where all paths are global, the same as size."
        ),
    ]


class LayerReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One layer of the network with all blocks written out."""

    path: str
    type: str
    output: Sizes
    values: Annotated[
        Count,
        Meta(description="What it adds to output_values; 0 for activations, dropout and views."),
    ]
    weights: Count
    biases: Count
    macs: Count
    receptive_field: ReceptiveFieldReport | None
    shares: Annotated[
        str,
        Meta(description="Graph path of the layer whose weights it uses; left out for its own."),
    ] = ""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The analysis of a design; of an invalid one, what could be inferred."""

    name: str
    valid: bool
    arguments: dict[str, int | float | bool | str]
    inputs: list[PortReport]
    outputs: list[PortReport]
    problems: list[ProblemReport]
    advice: list[AdviceReport]
    totals: TotalsReport
    layers: Annotated[list[LayerReport], Meta(description="In forward order, blocks written out.")]

    def to_json(self) -> str:
        """Return the report as ASCII JSON, with one line for each layer and problem."""
        # msgspec's encoder refuses numbers beyond 64 bits, which a broken design may contain.
        fields = msgspec.to_builtins(self)
        lines = []
        for name, value in fields.items():
            text = json.dumps(value)
            if isinstance(value, list) and value:
                rows = ",\n  ".join(json.dumps(row) for row in value)
                text = f"[\n  {rows}\n ]"
            lines.append(f" {json.dumps(name)}: {text}")
        return "{\n" + ",\n".join(lines) + "\n}\n"


def report(
    analysis: Analysis,
    batch: int = 1,
    problems: Sequence[Problem] | None = None,
    advice: Sequence[AdviceReport] = (),
) -> Report:
    """Return the report of an analysis, with memory for training with batches of a size.

    It lists the problems of the analysis, or those given instead, and what the doctor says.
    """
    sums = analysis.totals
    return Report(
        name=analysis.design.name,
        valid=analysis.valid,
        arguments={name: value for name, value in analysis.arguments.items() if value is not None},
        inputs=[_port(port) for port in analysis.inputs],
        outputs=[_port(port) for port in analysis.outputs],
        problems=[
            _problem(problem) for problem in (analysis.problems if problems is None else problems)
        ],
        advice=list(advice),
        totals=TotalsReport(
            parameters=sums.parameters,
            weights=sums.weights,
            biases=sums.biases,
            trainable=sums.trainable,
            frozen=sums.frozen,
            buffers=sums.buffers,
            macs=sums.macs,
            output_values=sums.output_values,
            output_bytes=sums.output_bytes,
            buffer_values=sums.buffer_values,
            saved_bytes=sums.saved_bytes(batch),
            inference_peak_bytes=sums.inference_peak_bytes,
            file_bytes=sums.file_bytes,
            training_bytes={
                name: sums.training_bytes(each.settings, batch) for name, each in ESTIMATES.items()
            },
        ),
        layers=[_layer(row) for row in analysis.rows()],
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a report."""
    (made,), components = msgspec.json.schema_components((Report,), ref_template="#/$defs/{name}")
    optimizers = list(ESTIMATES)
    training = components["TotalsReport"]["properties"]["training_bytes"]
    each = training.pop("additionalProperties")
    training |= {
        "properties": dict.fromkeys(optimizers, each),
        "required": optimizers,
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "netdesigner check --json",
        **made,
        "$defs": components,
    }


def schema_text() -> str:
    """Return the text of ``check.schema.json``."""
    return json.dumps(schema(), indent=1) + "\n"


def _port(port: Port) -> PortReport:
    return PortReport(port.name, list(port.shape))


_SEVERITIES: Mapping[Severity, Literal["error", "pending"]] = {
    Severity.ERROR: "error",
    Severity.PENDING: "pending",
}


def _problem(problem: Problem) -> ProblemReport:
    return ProblemReport(
        _SEVERITIES.get(problem.severity, "warning"),
        problem.code,
        problem.path,
        problem.port,
        problem.message,
        [fix.label for fix in problem.fixes],
    )


def _layer(row: Row) -> LayerReport:
    counts = row.result.counts
    return LayerReport(
        row.path,
        row.type,
        list(row.shape),
        counts.output_values,
        counts.weights,
        counts.biases,
        counts.macs,
        _field(row.receptive_field),
        row.shares,
    )


def _field(field: ReceptiveField | None) -> ReceptiveFieldReport | None:
    if field is None:
        return None
    return ReceptiveFieldReport(
        _axes(field.size), _axes(field.jump), _axes(field.start), _axes(field.local)
    )


def _axes(axes: Axes) -> list[int | float]:
    return [int(each) if each == int(each) else each for each in axes]
