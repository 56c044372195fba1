"""The methods of the literature: named placements, with citation and equation. One row a method."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.language import N_, _


@dataclass(frozen=True)
class Method:
    """A named placement: `sites` with the usual rates, `equation` in LaTeX, `use` in one sentence."""

    name: str
    label: str
    citation: str
    equation: str
    use: str
    sites: Mapping[str, Dropout]
    cells: tuple[str, ...] = ("lstm",)

    def placement(self, rate: float | None = None) -> Placement:
        """The method's placement at its usual rates, or at one rate for all sites. Raises Invalid for a bad rate."""
        if rate is None:
            return Placement.of(self.sites)
        return Placement.of({name: replace(dropout, rate=rate) for name, dropout in self.sites.items()})


def _each(sites: str, **settings: object) -> dict[str, Dropout]:
    return {name: Dropout(**settings) for name in sites.split()}  # type: ignore[arg-type]


_ZAREMBA = _each("input between output", rate=0.5)
_GAL = r"i, f, o = \sigma(W(z_x \odot x_t) + U(z_h \odot h_{t-1}) + b)"

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("none", N_("No dropout"), "", r"c_t = f \odot c_{t-1} + i \odot g", N_("The baseline to overfit with."), {}),
        Method("zaremba2014", N_("Zaremba et al. 2014"),
               "Zaremba, Sutskever, Vinyals: Recurrent Neural Network Regularization, 2014, arXiv:1409.2329",
               r"i, f, o = \sigma(W(d \odot h_t^{l-1}) + U h_{t-1}^l + b)",
               N_("The default for stacked LSTMs: only the way up is dropped, never the way along time."), _ZAREMBA),
        Method("pytorch", N_("PyTorch nn.LSTM(dropout=p)"), N_("PyTorch documentation of torch.nn.LSTM"),
               r"x_t^l = d \odot h_t^{l-1}, \quad l \ge 2",
               N_("What the dropout argument of nn.LSTM does: between layers only, nothing at one layer."),
               _each("between", rate=0.5)),
        Method("keras-stack", N_("A Dropout layer after each recurrent layer"), N_("Common practice with Keras"),
               r"x_t^{l+1} = d \odot h_t^l", N_("What a stack with a Dropout layer after each LSTM does."),
               _each("between output", rate=0.5)),
        Method("naive-state", N_("Naive, on the state"), N_("Teaching case"),
               r"i, f, o = \sigma(W(d \odot h_t^{l-1}) + U(d \odot h_{t-1}^l) + b)",
               N_("To see that a fresh mask on the state at every step disturbs the gates, not the cell."),
               {**_ZAREMBA, **_each("state", rate=0.25)}),
        Method("naive-cell", N_("Naive, on the cell"), N_("Teaching case"),
               r"c_t = d_t \odot (f \odot c_{t-1} + i \odot g)",
               N_("To see that a fresh mask on the cell at every step kills memory: (1-p)^Δ survives Δ steps."),
               {**_ZAREMBA, **_each("cell", rate=0.25)}),
        Method("moon2015", N_("Moon et al. 2015, RNNDrop"),
               "Moon, Choi, Lee, Song: RNNDrop: A Novel Dropout for RNNs in ASR, ASRU 2015",
               r"c_t = d \odot (f \odot c_{t-1} + i \odot g)",
               N_("One mask on the cell for the whole sequence: the same units live throughout."),
               _each("cell", rate=0.5, time="sequence", scaling="none")),
        Method("gal2016", N_("Gal and Ghahramani 2016, tied"),
               "Gal, Ghahramani: A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, "
               "2016, arXiv:1512.05287", _GAL,
               N_("One mask per sequence everywhere, also on the state: the variational reading of dropout."),
               {**_each("input between output", rate=0.5, time="sequence"),
                **_each("state", rate=0.3, time="sequence")}),
        Method("semeniuta2016", N_("Semeniuta et al. 2016"),
               "Semeniuta, Severyn, Barth: Recurrent Dropout without Memory Loss, 2016, arXiv:1603.05118",
               r"c_t = f \odot c_{t-1} + i \odot (d \odot g)",
               N_("Drops what is written, never what is stored: safe within the recurrence."),
               _each("candidate", rate=0.25, scaling="test")),
    )
}  # fmt: skip


def method(name: str) -> Method:
    """The method of that name. Raises Invalid, suggesting the nearest names, where there is none."""
    if name in METHODS:
        return METHODS[name]
    near = get_close_matches(name, METHODS, n=3, cutoff=0.4) or list(METHODS)
    raise Invalid(_("There is no method “{name}”; did you mean {near}?").format(name=name, near=", ".join(near)), "method")


def name_of(placement: Placement) -> str | None:
    """The method that this placement is, whatever its rates, or None: it is one of the user's own."""
    for row in METHODS.values():
        if _pattern(Placement.of(row.sites)) == _pattern(placement):
            return row.name
    return None


def _pattern(placement: Placement) -> dict[str, Dropout]:
    return {name: replace(dropout, rate=0.5) for name, dropout in placement.sites}
