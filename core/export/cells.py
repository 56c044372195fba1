"""The part of the script that is the model: the cell's step with each mask where it multiplies."""

from collections.abc import Callable, Sequence

from core.experiment.experiment import Experiment
from core.export.lines import doc, dropping, gates, indented, note
from core.i18n import _
from core.nn.cells import CELLS


def model(e: Experiment) -> list[str]:
    """The class Model: embedding, the layers, the decoder."""
    return [
        "class Model(nn.Module):",
        *doc(_("{way} The masks are handed in; without one, nothing is dropped there.").format(way=_way(e))),
        "",
        *indented([*_init(e), "", *_start(e), "", *_forward(e), "", *_layer(e)]),
    ]


def _way(e: Experiment) -> str:
    way = _("Embedding → {cell} layers → decoder.") if e.words else _("Numbers → {cell} layers → decoder.")
    return way.format(cell=e.cell.upper())


def _init(e: Experiment) -> list[str]:
    n, tied = len(gates(e)), e.decoder == "tied"
    decoder = "self.embedding" if tied else _uniform(e, "H[-1] ** -0.5", "C, H[-1]")
    bias = "nn.Parameter(torch.zeros(C))" if tied else _uniform(e, "H[-1] ** -0.5", "C")
    lines = [
        "def __init__(self, V, C):",
        "    super().__init__()",
        "    def uniform(bound, *size):",
        "        return nn.Parameter((2 * torch.rand(size) - 1) * bound)",
        "",
        *([f"    self.embedding = {_uniform(e, '0.1', 'V, E')}"] if e.words else []),
        *note(_("The blocks of W, U and b, in this order: {gates}.").format(gates=" ".join(gates(e)))),
        f"    self.W = nn.ParameterList({_uniform(e, 'h**-0.5', f'{n} * h, below')} for below, h in zip((E, *H), H))",
        f"    self.U = nn.ParameterList({_uniform(e, 'h**-0.5', f'{n} * h, h')} for h in H)",
        f"    self.b = nn.ParameterList({_uniform(e, 'h**-0.5', f'{n} * h')} for h in H)",
        *(note(_("Tied: the decoder has the weights of the embedding."), "    ") if tied else []),
        f"    self.decoder = {decoder}",
        f"    self.decoder_bias = {bias}",
    ]
    lines.insert(2, "")
    if n > 1 and e.forget_bias is not None:
        lines += [
            "    for h, b in zip(H, self.b):",
            f"        b.data[h : 2 * h] = {e.forget_bias!r}  # {_('the gate that keeps starts open')}",
        ]
    return lines


def _uniform(e: Experiment, bound: str, size: str) -> str:
    """A call that draws weights, in the range of the experiment or else within this bound."""
    return f"uniform({e.init_range or bound}, {size})"


def _start(e: Experiment) -> list[str]:
    zeros = "self.decoder.new_zeros(B, h)"
    says = _("The state before the first step of each layer, as {state}.").format(state=_state(e))
    return ["def start(self, B):", *doc(says), f"    return [{_tuple([zeros] * len(CELLS[e.cell].carries))} for h in H]"]


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _forward(e: Experiment) -> list[str]:
    after = _also(e)
    more = [_("Then the last layer's h, before and after its mask.")] if after else []
    reads = _("x [T, B] token numbers") if e.words else _("x [T, B, E] numbers")
    return [
        "def forward(self, x, states, masks):",
        *doc(" ".join([_("{reads} → scores [T, B, C], and the states after the last step.").format(reads=reads), *more])),
        *(["    x = F.embedding(x, self.embedding)"] if e.words else []),
        *_at(e, "words", '    x = masks.get("words.1", 1) * x'),
        *_at(e, "input", '    x = masks.get("input.1", 1) * x'),
        "    after = []",
        "    for l in range(1, L + 1):",
        *indented(_at(e, "between", '    x = masks.get(f"between.{l}", 1) * x')),
        "        x, state = self.layer(l, x, states[l - 1], masks)",
        "        after.append(state)",
        *(["    h = x"] if after else []),
        *_at(e, "output", '    x = masks.get(f"output.{L}", 1) * x'),
        "    scores = F.linear(x, self.decoder, self.decoder_bias)",
        f"    return scores, after{', h, x' if after else ''}",
    ]


def _also(e: Experiment) -> bool:
    return any(name in ("ar", "tar") for name, _weight in e.placement.losses)


