"""Answers that the network writes by itself, greedily: each step's answer is read again before the next (torch)."""

from collections.abc import Callable, Generator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.nn.cells import State
from core.nn.network import Network
from core.tasks.generated_sequences import END, rows
from core.tasks.task import Batch, Ints, Reals

Read = Ints | Reals
Way = Callable[[Read, slice], dict[str, Tensor]]


def written(
    network: Network, batch: Batch, feedback: Read, starts: Sequence[list[State]], ways: Sequence[Way]
) -> Generator[None, None, Ints]:
    """What the network writes of its own from the first step on that is asked, to the end or the window's, in `rows`.

    feedback: what is read after an answer, [classes] or [classes, F]. At every step that answer is written whose probability is
    the greatest: the mean over the passes, each with its state of `starts` and one of `ways`. A way gives the masks of the
    steps that are read next: x, and which they are. It is asked every time, for the masks of many passes do not fit in memory.
    Yields between two steps, where the caller may do something else first, and returns the answers.
    """
    writes = np.logical_or.accumulate(batch.target_mask)
    x, said, states = batch.x.copy(), np.full(writes.shape, END), list(starts)
    going, begin = writes[-1].copy(), 0
    for end in range(int(writes.any(axis=1).argmax()) + 1, len(x) + 1):  # what comes before all writing is read at once
        now, step = end - 1, slice(begin, end)
        if begin:
            x[now, writes[begin - 1]] = feedback[said[begin - 1, writes[begin - 1]]]
        passes = [_read(network, x[step], state, way(x[step], step)) for state, way in zip(states, ways, strict=True)]
        said[now] = _most_likely([scores for scores, _after in passes])
        going &= ~(writes[now] & (said[now] == END))
        if not going.any():
            break
        states, begin = [after for _scores, after in passes], end
        yield
    return rows(said, writes)


def _most_likely(scores: list[Tensor]) -> npt.NDArray[np.int64]:
    """The class of the greatest mean probability, [B], of scores [B, classes] of each pass."""
    classes: npt.NDArray[np.int64] = torch.stack([one.softmax(-1) for one in scores]).mean(0).argmax(-1).cpu().numpy()
    return classes


@torch.no_grad()
def _read(network: Network, x: Read, states: list[State], masks: dict[str, Tensor]) -> tuple[Tensor, list[State]]:
    """The scores after the last step of x, [B, classes], and the states."""
    h, after = network(torch.from_numpy(x).to(network.decoder.device), states, masks)
    return network.decode(network.decoder_input(h, masks)[-1]), after
