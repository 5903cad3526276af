"""What is known of a design's own layer types: from the cache, or measured in a process of its own.

The facts of a class are kept by its text, its arguments, its inputs and the versions of torch and
of this program, in a file for each text in the user's cache folder. Nothing is measured of a text
that is not trusted.
"""

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

import msgspec
from platformdirs import user_cache_path

from designer import __version__, processes
from designer.analysis.analysis import Analysis, analyze
from designer.design.values import Design
from designer.errors import UNREADABLE
from designer.layers.own import NOT_MEASURED, Measured, Measurement, Request, digest
from designer.runs import launch, trusted_code

SECONDS = 20.0
"""How long measuring one class may take; then its process is ended."""
MOST_BYTES = 2 * 1024**3
"""Memory that measuring may take beyond that of torch."""
_START_SECONDS = 180.0  # until torch is loaded, on a busy machine
_LOOK_SECONDS = 0.05
_MOST_ROUNDS = 1_000  # layers one behind the other, each measured when the one before is
_MOST_CACHED = 20_000_000  # bytes of a file of facts, which then begins anew
_MODULE = "designer.engine.own_layer_measuring"


# The cache


def cache_file(text: str) -> Path:
    """Return the file with the facts of a text, as measured by this version with this torch."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "none"
    folder = user_cache_path("netdesigner", appauthor=False) / "own_layers"
    return folder / f"{digest(text)}-{__version__}-torch-{torch}.jsonl"


def cached(text: str) -> Mapping[Request, Measurement]:
    """Return what is known of a text; lines that cannot be read are left out."""
    try:
        lines = cache_file(text).read_bytes().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        with contextlib.suppress(*UNREADABLE):
            request, measurement = msgspec.json.decode(line, type=tuple[Request, Measurement])
            found[request._replace(text=text)] = measurement
    return found


def _store(request: Request, found: Measurement) -> None:
    """Add a fact to the cache; one that cannot be written is measured again next time."""
    path = cache_file(request.text)
    line = msgspec.json.encode((request._replace(text=""), found)) + b"\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        full = path.exists() and path.stat().st_size > _MOST_CACHED
        with path.open("wb" if full else "ab") as file:
            file.write(line)


def known(design: Design) -> Measured:
    """Return what is trusted of a design's code, and what the cache knows of it; runs nothing."""
    if not design.code:
        return NOT_MEASURED
    trusted = trusted_code.trusted(design.code.values())
    facts: dict[Request, Measurement] = {}
    for text in design.code.values():
        if digest(text) in trusted:
            facts.update(cached(text))
    return Measured(trusted, facts)


# Measuring


def measured(design: Design) -> Measured:
    """Return what is known of a design's own layer types, after measuring what is trusted."""
    found = known(design)
    if not design.code:
        return found
    with Measurer() as measurer:
        for _ in range(_MOST_ROUNDS):
            wanted = to_measure(analyze(design, measured=found))
            if not wanted:
                break
            found = with_facts(found, {each: measurer.measure(each) for each in wanted})
    return found


def analyzed(design: Design) -> Analysis:
    """Analyze a design, after measuring its own layer types as far as they are trusted."""
    return analyze(design, measured=measured(design))


def to_measure(analysis: Analysis) -> list[Request]:
    """Return what an analysis waits for and may be measured."""
    known = analysis.measured
    return [
        each
        for each in analysis.pending
        if each not in known.facts and digest(each.text) in known.trusted
    ]


def with_facts(known: Measured, facts: Mapping[Request, Measurement]) -> Measured:
    """Return what is known, with more facts."""
    return Measured(known.trusted, {**known.facts, **facts})


class Measurer:
    """A process that builds classes and runs them on tensors without values; started when needed.

    It is ended when a class takes too long or too much memory, and started anew for the next one.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes] = queue.Queue()

    def __enter__(self) -> "Measurer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            processes.end(process.pid)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with contextlib.suppress(OSError):
                    pipe.close()

    def measure(self, request: Request) -> Measurement:
        """Measure a class whose text is trusted, and put it into the cache.

        What it refuses, and what takes too long, is part of the result.
        """
        if not trusted_code.trusted([request.text]):
            return Measurement(refusal="is not trusted")
        try:
            process = self._started()
        except OSError as error:
            return Measurement(
                refusal=f"cannot be measured, since no process can be started ({error.strerror})"
            )
        if process is None:
            return Measurement(refusal="cannot be measured: torch could not be loaded")
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
        line = self._line(SECONDS)
        if isinstance(line, str):
            self.close()
            return Measurement(refusal=line)
        try:
            found = msgspec.json.decode(line, type=Measurement)
        except UNREADABLE:
            self.close()
            return Measurement(
                refusal="printed something that cannot be read while it was measured"
            )
        _store(request, found)
        return found

    def _started(self) -> "subprocess.Popen[bytes] | None":
        """Return the process, once it has loaded torch; None if it could not."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        lines: queue.Queue[bytes] = queue.Queue()
        self._lines = lines
        process = launch.spawn(
            _MODULE,
            str(MOST_BYTES),
            str(SECONDS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._process = process

        def listen() -> None:
            assert process.stdout is not None
            with contextlib.suppress(OSError, ValueError):
                for line in process.stdout:
                    lines.put(line)
            lines.put(b"")

        threading.Thread(target=listen, daemon=True).start()
        if isinstance(self._line(_START_SECONDS, limited=False), str):
            self.close()
            return None
        return process

    def _line(self, seconds: float, *, limited: bool = True) -> bytes | str:
        """Return the next line of the process, or why there is none."""
        process = self._process
        assert process is not None
        until = time.monotonic() + seconds
        most = None
        while time.monotonic() < until:
            try:
                line = self._lines.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if limited:
                    now = _memory_of(process.pid)
                    most = now + MOST_BYTES if most is None else most
                    if now > most:
                        return _TOO_LARGE
                continue
            return line or "ended the process that measured it"
        return (
            f"did not end within {seconds:g} s while it was built and run once; look for a loop "
            "without end"
        )


_TOO_LARGE = (
    f"took more than {MOST_BYTES // 1024**3} GiB of memory while it was built and run once; make "
    "it smaller"
)


def _memory_of(pid: int) -> int:
    """Return the bytes that a process holds in memory; 0 if it has ended."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
