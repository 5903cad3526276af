"""The worker process: trains one run folder, or serves requests with torch loaded.

``python -m designer.engine.worker RUN [--resume [--data PATH]]`` trains and exits with 0, or with
1 after a sentence on standard error. ``--serve`` takes JSON lines on standard input and answers in
JSON lines on standard output, each answer with the ``id`` of its request, if that had one:

    {"do": "ping", "id": 1}                      -> {"id": 1, "ok": true}
    {"do": "prepare", "recipe": {...}, "network": {...}}
                                                 -> {"ok": true}; a training with it starts sooner
    {"do": "train", "run": "...", "resume": false} -> {"ok": true, "result": {...}}, at its end
                                                    "data": "..." says where its data were moved
                                                    "keep_data": true, if others with the same
                                                    data follow
    {"do": "export", "source": "RUN or design file", "to": ["model.onnx"], "weights": "RUN"}
    {"do": "export", "members": [SUBJECT, SUBJECT], "to": ["model.onnx"]}
                                                 -> {"ok": true, "files": [{"path": ...}]}
                                                    "options": {"opset": 17, "names": "timm"}
    {"do": "look", "weights": "..."}             -> {"ok": true, "origin": "...", "ordered": true,
                                                     "tensors": [["conv1.weight", [6, 1, 5, 5]]]}
    {"do": "preview", "images": "pictures.npy", "to": "draws.npz", "draws": 7, "seed": 0,
     "size": [28, 28], "mean": [0.5], "components": [[0.1]], "augmentation": {...}}
                                                 -> {"ok": true}; the pictures changed at random
                                                    "obsolete": true, if a newer one is waiting
    {"do": "predict", "subject": {...}, ...}    -> one of `designer.engine.inspect.requests`;
                                                   {"id": 7, "progress": 0.5} while it goes on,
                                                   at its end arrays as in `designer.shared_arrays`
    {"do": "open", "source": "net.pt2", "run_code": false, "digest": "",
     "inputs": ["3x224x224"], "flat": false, "folder": "..."}
                                                 -> {"id": 7, "progress": 0.3, "stage": "Reading"}
                                                   while it goes on; once the layers are known, one
                                                   such message also has "design" and "report", of
                                                   which tensors and difference are not known yet
                                                   {"ok": true, "design": "text of a design file",
                                                    "report": {...}, "weights": "..."}, at its end;
                                                   the weights are a file in the folder, or null
    {"do": "cancel", "id": 7}                   -> request 7, one of these, ends early: its answer
                                                   is {"ok": false, "canceled": true, ...}
    {"do": "quit"}                               -> the process ends after its current job
    anything that fails                          -> {"ok": false, "message": "..."}

When standard input closes, the requests received are still done: a training outlives the window.
"""

import argparse
import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import msgspec

from designer.design.values import Design
from designer.engine.canceled import Canceled
from designer.errors import BrokenPicturesError, DesignerError, OtherDataError
from designer.recipe.augmentations import Augmentation
from designer.recipe.recipe import Recipe
from designer.runs import control
from designer.runs.export_formats import ExportOptions
from designer.runs.folder import RunFolder
from designer.runs.import_report import ImportReport
from designer.runs.network import NetworkInfo
from designer.runs.result import Result

Request = dict[str, Any]

_REPORT = 0.05  # seconds between two messages on how far a request is
_LAYERS_KNOWN = 0.7  # of opening a network


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m designer.engine.worker")
    parser.add_argument("run", nargs="?", type=Path, help="run folder to train")
    parser.add_argument("--resume", action="store_true", help="continue from its checkpoint")
    parser.add_argument("--data", type=Path, help="where the data of the run were moved")
    parser.add_argument(
        "--serve", action="store_true", help="answer requests in JSON lines instead"
    )
    options = parser.parse_args(arguments)
    if options.serve == (options.run is not None):
        parser.error("give a run folder or --serve")
    interrupt = _interrupt()
    if options.serve:
        serve(sys.stdin, sys.stdout, interrupt=interrupt)
        _discard_unread_answers()
        return 0
    return _train_run(options.run, resume=options.resume, interrupt=interrupt, data=options.data)


