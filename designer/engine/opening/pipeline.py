"""From a source to a design with its weights and a report: read, convert, fold, take, compare."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from designer.analysis.analysis import Analysis
from designer.design.values import Design
from designer.engine.opening import (
    comparison,
    edited_files,
    live,
    reading,
    reporting,
    running,
    tables,
    taking,
    zeros,
)
from designer.engine.opening.job import Job
from designer.engine.opening.reading import Network
from designer.engine.opening.zeros import Zeros
from designer.errors import DesignerError
from designer.folding.fold import fold
from designer.folding.patterns import convert
from designer.folding.patterns.converted import Converted
from designer.folding.patterns.values import UnsupportedError
from designer.readers import pt2, sources
from designer.readers.embedded import Embedded, embedded
from designer.readers.graph import NeutralGraph, TensorSpec
from designer.readers.sources import Source, Way
from designer.runs import own_layers
from designer.runs.import_report import TOLERANCE, ImportReport, Tensors


@dataclass(frozen=True)
class Wishes:
    """What the user wants of an import.

    Attributes
    ----------
    inputs
        Shapes of the inputs without the batch; none to take what the source says, or to look for
        some.
    run_code
        Whether code of the user's may be run.
    digest
        The SHA-256 of the Python file that may be run; "" for whatever it holds.
    flat
        Whether repeated structure stays as it is.
    weights
        Where the weights are written; None to leave them.
    compare
        Whether the outputs are compared.
    """

    inputs: Sequence[TensorSpec] = ()
    run_code: bool = False
    digest: str = ""
    flat: bool = False
    weights: Path | None = None
    compare: bool = True


@dataclass(frozen=True)
class Opened:
    """A network that was opened.

    Attributes
    ----------
    design
        The design.
    report
        What was found.
    weights
        The file with its weights; None if it has none, or they were not wanted.
    """

    design: Design
    report: ImportReport
    weights: Path | None = None


def open_source(text: str, wishes: Wishes | None = None, job: Job | None = None) -> Opened:
    """Open a network from elsewhere.

    Parameters
    ----------
    text
        The source, as in `designer.readers.sources`.
    wishes
        What the user wants.
    job
        Is told how far the work is, and may end it.

    Raises
    ------
    Canceled
        It was ended.
    DesignerError
        The source cannot be opened.
    """
    wishes, job = wishes or Wishes(), job or Job()
    source = sources.parse(text)
    with tempfile.TemporaryDirectory(prefix="netdesigner-open-") as folder:
        return _Opening(source, wishes, job, Path(folder)).opened()


_DAMAGED = (
    UnsupportedError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What is raised for operations with arguments or shapes that no library writes."""


