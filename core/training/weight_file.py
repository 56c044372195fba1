"""The weights of a run in a file, so that other processes can measure them (torch)."""

import os
import pickle
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import torch

from core.errors import Invalid
from core.i18n import _
from core.nn.network import Network


def save_weights(network: Network, update: int, path: Path) -> None:
    """Replace the file by the weights after an update. If writing fails, the previous file stays and the run goes on."""
    buffer, new = BytesIO(), path.with_suffix(f".{os.getpid()}.new")
    torch.save({"update": update, "weights": network.state_dict()}, buffer)
    try:
        new.write_bytes(buffer.getvalue())
        os.replace(new, path)  # atomic: a reader sees the old file or the new one
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def load_weights(network: Network, path: Path) -> int:
    """Load the weights of a file into the network; return the update after which they were written.

    Raises Invalid if the file is gone, damaged or of another network.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(content["weights"])
    except OSError:
        raise Invalid(_("The weights of this run are no longer stored.")) from None
    except (RuntimeError, KeyError, pickle.UnpicklingError):
        raise Invalid(_("The weight file of this run is damaged or belongs to another network.")) from None
    return int(content["update"])
