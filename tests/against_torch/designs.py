"""Random designs against torch: shapes, sizes, MACs, bytes saved for backward and bytes alive."""

import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from torch import nn

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist.training import batch_problems
from designer.design import files
from designer.design.values import Design
from designer.engine.freezing import freeze
from designer.engine.module import module as compiled
from tests import measuring
from tests.against_torch.drawing import RECURRENT, designs
from tests.layers.building import (
    FEW_TOKENS,
    as_tuple,
    macs_for_one_image,
    peak_agrees,
    saved_agree,
    sizes,
)

PART = 200
"""Designs drawn with one seed. A part ends at its first difference, which is then minimized."""


@dataclass
class Found:
    """What one part of a run found.

    Attributes
    ----------
    drawn
        Number of designs.
    layers
        How many of each layer type they have, blocks written out.
    difference
        The first difference, of the smallest design that shows it, and that design; or None. An
        error is a difference, too; there is no design if drawing it failed.
    """

    drawn: int = 0
    layers: Counter[str] = field(default_factory=Counter)
    difference: tuple[str, Design | None] | None = None


@contextmanager
def output_shapes(module: nn.Module) -> Iterator[list[tuple[int, ...]]]:
    """Note the shapes of a module's outputs, without keeping these."""
    shapes: list[tuple[int, ...]] = []

    def note(_: nn.Module, __: object, outputs: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        shapes.extend([tuple(each.shape) for each in as_tuple(outputs)])

    hook = module.register_forward_hook(note)
    try:
        yield shapes
    finally:
        hook.remove()


def differences(analysis: Analysis, module: nn.Module) -> Iterator[str]:
    """Yield a sentence for each number of the analysis that differs from torch's."""
    totals = analysis.totals
    for key, value in sizes(module).items():
        if getattr(totals, key) != value:
            yield f"{key}: the program counts {getattr(totals, key)}, torch {value}"
    for batch, training in ((2, True), (3, False)):
        inputs = [
            torch.randint(0, FEW_TOKENS, (batch, *port.shape))
            if port.integer
            else torch.randn(batch, *port.shape)
            for port in analysis.inputs
        ]
        freeze(module.train(training), analysis)
        with output_shapes(module) as found:
            saved = measuring.saved_bytes(module, *inputs)
        macs = macs_for_one_image(module, inputs) if training else 0
        shapes = [(batch, *port.shape) for port in analysis.outputs]
        if not training:
            main = [port for port in analysis.outputs if not port.auxiliary]
            shapes = [(batch, *port.shape) for port in main or analysis.outputs]
        mode = f"{'train' if training else 'eval'} mode, batch of {batch}"
        if found != shapes:
            yield f"shapes, {mode}: the program infers {shapes}, torch {found}"
        if training and macs != totals.macs:
            yield f"MACs, train mode: the program counts {totals.macs} for one image, torch {macs}"
        stated = totals.saved_bytes(batch, training=training)
        if not saved_agree(analysis, stated, saved) and not _near(analysis, stated, saved):
            yield f"bytes saved for backward, {mode}: the program counts {stated}, torch {saved}"
        if not training:
            stated = totals.inference_bytes(batch) - totals.file_bytes
            alive = measuring.peak_bytes(module, module, *inputs)
            if not peak_agrees(analysis, stated, alive) and not _near(analysis, stated, alive):
                yield f"bytes alive, {mode}: the program counts {stated}, torch {alive}"


def _near(analysis: Analysis, stated: int, measured: int) -> bool:
    """Tell whether bytes differ by 5 % at most, with recurrent layers.

    Their kernels keep other tensors for some sizes, such as a hidden state of one value.
    """
    recurrent = any(row.type in RECURRENT for row in analysis.rows())
    return recurrent and abs(stated - measured) <= 0.05 * measured


def check(design: Design) -> str:
    """Return the first difference between a design's analysis and torch, or ""."""
    analysis = analyze(design)
    if not analysis.valid:
        return f"the drawn design has a problem: {analysis.problems[0].message}"
    if batch_problems(analysis, 2):  # a batch norm of a tensor without a batch axis
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against an even kernel with "same"
        return next(differences(analysis, compiled(design)), "")


def part(number: int, count: int = PART) -> Found:
    """Draw and compare `count` designs; `number` is their seed."""
    torch.set_num_threads(1)
    found = Found()

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(designs(everything=True))
    def run(design: Design) -> None:
        try:
            difference = check(design)
        except Exception as error:
            difference = f"{type(error).__name__}: {error}"
        if found.difference is None:
            found.drawn += 1
            found.layers.update(row.type for row in analyze(design).rows())
        if difference:
            found.difference = difference, design
            raise AssertionError(difference)

    try:
        run()
    except Exception as error:
        if found.difference is None:
            found.difference = f"{type(error).__name__}: {error}", None
    return found


def report(count: int, first_seed: int, jobs: int, folder: Path) -> bool:
    """Compare designs, print what was drawn and each difference; return whether there was one.

    Parameters
    ----------
    count
        How many designs, rounded up to whole parts.
    first_seed
        Seed of the first part; the others have the following ones.
    jobs
        Processes that work at the same time.
    folder
        Where the smallest design of each difference is written as a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn, layers, bad, start = 0, Counter[str](), 0, time.monotonic()
    numbers: Sequence[int] = range(first_seed, first_seed + -(-count // PART))
    with get_context("spawn").Pool(jobs) as pool:
        for number, found in zip(numbers, pool.imap(part, numbers), strict=True):
            drawn += found.drawn
            layers.update(found.layers)
            if found.difference is not None:
                bad += 1
                difference, design = found.difference
                print(f"seed {number}: {difference}", flush=True)
                if design is not None:
                    path = folder / f"difference_{number}.json"
                    path.write_text(files.dumps(design), encoding="utf-8")
                    print(f"  {path}", flush=True)
            if number % 10 == 9:
                print(f"{drawn} designs, {time.monotonic() - start:.0f} s", flush=True)
    print(f"{drawn} designs, {bad} differences, {time.monotonic() - start:.0f} s. Layers drawn:")
    print(", ".join(f"{kind} {number}" for kind, number in sorted(layers.items())))
    return bad > 0
