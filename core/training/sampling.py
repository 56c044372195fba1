"""Text that a language model writes while it is trained (torch).

The dice are the same at every evaluation of all runs on the same data: what differs is the network alone. They are none of
those that draw masks, and nothing of the training is touched.
"""

from collections.abc import Generator
from copy import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.nn.network import Network
from core.tasks.task import TEMPERATURE, Data


def sampled(network: Network, data: Data, masks: dict[str, Tensor], seed: int) -> Generator[None, None, dict[str, Any]]:
    """The field "written" of an evaluated record: a text that begins with the first symbol of the training part, each further
    one drawn from what the network expects after those before it. Nothing where the task is no language model.

    masks: those of an evaluation. The states start at zero. Yields between two symbols, where the caller may do something else
    first, and returns the field.
    """
    if data.writing is None:
        return {}
    random, x = np.random.default_rng(seed), torch.from_numpy(next(data.split("train")).x[:1, :1])
    symbols, states = [int(x)], network.start(1)
    network = copy(network)  # of the object: its weights are the same
    network.engine = "reference"  # which is the fastest for one step of one sample
    for chance in random.random(data.writing.length - 1):
        with torch.no_grad():
            h, states = network(x.to(network.decoder.device), states, masks)
            # No accelerator needs to have doubles.
            scores = network.decode(network.decoder_input(h, masks))[0, 0].cpu().double()
        expected = (scores / TEMPERATURE).softmax(0).cumsum(0)
        x = torch.searchsorted(expected, chance * expected[-1]).reshape(1, 1)
        symbols.append(int(x))
        yield
    return {"written": data.writing.text(symbols)}
