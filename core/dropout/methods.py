"""The methods of the literature: named placements, with citation and equation. One row a method.

In the equations d is a mask that keeps where it is 1, drawn afresh at every step where it carries the index t. Masks that are
arrays of their own have names of their own, such as the dˣ of what comes from below and the dʰ of the state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache

from core.dropout.placement import Dropout, Placement, usual
from core.dropout.schedule import Schedule
from core.dropout.sites import ALL, SITES
from core.errors import Invalid
from core.i18n import N_, _

Sites = Mapping[str, Dropout]
_Pattern = tuple[frozenset[tuple[str, Dropout]], tuple[str, ...]]


@dataclass(frozen=True)
class Method:
    """A named placement with its usual rates, and what is known of it.

    sites: the usual placement; for_cell: that of a cell for which it is another. losses: terms added to the loss, by
    weight. monte_carlo: passes of a test with masks, 0 for none. count: how many masks a content path meets on L layers
    over Δ steps, H of them through the state; count_for: that of a cell for which it is another. equation: LaTeX, as it is
    in an LSTM; equation_for: that of a cell for which `equation_in` cannot write it from the LSTM's.
    rates, test, cost, use, pitfall: a sentence each: what is usual, what happens at test time, what it costs in speed,
    when to use it, what goes wrong. unconfirmed: what of this could not be confirmed in the source; "" where all was.
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
    cells: tuple[str, ...] = ALL
    for_cell: Mapping[str, Sites] = field(default_factory=dict)
    count_for: Mapping[str, str] = field(default_factory=dict)
    equation_for: Mapping[str, str] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    monte_carlo: int = 0
    aliases: tuple[str, ...] = ()

    def placement(self, rate: float | None = None, cell: str = "lstm") -> Placement:
        """The method's placement in a cell, at its usual rates or at one rate for all sites.

        Raises Invalid for a bad rate, and where the method is not defined for the cell.
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
        return Placement.of(sites, self.losses)

    def equation_in(self, cell: str) -> str:
        """The equation as it reads in a cell: an LSTM's sum W(…) + U(…) + b is another cell's too, in another place."""
        if cell in self.equation_for:
            return self.equation_for[cell]
        if cell == "lstm" or not self.equation.startswith(_ARROW):
            return self.equation
        below, before, bias = self.equation.removeprefix(_ARROW).split(" + ")
        return _SUMS[cell].replace("BELOW", below).replace("BEFORE", f"{before} + {bias}")


def _each(sites: str, rate: float, **settings: object) -> dict[str, Dropout]:
    return {name: usual(name, rate, **settings) for name in sites.split()}


_ZAREMBA = _each("input between output", 0.5)
_GAL = {**_each("input between output", 0.5, time="sequence"), **_each("state", 0.3, time="sequence"), **_each("words", 0.3)}
_UNTIED = {name: replace(d, gates="separate" if "gates" in SITES[name].axes else "shared") for name, d in _GAL.items()}
_KRUEGER = {"zoneout_cell": usual("zoneout_cell", 0.5), "zoneout_state": usual("zoneout_state", 0.05)}
_RISE = Schedule("rise-fall", 300)
_MERITY = {
    **_each("words", 0.1, batch="batch"),
    **_each("input", 0.4, time="sequence"),
    **_each("between", 0.25, time="sequence"),
    **_each("output", 0.4, time="sequence"),
    **_each("recurrent_weights", 0.5),
}
_ONLY_STATE = {cell: _each("zoneout_state", 0.1) for cell in ("gru", "rnn", "rnn-logistic")}
_ARROW = r"i, f, o = \sigma(a), \; g = \tanh(a), \quad a = "
_SUMS = {
    "gru": r"r, z = \sigma(a + u), \; g = \tanh(a + r \odot u), \quad a = BELOW, \; u = BEFORE",
    "rnn": r"h_t = \tanh(a), \quad a = BELOW + BEFORE",
    "rnn-logistic": r"h_t = \sigma(a), \quad a = BELOW + BEFORE",
}
_SUM = r"W h_t^{l-1} + U h_{t-1}^l + b"
_CANDIDATES = {"gru": r"(1-z) \odot g + z \odot h_{t-1}", "rnn": rf"\tanh({_SUM})", "rnn-logistic": rf"\sigma({_SUM})"}
_BELOW_AND_BEFORE = r"W(d_t^x \odot h_t^{l-1}) + U(d_t^h \odot h_{t-1}^l) + b"
_NOTHING = N_("No mask; nothing to scale.")
_INVERTED = N_("No mask: what was kept in training was already divided by 1-p.")
_TIMES_K = N_("No mask; the value is multiplied by 1-p.")
_FUSED = N_("None: the library's fused layers run as without dropout.")
_STEPS = N_("A mask within the recurrence: the library's fused layers cannot express it.")

_ROWS = (
    Method(
        "none", N_("No dropout"), "", r"c_t = f \odot c_{t-1} + i \odot g, \quad h_t = o \odot \tanh(c_t)", {}, "0",
        N_("No rate."), _NOTHING, _FUSED, N_("The baseline to overfit with."), aliases=("off", "baseline"),
        equation_for={cell: f"h_t = {new}" for cell, new in _CANDIDATES.items()},
    ),
    Method(
        "zaremba2014", N_("Zaremba et al. 2014"),
        "Wojciech Zaremba, Ilya Sutskever, Oriol Vinyals: Recurrent Neural Network Regularization, 2014, arXiv:1409.2329",
        _ARROW + r"W(d_t \odot h_t^{l-1}) + U h_{t-1}^l + b", _ZAREMBA, "L + 1",
        N_(".5 for the paper's medium network, .65 for its large one, .2 for translation."), _INVERTED, _FUSED,
        N_("The default for stacked LSTMs: only the way up is dropped, never the way along time."),
        N_("Without the mask on the output, D(h of layer L), the count is L and not L + 1; digests of the paper forget it, and "
           "write (i, j, o, g) where (i, f, o, g) is meant."),
        aliases=("zaremba", "non-recurrent"),
    ),
    Method(
        "pham2013", N_("Pham et al. 2013"),
        "Vu Pham, Théodore Bluche, Christopher Kermorvant, Jérôme Louradour: Dropout Improves Recurrent Neural Networks for "
        "Handwriting Recognition, 2013, arXiv:1312.4569",
        _ARROW + r"W(d_t \odot h_t^{l-1}) + U h_{t-1}^l + b", _each("input between output", 0.5, scaling="test"), "L + 1",
        N_(".5."), _TIMES_K, _FUSED,
        N_("The same places as Zaremba's, a year earlier, with the scale moved from training to test."),
        unconfirmed=N_("That the test multiplies by 1-p is how this method is usually told; it was not checked in the paper."),
        aliases=("pham",),
    ),
    Method(
        "pytorch", N_("PyTorch nn.LSTM(dropout=p)"), N_("Documentation of torch.nn.LSTM, GRU and RNN"),
        r"x_t^l = d_t \odot h_t^{l-1}, \quad l \ge 2", _each("between", 0.5), "L - 1", N_("The library's own is 0."),
        _INVERTED, _FUSED, N_("What the dropout argument of nn.LSTM does: between layers only, nothing at one layer."),
        N_("With one layer it does nothing. “Except the last layer” means the last of the stack, not the last step. Masks on "
           "the input and the output are yours to add: L - 1 corruptions, not L + 1."),
        aliases=("nn.lstm", "torch"),
    ),
    Method(
        "keras-stack", N_("A Dropout layer after each recurrent layer"), N_("Common practice with Keras"),
        r"x_t^{l+1} = d_t \odot h_t^l", _each("between output", 0.5), "L", N_(".5 in most tutorials."), _INVERTED, _FUSED,
        N_("What a stack with a Dropout layer after each LSTM does."), aliases=("sequential", "stack"),
    ),
    Method(
        "naive-state", N_("Naive, on the state"), N_("Teaching case"),
        _ARROW + _BELOW_AND_BEFORE, {**_ZAREMBA, **_each("state", 0.25)}, "L + 1 + H",
        N_("A teaching case: .25 here."), _INVERTED, _STEPS,
        N_("To see that a fresh mask on the state at every step disturbs the gates, not the cell."),
        N_("In a plain RNN there is no cell: every step costs a mask, L + 1 + Δ."),
    ),
    Method(
        "naive-cell", N_("Naive, on the cell"), N_("Teaching case"), r"c_t = d_t \odot (f \odot c_{t-1} + i \odot g)",
        {**_ZAREMBA, **_each("cell", 0.25)}, "2L + 1 + Δ", N_("A teaching case: .25 here."), _INVERTED, _STEPS,
        N_("To see that a fresh mask on the cell at every step kills memory: (1-p)^Δ survives Δ steps."),
        N_("With the scale 1/(1-p) at every step what survives grows without bound."), cells=("lstm",),
    ),
    Method(
        "activations-and-connections", N_("Activations and connections, at every step"), N_("Tutorials; no paper"),
        _ARROW + r"W h_t^{l-1} + (M_t \odot U)(d_t \odot h_{t-1}^l) + b",
        {**_each("state", 0.25), **_each("recurrent_weights", 0.25, time="step")}, "2H",
        N_("Two rates, one for activations and one for weights."), _INVERTED,
        N_("Dear: a mask as large as U at every step."),
        N_("To see what a tutorial's recipe does that matches no paper."),
        N_("The tutorial's equation has the same activation on both sides where the input belongs; its code drops between "
           "layers only."),
        aliases=("activations",),
    ),
    Method(
        "moon2015", N_("Moon et al. 2015, RNNDrop"),
        "Taesup Moon, Heeyoul Choi, Hoshik Lee, Inchul Song: RNNDrop: A Novel Dropout for RNNs in ASR, ASRU 2015 "
        "(no arXiv number)",
        r"c_t = d \odot (f \odot c_{t-1} + i \odot g)", _each("cell", 0.5, time="sequence", scaling="none"), "L + Δ",
        N_("About .5."), N_("No mask; with the scaling “test” the value is multiplied by 1-p at every step."), _STEPS,
        N_("One mask on the cell for the whole sequence: the same units live throughout."),
        N_("Which units survive does not change with the distance, their scale does: with inverted scaling a survivor grows as "
           "(1-p)^-(Δ+1), with test scaling it shrinks as (1-p)^(Δ+1). Neither is right; layer normalisation hides it."),
        N_("The rate of about .5 was not checked in the paper."), cells=("lstm",), aliases=("rnndrop", "moon"),
    ),
    Method(
        "gal2016", N_("Gal and Ghahramani 2016, tied"),
        "Yarin Gal, Zoubin Ghahramani: A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, "
        "2016, arXiv:1512.05287",
        _ARROW + r"W(z_x \odot x_t) + U(z_h \odot h_{t-1}) + b", _GAL, "L + 2 + H",
        N_(".3 for words and state, .5 for input and output."),
        N_("No mask (mean weights), or Monte Carlo: the mean of many masked passes."), _STEPS,
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
        N_("Dearer than tied: every gate reads an input of its own."),
        N_("A mask for each gate: more different networks, and slower."),
        equation_for={
            "gru": r"a_n = W_n(z_x^n \odot x_t), \quad u_n = U_n(z_h^n \odot h_{t-1}) + b_n, \quad n = r, z, g",
            **{cell: _SUMS[cell].replace("BELOW", r"W(z_x \odot x_t)").replace("BEFORE", r"U(z_h \odot h_{t-1}) + b")
               for cell in ("rnn", "rnn-logistic")},
        },
        aliases=("untied",),
    ),
    Method(
        "embedding", N_("Embedding dropout"), "Gal, Ghahramani 2016, arXiv:1512.05287; Merity et al. 2017, arXiv:1708.02182",
        r"x_t = d_{w_t} E_{w_t}", _each("words", 0.1), "1", N_(".1 to .3."), _INVERTED, _FUSED,
        N_("Whole words cannot be read for a sequence: against leaning on single words."),
        N_("Every occurrence of a word is dropped together; a mask on the input drops units of each occurrence."),
        aliases=("words", "embedding-dropout", "word-dropout"),
    ),
    Method(
        "semeniuta2016", N_("Semeniuta et al. 2016"),
        "Stanislau Semeniuta, Aliaksei Severyn, Erhardt Barth: Recurrent Dropout without Memory Loss, 2016, arXiv:1603.05118",
        r"c_t = f \odot c_{t-1} + i \odot (d_t \odot g)",
        _each("candidate", 0.25, scaling="test"), "L + H", N_(".25 to .5."), _TIMES_K, _STEPS,
        N_("Drops what is written, never what is stored: safe within the recurrence."),
        N_("A mask on i is the same as a mask on g, since they are multiplied. Tutorials multiply i by the constant 1-p "
           "instead of a mask: that drops nothing."),
        for_cell=dict.fromkeys(("rnn", "rnn-logistic"), _each("state", 0.25, scaling="test")),
        count_for=dict.fromkeys(("rnn", "rnn-logistic"), "H"),
        equation_for={
            "gru": r"h_t = (1-z) \odot (d_t \odot g) + z \odot h_{t-1}",
            **{cell: _SUMS[cell].replace("BELOW", "W h_t^{l-1}").replace("BEFORE", r"U(d_t \odot h_{t-1}^l) + b")
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
        N_("The mask is replaced by its mean: a mixture of old and new."), _STEPS,
        N_("Erases nothing: a unit keeps its old value instead of becoming 0."),
        N_("The meaning of d changes between the paper's sections, and some code's z_prob is the probability of the update. "
           "Here d = 1 lets the new value in, and p is the probability of keeping the old. The candidate of h is that of the "
           "un-zoned cell."),
        for_cell=_ONLY_STATE, aliases=("zoneout", "krueger"),
        equation_for={cell: rf"h_t = (1 - d_t) \odot h_{{t-1}} + d_t \odot \tilde h_t, \quad \tilde h_t = {new}"
                      for cell, new in _CANDIDATES.items()},
    ),
    Method(
        "merity2017", N_("Merity et al. 2017, AWD-LSTM"),
        "Stephen Merity, Nitish Shirish Keskar, Richard Socher: Regularizing and Optimizing LSTM Language Models, 2017, "
        "arXiv:1708.02182",
        _ARROW + r"W(d \odot h_t^{l-1}) + (M \odot U) h_{t-1}^l + b", _MERITY, "L + 2 + H",
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
        _each("output", 0.4, time="sequence"), "1", N_("α = 2, β = 1; with AWD-LSTM's output mask, .4."), _INVERTED, _FUSED,
        N_("Keeps the last layer's activations small, and slow to change."),
        N_("AR is taken of h as dropped, TAR of h as it is."), losses={"ar": 2.0, "tar": 1.0},
        aliases=("ar", "tar", "activation-regularisation"),
    ),
    Method(
        "dropconnect", N_("Wan et al. 2013, DropConnect"),
        "Li Wan, Matthew Zeiler, Sixin Zhang, Yann LeCun, Rob Fergus: Regularization of Neural Networks using DropConnect, "
        "ICML 2013 (no arXiv number)",
        _ARROW + r"(M_W \odot W) h_t^{l-1} + (M_U \odot U) h_{t-1}^l + b",
        _each("recurrent_weights input_weights", 0.5), "L + H", N_(".5."),
        N_("Here the mean weights; the paper draws from a normal distribution with the mean and variance of (M ⊙ W)v."),
        N_("Shared by the batch, as here, almost none; a mask per example, as in the paper, is dear."),
        N_("Drops single connections, not units."),
        N_("Some texts describe DropConnect and call it dropout. The paper draws one mask per example; here one serves the "
           "batch, which is the affordable form: choose “one per sample” for the other."),
        N_("The paper's test time was read in a summary only."), aliases=("wan2013", "wan"),
    ),
    Method(
        "gate", N_("Dropout on the gates"),
        "Gaofeng Cheng, Vijayaditya Peddinti, Daniel Povey, et al.: An Exploration of Dropout with LSTMs, Interspeech 2017 "
        "(no arXiv number)",
        r"n = d_t^n \odot \sigma(a_n), \quad n = i, f, o",
        _each("input_gate forget_gate output_gate", 0.3, schedule=_RISE), "2L + Δ + H",
        N_("Rising from 0 to .3 and falling back to 0 over the training."), _INVERTED, _STEPS,
        N_("To see what the gates are for: a dropped forget gate erases, a dropped output gate only hides."),
        N_("A mask on the GRU's z erases h in PyTorch's form, h = (1-z) ⊙ g + z ⊙ h₋, and freezes it in the papers', where z "
           "and 1-z are exchanged."),
        for_cell={"gru": _each("reset_gate update_gate", 0.3, schedule=_RISE)}, count_for={"gru": "Δ"}, cells=("lstm", "gru"),
        equation_for={"gru": r"n = d_t^n \odot \sigma(a_n + u_n), \quad n = r, z"},
        aliases=("cheng2017", "gates"),
    ),
    Method(
        "keras", N_("Keras dropout=, recurrent_dropout="), N_("Documentation and code of keras.layers.LSTM, Keras 3"),
        _ARROW + r"W(d_x \odot x_t) + U(d_h \odot h_{t-1}) + b", _each("input between state", 0.25, time="sequence"), "L + H",
        N_("The library's own is 0."), _INVERTED,
        N_("recurrent_dropout leaves the fused kernel: about 25 times slower on a GPU."),
        N_("What the two arguments of a Keras layer do: the masks are drawn once and serve every step."),
        N_("There is no mask on the output. In Keras 3 an LSTM has one mask for all gates; older versions draw one per gate "
           "under implementation=1."),
        aliases=("recurrent_dropout",),
    ),
    Method(
        "tf-variational", N_("TensorFlow DropoutWrapper(variational_recurrent)"),
        N_("Documentation of tf.nn.RNNCellDropoutWrapper"),
        _ARROW + r"W(d_x \odot x_t) + U(d_h \odot h_{t-1}) + b",
        _each("input between output state", 0.5, time="sequence", batch="batch"), "L + 1 + H", N_(".5."), _INVERTED, _STEPS,
        N_("One mask per sequence that the whole batch shares."),
        N_("Sharing over the batch makes the gradient noisier: every sample misses the same units."),
        aliases=("tensorflow", "dropoutwrapper"),
    ),
    Method(
        "gaussian", N_("Gaussian dropout, at Zaremba's sites"),
        "Nitish Srivastava, Geoffrey Hinton, Alex Krizhevsky, Ilya Sutskever, Ruslan Salakhutdinov: Dropout: A Simple Way to "
        "Prevent Neural Networks from Overfitting, JMLR 15, 2014 (no arXiv number)",
        r"d_t \sim \mathcal{N}\!\left(1, \tfrac{p}{1-p}\right)",
        _each("input between output", 0.5, noise="gaussian", scaling="none"),
        "L + 1", N_("As for the masks it replaces."), _NOTHING, _FUSED,
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
        _each("input between output", 0.5, schedule=Schedule("ramp", 300)), "L + 1", N_("From 0 to the usual rate."),
        _INVERTED, _FUSED, N_("Lets the network learn before it is disturbed."), aliases=("ramp", "schedule"),
    ),
    Method(
        "fraternal", N_("Fraternal dropout, at Zaremba's sites"),
        "Konrad Zolna, Devansh Arpit, Dendi Suhubdy, Yoshua Bengio: Fraternal Dropout, 2017, arXiv:1711.00066",
        r"\tfrac{1}{2}(\ell_1 + \ell_2) + \kappa \, \mathrm{mean}\, \lVert \mathrm{logits}_1 - \mathrm{logits}_2 \rVert^2",
        _ZAREMBA, "L + 1", N_("κ = .15."), _INVERTED, N_("Two forward passes an update."),
        N_("Two thinned networks must say the same: what they learn depends less on the masks."), losses={"fraternal": 0.15},
    ),
)  # fmt: skip

METHODS: dict[str, Method] = {row.name: row for row in _ROWS}
_ALIASES = {alias: row.name for row in _ROWS for alias in row.aliases}


def method(name: str) -> Method:
    """The method of that name or alias. Raises Invalid, suggesting the nearest names, where there is none."""
    known = _ALIASES.get(name.lower(), name.lower())
    if known in METHODS:
        return METHODS[known]
    close = get_close_matches(name.lower(), [*METHODS, *_ALIASES], n=3, cutoff=0.4)
    near = dict.fromkeys(_ALIASES.get(one, one) for one in close) or METHODS
    raise Invalid(_("There is no method “{name}”; did you mean {near}?").format(name=name, near=", ".join(near)), "method")


def name_of(placement: Placement, cell: str = "lstm", words: bool = True) -> str | None:
    """The method that this placement is in the cell, whatever its rates, or None: it is one of the user's own.

    words: whether there are words to drop; where there are none, a method is what is left of it without them.
    """
    return _named(cell, words).get(_pattern(placement, words))


@cache
def _named(cell: str, words: bool) -> dict[_Pattern, str]:
    # Pages ask for the name of each method at every run of their script. Of methods with one pattern the first has it.
    rows = [row for row in METHODS.values() if cell in row.cells]
    return {_pattern(row.placement(cell=cell), words): row.name for row in reversed(rows)}


def _pattern(placement: Placement, words: bool) -> _Pattern:
    kept = ((name, dropout) for name, dropout in placement.sites if words or name != "words")
    sites = frozenset((name, replace(dropout, rate=0.5)) for name, dropout in kept)
    return sites, tuple(name for name, _weight in placement.losses)
