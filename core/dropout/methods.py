"""The methods of the literature: named placements with citation, equation and usual rates. One row per method.

In the equations d is a mask, 1 where a unit is kept; with the index t it is drawn at every step. Different masks have different
names, such as dˣ on the input from below and dʰ on the state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache

from core.dropout.cells import CELLS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.schedule import RateSchedule
from core.dropout.sites import SITES
from core.errors import Invalid, quote
from core.i18n import N_, _

Sites = Mapping[str, Dropout]
_Pattern = tuple[frozenset[tuple[str, Dropout]], tuple[str, ...]]


@dataclass(frozen=True)
class Method:
    """A method: its placement at the usual rates, and what is known about it.

    sites: the usual placement; for_cell: exceptions by cell. losses: the weights of terms added to the loss. monte_carlo:
    passes of a test with masks on, 0 for none. count: how many masks a content path meets on L layers over Δ steps, H of
    them through the state; count_for: exceptions by cell. equation: LaTeX, for an LSTM; equation_for: exceptions by cell, where
    `get_equation` cannot derive it from the LSTM's.
    rates, test, cost, use, pitfall: one sentence each: usual rates, test time, cost in speed, when to use it, common mistakes.
    unconfirmed: what could not be confirmed in the source, "" if everything was.
    """

    name: str
    label: str
    citation: str
    equation: str
    sites: Sites
    count: str
    rates: str
    test: str
    cost: str
    use: str
    pitfall: str = ""
    unconfirmed: str = ""
    cells: tuple[str, ...] = CELLS
    for_cell: Mapping[str, Sites] = field(default_factory=dict)
    count_for: Mapping[str, str] = field(default_factory=dict)
    equation_for: Mapping[str, str] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    monte_carlo: int = 0
    aliases: tuple[str, ...] = ()

    def build_placement(self, rate: float | None = None, cell: str = "lstm") -> Placement:
        """Return the method's placement in a cell, at its usual rates or at one rate for all sites.

        Raises Invalid for a rate outside [0, 1) and if the method is not defined for the cell.
        """
        if cell not in self.cells:
            raise Invalid(
                _("The method “{name}” is not defined for the cell “{cell}”; it is for {cells}.").format(
                    name=self.name, cell=cell, cells=", ".join(self.cells)
                ),
                "method",
            )
        sites = self.for_cell.get(cell, self.sites)
        if rate is not None:
            sites = {name: replace(dropout, rate=rate) for name, dropout in sites.items()}
        return Placement.from_sites(sites, self.losses)

    def get_equation(self, cell: str) -> str:
        """Return the equation for a cell, derived from the LSTM's sum W(…) + U(…) + b if the table has none for that cell."""
        if cell in self.equation_for:
            return self.equation_for[cell]
        if cell == "lstm" or not self.equation.startswith(_LSTM_PREFIX):
            return self.equation
        from_below, from_before, bias = self.equation.removeprefix(_LSTM_PREFIX).split(" + ")
        return _SUM_TEMPLATES[cell].replace("BELOW", from_below).replace("BEFORE", f"{from_before} + {bias}")


def _build_sites(sites: str, rate: float, **settings: object) -> dict[str, Dropout]:
    return {name: build_dropout(name, rate, **settings) for name in sites.split()}


