"""The array layout of the loops: time first, then gates × units, the batch last, so that each gate is one block.

At these sizes a pointwise operation of NumPy takes a third of the time of torch's (call overhead and tanh), while torch's
matrix product (MKL, multithreaded) is the faster one. On a CPU the loops therefore use the same memory as both a NumPy array
and a tensor; elsewhere both are the tensor. `multiply`, `add`, `subtract` and `tanh` with `out=` exist in both libraries.
"""

from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.nn.cells import ONE

Steps = list[Any]


def choose_library(like: Tensor) -> ModuleType:
    """Return NumPy for tensors on a CPU, else torch."""
    return np if like.device.type == "cpu" else torch


def as_pointwise(array: Tensor) -> Any:
    """Return the same memory as an array of `choose_library`."""
    return array.detach().numpy() if choose_library(array) is np else array.detach()


def split_steps(array: Tensor) -> Steps:
    """Return the pointwise array of each step."""
    return list(as_pointwise(array))


def to_columns(array: Tensor) -> Tensor:
    """Return [..., B, H] as [..., H, B], contiguous."""
    return array.transpose(-1, -2).contiguous()


def join_steps(array: Tensor) -> Tensor:
    """Return [T, ..., B] as [..., T·B]: the layout for a product that sums over steps and samples."""
    return array.movedim(0, -2).flatten(-2)


def unjoin_steps(array: Tensor, T: int) -> Tensor:
    """Return [..., T·B] as [T, ..., B], the inverse of `join_steps`, on the same memory."""
    return array.unflatten(-1, (T, -1)).movedim(-2, 0)  # type: ignore[no-untyped-call, no-any-return]


def mask_to_columns(mask: Any) -> Tensor | None:
    """Return a mask [T|1, B|1, H|1] as [T|1, H|1, B|1], a mask per gate as [T|1, gates, H|1, B|1], ONE as None."""
    if mask is ONE:
        return None
    return torch.stack([to_columns(gate_mask) for gate_mask in mask], dim=1) if isinstance(mask, tuple) else to_columns(mask)


def split_mask(mask: Tensor | None, T: int) -> Steps | None:
    """Return the pointwise arrays of a mask, one for each step; a mask that is shared over time is repeated."""
    if mask is None:
        return None
    return split_steps(mask) if len(mask) > 1 else split_steps(mask) * T