def serve(requests: TextIO, answers: TextIO, *, interrupt: threading.Event) -> None:
    """Answer requests until ``quit`` or their end, and finish the jobs that were begun."""
    # Load torch now, so that the first request does not wait for it.
    from designer import leftovers, shared_arrays
    from designer.data import keep_prepared_data
    from designer.engine import preparation, training
    from designer.engine.inspect import requests as inside

    _warm_up()
    leftovers.remove(shared_arrays.folder())

    def prepare(request: Request) -> Request:
        if waiting.empty():  # a newer request makes this one obsolete
            recipe = msgspec.convert(request["recipe"], Recipe)
            info = msgspec.convert(request["network"], NetworkInfo)
            preparation.load_in_advance(recipe, info)
        return {}

    def train(request: Request) -> Request:
        run = RunFolder.open(Path(request["run"]))
        resume = bool(request.get("resume"))
        data = Path(request["data"]) if request.get("data") else None
        if resume:  # cancels a pause or stop that no worker has read
            control.send(run.control, "resume")
        keep_prepared_data(bool(request.get("keep_data")))
        with _printing_to(run.log):
            result = training.train(run, resume=resume, interrupt=interrupt, data=data)
        return {"result": msgspec.to_builtins(result)}

    def write(request: Request) -> Request:
        from designer.engine import export

        paths = [Path(path) for path in request["to"]]
        options = msgspec.convert(request.get("options", {}), ExportOptions)
        if "members" in request:
            from designer.engine.ensemble_export import of_ensemble
            from designer.runs.ensembles import Ensemble

            ensemble = msgspec.convert({"members": request["members"]}, Ensemble)
            model = of_ensemble(ensemble)
        else:
            model = export.of_path(Path(request["source"]), weights=request.get("weights"))
        exported = export.export(replace(model, options=options), paths)
        return {
            "files": [
                {
                    "path": str(each.path),
                    "bytes": each.size,
                    "difference": each.difference,
                    "remark": each.remark,
                }
                for each in exported
            ]
        }

    def look(request: Request) -> Request:
        from designer.engine import weights

        found = weights.read(request["weights"])
        tensors = [[name, list(each.shape)] for name, each in found.tensors.items()]
        return {"origin": found.origin, "ordered": found.ordered, "tensors": tensors}

    def preview(request: Request) -> Request:
        if request is not newest.get("preview"):
            return {"obsolete": True}
        from designer.engine.augmentation_preview import write_draws

        settings = msgspec.convert(request["augmentation"], Augmentation)
        with ThreadPoolExecutor(1, initializer=_lower_priority) as aside:
            aside.submit(
                write_draws,
                Path(request["images"]),
                Path(request["to"]),
                settings,
                count=request["draws"],
                seed=request["seed"],
                size=tuple(request["size"]),
                mean=request["mean"],
                components=request["components"],
            ).result()
        return {}

    def look_inside(request: Request) -> Request:
        number = request.get("id")
        said = 0.0

        def report(share: float) -> None:
            nonlocal said
            if time.monotonic() - said > _REPORT:
                said = time.monotonic()
                answer(request, progress=share)

        job = inside.Job(report, lambda: number in canceled)
        found = inside.answer(request, job)
        return {**found.fields, **(shared_arrays.send(found.arrays) if found.arrays else {})}

    def open_network(request: Request) -> Request:
        from designer.design import files
        from designer.engine.opening.job import Job
        from designer.engine.opening.pipeline import Wishes, open_source
        from designer.readers.sources import parse_input

        number = request.get("id")
        said = 0.0

        def report(stage: str, share: float) -> None:
            nonlocal said
            if time.monotonic() - said > _REPORT:
                said = time.monotonic()
                answer(request, progress=share, stage=stage)

        def early(design: Design, found: ImportReport) -> None:
            text, fields = files.dumps(design), msgspec.to_builtins(found)
            answer(request, progress=_LAYERS_KNOWN, stage="", design=text, report=fields)

        folder = request.get("folder")
        wishes = Wishes(
            inputs=[parse_input(each) for each in request.get("inputs", [])],
            run_code=bool(request.get("run_code")),
            digest=str(request.get("digest", "")),
            flat=bool(request.get("flat")),
            weights=None if folder is None else Path(folder) / "weights.safetensors",
        )
        found = open_source(
            request["source"], wishes, Job(report, lambda: number in canceled, early)
        )
        return {
            "design": files.dumps(found.design),
            "report": msgspec.to_builtins(found.report),
            "weights": None if found.weights is None else str(found.weights),
        }

    # Jobs take long and are done one after another.
    jobs: dict[str, Callable[[Request], Request]] = {
        "prepare": prepare,
        "train": train,
        "export": write,
        "look": look,
        "preview": preview,
        "open": open_network,
        **dict.fromkeys(inside.REQUESTS, look_inside),
    }
    canceled: set[object] = set()  # the numbers of requests that are not wanted any more
    newest: dict[str, Request] = {}  # by what is to be done
    waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
    speaking = threading.Lock()

    def answer(request: Request, **fields: Any) -> None:
        named = {"id": request["id"], **fields} if "id" in request else fields
        # That nobody reads the answers any more is no reason to stop.
        with speaking, contextlib.suppress(OSError, ValueError):
            answers.write(msgspec.json.encode(named).decode() + "\n")
            answers.flush()

    def listen() -> None:
        for line in requests:
            request: Request = {}
            try:
                request = msgspec.json.decode(line, type=dict[str, Any])
                do = request.get("do")
                if do == "quit":
                    break
                if do == "ping":
                    answer(request, ok=True)
                elif do == "cancel":
                    canceled.add(request.get("id"))
                elif do in jobs:
                    newest[do] = request
                    waiting.put(request)
                else:
                    known = ", ".join(["ping", "cancel", "quit", *jobs])
                    raise DesignerError(f"The worker cannot do {do!r}: request one of {known}.")
            except (DesignerError, msgspec.MsgspecError, TypeError) as error:  # an id is a list
                answer(request, ok=False, message=str(error))
        waiting.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while (request := waiting.get()) is not None:
        try:
            answer(request, ok=True, **jobs[request["do"]](request))
        except Exception as error:
            message = (
                str(error) if isinstance(error, DesignerError) else f"An internal error: {error!r}"
            )
            answer(
                request,
                ok=False,
                message=message,
                other_data=isinstance(error, OtherDataError),
                canceled=isinstance(error, Canceled),
                skip=error.skip if isinstance(error, BrokenPicturesError) else None,
            )