class _Opening:
    """The work on one source."""

    def __init__(self, source: Source, wishes: Wishes, job: Job, folder: Path) -> None:
        self._source = source
        self._wishes = wishes
        self._job = job
        self._folder = folder
        self._zeros = Zeros()

    def opened(self) -> Opened:
        network = self._network()
        analysis = own_layers.analyzed(network.design)
        report = reporting.report(
            self._source.text,
            self._source.kind.key,
            analysis,
            opaque=reporting.opaque_pieces(network.design),
            notes=network.notes,
            seconds=self._job.seconds,
        )
        self._job.early(network.design, report)
        with self._job.stage("Taking the weights") as within:
            taken = taking.take(network.weights, network.moved, analysis, within)
            weights = self._wishes.weights if taken.state else None
            if weights is not None:
                taking.write(taken, network.design, weights)
        tensors = Tensors(taken.from_source, taken.missing)
        with self._job.stage("Comparing the outputs") as within:
            report = msgspec.structs.replace(report, tensors=tensors)
            report = self._compared(report, network, analysis, taken, within)
        seconds = {**self._job.seconds}
        return Opened(network.design, msgspec.structs.replace(report, seconds=seconds), weights)

    def _network(self) -> Network:
        """Return the design, as the file carries it or as it is found in its operations."""
        path, carried = self._source.path, Embedded()
        if path is not None and not self._source.name:
            carried = embedded(path)
            if carried.design is not None and not carried.edited and not self._wishes.flat:
                with self._job.stage("Reading"):
                    return reading.of_carried(self._source, carried.design, self._wishes.inputs)
        if self._source.kind.asks and not self._wishes.run_code:
            raise DesignerError(
                f"{self._source.text} is Python code, which is run to open it: read it first, then "
                "add --run-code."
            )
        if self._source.kind.way is Way.WEIGHTS:
            with self._job.stage("Reading"):
                return reading.of_tensors(self._source)
        if self._source.kind.way is Way.LIVE:
            with self._job.stage("Running the code"):
                exported = self._exported(self._source, self._folder, carried.design)
            with self._job.stage("Reading"):
                graph = pt2.read(exported.program)
                known = len(exported.outputs) == len(graph.outputs)
                names = exported.outputs if known else ()
                graph = replace(graph, name=exported.name, output_names=names)
                example, notes = comparison.of_example(exported.example), exported.notes
        else:
            with self._job.stage("Reading"):
                graph = reading.graph_of(self._source, self._wishes.inputs)
                example, notes = None, ()
        graph = self._zeros.of(graph)
        with self._job.stage("Finding layers"):
            converted = self._converted(graph)
        note = " ".join(filter(None, [carried.note, graph.without_values]))
        notes = (*filter(None, [note]), *notes, *converted.notes)
        design, moved = converted.design, {}
        if not self._wishes.flat:
            with self._job.stage("Folding"):
                try:
                    folded = fold(
                        design,
                        converted.modules,
                        growing_concats=True,
                        analysis=converted.analysis,
                    )
                    design, moved = folded.design, dict(folded.moved)
                except DesignerError as error:  # the design has errors, and is opened all the same
                    notes += (f"Repeated structure was not folded into blocks: {error}",)
        weights = {} if graph.without_values else converted.weights
        if weights and (carried.design is None or self._wishes.flat):
            numbered = tables.with_numbers(design, weights, moved)
            design, notes = numbered.design, (*notes, *filter(None, [numbered.note]))
        network = Network(
            design,
            weights,
            moved,
            graph,
            example,
            notes,
            axis=converted.axis,
            output_axes=converted.output_axes,
        )
        if carried.design is None or self._wishes.flat:
            return network
        with self._job.stage("Folding"):
            base = edited_files.base(self._source, carried.design, self._folder, self._exported)
            return edited_files.with_edits(network, carried.design, base)

    def _exported(self, source: Source, folder: Path, carried: Design | None) -> live.Exported:
        """Run code, with the inputs of the design that its file carries where none are given."""
        inputs = self._wishes.inputs
        if not inputs and carried is not None:
            inputs = edited_files.inputs_of(carried)
        return live.export(
            source,
            folder,
            inputs,
            digest=self._wishes.digest if source is self._source else "",
            stage=lambda words: self._job.progress(words, 0.0),
        )

    def _converted(self, graph: NeutralGraph) -> Converted:
        try:
            return convert(graph, running.evaluate)
        except _DAMAGED as error:
            raise DesignerError(
                f"{self._source.text} cannot be opened, as its operations do not fit together "
                f"({type(error).__name__}: {error}): save it again."
            ) from error

    def _compared(
        self,
        report: ImportReport,
        network: Network,
        analysis: Analysis,
        taken: taking.Taken,
        progress: Callable[[float], None],
    ) -> ImportReport:
        reason = self._hindrance(network, report, analysis, taken)
        if not reason:
            try:
                found, notes = comparison.compare(network, analysis, taken, progress), report.notes
                if found.scale == 0 and found.largest == 0:
                    self._zeros.replaced = True
                    taken = taking.take(network.weights, network.moved, analysis)
                    network = replace(network, example=None)
                    found = comparison.compare(network, analysis, taken, progress)
                    notes = (*notes, zeros.NOTE)
                if 0 < found.largest <= TOLERANCE * found.scale:
                    exact = comparison.compare_with_64_bits(network, analysis, taken, progress)
                    if exact is not None and exact.largest == 0:
                        notes = (*notes, comparison.ROUNDING.format(found.largest, found.scale))
                        found = exact
                if comparison.draws(network):
                    notes = (*notes, comparison.DRAWN)
                return msgspec.structs.replace(
                    report,
                    difference=found.largest,
                    scale=found.scale,
                    not_compared="",
                    notes=notes,
                )
            except running.NotRunnableError as error:
                reason = str(error)
            except ValueError as error:  # other outputs
                sentence = f"{error}."
                return msgspec.structs.replace(report, not_compared=sentence, mismatch=sentence)
        return msgspec.structs.replace(report, not_compared=reason)

    def _hindrance(
        self, network: Network, report: ImportReport, analysis: Analysis, taken: taking.Taken
    ) -> str:
        """Return why the outputs cannot be compared, "" if they can."""
        if not self._wishes.compare:
            return "this was not asked for."
        if network.graph is None:
            return "the file has no operations to compare with."
        if report.opaque:
            first = report.opaque[0]
            return f"no layer expresses {first.operation}, so the design cannot be run."
        if not analysis.valid:
            return f"the design has an error: {analysis.problems[0].message}."
        if taken.missing:
            return f"{len(taken.missing):,} tensors have no values, such as {taken.missing[0]}."
        return ""
