"""The weights of a network before its first update, without torch: the very numbers of `core.nn.network.Network`.

torch.rand is the low 24 bits of a Mersenne Twister's numbers, which NumPy has too. Small networks only: what a page
computes with while somebody waits.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dropout.masks import GATES, Array
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.i18n import _

MOST = 4_000_000  # weights: above this the page would no longer answer at once


@dataclass(frozen=True)
class Weights:
    """embedding [V, E], without a row where the inputs are real; of each layer W [nH, I], U [nH, H], b [nH], n gates in the
    cell's order; decoder [classes, H] and its bias [classes]."""

    embedding: Array
    layers: tuple[tuple[Array, Array, Array], ...]
    decoder: Array
    decoder_bias: Array

    def read(self, x: npt.NDArray[Any]) -> Array:
        """What layer 1 sees of x, before its masks: rows of the embedding, or real features as they are."""
        return self.embedding[x] if x.dtype.kind == "i" else np.asarray(x, np.float32)


def initial(experiment: Experiment) -> Weights:
    """The weights that a run of this experiment begins with. Raises Invalid for a network that is too large for a page."""
    e, data = experiment, load_data(experiment)
    sizes = (data.tokens, data.classes, e.shape.embedding, e.widths)
    count = _count(*sizes, len(GATES[e.cell]))
    if count > MOST:
        raise Invalid(
            _("This network has {count} weights; the page computes with at most {most}. Make it smaller.").format(
                count=count, most=MOST
            ),
            "hidden",
        )
    return _drawn(*sizes, e.cell, e.weight_seed, e.forget_bias, e.init_range, e.decoder == "tied")


def _count(tokens: int, classes: int, embedding: int, widths: tuple[int, ...], gates: int) -> int:
    below = (embedding, *widths[:-1])
    recurrent = sum(gates * h * (i + h + 1) for i, h in zip(below, widths, strict=True))
    return tokens * embedding + recurrent + classes * (widths[-1] + 1)


@lru_cache(maxsize=4)
def _drawn(
    tokens: int,
    classes: int,
    embedding: int,
    widths: tuple[int, ...],
    cell: str,
    seed: int,
    bias: float | None,
    all_in: float | None,
    tied: bool,
) -> Weights:
    # In the order in which the model draws them.
    random, gates, below = np.random.RandomState(seed), len(GATES[cell]), (embedding, *widths[:-1])

    def uniform(bound: float, *shape: int) -> npt.NDArray[np.float32]:
        u = random.randint(0, 2**24, shape, dtype=np.uint32).astype(np.float32) * np.float32(2**-24)
        values: npt.NDArray[np.float32] = (2 * u - 1) * np.float32(all_in or bound)
        return values

    first = uniform(0.1, tokens, embedding)
    W = [uniform(h**-0.5, gates * h, i) for i, h in zip(below, widths, strict=True)]
    U = [uniform(h**-0.5, gates * h, h) for h in widths]
    b = [uniform(h**-0.5, gates * h) for h in widths]
    decoder = first if tied else uniform(widths[-1] ** -0.5, classes, widths[-1])
    last = uniform(0.0 if tied else widths[-1] ** -0.5, classes)
    if gates > 1 and bias is not None:
        for h, one in zip(widths, b, strict=True):
            one[h : 2 * h] = bias
    return Weights(first, tuple(zip(W, U, b, strict=True)), decoder, last)
