"""How a network goes on with a text: one token after the other, drawn by its probabilities."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from designer.analysis.assist.inputs import text_length
from designer.engine.inspect.subject import Loaded
from designer.engine.losses import main_output
from designer.errors import DesignerError
from designer.recipe.vocabulary import Vocabulary, shown


class Continuation(NamedTuple):
    """A text and how a network goes on with it.

    Attributes
    ----------
    prompt
        The text as the network read it, without characters that it does not know.
    text
        What it adds.
    notes
        Sentences for the user.
    """

    prompt: str
    text: str
    notes: tuple[str, ...] = ()


def vocabulary_of(loaded: Loaded) -> Vocabulary:
    """Return the tokens that a network reads and gives.

    Raises
    ------
    DesignerError
        It does not continue texts, or was not trained on one.
    """
    name = loaded.analysis.design.name
    length = text_length(loaded.analysis)
    outputs = [port.shape for port in loaded.analysis.outputs if not port.auxiliary]
    if not length or len(outputs[0]) != 2 or outputs[0][0] != length:
        raise DesignerError(
            f"{name} does not continue texts: for that a network reads tokens (an Input of whole "
            "numbers with one axis) and gives a value for each token of the vocabulary at each of "
            "them. Choose a run that was trained on a text."
        )
    found = loaded.preprocessing.vocabulary
    if found is None:
        raise DesignerError(
            f"{name} was not trained on a text, so that it is not known what its tokens stand for: "
            "train it on a text file first."
        )
    return found


def continuation(
    loaded: Loaded,
    prompt: str,
    *,
    length: int = 500,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Continuation:
    """Return how a network goes on with a text.

    The network sees at most as many tokens as it was trained with, the last ones. A shorter text is
    filled up behind its end, which tokens before do not see, as the network predicts at each token
    from those before it.

    Parameters
    ----------
    loaded
        The network.
    prompt
        The text that it goes on with; "" for a text that begins with a new line.
    length
        How many tokens are added.
    temperature
        By which the logits are divided: below 1 the network prefers what is probable, at 0 it takes
        the most probable token each time.
    top_k
        Draws from so many most probable tokens only; None draws from all.
    seed
        Of the draws.
    progress
        Called with the share that is done.

    Raises
    ------
    DesignerError
        The network does not continue texts, or knows no character of the prompt; or its outputs are
        no numbers.
    """
    vocabulary = vocabulary_of(loaded)
    (each,) = loaded.preprocessing.inputs
    (window,) = each.shape
    unknown = vocabulary.unknown(prompt)
    tokens = vocabulary.encode(prompt)
    notes = []
    if unknown:
        notes.append(
            f"The network does not know {shown(unknown)}, which it was not trained with: left out "
            "of the prompt."
        )
    if prompt and not tokens:
        raise DesignerError(
            "The network knows no character of the prompt: use some of "
            f"{shown(vocabulary.characters, 40)}."
        )
    given = tokens = tokens or vocabulary.encode("\n")[:1] or [0]
    if len(tokens) > window:
        notes.append(
            f"The network reads {window:,} tokens at once: of the prompt's {len(tokens):,} it saw "
            "the last ones."
        )
    generator = torch.Generator().manual_seed(seed)
    tokens = list(tokens)
    with torch.inference_mode():
        for done in range(length):
            progress(done / max(1, length))
            seen = tokens[-window:]
            row = torch.zeros(1, window, dtype=torch.int64)
            row[0, : len(seen)] = torch.tensor(seen)
            logits = main_output(loaded.network(row.to(loaded.device)))[0, len(seen) - 1]
            tokens.append(
                _drawn(logits.float().cpu(), temperature=temperature, top_k=top_k, by=generator)
            )
    progress(1.0)
    return Continuation(
        vocabulary.decode(given) if prompt else "",
        vocabulary.decode(tokens[len(given) :]),
        tuple(notes),
    )


def _drawn(logits: Tensor, *, temperature: float, top_k: int | None, by: torch.Generator) -> int:
    """Return a token that is drawn by the probabilities of logits (tokens,)."""
    if not logits.isfinite().all():
        raise DesignerError(
            "The network gives values that are no numbers: its weights are broken; choose another "
            "checkpoint, or train it anew with a lower learning rate."
        )
    if temperature == 0:
        return int(logits.argmax())
    logits = (logits - logits.max()).double() / temperature  # never above 0, at any temperature
    if top_k is not None and top_k < len(logits):
        least = logits.topk(top_k).values[-1]
        logits = logits.masked_fill(logits < least, float("-inf"))
    return int(torch.multinomial(logits.softmax(0), 1, generator=by))
