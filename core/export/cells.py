"""The part of the script that defines the model: the step of the cell with each mask where it multiplies."""

from collections.abc import Callable, Sequence

from core.experiment.experiment import Experiment
from core.export.lines import format_comment, format_docstring, get_active_sites, get_gate_letters, indent_lines
from core.i18n import _
from core.nn.cells import CELLS


def build_model(e: Experiment) -> list[str]:
    """Return the class Model: embedding, layers, decoder."""
    return [
        "class Model(nn.Module):",
        *format_docstring(
            _("{layers} The masks are arguments; a site without a mask drops nothing.").format(layers=_list_parts(e))
        ),
        "",
        *indent_lines([*_write_init(e), "", *_write_zero_states(e), "", *_write_forward(e), "", *_write_layer(e)]),
    ]


def _list_parts(e: Experiment) -> str:
    parts = _("Embedding → {cell} layers → decoder.") if e.has_tokens else _("Features → {cell} layers → decoder.")
    return parts.format(cell=e.cell.upper())


def _write_init(e: Experiment) -> list[str]:
    n, tied = len(get_gate_letters(e)), e.decoder == "tied"
    decoder = "self.embedding" if tied else _uniform(e, "H[-1] ** -0.5", "C, H[-1]")
    bias = "nn.Parameter(torch.zeros(C))" if tied else _uniform(e, "H[-1] ** -0.5", "C")
    lines = [
        "def __init__(self, V, C):",
        "    super().__init__()",
        "    def uniform(bound, *size):",
        "        return nn.Parameter((2 * torch.rand(size) - 1) * bound)",
        "",
        *([f"    self.embedding = {_uniform(e, '0.1', 'V, E')}"] if e.has_tokens else []),
        *format_comment(_("The blocks of W, U and b are in the order {gates}.").format(gates=" ".join(get_gate_letters(e)))),
        f"    self.W = nn.ParameterList({_uniform(e, 'h**-0.5', f'{n} * h, below')} for below, h in zip((E, *H), H))",
        f"    self.U = nn.ParameterList({_uniform(e, 'h**-0.5', f'{n} * h, h')} for h in H)",
        f"    self.b = nn.ParameterList({_uniform(e, 'h**-0.5', f'{n} * h')} for h in H)",
        *(format_comment(_("Tied weights: the decoder uses the embedding matrix."), "    ") if tied else []),
        f"    self.decoder = {decoder}",
        f"    self.decoder_bias = {bias}",
    ]
    lines.insert(2, "")
    if n > 1 and e.forget_bias is not None:
        lines += [
            "    for h, b in zip(H, self.b):",
            f"        b.data[h : 2 * h] = {e.forget_bias!r}  # {_('the gate that keeps the state starts open')}",
        ]
    return lines


def _uniform(e: Experiment, bound: str, size: str) -> str:
    """Return the call that draws weights, within the experiment's init_range or else within this bound."""
    return f"uniform({e.init_range or bound}, {size})"


def _write_zero_states(e: Experiment) -> list[str]:
    zeros = "self.decoder.new_zeros(B, h)"
    text = _("Return the zero state {state} of each layer.").format(state=_format_state(e))
    return [
        "def zero_states(self, B):",
        *format_docstring(text),
        f"    return [{_tuple([zeros] * len(CELLS[e.cell].carries))} for h in H]",
    ]


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _write_forward(e: Experiment) -> list[str]:
    returns_h = _returns_hidden_states(e)
    more = [_("Also returns h of the last layer, before and after its mask.")] if returns_h else []
    inputs = _("token numbers x [T, B]") if e.has_tokens else _("features x [T, B, E]")
    return [
        "def forward(self, x, states, masks):",
        *format_docstring(
            " ".join(
                [_("Return the logits [T, B, C] of {inputs}, and the states after the last step.").format(inputs=inputs), *more]
            )
        ),
        *(["    x = F.embedding(x, self.embedding)"] if e.has_tokens else []),
        *_mask_line(e, "words", '    x = masks.get("words.1", 1) * x'),
        *_mask_line(e, "input", '    x = masks.get("input.1", 1) * x'),
        "    new_states = []",
        "    for l in range(1, L + 1):",
        *indent_lines(_mask_line(e, "between", '    x = masks.get(f"between.{l}", 1) * x')),
        "        x, state = self.layer(l, x, states[l - 1], masks)",
        "        new_states.append(state)",
        *(["    h = x"] if returns_h else []),
        *_mask_line(e, "output", '    x = masks.get(f"output.{L}", 1) * x'),
        "    logits = F.linear(x, self.decoder, self.decoder_bias)",
        f"    return logits, new_states{', h, x' if returns_h else ''}",
    ]


def _returns_hidden_states(e: Experiment) -> bool:
    return any(name in ("ar", "tar") for name, _weight in e.placement.losses)


def _mask_line(e: Experiment, name: str, line: str) -> list[str]:
    """Return the line of a site with a comment above it; [] if the site is off or its masks differ by gate."""
    return [*_comment_site(e, name, "    "), line] if name in get_active_sites(e) and not _has_gate_masks(e, name) else []


