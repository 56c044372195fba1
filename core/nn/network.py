"""Embedding → recurrent layers → decoder, with masks handed in (torch)."""

from dataclasses import fields

import numpy as np
import torch
from torch import Tensor, nn

from core.dropout.masks import GATES, Masks, Shape
from core.experiment.experiment import Experiment
from core.nn.cells import CELLS, ONE, LayerMasks, State, stack
from core.nn.engines import Weights, run_layer

_IN_LAYERS = [field.name for field in fields(LayerMasks) if field.name != "into"]


class Network(nn.Module):
    """A stack of L recurrent layers over an embedding [tokens, E], or, without tokens, over real features [.., E]; and a
    linear decoder [H, classes], which may be tied: its weights are those of the embedding.

    The initial weights depend on the weight seed, the sizes, the range and nothing else: drawn on the CPU, uniform in the
    experiment's init_range, or else in ±1/√H (PyTorch's own), the embedding in ±0.1, the bias of a tied decoder 0; the bias
    of the gate that keeps (an LSTM's f, a GRU's z) at the experiment's forget_bias, if it has one.
    """

    def __init__(self, tokens: int, classes: int, experiment: Experiment) -> None:
        super().__init__()
        self.cell, self.engine, self.widths = experiment.cell, experiment.engine, experiment.widths
        generator = torch.Generator().manual_seed(experiment.weight_seed)
        below = [experiment.shape.embedding, *self.widths[:-1]]
        gates, tied, all_in = len(GATES[self.cell]), experiment.decoder == "tied", experiment.init_range

        def uniform(bound: float, *shape: int) -> nn.Parameter:
            return nn.Parameter((2 * torch.rand(*shape, generator=generator) - 1) * (all_in or bound))

        self.embedding = uniform(0.1, tokens, below[0])  # without a row where no tokens are read
        self.W = nn.ParameterList(uniform(h**-0.5, gates * h, i) for i, h in zip(below, self.widths, strict=True))
        self.U = nn.ParameterList(uniform(h**-0.5, gates * h, h) for h in self.widths)
        self.b = nn.ParameterList(uniform(h**-0.5, gates * h) for h in self.widths)
        self.decoder = self.embedding if tied else uniform(self.widths[-1] ** -0.5, classes, self.widths[-1])
        self.decoder_bias = uniform(0.0 if tied else self.widths[-1] ** -0.5, classes)
        if gates > 1 and experiment.forget_bias is not None:
            for h, b in zip(self.widths, self.b, strict=True):
                b.data[h : 2 * h] = experiment.forget_bias

    def start(self, batch: int) -> list[State]:
        """The state before the first step: zeros, (h, c) or (h,) of [B, H] per layer."""
        return [(self.decoder.new_zeros(batch, h),) * len(CELLS[self.cell].carries) for h in self.widths]

    def forward(self, x: Tensor, states: list[State], masks: dict[str, Tensor]) -> tuple[Tensor, list[State]]:
        """x, as `read` takes it → the top layer's h, before the output's mask, [T, B, H], and the last states.

        masks: as drawn, those of words spelled out for x.
        """
        layers = [Weights(*parts) for parts in zip(self.W, self.U, self.b, strict=True)]
        read = masks.get("words.1", ONE) * self.read(x)
        h, states = stack(read, states, layers, layer_masks(masks, len(layers), self.cell), self.layer)
        return h, states

    def read(self, x: Tensor) -> Tensor:
        """What layer 1 sees of x, before its masks: of token numbers [T, B] their rows of the embedding; real features
        [T, B, E] as they are."""
        # Not self.embedding[x]: its gradient adds up in another order at every run where several threads share the work.
        return x.to(self.decoder) if x.is_floating_point() else nn.functional.embedding(x, self.embedding)

    def layer(self, x: Tensor, state: State, weights: Weights, masks: LayerMasks) -> tuple[Tensor, State]:
        """One layer over a window, by the engine of the experiment."""
        return run_layer(x, state, weights, masks, self.cell, self.engine)

    def decoder_input(self, h: Tensor, masks: dict[str, Tensor]) -> Tensor:
        """What the decoder sees of h [T, B, H]: the output's mask applied."""
        decoder_input: Tensor = masks.get(f"output.{len(self.widths)}", ONE) * h
        return decoder_input

    def decode(self, h: Tensor) -> Tensor:
        """Scores of every class, [..., classes], of what is decoder_input."""
        return nn.functional.linear(h, self.decoder, self.decoder_bias)


def layer_masks(masks: Masks | dict[str, Tensor], layers: int, cell: str) -> list[LayerMasks]:
    """The drawn masks, sorted by layer; a site without one is ONE, one with a mask per gate is a tuple."""

    def at(site: str, layer: int) -> object:
        per_gate = [masks.get(f"{site}.{layer}.{gate}") for gate in GATES[cell]]
        return tuple(per_gate) if per_gate[0] is not None else masks.get(f"{site}.{layer}", ONE)

    def of(layer: int) -> LayerMasks:
        into = at("input" if layer == 1 else "between", layer)
        return LayerMasks(into, **{site: at(site, layer) for site in _IN_LAYERS})

    return [of(layer) for layer in range(1, layers + 1)]


def to_torch(masks: Masks, device: torch.device, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Masks as tensors on a device."""
    return {name: torch.from_numpy(np.ascontiguousarray(mask)).to(device, dtype) for name, mask in masks.items()}


def parameters_of(tokens: int, classes: int, shape: Shape) -> int:
    """How many numbers are trained."""
    gates = len(GATES[shape.cell])
    below = (shape.embedding, *shape.hidden[:-1])
    recurrent = sum(gates * h * (i + h + 1) for i, h in zip(below, shape.hidden, strict=True))
    return tokens * shape.embedding + recurrent + classes * (shape.hidden[-1] + 1)
