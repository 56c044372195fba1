"""Greedy decoding: the network reads its own output of each step before the next (torch)."""

from collections.abc import Callable, Generator, Sequence

import numpy as np
import torch
from torch import Tensor

from core.nn.cells import State
from core.nn.network import Network
from core.tasks.generated_sequences import END_CLASS, collect_rows
from core.tasks.task import Batch, Ints, Reals

Inputs = Ints | Reals
StepMasks = Callable[[Inputs, slice], dict[str, Tensor]]


def generate_answers(
    network: Network, batch: Batch, feedback: Inputs, initial_states: Sequence[list[State]], step_masks: Sequence[StepMasks]
) -> Generator[None, None, Ints]:
    """Generate the answers that the network generates from each sample's first target step on, in the rows of `collect_rows`.

    At every step the class of the greatest probability is chosen, the mean over the passes. feedback: the input that follows
    each class, [classes] or [classes, F]. initial_states, step_masks: one for each pass; step_masks(x, steps) returns the masks
    for inputs x at these steps, and is called again at every step because the masks of many passes would not fit in memory.
    Yields between two steps, where the caller may do something else first, and returns the answers.
    """
    generates = np.logical_or.accumulate(batch.target_mask)
    x, answers, states = batch.x.copy(), np.full(generates.shape, END_CLASS), list(initial_states)
    unfinished, begin = generates[-1].copy(), 0
    # The steps before the first answer of the batch are read at once.
    for end in range(int(generates.any(axis=1).argmax()) + 1, len(x) + 1):
        now, steps = end - 1, slice(begin, end)
        if begin:
            x[now, generates[begin - 1]] = feedback[answers[begin - 1, generates[begin - 1]]]
        passes = [
            _run_steps(network, x[steps], state, draw(x[steps], steps)) for state, draw in zip(states, step_masks, strict=True)
        ]
        probabilities = torch.stack([scores.softmax(-1) for scores, _states in passes]).mean(0)
        answers[now] = probabilities.argmax(-1).cpu().numpy()
        unfinished &= ~(generates[now] & (answers[now] == END_CLASS))
        if not unfinished.any():
            break
        states, begin = [after for _scores, after in passes], end
        yield
    return collect_rows(answers, generates)


@torch.no_grad()
def _run_steps(network: Network, x: Inputs, states: list[State], masks: dict[str, Tensor]) -> tuple[Tensor, list[State]]:
    """Return the scores after the last step of x, [B, classes], and the states there."""
    h, last_states = network(torch.from_numpy(x).to(network.decoder.device), states, masks)
    return network.decode(network.decoder_input(h, masks)[-1]), last_states
