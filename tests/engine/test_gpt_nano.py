"""The preset GPT nano, held against the same network written in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.edits import set_argument
from designer.engine.module import module

LAYERS, HEADS, WIDTH, CONTEXT, VOCABULARY = 2, 4, 32, 12, 17


def gpt(state: dict[str, Tensor], tokens: Tensor) -> Tensor:
    """Compute GPT-2's forward pass as in nanoGPT's ``model.py``, attention by its definition."""

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (WIDTH,), state[f"{name}.weight"], state[f"{name}.bias"])

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    x = state["wte.weight"][tokens] + state["wpe"]
    later = torch.ones(CONTEXT, CONTEXT).triu(1).bool()
    for layer in range(LAYERS):
        h = f"h.{layer}"
        y = norm(x, f"{h}.ln_1")
        y = y @ state[f"{h}.attn.in_proj_weight"].T + state[f"{h}.attn.in_proj_bias"]
        q, k, v = (
            each.view(len(tokens), CONTEXT, HEADS, -1).transpose(1, 2)
            for each in y.split(WIDTH, dim=2)
        )
        scores = q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        y = scores.masked_fill(later, float("-inf")).softmax(3) @ v
        x = x + linear(y.transpose(1, 2).reshape(x.shape), f"{h}.attn.out_proj")
        x = x + linear(F.gelu(linear(norm(x, f"{h}.ln_2"), f"{h}.fc")), f"{h}.proj")
    return norm(x, "ln_f") @ state["wte.weight"].T


def test_outputs_are_those_of_plain_torch() -> None:
    design = presets.load("gpt_nano")
    arguments = {"layers": LAYERS, "heads": HEADS, "width": WIDTH}
    for name, value in {**arguments, "context": CONTEXT, "vocabulary": VOCABULARY}.items():
        design = set_argument(design, name, value)
    torch.manual_seed(0)
    network = module(design).eval()
    for each in network.parameters():  # biases begin at 0
        each.data += 0.1 * torch.randn_like(each)
    tokens = torch.randint(VOCABULARY, (3, CONTEXT))
    with torch.no_grad():
        torch.testing.assert_close(
            network(tokens), gpt(network.state_dict(), tokens), rtol=1e-4, atol=1e-5
        )
        changed = tokens.clone()
        changed[:, 7:] = 0
        before = (network(tokens) - network(changed))[:, :7]
    assert before.abs().max() < 1e-5  # no token sees those behind it


def test_parameters_are_counted_once() -> None:
    """As nanoGPT's network for characters: 6 layers of 6 heads, 384 features, 256 tokens, 65."""
    block = 2 * 2 * 384 + (384 + 1) * 3 * 384 + (384 + 1) * 384 + 2 * 384 * 1536 + 1536 + 384
    expected = 65 * 384 + 256 * 384 + 6 * block + 2 * 384
    assert analyze(presets.load("gpt_nano")).totals.parameters == expected == 10_770_816