def _comment_site(e: Experiment, name: str, indent: str = "") -> list[str]:
    """Return a comment on what the mask of a site does; [] if the site is off."""
    if name not in get_active_sites(e):
        return []
    site = get_active_sites(e)[name][0]
    return format_comment(f"{_(site.label)}: {_(site.memory)}", indent)


def _write_layer(e: Experiment) -> list[str]:
    inside = {name: row for name, row in get_active_sites(e).items() if name not in ("words", "output")}
    into = [name for name in ("input", "between") if _has_gate_masks(e, name)]
    needed = into or [name for name in inside if name not in ("input", "between")]
    return [
        "def layer(self, l, x, state, masks):",
        *format_docstring(
            _("Run layer l over time: return h of all steps [T, B, H] for x [T, B, units below], and the last {state}.").format(
                state=_format_state(e)
            )
        ),
        *(_write_mask_getter(e, needed) if needed else []),
        "    W, U, b = self.W[l - 1], self.U[l - 1], self.b[l - 1]",
        f"    {_format_state(e).strip('()')} = state",
        *_mask_weights(e, "sequence"),
        "    hs = []",
        "    for t in range(len(x)):",
        *indent_lines(_mask_weights(e, "step")),
        *indent_lines(_STEP_WRITERS[e.cell](e), "        "),
        "        hs.append(h)",
        f"    return torch.stack(hs), {_format_state(e)}",
    ]


def _format_state(e: Experiment) -> str:
    """Return what a layer carries through time: (h, c) or (h,)."""
    return _tuple(CELLS[e.cell].carries)


def _write_mask_getter(e: Experiment, needed: list[str]) -> list[str]:
    """Return the nested function m(site, t), which returns the mask of this layer."""
    if any(_has_gate_masks(e, name) for name in needed):
        lines = ["    def m(site, t, gate=None):", '        mask = masks.get(f"{site}.{l}.{gate}" if gate else f"{site}.{l}")']
    else:
        lines = ["    def m(site, t):", '        mask = masks.get(f"{site}.{l}")']
    last = ["        return 1 if mask is None else mask[t % len(mask)]"]
    text = _("A mask that is shared over time has one row for all steps; without a mask the factor is 1.")
    return ["", *lines, *format_comment(text, " " * 8), *last, ""]


def _has_gate_masks(e: Experiment, name: str) -> bool:
    dropout = e.placement.get(name)
    return name in get_active_sites(e) and dropout is not None and dropout.is_fresh("gates")


def _mask_weights(e: Experiment, time: str) -> list[str]:
    """Return the lines for M ⊙ W and M ⊙ U, whose masks are drawn once per sequence, or once per step."""
    lines = []
    for name, letter in (("input_weights", "W"), ("recurrent_weights", "U")):
        dropout = e.placement.get(name)
        if name in get_active_sites(e) and dropout is not None and dropout.time == time:
            t, target = ("t", f"{letter}_t") if time == "step" else ("0", letter)
            lines += [*_comment_site(e, name, "    "), *_mask_weight_blocks(e, name, letter, t, target)]
    return lines


def _mask_weight_blocks(e: Experiment, name: str, letter: str, t: str, target: str) -> list[str]:
    """Return the lines that mask the weights block by block: [4H, I] if all samples share the mask, else [B, 4H, I]."""
    dropout, n = get_active_sites(e)[name][1], len(get_gate_letters(e))
    each = f'm("{name}", {t}) * block for block in {letter}.chunk({n})'
    if dropout.is_fresh("gates"):
        each = f'm("{name}", {t}, n) * block for n, block in zip("{get_gate_letters(e)}", {letter}.chunk({n}))'
    whole = "torch.cat(blocks, dim=-2)" + ("" if dropout.is_fresh("batch") else f".view_as({letter})")
    return [f"    blocks = [{each}]", f"    {target} = {whole}"]


def _product(e: Experiment, weights: str, v: str, site: str) -> str:
    """Return the expression (M ⊙ W) v of all gates, where v is already masked."""
    name, by_sample = _name_masked_weights(e, weights, site)
    return _format_product(name, v, by_sample)


def _products(e: Experiment, weights: str, v: str, mask_site: str, site: str) -> str:
    """Return the expression of the list of (M ⊙ W)(m ⊙ v), where each gate has its own mask m."""
    name, by_sample = _name_masked_weights(e, weights, site)
    each = _format_product(f"{weights}_n", f"m({mask_site}, t, n) * {v}", by_sample)
    return f'[{each} for n, {weights}_n in zip("{get_gate_letters(e)}", {name}.chunk({len(get_gate_letters(e))}, dim=-2))]'


def _name_masked_weights(e: Experiment, weights: str, site: str) -> tuple[str, bool]:
    """Return the name of the masked weights, and whether they differ between samples."""
    if site not in get_active_sites(e):
        return weights, False
    dropout = get_active_sites(e)[site][1]
    return f"{weights}_t" if dropout.is_fresh("time") else weights, dropout.is_fresh("batch")