def _at(e: Experiment, name: str, line: str) -> list[str]:
    """A line that belongs to a site, with what its mask does above it; nothing where the site is off or acts elsewhere."""
    return [*_says(e, name, "    "), line] if name in dropping(e) and not _separate(e, name) else []


def _says(e: Experiment, name: str, indent: str = "") -> list[str]:
    """What a site's mask does, as a comment; nothing where the site is off."""
    if name not in dropping(e):
        return []
    site = dropping(e)[name][0]
    return note(f"{_(site.label)}: {_(site.memory)}", indent)


def _layer(e: Experiment) -> list[str]:
    inside = {name: row for name, row in dropping(e).items() if name not in ("words", "output")}
    into = [name for name in ("input", "between") if _separate(e, name)]
    needed = into or [name for name in inside if name not in ("input", "between")]
    return [
        "def layer(self, l, x, state, masks):",
        *doc(
            _("Layer l over time: x [T, B, units below] → h of all steps [T, B, H], and the last {state}.").format(
                state=_state(e)
            )
        ),
        *(_mask(e, needed) if needed else []),
        "    W, U, b = self.W[l - 1], self.U[l - 1], self.b[l - 1]",
        f"    {_state(e).strip('()')} = state",
        *_weights(e, "sequence"),
        "    hs = []",
        "    for t in range(len(x)):",
        *indented(_weights(e, "step")),
        *indented(_STEPS[e.cell](e), "        "),
        "        hs.append(h)",
        f"    return torch.stack(hs), {_state(e)}",
    ]


def _state(e: Experiment) -> str:
    """What a layer carries along time: (h, c) or (h,)."""
    return _tuple(CELLS[e.cell].carries)


def _mask(e: Experiment, needed: list[str]) -> list[str]:
    """The masks of this layer, by site and step."""
    if any(_separate(e, name) for name in needed):
        lines = ["    def m(site, t, gate=None):", '        mask = masks.get(f"{site}.{l}.{gate}" if gate else f"{site}.{l}")']
    else:
        lines = ["    def m(site, t):", '        mask = masks.get(f"{site}.{l}")']
    last = ["        return 1 if mask is None else mask[t % len(mask)]"]
    says = _("A mask that is shared over time has one row for all steps; no mask is a factor of 1.")
    return ["", *lines, *note(says, " " * 8), *last, ""]


def _separate(e: Experiment, name: str) -> bool:
    dropout = e.placement.get(name)
    return name in dropping(e) and dropout is not None and dropout.fresh("gates")


def _weights(e: Experiment, time: str) -> list[str]:
    """M ⊙ W and M ⊙ U, for those whose masks are drawn once a sequence, or once a step."""
    lines = []
    for name, letter in (("input_weights", "W"), ("recurrent_weights", "U")):
        dropout = e.placement.get(name)
        if name in dropping(e) and dropout is not None and dropout.time == time:
            t, target = ("t", f"{letter}_t") if time == "step" else ("0", letter)
            lines += [*_says(e, name, "    "), *_thinned(e, name, letter, t, target)]
    return lines


def _thinned(e: Experiment, name: str, letter: str, t: str, target: str) -> list[str]:
    """M ⊙ the weights, block by block; [4H, I] where the mask is one for all samples, else [B, 4H, I]."""
    dropout, n = dropping(e)[name][1], len(gates(e))
    each = f'm("{name}", {t}) * block for block in {letter}.chunk({n})'
    if dropout.fresh("gates"):
        each = f'm("{name}", {t}, n) * block for n, block in zip("{gates(e)}", {letter}.chunk({n}))'
    whole = "torch.cat(blocks, dim=-2)" + ("" if dropout.fresh("batch") else f".view_as({letter})")
    return [f"    blocks = [{each}]", f"    {target} = {whole}"]


def _product(e: Experiment, weights: str, v: str, thinned: str) -> str:
    """One line of code: (M ⊙ W) v of all gates, v being masked already."""
    name, by_sample = _drawn(e, weights, thinned)
    return _times(name, v, by_sample)


def _products(e: Experiment, weights: str, v: str, site: str, thinned: str) -> str:
    """The list of (M ⊙ W)(m ⊙ v), gate by gate, where each gate sees v through a mask of its own."""
    name, by_sample = _drawn(e, weights, thinned)
    each = _times(f"{weights}_n", f"m({site}, t, n) * {v}", by_sample)
    return f'[{each} for n, {weights}_n in zip("{gates(e)}", {name}.chunk({len(gates(e))}, dim=-2))]'


