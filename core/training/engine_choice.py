"""The engine that runs each layer of an experiment in training (torch)."""

import torch

from core.dropout.masks import list_mask_shapes
from core.experiment.experiment import Experiment
from core.nn.cells import group_masks_by_layer
from core.nn.engines import choose_engine


def list_engines(experiment: Experiment, device: torch.device) -> list[str]:
    """Return the engine of each layer, "fused", "bptt" or "reference", with the masks of the first update."""
    e = experiment
    masks = {name: torch.empty(size, device="meta") for name, size in list_mask_shapes(e.placement, e.shape, 1).items()}
    return [choose_engine(layer, e.cell, e.engine, device.type) for layer in group_masks_by_layer(masks, e.layers, e.cell)]
