"""Sampling text from a language model while it is trained (torch).

Every evaluation of every run on the same data uses the same random numbers, so texts differ by the network alone. They are
independent of those that draw masks, and sampling changes nothing in the training.
"""

from collections.abc import Generator
from copy import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.nn.network import Network
from core.tasks.task import SAMPLING_TEMPERATURE, Data


def generate_text(network: Network, data: Data, masks: dict[str, Tensor], seed: int) -> Generator[None, None, dict[str, Any]]:
    """Sample a text, the field "written" of an evaluated record; nothing if the task is no language model.

    The text begins with the first token of the training split; each further token is sampled at SAMPLING_TEMPERATURE from the
    network's distribution. The states start at zero. masks: those of an evaluation. Yields between two tokens, where the caller
    may do something else first, and returns the field.
    """
    if data.text_decoder is None:
        return {}
    random, x = np.random.default_rng(seed), torch.from_numpy(next(data.split("train")).x[:1, :1])
    tokens, states = [int(x)], network.zero_states(1)
    network = copy(network)  # a shallow copy shares the weights
    network.engine = "reference"  # the fastest engine for one step of one sample
    for uniform in random.random(data.text_decoder.length - 1):
        with torch.no_grad():
            h, states = network(x.to(network.decoder.device), states, masks)
            # On the CPU, because some accelerators have no float64.
            scores = network.decode(network.decoder_input(h, masks))[0, 0].cpu().double()
        cumulative = (scores / SAMPLING_TEMPERATURE).softmax(0).cumsum(0)
        x = torch.searchsorted(cumulative, uniform * cumulative[-1]).reshape(1, 1)
        tokens.append(int(x))
        yield
    return {"written": data.text_decoder.decode(tokens)}