_ZAREMBA = _build_sites("input between output", 0.5)
_GAL = {
    **_build_sites("input between output", 0.5, time="sequence"),
    **_build_sites("state", 0.3, time="sequence"),
    **_build_sites("words", 0.3),
}
_UNTIED = {name: replace(d, gates="separate" if "gates" in SITES[name].axes else "shared") for name, d in _GAL.items()}
_OLD_KERAS = _build_sites("input between state", 0.25, time="sequence")
_KERAS = {name: replace(d, gates="separate") for name, d in _OLD_KERAS.items()}
_WHOLE_GRU_STATE = (
    r"\hat h_{t-1} = d_h \odot h_{t-1}, \quad a = W(d_x \odot x_t), \; u = U \hat h_{t-1} + b, \quad "
    r"h_t = (1-z) \odot g + z \odot \hat h_{t-1}"
)
_KRUEGER = {"zoneout_cell": build_dropout("zoneout_cell", 0.5), "zoneout_state": build_dropout("zoneout_state", 0.05)}
_RISE_AND_FALL = RateSchedule("rise-fall", 300)
_LATE_RISE_AND_FALL = RateSchedule("late-rise-fall", 300)
_MERITY = {
    **_build_sites("words", 0.1, batch="batch"),
    **_build_sites("input", 0.4, time="sequence"),
    **_build_sites("between", 0.25, time="sequence"),
    **_build_sites("output", 0.4, time="sequence"),
    **_build_sites("recurrent_weights", 0.5),
}
_STATE_ZONEOUT = {cell: _build_sites("zoneout_state", 0.1) for cell in ("gru", "rnn", "rnn-logistic")}
_LSTM_PREFIX = r"i, f, o = \sigma(a), \; g = \tanh(a), \quad a = "
_SUM_TEMPLATES = {
    "gru": r"r, z = \sigma(a + u), \; g = \tanh(a + r \odot u), \quad a = BELOW, \; u = BEFORE",
    "rnn": r"h_t = \tanh(a), \quad a = BELOW + BEFORE",
    "rnn-logistic": r"h_t = \sigma(a), \quad a = BELOW + BEFORE",
}


def _build_untied_equations(mask: str) -> dict[str, str]:
    """Return the equations of masks that differ by gate, for the GRU and for the plain RNNs, which have one gate."""
    below, before = rf"W({mask}_x \odot x_t)", rf"U({mask}_h \odot h_{{t-1}}) + b"
    gru = rf"a_n = W_n({mask}_x^n \odot x_t), \quad u_n = U_n({mask}_h^n \odot h_{{t-1}}) + b_n, \quad n = r, z, g"
    rnns = {cell: _SUM_TEMPLATES[cell].replace("BELOW", below).replace("BEFORE", before) for cell in ("rnn", "rnn-logistic")}
    return {"gru": gru, **rnns}


_SUM = r"W h_t^{l-1} + U h_{t-1}^l + b"
_CANDIDATES = {"gru": r"(1-z) \odot g + z \odot h_{t-1}", "rnn": rf"\tanh({_SUM})", "rnn-logistic": rf"\sigma({_SUM})"}
_BELOW_AND_BEFORE = r"W(d_t^x \odot h_t^{l-1}) + U(d_t^h \odot h_{t-1}^l) + b"
_NO_MASK = N_("No mask; nothing to scale.")
_INVERTED = N_("No mask: what was kept in training was already divided by 1-p.")
_SCALED_AT_TEST = N_("No mask; the value is multiplied by 1-p.")
_NO_COST = N_("None: the library's fused layers run as without dropout.")
_IN_RECURRENCE = N_("A mask within the recurrence: the library's fused layers cannot express it.")

