"""The initial weights of a network in NumPy, without torch: the same numbers as `core.nn.network.Network` draws.

torch.rand takes the low 24 bits of a Mersenne Twister's numbers, which NumPy has too. For small networks only, whose results a
page waits for.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dropout.cells import GATES
from core.dropout.masks import Array, NetworkShape
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.i18n import _

MAX_WEIGHTS = 4_000_000  # above this a page would wait noticeably


@dataclass(frozen=True)
class NetworkWeights:
    """The weights of a network.

    embedding [V, E] (V = 0 for real inputs); of each layer W [nH, I], U [nH, H] and b [nH] for n gates in the cell's order;
    decoder [classes, H] and decoder_bias [classes].
    """

    embedding: Array
    layers: tuple[tuple[Array, Array, Array], ...]
    decoder: Array
    decoder_bias: Array

    def embed(self, x: npt.NDArray[Any]) -> Array:
        """Return the input of layer 1 before its masks: the embeddings of tokens [T, B], or real features as they are."""
        return self.embedding[x] if x.dtype.kind == "i" else np.asarray(x, np.float32)


def draw_initial_weights(experiment: Experiment) -> NetworkWeights:
    """Return the weights of a run before its first update. Raises Invalid for a network with more than MAX_WEIGHTS weights."""
    e, data = experiment, load_data(experiment)
    count = count_parameters(data.tokens, data.classes, e.shape)
    if count > MAX_WEIGHTS:
        raise Invalid(
            _("This network has {count} weights; the page computes with at most {most}. Make it smaller.").format(
                count=count, most=MAX_WEIGHTS
            ),
            "hidden",
        )
    sizes = (data.tokens, data.classes, e.shape.embedding, e.widths)
    return _draw(*sizes, e.cell, e.weight_seed, e.forget_bias, e.init_range, e.decoder == "tied")


def count_parameters(tokens: int, classes: int, shape: NetworkShape) -> int:
    """Return the number of trained parameters of a network, the decoder counted as untied."""
    gates, inputs = len(GATES[shape.cell]), (shape.embedding, *shape.hidden[:-1])
    recurrent = sum(gates * h * (i + h + 1) for i, h in zip(inputs, shape.hidden, strict=True))
    return tokens * shape.embedding + recurrent + classes * (shape.hidden[-1] + 1)


@lru_cache(maxsize=4)
def _draw(
    tokens: int,
    classes: int,
    embedding: int,
    widths: tuple[int, ...],
    cell: str,
    seed: int,
    forget_bias: float | None,
    init_range: float | None,
    tied: bool,
) -> NetworkWeights:
    # Drawn in the order in which the torch network draws them.
    random, gates, inputs = np.random.RandomState(seed), len(GATES[cell]), (embedding, *widths[:-1])

    def uniform(bound: float, *shape: int) -> npt.NDArray[np.float32]:
        u = random.randint(0, 2**24, shape, dtype=np.uint32).astype(np.float32) * np.float32(2**-24)
        values: npt.NDArray[np.float32] = (2 * u - 1) * np.float32(init_range or bound)
        return values

    embeddings = uniform(0.1, tokens, embedding)
    W = [uniform(h**-0.5, gates * h, i) for i, h in zip(inputs, widths, strict=True)]
    U = [uniform(h**-0.5, gates * h, h) for h in widths]
    b = [uniform(h**-0.5, gates * h) for h in widths]
    decoder = embeddings if tied else uniform(widths[-1] ** -0.5, classes, widths[-1])
    decoder_bias = uniform(0.0 if tied else widths[-1] ** -0.5, classes)
    if gates > 1 and forget_bias is not None:
        for h, bias in zip(widths, b, strict=True):
            bias[h : 2 * h] = forget_bias
    return NetworkWeights(embeddings, tuple(zip(W, U, b, strict=True)), decoder, decoder_bias)
