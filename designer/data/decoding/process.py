"""A decoder process: ``python -m designer.data.decoding.process``, started by `Decoders`.

It reads jobs and tasks from its standard input and answers on its standard output. It ends when its
input closes, so that none is left when the process that started it was killed.
"""

import os
import signal
import sys

from designer.data.decoding.at_work import JobAtWork
from designer.data.decoding.shared_memory import Region
from designer.data.decoding.tasks import Job, receive, rows_of, send

_NICE = 10  # see `decoders` for why; 19 would leave nothing beside other programs


def main() -> None:
    """Do tasks until the standard input closes."""
    if os.name == "posix":
        os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the process that started this one
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # for libraries that print
    region: Region = receive(requests)
    now = rows_of(region, (1, 1, 1), "int64").reshape(-1)
    jobs: dict[int, JobAtWork] = {}
    try:
        while (message := receive(requests)) is not None:
            if isinstance(message, Job):
                jobs[message.number] = JobAtWork(message)
            else:
                send(answers, jobs[message.job].do(message, now))
    except BrokenPipeError:
        os._exit(0)  # nobody reads the answers any more; a flush at exit would fail, too


if __name__ == "__main__":
    main()
