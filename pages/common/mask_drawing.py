"""The limit on the masks that a page draws at once, and one visitor at a time where they are many.

Each mask is bounded by the experiment's own limits, but a page draws those of all sites, layers and columns.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from core.experiment.batches import check_update_draws
from core.experiment.experiment import Experiment
from pages.common.service import get_service

_turn = Lock()


@contextmanager
def limit_mask_drawing(experiments: Sequence[Experiment], update: int) -> Iterator[bool]:
    """Around all that holds the masks of an update; yield whether they are many, which only one visitor draws at a time.

    Raises Invalid where they are too many.
    """
    settings = get_service().settings
    if check_update_draws(experiments, update, settings.drawn_numbers) <= settings.heavy_numbers:
        yield False
        return
    with _turn:
        yield True
