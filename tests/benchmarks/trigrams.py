"""``python -m tests.benchmarks.trigrams TEXT [RUN]``: the loss of a table of trigrams on a text.

The text is read and divided as a training divides it, so that the losses of a run of a network on
its validation and test part can be held against those of the table:

    python -m tests.benchmarks.trigrams --library library.txt
    netdesigner train gpt_nano --data library.txt --run gpt --set vocabulary=96 \\
        --set layers=4 --set heads=4 --set width=128 --set context=64 --batch 32 --epochs 4 \\
        --set-recipe data.windows=12800 --set-recipe optimizer.learning_rate=0.003 \\
        --set-recipe schedule.warmup_epochs=0.25 \\
        --set-recipe data.validation=0.01 --set-recipe data.test=0.01
    python -m tests.benchmarks.trigrams library.txt gpt --share 0.01

After these 1,600 steps the network has a test loss of 1.38 nats, the table of 1.80.

The table gives the next token by the two before it. Its probabilities are means of those of three,
two and one token and of equal ones, by weights that depend on how often the two tokens before were
seen (Jelinek and Mercer 1980); the weights are fitted to a share of the training part that is held
out from the counts.
"""

import argparse
import json
import math
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data import open_dataset
from designer.data.options import ReadOptions
from designer.data.splitting import split
from designer.data.texts import tokens_in

_HELD_OUT = 0.05  # of the training part, by which the weights are fitted
_STEPS = 40  # of the fit
_BUCKETS = 12  # of counts, on a logarithmic scale

Tokens = NDArray[np.int64]
Doubles = NDArray[np.float64]


class Trigrams:
    """A table of trigrams with smoothed probabilities.

    Parameters
    ----------
    tokens
        Of the training part.
    size
        Of the vocabulary.
    """

    def __init__(self, tokens: Tokens, size: int) -> None:
        self._size = size
        held_out = max(100, int(_HELD_OUT * len(tokens)))
        self._count(tokens[:-held_out])
        self._weights = np.full((_BUCKETS, 4), 0.25)
        parts, buckets = self._parts(tokens[-held_out:])
        for _ in range(_STEPS):  # expectation and maximization
            shares = parts * self._weights[buckets]
            shares /= shares.sum(1, keepdims=True)
            for bucket in range(_BUCKETS):
                own = shares[buckets == bucket]
                if len(own):
                    self._weights[bucket] = own.mean(0)
        self._count(tokens)

    def _count(self, tokens: Tokens) -> None:
        size = self._size
        self._one = np.bincount(tokens, minlength=size).astype(float)
        pairs = tokens[:-1] * size + tokens[1:]
        self._two = np.bincount(pairs, minlength=size**2).astype(float)
        triples = pairs[:-1] * size + tokens[2:]
        self._three, counts = np.unique(triples, return_counts=True)
        self._times = counts.astype(float)
        self._before = np.bincount(pairs[:-1], minlength=size**2).astype(float)

    def _parts(self, tokens: Tokens) -> tuple[Doubles, Tokens]:
        """Return the four probabilities of each token from the third on, and its bucket."""
        size = self._size
        first, second, third = tokens[:-2], tokens[1:-1], tokens[2:]
        context = first * size + second
        triple = context * size + third
        place = np.searchsorted(self._three, triple).clip(max=len(self._three) - 1)
        times = np.where(self._three[place] == triple, self._times[place], 0.0)
        seen = self._before[context]
        of_pair = self._two.reshape(size, size)
        parts = np.stack(
            (
                times / np.maximum(seen, 1),
                of_pair[second, third] / np.maximum(of_pair.sum(1)[second], 1),
                self._one[third] / self._one.sum(),
                np.full(len(third), 1 / size),
            ),
            axis=1,
        )
        buckets = np.minimum(np.log2(seen + 1), _BUCKETS - 1).astype(np.int64)
        return parts, buckets

    def loss(self, tokens: Tokens) -> float:
        """Return the mean negative logarithm of the probabilities of tokens, from the third on."""
        parts, buckets = self._parts(tokens)
        found = (parts * self._weights[buckets]).sum(1)
        return float(-np.log(found).mean())


def losses(path: Path, *, tokens: str = "characters", share: float = 0.1) -> dict[str, float]:
    """Return the loss of a table on the validation and the test part of a text.

    ``share`` is that of each of these parts.
    """
    data = open_dataset(path, ReadOptions(tokens=tokens))
    parts = split(data, validation=share, test=share)
    table = Trigrams(tokens_in(parts.train.images).astype(np.int64), data.outputs)
    assert parts.validation is not None and parts.test is not None
    held = {"validation": parts.validation, "test": parts.test}
    return {
        name: table.loss(tokens_in(part.images).astype(np.int64)) for name, part in held.items()
    }


def write_library(path: Path) -> None:
    """Write the modules of Python's standard library into one file, those of no package first."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    texts = [each.read_bytes() for each in sorted(folder.glob("*.py"))]
    lines = b"\n".join(texts).decode("utf-8", "ignore")
    plain = "".join(each for each in lines if each == "\n" or " " <= each <= "~")
    path.write_text(plain, encoding="utf-8")


def main() -> None:
    """Print the losses of the table, and those of a run beside."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.trigrams")
    parser.add_argument("text", type=Path)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--library", action="store_true", help="write Python's library there first")
    parser.add_argument("--tokens", default="characters")
    parser.add_argument("--share", type=float, default=0.1, help="of validation and of test")
    options = parser.parse_args()
    if options.library:
        write_library(options.text)
    found = losses(options.text, tokens=options.tokens, share=options.share)
    rows: list[tuple[str, Any]] = [(f"trigrams, {name}", loss) for name, loss in found.items()]
    if options.run:
        result = json.loads((options.run / "result.json").read_text())
        rows += [(f"run, {name}", result[name]["loss"]) for name in ("validation", "test")]
    for name, loss in rows:
        print(f"{name:<22}{loss:8.4f} nats, perplexity {math.exp(loss):7.3f}")


if __name__ == "__main__":
    main()
