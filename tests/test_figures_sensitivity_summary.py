"""Tests of the sentences about sensitivity curves, with known curves and the placements of the methods."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis.sensitivity_request import RESCALED_METHOD, SensitivityCurve, collect_placements
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.experiment.experiment import build_experiment
from core.figures.number_format import format_number, format_percent, format_product
from core.figures.sensitivity_summary import classify_trend, describe_trend, explain_trend


def make_curve(*values: float | None, error: float = 1e-9) -> SensitivityCurve:
    """Return a curve with the same values for every quantity."""
    errors = tuple(error for _value in values)
    return SensitivityCurve(values, values, values, errors, errors, errors, 200)


def explain(placement: Placement, cell: str = "lstm", quantity: str = "correlation", way: str = "falls") -> str:
    return explain_trend(placement, cell, quantity, way)


def replace_scaling(placement: Placement, scaling: str) -> Placement:
    return Placement.from_sites({site: replace(dropout, scaling=scaling) for site, dropout in placement.sites})


@pytest.mark.parametrize("factor", [0.5, 0.93, 1.32])
def test_a_curve_that_changes_by_a_factor_says_it(factor: float) -> None:
    sentence = describe_trend(make_curve(*(0.5 * factor**n for n in range(20))), "gradient")
    assert sentence.startswith(f"{'falls' if factor < 1 else 'grows'} by ×{factor:.2f} per step: ")
    assert sentence.endswith(f", {format_number(0.5 * factor**10, 2)} at 10, {format_number(0.5 * factor**19, 2)} at 19.")


def test_a_rise_over_the_first_steps_is_no_change_but_a_large_one_is_said() -> None:
    sentence = describe_trend(make_curve(0.35, 0.4, *[0.46] * 17, 0.47), "correlation")
    assert sentence == "hardly depends on the distance: 0.4 at Δ = 1, 0.46 at 10, 0.47 at 19."
    risen, fallen = (describe_trend(make_curve(first, first, *[0.46] * 18), "correlation") for first in (0.25, 0.9))
    assert risen.startswith("rises over the first steps, then hardly depends on the distance: 0.25 at Δ = 1, 0.46 at 10")
    assert fallen.startswith("falls over the first steps, then hardly depends")


def test_what_cannot_be_told_from_nothing_or_is_no_number() -> None:
    assert describe_trend(make_curve(0.5, 0.2, 0.04, 0.01, error=0.006), "correlation").startswith(
        "falls until it cannot be distinguished from 0"
    )
    assert describe_trend(make_curve(0.5, 0.2, -0.1, -0.2), "correlation").startswith("falls until it cannot")
    assert describe_trend(make_curve(1.0, 30.0, None, None), "gradient") == "30 at Δ = 1, and not finite at 3."
    assert describe_trend(make_curve(1.0, 0.5), "gradient") == ""


def test_every_curve_beside_the_chosen_one_has_its_reason() -> None:
    reasons = {
        name: explain(one, way="level" if name == "naive-state" else "falls")
        for name, one in collect_placements(build_experiment()).items()
    }
    assert len(set(reasons.values())) == len(reasons) == 5
    assert "carried through c, which has no mask" in reasons["naive-state"]
    assert "content is lost" in reasons["naive-cell"]
    assert "×2 here, and explode" in reasons[RESCALED_METHOD]
    assert "explode" not in explain(METHODS[RESCALED_METHOD].build_placement()), "unscaled"
    assert "only route along time" in explain(METHODS["naive-state"].build_placement(cell="rnn"), "rnn")
    assert "carried through the carry" in explain(METHODS["naive-state"].build_placement(cell="gru"), "gru", way="level")
    wrapper = METHODS["tf-variational"].build_placement(cell="gru")
    assert explain(wrapper, "gru").startswith("Both routes along time")
    assert explain(wrapper, "gru", way="level") == ""
    assert "the same units are multiplied by 1/(1-p) at every step, ×2 here" in explain(wrapper, "gru", way="grows")
    fresh = Placement.from_sites({"whole_state": Dropout(0.5)})
    assert "fewer and fewer units survive" in explain(fresh, "gru", way="grows")
    assert explain(replace_scaling(fresh, "test"), "gru", way="grows") == ""
    assert {explain(METHODS[name].build_placement()) for name in ("gate", "krueger2016", "semeniuta2016", "merity2017")} == {""}


def test_a_reason_fits_the_direction_that_was_measured() -> None:
    ways = [classify_trend(make_curve(*(0.5 * factor**n for n in range(20))), "gradient") for factor in (0.93, 1.0, 1.05)]
    assert ways == ["falls", "level", "grows"]
    fresh = METHODS["naive-cell"].build_placement()
    assert "dropped content is lost" in explain(fresh, way="falls")
    assert "×1.33 here" in (larger := explain(fresh, quantity="gradient", way="grows"))
    assert "lost" not in larger
    assert explain(fresh, way="level") == ""
    assert explain(replace_scaling(fresh, "test"), quantity="gradient", way="grows") == ""


def test_many_units_together_keep_their_direction_longer_than_one_is_kept() -> None:
    n, q, rng = 40_000, 0.75, np.random.default_rng(0)
    ones, kept = np.ones(n), np.ones(n)
    for _step in range(6):
        kept *= rng.random(n) < q
    cosine = kept @ ones / np.linalg.norm(kept) / np.linalg.norm(ones)
    assert cosine == pytest.approx(q ** (6 / 2), rel=0.03)
    assert f"×{q**0.5:.2f} here" in explain(METHODS["naive-cell"].build_placement(), quantity="correlation", way="falls")
    assert "×0.87" not in explain(METHODS["naive-cell"].build_placement(), quantity="signal_to_noise", way="falls")


def test_numbers_of_every_size() -> None:
    assert [format_number(x, 2) for x in (0, 0.4699, 10, 1849.0, 5.4e-5, 1e9, 0.00018)] == [
        "0",
        "0.47",
        "10",
        "1,800",
        "5.4·10⁻⁵",
        "1·10⁹",
        "0.00018",
    ]
    assert format_product([(0.5, 3), (0.75, 12), (0.7, 1)]) == "0.5³·0.75¹²·0.7"
    assert [format_percent(x) for x in (1, 0.0166855, 1.8e-5, 1e-9)] == ["100 %", "1.67 %", "0.0018 %", "1·10⁻⁷ %"]
