"""Building a live module and exporting it: a process of its own, since code may do anything.

``python -m designer.engine.opening.live_process BYTES SECONDS`` reads one `LiveRequest` as a line
of JSON, and answers in lines with a `LiveAnswer`: what it does, and at the end what came of it.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from torch import nn

from designer.engine.opening import live_building, live_errors, live_export
from designer.engine.opening.live_messages import LiveAnswer, LiveRequest
from designer.engine.process_limits import limit_memory, limit_time
from designer.errors import DesignerError


def main(arguments: Sequence[str]) -> None:
    """Answer one request."""
    limit_memory(int(arguments[0]))
    limit_time(float(arguments[1]))
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What the code prints is no answer.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    warnings.simplefilter("ignore")
    _look_at_no_mask()
    own = os.getpid()
    request = msgspec.json.decode(requests.readline(), type=LiveRequest)
    torch.set_num_threads(request.threads)

    def say(answer: LiveAnswer) -> None:
        if os.getpid() != own:  # a copy that the code made of this process
            os._exit(0)
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()

    say(work(request, lambda stage: say(LiveAnswer(stage=stage))))
    os._exit(0)  # whatever threads the code has begun


def _look_at_no_mask() -> None:
    """Let torch's transformers not compare masks with a causal one, to choose a faster kernel.

    That depends on values, so that such a module could not be exported. The mask does the same.
    """
    nn.modules.transformer._detect_is_causal_mask = lambda mask, is_causal=None, size=None: (
        is_causal is True
    )


def work(request: LiveRequest, stage: live_export.Stage) -> LiveAnswer:
    """Build and export what a request names; why that fails is part of the answer."""
    named = live_errors.Named(request.path or request.module or request.name, request.path)
    try:
        stage("Building the module")
        torch.manual_seed(0)
        built = live_building.build(request, named)
        found = live_export.export(built, request.inputs, Path(request.folder), stage, named)
    except DesignerError as error:
        return LiveAnswer(message=str(error))
    except MemoryError:
        return LiveAnswer(message=named.too_large())
    except BaseException as error:  # the code may raise anything, also SystemExit
        return LiveAnswer(message=named.sentence(error, "cannot be opened"))
    return LiveAnswer(name=built.name, notes=(*built.notes, *found.notes), outputs=found.outputs)


if __name__ == "__main__":
    main(sys.argv[1:])
