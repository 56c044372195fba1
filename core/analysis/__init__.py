"""Measurements on networks: path counts, sensitivity, pre-activations, update traces."""