def _format_product(weights: str, v: str, by_sample: bool) -> str:
    operand = f"({v})" if " " in v else v
    return f"({weights} @ {operand}[..., None])[..., 0]" if by_sample else f"{operand} @ {weights}.T"


def _input_product(e: Experiment) -> tuple[list[str], str]:
    """Return the lines before the product of the input, and its expression."""
    names = [name for name in ("input", "between") if _has_gate_masks(e, name)]
    if not names:
        return [], _product(e, "W", "x[t]", "input_weights")
    says = [line for name in names for line in _comment_site(e, name)]
    products = _products(e, "W", "x[t]", "into", "input_weights")
    return [*says, 'into = "input" if l == 1 else "between"', f"Wx = {products}"], "torch.cat(Wx, dim=-1)"


def _state_product(e: Experiment, h: str = "h") -> tuple[list[str], str]:
    """Return the lines before the product of the state, and its expression. h: the name of the state that is read."""
    if _has_gate_masks(e, "state"):
        products = _products(e, "U", h, '"state"', "recurrent_weights")
        return [*_comment_site(e, "state"), f"Uh = {products}"], "torch.cat(Uh, dim=-1)"
    v = f'm("state", t) * {h}' if "state" in get_active_sites(e) else h
    return _comment_site(e, "state"), _product(e, "U", v, "recurrent_weights")


def _mask_gates(e: Experiment, names: dict[str, str]) -> list[str]:
    """Return the lines that multiply gates or the candidate by their masks."""
    return [
        line
        for site, letter in names.items()
        if site in get_active_sites(e)
        for line in (*_comment_site(e, site), f'{letter} = m("{site}", t) * {letter}')
    ]


def _apply_zoneout(e: Experiment, site: str, letter: str) -> list[str]:
    """Return the lines of Zoneout: where the mask is 0, the old value stays."""
    if site not in get_active_sites(e):
        return []
    return [*_comment_site(e, site), f'd = m("{site}", t)', f"{letter} = d * new_{letter} + (1 - d) * {letter}"]


def _name_new_value(e: Experiment, letter: str, site: str) -> str:
    return f"new_{letter}" if site in get_active_sites(e) else letter


def _write_lstm_step(e: Experiment) -> list[str]:
    (before_x, wx), (before_h, uh) = _input_product(e), _state_product(e)
    c, h = _name_new_value(e, "c", "zoneout_cell"), _name_new_value(e, "h", "zoneout_state")
    content = 'm("cell", t) * (f * c + i * g)' if "cell" in get_active_sites(e) else "f * c + i * g"
    return [
        *before_x,
        *before_h,
        f"a = {wx} + {uh} + b",
        "i, f, g, o = a.chunk(4, dim=-1)",
        "i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()",
        *_mask_gates(e, {"input_gate": "i", "forget_gate": "f", "output_gate": "o", "candidate": "g"}),
        *_comment_site(e, "cell"),
        f"{c} = {content}",
        f"{h} = o * {c}.tanh()",
        *_apply_zoneout(e, "zoneout_cell", "c"),
        *_apply_zoneout(e, "zoneout_state", "h"),
    ]


def _mask_whole_state(e: Experiment) -> tuple[list[str], str]:
    """Return the line that masks the state before a step reads it, and the name of what the step then reads."""
    if "whole_state" not in get_active_sites(e):
        return [], "h"
    return [*_comment_site(e, "whole_state"), 'past = m("whole_state", t) * h'], "past"


def _write_gru_step(e: Experiment) -> list[str]:
    masked, past = _mask_whole_state(e)
    (before_x, wx), (before_h, uh) = _input_product(e), _state_product(e, past)
    h = _name_new_value(e, "h", "zoneout_state")
    return [
        *masked,
        *before_x,
        f"r_x, z_x, g_x = ({wx}).chunk(3, dim=-1)",
        *before_h,
        f"r_h, z_h, g_h = ({uh} + b).chunk(3, dim=-1)",
        "r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()",
        *_mask_gates(e, {"reset_gate": "r", "update_gate": "z"}),
        f"g = (g_x + r * g_h).tanh()  # {_('as in PyTorch: r after the product, z keeps the old state')}",
        *_mask_gates(e, {"candidate": "g"}),
        f"{h} = (1 - z) * g + z * {past}",
        *_apply_zoneout(e, "zoneout_state", "h"),
    ]


def _make_rnn_writer(function: str) -> Callable[[Experiment], list[str]]:
    def step(e: Experiment) -> list[str]:
        (before_x, wx), (before_h, uh) = _input_product(e), _state_product(e)
        h = _name_new_value(e, "h", "zoneout_state")
        return [*before_x, *before_h, f"{h} = ({wx} + {uh} + b).{function}()", *_apply_zoneout(e, "zoneout_state", "h")]

    return step


_STEP_WRITERS = {
    "lstm": _write_lstm_step,
    "gru": _write_gru_step,
    "rnn": _make_rnn_writer("tanh"),
    "rnn-logistic": _make_rnn_writer("sigmoid"),
}
