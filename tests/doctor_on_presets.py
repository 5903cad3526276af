"""Trains ten presets and lists what the doctor says: it must have nothing to say against any.

``python -m tests.doctor_on_presets [NAME ...]`` takes up to three minutes for each. With
``--record``, what they write is stored for the tests, which read it in a second.
"""

import sys
import tempfile
import time
from pathlib import Path

from designer.analysis.analysis import analyze
from designer.doctor.reading import read_case
from designer.engine.training import train
from designer.runs.begin import begin
from tests.doctor.judging import recording_of, said, save
from tests.doctor.presets_to_train import TRAININGS, Training

LIMIT = 180  # seconds for each


def judged(training: Training, folder: Path, *, record: bool = False) -> list[str]:
    """Train a preset and return the sentences that are said against it."""
    run = begin(folder, training.design(), training.recipe())
    train(run)
    case = read_case(run)
    recording = recording_of(run)
    if record:
        save(recording, training.preset)
    return [
        f"step {step:,}: {advice.key}: {advice.text}"
        for step, advice in said(case, recording)
        if advice.severity == "advice"
    ]


def main(arguments: list[str]) -> int:
    """Train the presets that are named, or all; return how many have something against them."""
    names = [each for each in arguments if not each.startswith("-")]
    bad = 0
    for training in TRAININGS:
        if names and training.preset not in names:
            continue
        assert analyze(training.design()).valid
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            against = judged(training, Path(folder) / "run", record="--record" in arguments)
        seconds = time.monotonic() - began
        late = f", more than {LIMIT} s" if seconds > LIMIT else ""
        words = f"{len(against)} against it" if against else "silent"
        print(f"{training.preset}: {words}, {seconds:.0f} s{late}", flush=True)
        for sentence in against:
            print(f"  {sentence}", flush=True)
        bad += bool(against or late)
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