_ROWS = (
    Method(
        "none", N_("No dropout"), "", r"c_t = f \odot c_{t-1} + i \odot g, \quad h_t = o \odot \tanh(c_t)", {}, "0",
        N_("No rate."), _NO_MASK, _NO_COST, N_("The baseline to overfit with."), aliases=("off", "baseline"),
        equation_for={cell: f"h_t = {new}" for cell, new in _CANDIDATES.items()},
    ),
    Method(
        "zaremba2014", N_("Zaremba et al. 2014"),
        "Wojciech Zaremba, Ilya Sutskever, Oriol Vinyals: Recurrent Neural Network Regularization, 2014, arXiv:1409.2329",
        _LSTM_PREFIX + r"W(d_t \odot h_t^{l-1}) + U h_{t-1}^l + b", _ZAREMBA, "L + 1",
        N_(".5 for the paper's medium network, .65 for its large one, .2 for translation."), _INVERTED, _NO_COST,
        N_("The default for stacked LSTMs: only the way up is dropped, never the way along time."),
        N_("Without the mask on the output, D(h of layer L), the count is L and not L + 1; digests of the paper forget it, and "
           "write (i, j, o, g) where (i, f, o, g) is meant."),
        aliases=("zaremba", "non-recurrent"),
    ),
    Method(
        "pham2013", N_("Pham et al. 2013"),
        "Vu Pham, Théodore Bluche, Christopher Kermorvant, Jérôme Louradour: Dropout Improves Recurrent Neural Networks for "
        "Handwriting Recognition, 2013, arXiv:1312.4569",
        _LSTM_PREFIX + r"W(d_t \odot h_t^{l-1}) + U h_{t-1}^l + b", _build_sites("input between output", 0.5, scaling="test"),
        "L + 1",
        N_(".5."), _SCALED_AT_TEST, _NO_COST,
        N_("The same places as Zaremba's, a year earlier, with the scale moved from training to test."),
        unconfirmed=N_("The full paper could not be read. Not confirmed: that the test multiplies by 1-p, as this method is "
                       "usually described; and whether the raw input is masked too. Here it is; to leave it clean, switch off "
                       "the site “input”. Its abstract says only that recurrent connections are spared; a reader's notes, that "
                       "the masks are in feed-forward connections, at the topmost or at three LSTM layers. Three of its "
                       "authors report in 2015 (doi 10.1109/ICDAR.2015.7333848) that other positions relative to the LSTM "
                       "units do better."),
        aliases=("pham",),
    ),
    Method(
        "pytorch", N_("PyTorch nn.LSTM(dropout=p)"), N_("Documentation of torch.nn.LSTM, GRU and RNN"),
        r"x_t^l = d_t \odot h_t^{l-1}, \quad l \ge 2", _build_sites("between", 0.5), "L - 1", N_("The library's own is 0."),
        _INVERTED, _NO_COST, N_("What the dropout argument of nn.LSTM does: between layers only, nothing at one layer."),
        N_("With one layer it does nothing. “Except the last layer” means the last of the stack, not the last step. Masks on "
           "the input and the output are yours to add: L - 1 corruptions, not L + 1."),
        aliases=("nn.lstm", "torch"),
    ),
    Method(
        "keras-stack", N_("A Dropout layer after each recurrent layer"), N_("Common practice with Keras"),
        r"x_t^{l+1} = d_t \odot h_t^l", _build_sites("between output", 0.5), "L", N_(".5 in most tutorials."), _INVERTED,
        _NO_COST,
        N_("What a stack with a Dropout layer after each LSTM does."), aliases=("sequential", "stack"),
    ),
    Method(
        "naive-state", N_("Naive, on the state"), N_("Teaching case"),
        _LSTM_PREFIX + _BELOW_AND_BEFORE, {**_ZAREMBA, **_build_sites("state", 0.25)}, "L + 1 + H",
        N_("A teaching case: .25 here."), _INVERTED, _IN_RECURRENCE,
        N_("To see that a fresh mask on the state at every step disturbs the gates, not the cell."),
        N_("In a plain RNN there is no cell: every step costs a mask, L + 1 + Δ."),
    ),
    Method(
        "naive-cell", N_("Naive, on the cell"), N_("Teaching case"), r"c_t = d_t \odot (f \odot c_{t-1} + i \odot g)",
        {**_ZAREMBA, **_build_sites("cell", 0.25)}, "2L + 1 + Δ", N_("A teaching case: .25 here."), _INVERTED, _IN_RECURRENCE,
        N_("To see that a fresh mask on the cell at every step kills memory: (1-p)^Δ survives Δ steps."),
        N_("With the scale 1/(1-p) at every step what survives grows without bound."), cells=("lstm",),
    ),
    Method(
        "activations-and-connections", N_("Activations and connections, at every step"), N_("Tutorials; no paper"),
        _LSTM_PREFIX + r"W h_t^{l-1} + (M_t \odot U)(d_t \odot h_{t-1}^l) + b",
        {**_build_sites("state", 0.25), **_build_sites("recurrent_weights", 0.25, time="step")}, "2H",
        N_("Two rates, one for activations and one for weights."), _INVERTED,
        N_("Expensive: a mask as large as U at every step."),
        N_("To see what a recipe of tutorials does that matches no paper."),
        N_("The tutorial's equation has the same activation on both sides where the input belongs; its code drops between "
           "layers only."),
        aliases=("activations",),
    ),
    Method(
        "moon2015", N_("Moon et al. 2015, RNNDrop"),
        "Taesup Moon, Heeyoul Choi, Hoshik Lee, Inchul Song: RNNDrop: A Novel Dropout for RNNs in ASR, ASRU 2015 "
        "(no arXiv number)",
        r"c_t = d \odot (f \odot c_{t-1} + i \odot g)", _build_sites("cell", 0.5, time="sequence", scaling="none"), "L + Δ",
        N_("About .5."), N_("No mask; with the scaling “test” the value is multiplied by 1-p at every step."), _IN_RECURRENCE,
        N_("One mask on the cell for the whole sequence: the same units live throughout."),
        N_("Which units survive does not change with the distance, their scale does: with inverted scaling a survivor grows as "
           "(1-p)^-(Δ+1), with test scaling it shrinks as (1-p)^(Δ+1). Neither is right; layer normalisation hides it."),
        N_("The rate of about .5 was not checked in the paper."), cells=("lstm",), aliases=("rnndrop", "moon"),
    ),
    Method(
        "gal2016", N_("Gal and Ghahramani 2016, tied"),
        "Yarin Gal, Zoubin Ghahramani: A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, "
        "2016, arXiv:1512.05287",
        _LSTM_PREFIX + r"W(z_x \odot x_t) + U(z_h \odot h_{t-1}) + b", _GAL, "L + 2 + H",
        N_(".3 for words and state, .5 for input and output."),
        N_("No mask (mean weights), or Monte Carlo: the mean of many masked passes."), _IN_RECURRENCE,
        N_("One mask per sequence everywhere, also on the state: the variational reading of dropout."),
        N_("The mask sits inside a product, so its scale does not compound over time."),
        aliases=("gal", "variational", "locked"),
    ),
    Method(
        "gal2016-untied", N_("Gal and Ghahramani 2016, untied"),
        "Yarin Gal, Zoubin Ghahramani: A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, "
        "2016, arXiv:1512.05287",
        r"a_n = W_n(z_x^n \odot x_t) + U_n(z_h^n \odot h_{t-1}) + b_n, \quad n = i, f, g, o", _UNTIED, "L + 2 + H",
        N_(".3 for words and state, .5 for input and output."),
        N_("No mask (mean weights), or Monte Carlo: the mean of many masked passes."),
        N_("More expensive than tied: every gate reads a different input."),
        N_("A mask for each gate: more different networks, and slower."),
        equation_for=_build_untied_equations("z"),
        aliases=("untied",),
    ),
    Method(
        "embedding", N_("Embedding dropout"), "Gal, Ghahramani 2016, arXiv:1512.05287; Merity et al. 2017, arXiv:1708.02182",
        r"x_t = d_{w_t} E_{w_t}", _build_sites("words", 0.1), "1", N_(".1 to .3."), _INVERTED, _NO_COST,
        N_("Whole words cannot be read for a sequence: against leaning on single words."),
        N_("Every occurrence of a word is dropped together; a mask on the input drops units of each occurrence."),
        aliases=("words", "embedding-dropout", "word-dropout"),
    ),
    Method(
        "semeniuta2016", N_("Semeniuta et al. 2016"),
        "Stanislau Semeniuta, Aliaksei Severyn, Erhardt Barth: Recurrent Dropout without Memory Loss, 2016, arXiv:1603.05118",
        r"c_t = f \odot c_{t-1} + i \odot (d_t \odot g)",
        _build_sites("candidate", 0.25, scaling="test"), "L + H", N_(".25 to .5."), _SCALED_AT_TEST, _IN_RECURRENCE,
        N_("Drops what is written, never what is stored: safe within the recurrence."),
        N_("A mask on i is the same as a mask on g, since they are multiplied. Tutorials multiply i by the constant 1-p "
           "instead of a mask: that drops nothing."),
        for_cell=dict.fromkeys(("rnn", "rnn-logistic"), _build_sites("state", 0.25, scaling="test")),
        count_for=dict.fromkeys(("rnn", "rnn-logistic"), "H"),
        equation_for={
            "gru": r"h_t = (1-z) \odot (d_t \odot g) + z \odot h_{t-1}",
            **{cell: _SUM_TEMPLATES[cell].replace("BELOW", "W h_t^{l-1}").replace("BEFORE", r"U(d_t \odot h_{t-1}^l) + b")
               for cell in ("rnn", "rnn-logistic")},
        },
        aliases=("semeniuta", "recurrent-dropout"),
    ),
    Method(
        "krueger2016", N_("Krueger et al. 2016, Zoneout"),
        "David Krueger, Tegan Maharaj, János Kramár, et al.: Zoneout: Regularizing RNNs by Randomly Preserving Hidden "
        "Activations, 2016, arXiv:1606.01305",
        r"c_t = (1 - d_t^c) \odot c_{t-1} + d_t^c \odot (f \odot c_{t-1} + i \odot g), \quad "
        r"h_t = (1 - d_t^h) \odot h_{t-1} + d_t^h \odot o \odot \tanh(f \odot c_{t-1} + i \odot g)",
        _KRUEGER, "0", N_(".5 and .05 (cell, state) for characters, .25 and .025 for words; GRU and RNN .05 to .25."),
        N_("The mask is replaced by its mean: a mixture of old and new."), _IN_RECURRENCE,
        N_("Erases nothing: a unit keeps its old value instead of becoming 0."),
        N_("The meaning of d changes between the paper's sections, and some code's z_prob is the probability of the update. "
           "Here d = 1 lets the new value in, and p is the probability of keeping the old. The candidate of h is that of the "
           "un-zoned cell."),
        for_cell=_STATE_ZONEOUT, aliases=("zoneout", "krueger"),
        equation_for={cell: rf"h_t = (1 - d_t) \odot h_{{t-1}} + d_t \odot \tilde h_t, \quad \tilde h_t = {new}"
                      for cell, new in _CANDIDATES.items()},
    ),
    Method(
        "merity2017", N_("Merity et al. 2017, AWD-LSTM"),
        "Stephen Merity, Nitish Shirish Keskar, Richard Socher: Regularizing and Optimizing LSTM Language Models, 2017, "
        "arXiv:1708.02182",
        _LSTM_PREFIX + r"W(d \odot h_t^{l-1}) + (M \odot U) h_{t-1}^l + b", _MERITY, "L + 2 + H",
        N_("Weights .5, input .4, between .25, output .4, words .1."), _INVERTED,
        N_("Almost none: U is masked once for a whole forward pass."),
        N_("The strong language model of its time: one mask on the weights for the pass, locked masks elsewhere."),
        N_("Dropping weights by editing them in place trains the damaged weights: mask a copy."),
        N_("The paper gives .3 between layers where its code's command has .25."),
        aliases=("awd-lstm", "awd", "merity", "weight-drop"),
    ),
    Method(
        "ar-tar", N_("AR and TAR"),
        "Stephen Merity, Bryan McCann, Richard Socher: Revisiting Activation Regularization for Language RNNs, 2017, "
        "arXiv:1708.01009",
        r"\alpha \, \mathrm{mean}\, \lVert d \odot h_t^L \rVert^2 + \beta \, \mathrm{mean}\, \lVert h_t^L - h_{t-1}^L \rVert^2",
        _build_sites("output", 0.4, time="sequence"), "1", N_("α = 2, β = 1; with AWD-LSTM's output mask, .4."), _INVERTED,
        _NO_COST,
        N_("Keeps the last layer's activations small, and slow to change."),
        N_("AR is taken of h as dropped, TAR of h as it is."), losses={"ar": 2.0, "tar": 1.0},
        aliases=("ar", "tar", "activation-regularisation"),
    ),
    Method(
        "dropconnect", N_("Wan et al. 2013, DropConnect"),
        "Li Wan, Matthew Zeiler, Sixin Zhang, Yann LeCun, Rob Fergus: Regularization of Neural Networks using DropConnect, "
        "ICML 2013 (no arXiv number)",
        _LSTM_PREFIX + r"(M_W \odot W) h_t^{l-1} + (M_U \odot U) h_{t-1}^l + b",
        _build_sites("recurrent_weights input_weights", 0.5), "L + H", N_(".5."),
        N_("Here the mean weights; the paper draws from a normal distribution with the mean and variance of (M ⊙ W)v."),
        N_("Shared by the batch, as here, almost none; a mask per example, as in the paper, is expensive."),
        N_("Drops single connections, not units."),
        N_("Some texts describe DropConnect and call it dropout. The paper draws one mask per example; here one serves the "
           "batch, which is the affordable form: choose “one per sample” for the other."),
        N_("The paper's test time was read in a summary only."), aliases=("wan2013", "wan"),
    ),
    Method(
        "gate", N_("Dropout on the gates"),
        "Gaofeng Cheng, Vijayaditya Peddinti, Daniel Povey, et al.: An Exploration of Dropout with LSTMs, Interspeech 2017, "
        "doi:10.21437/Interspeech.2017-129",
        r"n = d_t^n \odot \sigma(a_n), \quad n = i, f, o",
        _build_sites("input_gate forget_gate output_gate", 0.3, schedule=_RISE_AND_FALL), "2L + Δ + H",
        N_("Rising from 0 to .3 and falling back to 0 over the training."), _INVERTED, _IN_RECURRENCE,
        N_("To see what the gates are for: a dropped forget gate erases, a dropped output gate only hides. A mask for each "
           "unit, as tutorials have it; the recipes of the paper's authors draw one for all units of a step."),
        N_("A mask on the GRU's z erases h in PyTorch's form, h = (1-z) ⊙ g + z ⊙ h₋, and freezes it in the papers', where z "
           "and 1-z are exchanged."),
        for_cell={"gru": _build_sites("reset_gate update_gate", 0.3, schedule=_RISE_AND_FALL)}, count_for={"gru": "Δ"},
        cells=("lstm", "gru"),
        equation_for={"gru": r"n = d_t^n \odot \sigma(a_n + u_n), \quad n = r, z"},
        aliases=("gates",),
    ),
    Method(
        "gate-frame", N_("Cheng et al. 2017, dropout on the gates per frame"),
        "Gaofeng Cheng, Vijayaditya Peddinti, Daniel Povey, et al.: An Exploration of Dropout with LSTMs, Interspeech 2017, "
        "doi:10.21437/Interspeech.2017-129",
        r"n = d_t^n \odot \sigma(a_n), \quad n = i, f, o, \quad d_t^n \in \mathbb{R}",
        _build_sites("input_gate forget_gate output_gate", 0.3, units="layer", schedule=_LATE_RISE_AND_FALL), "2L + Δ + H",
        N_("0 for the first fifth of the training, rising to .3 at its half, and falling back to 0 at its end."),
        _INVERTED, _IN_RECURRENCE,
        N_("What the recipes of the paper's authors use in Kaldi: a gate is dropped for all units of a step, or for none."),
        N_("In the recipes the schedule runs over the whole training: set its length to the updates of the run."),
        for_cell={
            "gru": _build_sites("reset_gate update_gate", 0.3, units="layer", schedule=_LATE_RISE_AND_FALL),
        },
        count_for={"gru": "Δ"}, cells=("lstm", "gru"),
        equation_for={"gru": r"n = d_t^n \odot \sigma(a_n + u_n), \quad n = r, z, \quad d_t^n \in \mathbb{R}"},
        aliases=("cheng2017", "per-frame"),
    ),
    Method(
        "keras", N_("Keras dropout=, recurrent_dropout="),
        N_("Documentation and code of keras.layers.LSTM, Keras 3.8 and later"),
        r"a_n = W_n(d_x^n \odot x_t) + U_n(d_h^n \odot h_{t-1}) + b_n, \quad n = i, f, g, o", _KERAS, "L + H",
        N_("The library's own is 0."), _INVERTED,
        N_("recurrent_dropout leaves the fused kernel: about 25 times slower on a GPU."),
        N_("What the two arguments of a Keras layer do: the masks are drawn once and serve every step."),
        N_("There is no mask on the output. Since 3.8 (December 2024), a layer with recurrent_dropout draws a mask for each "
           "gate, on the input and on the state: 4 and 4 in an LSTM, 3 and 3 in a GRU, 1 and 1 in a SimpleRNN. A layer with "
           "dropout alone draws one for all gates."),
        for_cell=dict.fromkeys(("rnn", "rnn-logistic"), _OLD_KERAS), equation_for=_build_untied_equations("d"),
        aliases=("recurrent_dropout",),
    ),
    Method(
        "keras-3.7", N_("Keras 3.0 to 3.7, dropout=, recurrent_dropout="),
        N_("Documentation and code of keras.layers.LSTM and GRU, Keras 3.0 to 3.7"),
        _LSTM_PREFIX + r"W(d_x \odot x_t) + U(d_h \odot h_{t-1}) + b", _OLD_KERAS, "L + H",
        N_("The library's own is 0."), _INVERTED,
        N_("recurrent_dropout leaves the fused kernel: about 25 times slower on a GPU."),
        N_("What the two arguments did before Keras 3.8: one mask for all gates of a layer."),
        N_("There is no mask on the output. The same arguments draw other masks since 3.8: an experiment of that time is "
           "repeated with its own version only. A SimpleRNN has one gate, and the same masks in both. A GRU of these versions "
           "masks the whole state, so also what z carries on: content is erased at every step of the distance."),
        cells=("lstm", "gru"), for_cell={"gru": _build_sites("input between whole_state", 0.25, time="sequence")},
        count_for={"gru": "L + Δ"}, equation_for={"gru": _WHOLE_GRU_STATE},
        aliases=("keras-old",),
    ),
    Method(
        "tf-variational", N_("TensorFlow DropoutWrapper(variational_recurrent)"),
        N_("Documentation of tf.nn.RNNCellDropoutWrapper"),
        _LSTM_PREFIX + r"W(d_x \odot x_t) + U(d_h \odot h_{t-1}) + b",
        _build_sites("input between output state", 0.5, time="sequence", batch="batch"), "L + 1 + H", N_(".5."), _INVERTED,
        _IN_RECURRENCE,
        N_("One mask per sequence that the whole batch shares."),
        N_("Sharing over the batch makes the gradient noisier: every sample misses the same units. Of an LSTM the wrapper "
           "masks h alone. On a GRU the wrapper masks the whole outgoing state, so also what z carries on: a dropped unit "
           "remembers nothing, and what is kept is divided by 1-p at every step."),
        for_cell={
            "gru": _build_sites("input between output whole_state", 0.5, time="sequence", batch="batch"),
        },
        count_for={"gru": "L + 1 + Δ"}, equation_for={"gru": _WHOLE_GRU_STATE},
        aliases=("tensorflow", "dropoutwrapper"),
    ),
    Method(
        "gaussian", N_("Gaussian dropout, at Zaremba's sites"),
        "Nitish Srivastava, Geoffrey Hinton, Alex Krizhevsky, Ilya Sutskever, Ruslan Salakhutdinov: Dropout: A Simple Way to "
        "Prevent Neural Networks from Overfitting, JMLR 15, 2014 (no arXiv number)",
        r"d_t \sim \mathcal{N}\!\left(1, \tfrac{p}{1-p}\right)",
        _build_sites("input between output", 0.5, noise="gaussian", scaling="none"),
        "L + 1", N_("As for the masks it replaces."), _NO_MASK, _NO_COST,
        N_("The same mean and variance as a scaled mask, without ever dropping a unit."), aliases=("gaussian-dropout",),
    ),
    Method(
        "monte-carlo", N_("Monte Carlo dropout, with Gal's masks"),
        "Yarin Gal, Zoubin Ghahramani: Dropout as a Bayesian Approximation, ICML 2016, arXiv:1506.02142",
        r"p(y \mid x) \approx \tfrac{1}{n} \sum_{j=1}^n p(y \mid x, d_j)", _GAL, "L + 2 + H", N_("10 to 1000 passes."),
        N_("The masks stay on: the probabilities of many passes are averaged, one set of masks a pass."),
        N_("At test as many passes as are averaged."),
        N_("How sure the network is: where the passes disagree, it is not."),
        N_("Average the probabilities, not their logarithms."), monte_carlo=20, aliases=("mc", "mc-dropout"),
    ),
    Method(
        "scheduled", N_("A rate that ramps up"), N_("Common practice"), r"p(u) = p \, \min(1, u / n)",
        _build_sites("input between output", 0.5, schedule=RateSchedule("ramp", 300)), "L + 1", N_("From 0 to the usual rate."),
        _INVERTED, _NO_COST, N_("Lets the network learn before it is disturbed."), aliases=("ramp", "schedule"),
    ),
    Method(
        "fraternal", N_("Fraternal dropout, at Zaremba's sites"),
        "Konrad Zolna, Devansh Arpit, Dendi Suhubdy, Yoshua Bengio: Fraternal Dropout, 2017, arXiv:1711.00066",
        r"\tfrac{1}{2}(\ell_1 + \ell_2) + \kappa \, \mathrm{mean}\, \lVert \mathrm{logits}_1 - \mathrm{logits}_2 \rVert^2",
        _ZAREMBA, "L + 1", N_("κ = .15."), _INVERTED, N_("Two forward passes an update."),
        N_("Two thinned networks must have similar outputs, so that what they learn depends less on the masks."),
        losses={"fraternal": 0.15},
    ),
)  # fmt: skip

