"""The turn that heavy drawings wait for: pages that take much time or memory are drawn for one visitor at a time.

Each mask is bounded by the experiment's own limits, but a page draws those of all sites, layers and columns. While one heavy
page is drawn the other heavy ones wait without using a processor, so that all other visitors share it with one of them only.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf

from core.experiment.batches import check_update_draws
from core.experiment.experiment import Experiment
from pages.common.service import get_service
from pages.common.turns import Turns, turns

heavy_turns = Turns(longest=inf)


@contextmanager
def limit_mask_drawing(experiments: Sequence[Experiment], update: int) -> Iterator[bool]:
    """Guard the drawing of an update's masks: yield whether they are many, which only one visitor draws at a time.

    Raises Invalid if they are too many.
    """
    settings = get_service().settings
    are_many = check_update_draws(experiments, update, settings.drawn_numbers) > settings.heavy_numbers
    with draw_in_turn(are_many):
        yield are_many


@contextmanager
def draw_path_in_turn(experiment: Experiment) -> Iterator[None]:
    """Guard the counting of an experiment's paths: where it takes long, only one visitor does it at a time."""
    with draw_in_turn(experiment.layers * experiment.steps > get_service().settings.heavy_paths):
        yield


@contextmanager
def draw_in_turn(is_heavy: bool) -> Iterator[None]:
    """Wait for a turn if the drawing is heavy, so that heavy drawings follow one after the other; others do not wait.

    Meanwhile the page's own turn is another's. Within a heavy drawing there is nothing to wait for.
    """
    if not is_heavy or heavy_turns.is_within:
        yield
        return
    with turns.pause(), heavy_turns.hold():
        yield
