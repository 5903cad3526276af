"""Trains a run in several processes of this machine, and ends with one sentence if one fails.

``python -m designer.engine.several_processes N RUN [--resume] [--data PATH]`` is ``torchrun`` with
N processes, each of which is a worker (`designer.engine.worker`) with the same arguments. What
torchrun and the workers print comes first; the last line on standard error says what went wrong.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from designer.data.decoding.budget import cores
from designer.engine.processes import FAILURES, first_failure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status, which is that of a worker."""
    number, *rest = sys.argv[1:] if arguments is None else arguments
    count = int(number)
    # torchrun would give each process a single thread.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // count)))
    os.environ["PYTHONSAFEPATH"] = "1"  # as -P: no modules of the working folder are imported
    if sys.platform == "linux":  # no other machine takes part, whatever this one's name is
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    options = ["--standalone", "--local-addr", "localhost", "--nproc-per-node", number]
    with tempfile.TemporaryDirectory(prefix="netdesigner-") as folder:
        notes = Path(folder) / "failures"
        notes.touch()
        os.environ[FAILURES] = str(notes)
        words = [*options, "--log-dir", folder, "-m", "designer.engine.worker", *rest]
        try:
            torchrun.run(torchrun.parse_args(words))  # type: ignore[no-untyped-call]
        except SignalException:  # the workers were told to stop, and have
            return 0
        except ChildFailedError as error:
            sys.stderr.write(f"{_sentence(error, count)}\n")
            return 1
    return 0


def _sentence(error: ChildFailedError, count: int) -> str:
    """Return why the processes ended: what the first one noted, or how it was ended."""
    noted = first_failure()
    if noted is not None and not noted.lost:
        return noted.message
    rank, failure = min(error.failures.items(), key=lambda item: item[1].exitcode)
    if failure.exitcode < 0:
        return (
            f"Process {rank + 1} of {count} was ended by the signal {failure.signal_name()}: "
            "end other programs if memory is short, and resume the run from its last checkpoint."
        )
    if noted is not None:
        return noted.message
    return f"Process {rank + 1} of {count} ended with the exit code {failure.exitcode}."


if __name__ == "__main__":
    sys.exit(main())
