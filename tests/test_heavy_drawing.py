"""The limit on the masks that pages draw at once. Oracles: the masks that are drawn, the pages, and threads that must wait."""

import threading
from types import SimpleNamespace

import pytest
from hypothesis import given, settings

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.batches import check_update_draws, count_update_draws, draw_update_masks
from core.experiment.experiment import Experiment, build_experiment
from core.runs.settings import Settings
from pages.common import heavy_drawing
from tests.app_pages import check_page, load_page, read_components
from tests.strategies import placements

# Each mask is just below the limit of one mask; those of four layers, two sites and three columns are 24 times as many.
SITE = "0.5~step~sample~shared"
LARGE = {
    "task": "delayed-recall",
    "layers": "4",
    "hidden": "16",
    "embedding": "16",
    "steps": "244",
    "batch": "256",
    "p_recurrent_weights": SITE,
    "p_input_weights": SITE,
}


@given(placement=placements(2))
@settings(max_examples=40)
def test_the_sum_is_of_all_masks_that_are_drawn(placement: object) -> None:
    experiment = build_experiment("delayed-recall", layers=2, hidden=(3, 5), embedding=4, batch=2, placement=placement)
    drawn = sum(mask.size for mask in draw_update_masks(experiment, 7).values())
    assert count_update_draws(experiment, 7) == drawn
    assert check_update_draws([experiment, experiment], 7, 2 * drawn) == 2 * drawn
    if drawn:
        with pytest.raises(Invalid, match=r"a page draws at most 0\.\d million at once\. Choose a smaller batch"):
            check_update_draws([experiment, experiment], 7, 2 * drawn - 1)


def make_experiment() -> Experiment:
    return build_experiment("delayed-recall", placement=METHODS["gal2016"].build_placement())


def test_many_masks_are_drawn_for_one_visitor_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = make_experiment()
    n = count_update_draws(experiment, 1)
    limits = {"heavy": Settings(heavy_numbers=n - 1), "light": Settings(heavy_numbers=n)}
    service = SimpleNamespace(settings=limits["heavy"])
    monkeypatch.setattr(heavy_drawing, "get_service", lambda: service)
    entered = threading.Event()

    def draw() -> None:
        with heavy_drawing.limit_mask_drawing([experiment], 1) as are_many:
            assert are_many
            entered.set()

    with heavy_drawing.limit_mask_drawing([experiment], 1):
        other = threading.Thread(target=draw)
        other.start()
        assert not entered.wait(0.2)
        service.settings = limits["light"]
        with heavy_drawing.limit_mask_drawing([experiment], 1) as are_many:
            assert not are_many, "few masks wait for nobody"
    assert entered.wait(10)
    other.join()


def test_long_paths_are_counted_for_one_visitor_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = make_experiment()
    n = experiment.layers * experiment.steps
    service = SimpleNamespace(settings=Settings(heavy_paths=n - 1))
    monkeypatch.setattr(heavy_drawing, "get_service", lambda: service)
    entered = threading.Event()

    def draw() -> None:
        with heavy_drawing.draw_path_in_turn(experiment):
            entered.set()

    with heavy_drawing.draw_path_in_turn(experiment):
        other = threading.Thread(target=draw)
        other.start()
        assert not entered.wait(0.2)
        with heavy_drawing.draw_path_in_turn(experiment):
            pass  # a page may be heavy in two ways
        service.settings = Settings(heavy_paths=n)
        light = threading.Thread(target=draw)
        light.start()
        assert entered.wait(10), "a light page waits for nobody"
        light.join()
    other.join()


def test_a_page_that_fails_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy_drawing, "get_service", lambda: SimpleNamespace(settings=Settings(heavy_numbers=0)))
    with pytest.raises(ZeroDivisionError), heavy_drawing.limit_mask_drawing([make_experiment()], 1):
        raise ZeroDivisionError
    with heavy_drawing.limit_mask_drawing([make_experiment()], 1) as are_many:
        assert are_many


@pytest.mark.parametrize(
    ("file", "more"),
    [("pages/learn/masks.py", {"beside": "step,sequence"}), ("pages/learn/path.py", {}), ("pages/lab/lab.py", {})],
)
def test_a_page_says_what_it_does_not_draw(file: str, more: dict[str, str]) -> None:
    page = check_page(load_page(file, LARGE | more).run())
    assert any("a page draws at most 16\\.0 million at once" in one.value for one in page.warning)
    assert "address" in read_components(page), "the rest of the page is there"
