"""The weights of a run in a file, for whoever measures them while it goes on or after it (torch)."""

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
    """Writes them down, as they are after that update, in place of those before. A full disk costs no run: it keeps those."""
    written, new = BytesIO(), path.with_suffix(".new")
    torch.save({"update": update, "weights": network.state_dict()}, written)
    with suppress(OSError):
        new.write_bytes(written.getvalue())
        os.replace(new, path)  # whoever reads meanwhile reads the old ones, or the new ones


def load_weights(network: Network, path: Path) -> int:
    """Gives the network the weights of the file; after which update they were written. Raises Invalid where they are gone or
    belong to another network."""
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(kept["weights"])
    except OSError:
        raise Invalid(_("The weights of this run are no longer kept.")) from None
    except (RuntimeError, KeyError, pickle.UnpicklingError):
        raise Invalid(_("The weights of this run are those of another network, or damaged.")) from None
    return int(kept["update"])
