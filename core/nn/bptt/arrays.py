"""How the hot loops hold their arrays: time first, then gates × units, the batch last, so that each gate is one block.

A pointwise operation of NumPy costs a third of torch's at these sizes (its call, and its tanh), a matrix product of torch
(MKL, with its threads) the least. So on a CPU the loops read the same memory as both; elsewhere both are the tensor. The names
`multiply`, `add`, `subtract`, `tanh`, each with `out=`, are the same in both libraries.
"""

from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.nn.cells import ONE

Steps = list[Any]


def library(like: Tensor) -> ModuleType:
    """NumPy for tensors on a CPU, else torch."""
    return np if like.device.type == "cpu" else torch


def pointwise(array: Tensor) -> Any:
    """The same memory as that library's array."""
    return array.detach().numpy() if library(array) is np else array.detach()


def steps(array: Tensor) -> Steps:
    """One pointwise array a step."""
    return list(pointwise(array))


def columns(array: Tensor) -> Tensor:
    """[…, B, H] → [..., H, B], contiguous."""
    return array.transpose(-1, -2).contiguous()


def across(array: Tensor) -> Tensor:
    """[T, …, B] → [..., T·B]: steps and samples side by side, as a product that sums over both wants them."""
    return array.movedim(0, -2).flatten(-2)


def along(array: Tensor, T: int) -> Tensor:
    """[…, T·B] → [T, …, B]: the way back; the same memory."""
    return array.unflatten(-1, (T, -1)).movedim(-2, 0)  # type: ignore[no-untyped-call, no-any-return]


def mask_columns(mask: Any) -> Tensor | None:
    """A mask [T|1, B|1, H|1] as [T|1, H|1, B|1]; one for each gate as [T|1, gates, H|1, B|1]; None where there is none."""
    if mask is ONE:
        return None
    return torch.stack([columns(one) for one in mask], dim=1) if isinstance(mask, tuple) else columns(mask)


def mask_steps(mask: Tensor | None, number: int) -> Steps | None:
    """A mask's pointwise array for each of T steps; one that is shared over time serves them all."""
    if mask is None:
        return None
    return steps(mask) if len(mask) > 1 else steps(mask) * number
