"""What is said of measured curves, against curves that are known, and of placements, against the table of methods."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis.sensitivity_request import INVERTED, Curve, candidates
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.experiment.experiment import build_experiment
from core.figures.number_format import number, percentage, product
from core.figures.sensitivity_summary import cause, goes, verdict


def curve(*values: float | None, error: float = 1e-9) -> Curve:
    """The same values for every quantity."""
    errors = tuple(error for _value in values)
    return Curve(values, values, values, errors, errors, errors, 200)


def why(placement: Placement, cell: str = "lstm", quantity: str = "correlation", way: str = "falls") -> str:
    return cause(placement, cell, quantity, way)


def with_scaling(placement: Placement, scaling: str) -> Placement:
    return Placement.of({site: replace(dropout, scaling=scaling) for site, dropout in placement.sites})


@pytest.mark.parametrize("factor", [0.5, 0.93, 1.32])
def test_a_curve_that_changes_by_a_factor_says_it(factor: float) -> None:
    said = verdict(curve(*(0.5 * factor**n for n in range(20))), "gradient")
    assert said.startswith(f"{'falls' if factor < 1 else 'grows'} by ×{factor:.2f} a step: ")
    assert said.endswith(f", {number(0.5 * factor**10, 2)} at 10, {number(0.5 * factor**19, 2)} at 19.")


def test_a_rise_over_the_first_steps_is_no_change_but_a_large_one_is_said() -> None:
    said = verdict(curve(0.35, 0.4, *[0.46] * 17, 0.47), "correlation")
    assert said == "hardly depends on the distance: 0.4 at Δ = 1, 0.46 at 10, 0.47 at 19."
    risen, fallen = (verdict(curve(first, first, *[0.46] * 18), "correlation") for first in (0.25, 0.9))
    assert risen.startswith("rises over the first steps, then hardly depends on the distance: 0.25 at Δ = 1, 0.46 at 10")
    assert fallen.startswith("falls over the first steps, then hardly depends")


def test_what_cannot_be_told_from_nothing_or_is_no_number() -> None:
    assert verdict(curve(0.5, 0.2, 0.04, 0.01, error=0.006), "correlation").startswith("falls until nothing of it can be told")
    assert verdict(curve(0.5, 0.2, -0.1, -0.2), "correlation").startswith("falls until nothing")
    assert verdict(curve(1.0, 30.0, None, None), "gradient") == "30 at Δ = 1, and beyond all numbers at 3."
    assert verdict(curve(1.0, 0.5), "gradient") == ""


def test_every_curve_beside_the_chosen_one_has_its_reason() -> None:
    here = {
        name: why(one, way="level" if name == "naive-state" else "falls")
        for name, one in candidates(build_experiment()).items()
    }
    assert len(set(here.values())) == len(here) == 5
    assert "through c, which has no mask" in here["naive-state"]
    assert "is lost" in here["naive-cell"]
    assert "×2 here, and explode" in here[INVERTED]
    assert "explode" not in why(METHODS[INVERTED].placement()), "unscaled"
    assert "only way along time" in why(METHODS["naive-state"].placement(cell="rnn"), "rnn")
    assert "through the carry" in why(METHODS["naive-state"].placement(cell="gru"), "gru", way="level")
    assert {why(METHODS[name].placement()) for name in ("gate", "krueger2016", "semeniuta2016", "merity2017")} == {""}


def test_a_reason_fits_the_direction_that_was_measured() -> None:
    ways = [goes(curve(*(0.5 * factor**n for n in range(20))), "gradient") for factor in (0.93, 1.0, 1.05)]
    assert ways == ["falls", "level", "grows"]
    fresh = METHODS["naive-cell"].placement()
    assert "what it drops is lost" in why(fresh, way="falls")
    assert "×1.33 here" in (larger := why(fresh, quantity="gradient", way="grows"))
    assert "lost" not in larger
    assert why(fresh, way="level") == ""
    assert why(with_scaling(fresh, "test"), quantity="gradient", way="grows") == ""


def test_many_units_together_keep_their_direction_longer_than_one_is_kept() -> None:
    n, q, rng = 40_000, 0.75, np.random.default_rng(0)
    told, kept = np.ones(n), np.ones(n)
    for _step in range(6):
        kept *= rng.random(n) < q
    cosine = kept @ told / np.linalg.norm(kept) / np.linalg.norm(told)
    assert cosine == pytest.approx(q ** (6 / 2), rel=0.03)
    assert f"×{q**0.5:.2f} here" in why(METHODS["naive-cell"].placement(), quantity="correlation", way="falls")
    assert "×0.87" not in why(METHODS["naive-cell"].placement(), quantity="signal_to_noise", way="falls")


def test_numbers_of_every_size() -> None:
    assert [number(x, 2) for x in (0, 0.4699, 10, 1849.0, 5.4e-5, 1e9, 0.00018)] == [
        "0",
        "0.47",
        "10",
        "1,800",
        "5.4·10⁻⁵",
        "1·10⁹",
        "0.00018",
    ]
    assert product([(0.5, 3), (0.75, 12), (0.7, 1)]) == "0.5³·0.75¹²·0.7"
    assert [percentage(x) for x in (1, 0.0166855, 1.8e-5, 1e-9)] == ["100 %", "1.67 %", "0.0018 %", "1·10⁻⁷ %"]
