"""The network: an embedding, recurrent layers and a linear decoder, with the masks as an argument (torch)."""

import numpy as np
import torch
from torch import Tensor, nn

from core.dropout.cells import GATES
from core.dropout.masks import Masks
from core.experiment.experiment import Experiment
from core.nn.cells import CELLS, ONE, LayerMasks, State, group_masks_by_layer, run_layers
from core.nn.engines import LayerWeights, run_layer


class Network(nn.Module):
    """A stack of L recurrent layers over an embedding [tokens, E], or over real features [.., E], and a linear decoder.

    The decoder has weights [classes, H] and a bias [classes]; tied, its weights are those of the embedding. Without tokens the
    embedding has no rows.

    The initial weights depend on the weight seed, the sizes and the init range alone: drawn on the CPU, uniform in
    ±init_range, or else in ±1/√H as in PyTorch, the embedding in ±0.1; the bias of a tied decoder is 0. forget_bias, where
    given, is the initial bias of the gate that keeps the past (f of an LSTM, z of a GRU).
    """

    def __init__(self, tokens: int, classes: int, experiment: Experiment) -> None:
        super().__init__()
        self.cell, self.engine, self.widths = experiment.cell, experiment.engine, experiment.widths
        generator = torch.Generator().manual_seed(experiment.weight_seed)
        below = [experiment.shape.embedding, *self.widths[:-1]]
        gates, tied, init_range = len(GATES[self.cell]), experiment.decoder == "tied", experiment.init_range

        def uniform(bound: float, *shape: int) -> nn.Parameter:
            return nn.Parameter((2 * torch.rand(*shape, generator=generator) - 1) * (init_range or bound))

        self.embedding = uniform(0.1, tokens, below[0])
        self.W = nn.ParameterList(uniform(h**-0.5, gates * h, i) for i, h in zip(below, self.widths, strict=True))
        self.U = nn.ParameterList(uniform(h**-0.5, gates * h, h) for h in self.widths)
        self.b = nn.ParameterList(uniform(h**-0.5, gates * h) for h in self.widths)
        self.decoder = self.embedding if tied else uniform(self.widths[-1] ** -0.5, classes, self.widths[-1])
        self.decoder_bias = uniform(0.0 if tied else self.widths[-1] ** -0.5, classes)
        if gates > 1 and experiment.forget_bias is not None:
            for h, b in zip(self.widths, self.b, strict=True):
                b.data[h : 2 * h] = experiment.forget_bias

    def zero_states(self, batch: int) -> list[State]:
        """Return the states before the first step: zeros, (h, c) or (h,) of [B, H] for each layer."""
        return [(self.decoder.new_zeros(batch, h),) * len(CELLS[self.cell].carries) for h in self.widths]

    def forward(self, x: Tensor, states: list[State], masks: dict[str, Tensor]) -> tuple[Tensor, list[State]]:
        """Return h of the top layer [T, B, H], before the output mask, and the states after the last step.

        x: tokens [T, B] or features [T, B, E]. masks: by key, word masks expanded for x (`expand_word_masks`).
        """
        layers = [LayerWeights(*parts) for parts in zip(self.W, self.U, self.b, strict=True)]
        embedded = masks.get("words.1", ONE) * self.embed(x)
        by_layer = group_masks_by_layer(masks, len(layers), self.cell)
        h, states = run_layers(embedded, states, layers, by_layer, self.run_layer)
        return h, states

    def embed(self, x: Tensor) -> Tensor:
        """Return the input of layer 1 before its masks, [T, B, E]: the embeddings of tokens [T, B], or features as they are."""
        # Not self.embedding[x]: its gradient is summed in another order at every run where several threads share the work.
        return x.to(self.decoder) if x.is_floating_point() else nn.functional.embedding(x, self.embedding)

    def run_layer(self, x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks) -> tuple[Tensor, State]:
        """Run one layer over a window by the experiment's engine; arguments and result as in `core.nn.engines.run_layer`."""
        return run_layer(x, state, weights, masks, self.cell, self.engine)

    def decoder_input(self, h: Tensor, masks: dict[str, Tensor]) -> Tensor:
        """Return h of the top layer [T, B, H] with the output mask applied."""
        decoder_input: Tensor = masks.get(f"output.{len(self.widths)}", ONE) * h
        return decoder_input

    def decode(self, decoder_input: Tensor) -> Tensor:
        """Return the logits [..., classes], or the predicted value [..., 1], of decoder inputs [..., H]."""
        return nn.functional.linear(decoder_input, self.decoder, self.decoder_bias)


def to_torch(masks: Masks, device: torch.device, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Return NumPy masks as tensors on a device."""
    return {name: torch.from_numpy(np.ascontiguousarray(mask)).to(device, dtype) for name, mask in masks.items()}
