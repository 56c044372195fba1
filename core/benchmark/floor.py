"""The arithmetic floor: the time of an update's matrix products at the best rate that this machine reaches."""

import torch

from core.benchmark.clock import time_functions

# Operations per step, layer, sample, unit and input, forward and backward: 24·B·H·(I + H) a step of an LSTM, from three
# products of 2·4H·(I + H) operations each, one forward and two backward.
OPERATIONS = {"lstm": 24, "gru": 18, "rnn": 6, "rnn-logistic": 6}
ROUNDS = 20
SQUARE_SIZE = 1024  # a product large enough to show the machine's peak


def count_operations(cell: str, T: int, B: int, widths: tuple[int, ...], inputs: int) -> float:
    """Return the operations of one forward and backward pass of all layers. inputs: the width of the input of layer 1."""
    pairs = zip((inputs, *widths[:-1]), widths, strict=True)
    return sum(OPERATIONS[cell] * T * B * h * (i + h) for i, h in pairs)


def measure_peak(rows: int, inner: int, columns: int, device: torch.device) -> float:
    """Return the operations per millisecond of the product [rows, inner] × [inner, columns], the best of all rounds."""
    a, b = torch.randn(rows, inner, device=device), torch.randn(inner, columns, device=device)
    out, calls = torch.empty(rows, columns, device=device), min(100, max(1, 20_000_000 // (rows * inner * columns)))

    def multiply() -> None:
        for _call in range(calls):
            torch.mm(a, b, out=out)

    return 2 * rows * inner * columns * calls / time_functions({"mm": multiply}, ROUNDS, device)["mm"].least