METHODS: dict[str, Method] = {row.name: row for row in _ROWS}
_ALIASES = {alias: row.name for row in _ROWS for alias in row.aliases}


def get_method(name: str) -> Method:
    """Return the method of that name or alias. Raises Invalid with the nearest names if there is none."""
    resolved = _ALIASES.get(name.lower(), name.lower())
    if resolved in METHODS:
        return METHODS[resolved]
    close = get_close_matches(name.lower(), [*METHODS, *_ALIASES], n=3, cutoff=0.4)
    near = dict.fromkeys(_ALIASES.get(one, one) for one in close) or METHODS
    raise Invalid(
        _("There is no method “{name}”; did you mean {near}?").format(name=quote(name), near=", ".join(near)), "method"
    )


def find_method_name(placement: Placement, cell: str = "lstm", words: bool = True) -> str | None:
    """Return the name of the method that has this placement in the cell, at any rates, or None for a custom placement.

    words: whether the task reads words; if not, the site `words` is left out of every method.
    """
    return _map_patterns_to_names(cell, words).get(_get_pattern(placement, words))


@cache
def _map_patterns_to_names(cell: str, words: bool) -> dict[_Pattern, str]:
    # Cached, since pages look up every method in each run of their script. The first of methods with the same pattern wins.
    rows = [row for row in METHODS.values() if cell in row.cells]
    return {_get_pattern(row.build_placement(cell=cell), words): row.name for row in reversed(rows)}


def _get_pattern(placement: Placement, words: bool) -> _Pattern:
    sites = frozenset((name, replace(dropout, rate=0.5)) for name, dropout in placement.sites if words or name != "words")
    return sites, tuple(name for name, _weight in placement.losses)