def _warm_up() -> None:
    """Run a tiny training step, because the first one loads and initializes parts of torch."""
    import torch
    from torch import nn

    from designer.engine import device
    from designer.engine.optimizers import optimizer
    from designer.recipe.optimizers import Optimizer

    cpu = torch.device("cpu")
    device.free_bytes(cpu)
    weight = nn.Parameter(torch.zeros(1, 1, 3, 3))
    nn.functional.conv2d(torch.zeros(1, 1, 8, 8), weight).sum().backward()  # type: ignore[no-untyped-call]
    optimizer(Optimizer(), [weight], device=cpu).step()


def _lower_priority() -> None:
    """Let this thread give way to a training; on Linux, each thread has its own priority."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@contextlib.contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """Append to a file what this process, C code included, prints on standard error."""
    try:
        log = path.open("ab")
    except OSError:  # the disk is full or read-only, which the training itself reports
        yield
        return
    before = os.dup(2)
    with log:
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)


def _discard_unread_answers() -> None:
    """Discard answers not yet sent if nobody reads them, so that exiting raises no error."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _training() -> Callable[..., Result]:
    """Load torch, once the path of a run is known to be right."""
    try:
        from designer.engine.training import train
    except (ImportError, MemoryError) as error:
        raise DesignerError(
            f"torch cannot be loaded ({error}): end other programs if memory is short, else "
            "install it again."
        ) from error
    return train


def _train_run(path: Path, *, resume: bool, interrupt: threading.Event, data: Path | None) -> int:
    try:
        run = RunFolder.open(path)
        train = _training()
        result = train(run, resume=resume, interrupt=interrupt, data=data)
    except DesignerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if result.message:
        sys.stderr.write(f"{result.message}\n")
    if result.status == "diverged":
        from designer.engine.processes import note_failure

        note_failure(result.message or "The training diverged.")
    return 1 if result.status == "diverged" else 0


def _interrupt() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set instead of ending the process."""
    event = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: event.set())
    return event


if __name__ == "__main__":
    status = main()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # Threads of the connection between processes may outlive it for a moment, and abort a
        # process whose interpreter ends meanwhile. All files are closed by now.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