def _drawn(e: Experiment, weights: str, thinned: str) -> tuple[str, bool]:
    """What the masked weights are called, and whether they differ by sample."""
    if thinned not in dropping(e):
        return weights, False
    dropout = dropping(e)[thinned][1]
    return f"{weights}_t" if dropout.fresh("time") else weights, dropout.fresh("batch")


def _times(weights: str, v: str, by_sample: bool) -> str:
    safe = f"({v})" if " " in v else v
    return f"({weights} @ {safe}[..., None])[..., 0]" if by_sample else f"{safe} @ {weights}.T"


def _from_below(e: Experiment) -> tuple[list[str], str]:
    """The input's product, and the lines before it."""
    names = [name for name in ("input", "between") if _separate(e, name)]
    if not names:
        return [], _product(e, "W", "x[t]", "input_weights")
    says = [line for name in names for line in _says(e, name)]
    products = _products(e, "W", "x[t]", "into", "input_weights")
    return [*says, 'into = "input" if l == 1 else "between"', f"Wx = {products}"], "torch.cat(Wx, dim=-1)"


def _from_before(e: Experiment) -> tuple[list[str], str]:
    """The state's product, and the lines before it."""
    if _separate(e, "state"):
        products = _products(e, "U", "h", '"state"', "recurrent_weights")
        return [*_says(e, "state"), f"Uh = {products}"], "torch.cat(Uh, dim=-1)"
    v = 'm("state", t) * h' if "state" in dropping(e) else "h"
    return _says(e, "state"), _product(e, "U", v, "recurrent_weights")


def _on_gates(e: Experiment, names: dict[str, str]) -> list[str]:
    """Lines that multiply gates or the candidate by their masks."""
    return [
        line
        for site, letter in names.items()
        if site in dropping(e)
        for line in (*_says(e, site), f'{letter} = m("{site}", t) * {letter}')
    ]


def _mixed(e: Experiment, site: str, letter: str) -> list[str]:
    """Zoneout: where the mask is 0, the old value stays."""
    if site not in dropping(e):
        return []
    return [*_says(e, site), f'd = m("{site}", t)', f"{letter} = d * new_{letter} + (1 - d) * {letter}"]


def _name(e: Experiment, letter: str, site: str) -> str:
    return f"new_{letter}" if site in dropping(e) else letter


def _lstm(e: Experiment) -> list[str]:
    (before_x, wx), (before_h, uh) = _from_below(e), _from_before(e)
    c, h = _name(e, "c", "zoneout_cell"), _name(e, "h", "zoneout_state")
    content = 'm("cell", t) * (f * c + i * g)' if "cell" in dropping(e) else "f * c + i * g"
    return [
        *before_x,
        *before_h,
        f"a = {wx} + {uh} + b",
        "i, f, g, o = a.chunk(4, dim=-1)",
        "i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()",
        *_on_gates(e, {"input_gate": "i", "forget_gate": "f", "output_gate": "o", "candidate": "g"}),
        *_says(e, "cell"),
        f"{c} = {content}",
        f"{h} = o * {c}.tanh()",
        *_mixed(e, "zoneout_cell", "c"),
        *_mixed(e, "zoneout_state", "h"),
    ]


def _gru(e: Experiment) -> list[str]:
    (before_x, wx), (before_h, uh) = _from_below(e), _from_before(e)
    h = _name(e, "h", "zoneout_state")
    return [
        *before_x,
        f"r_x, z_x, g_x = ({wx}).chunk(3, dim=-1)",
        *before_h,
        f"r_h, z_h, g_h = ({uh} + b).chunk(3, dim=-1)",
        "r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()",
        *_on_gates(e, {"reset_gate": "r", "update_gate": "z"}),
        f"g = (g_x + r * g_h).tanh()  # {_('as in PyTorch: r after the product, z carries the past')}",
        *_on_gates(e, {"candidate": "g"}),
        f"{h} = (1 - z) * g + z * h",
        *_mixed(e, "zoneout_state", "h"),
    ]


def _plain(function: str) -> Callable[[Experiment], list[str]]:
    def step(e: Experiment) -> list[str]:
        (before_x, wx), (before_h, uh) = _from_below(e), _from_before(e)
        h = _name(e, "h", "zoneout_state")
        return [*before_x, *before_h, f"{h} = ({wx} + {uh} + b).{function}()", *_mixed(e, "zoneout_state", "h")]

    return step


_STEPS = {"lstm": _lstm, "gru": _gru, "rnn": _plain("tanh"), "rnn-logistic": _plain("sigmoid")}
