"""The card of one method: name, cell diagram, equation, masks over time, counts, published results and code."""

from functools import partial

import streamlit as st

from core.analysis.path_counts import CorruptionCounts, count_all_routes, count_corruption
from core.dropout.cells import CELL_LABELS
from core.dropout.methods import METHODS, Method
from core.dropout.penalties import LOSS_TERMS
from core.dropout.placement import Dropout, Placement
from core.dropout.preview import STEPS, PreviewMask, draw_preview_masks
from core.dropout.published_results import LOSS_NOTE, list_published_results
from core.dropout.sites import SITES
from core.dropout.tutorials import list_tutorial_claims
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import to_query
from core.export import build_script
from core.export.keras_layers import find_keras_obstacle
from core.export.keras_script import build_keras_script
from core.figures.cell_diagram import describe_cell, render_cell_diagram
from core.figures.mask_pattern import render_mask_pattern
from core.figures.network.labels import describe_sharing
from core.figures.number_format import format_exponent
from core.figures.path_histogram import render_path_histogram
from core.figures.path_sentence import name_cell_route
from core.figures.theme import Theme
from core.i18n import N_, _, ngettext
from pages.common.citation import format_citation
from pages.common.escape import escape_markdown
from pages.common.lab_link import draw_lab_link
from pages.common.svg_drawing import draw_svg

FACTS = (("use", N_("When to use it")), ("rates", N_("Usual rates")), ("test", N_("At test time")), ("cost", N_("Speed")),
         ("pitfall", N_("Pitfalls")))  # fmt: skip


def draw_head(name: str) -> None:
    """Draw the method's name, its aliases and its citation."""
    row = METHODS[name]
    st.header(escape_markdown(_(row.label)), anchor=False)
    also = _("{name}, also {aliases}") if row.aliases else "{name}"
    st.caption(escape_markdown(also.format(name=name, aliases=", ".join(row.aliases))))
    if row.citation:
        st.markdown(format_citation(_(row.citation)))


def draw_cell(name: str, cell: str, colors: Theme) -> None:
    """Draw the diagram of the cell and the list of its numbered sites, or that the method is not defined for the cell."""
    row = METHODS[name]
    if cell not in row.cells:
        st.info(
            escape_markdown(
                _("This method is not defined for the {cell}; it is for {cells}.").format(
                    cell=_(CELL_LABELS[cell]), cells=", ".join(_(CELL_LABELS[one]) for one in row.cells)
                )
            )
        )
        return
    placement, drawn = row.build_placement(cell=cell), draw_preview_masks(row.build_placement(cell=cell), cell)
    first = {one.site: one.mask[0, 0].tolist() for one in drawn}
    svg = render_cell_diagram(cell, first, colors, describe_cell(cell, first))
    draw_svg(svg, f"cell-{name}", file=f"cell-{name}")
    _draw_sites(placement)


def draw_facts(name: str, cell: str) -> None:
    """Draw the equation, and a sentence each on use, rates, test time, speed and pitfalls."""
    row = METHODS[name]
    # One equation per line, for narrow screens.
    lines = row.get_equation(cell).replace(r"\quad", r"\\")
    st.latex(rf"\begin{{gathered}} {lines} \end{{gathered}}")
    for field, label in FACTS:
        if text := getattr(row, field):
            st.markdown(f"**{_(label)}.** {escape_markdown(_(text))}")
    if row.unconfirmed:
        st.warning(f"**{_('Unconfirmed.')}** {escape_markdown(_(row.unconfirmed))}")


def show_method_masks(name: str, cell: str, colors: Theme) -> None:
    """Draw the masks of every site over 20 steps, for two samples."""
    row = METHODS[name]
    if cell not in row.cells:
        return
    drawn = draw_preview_masks(row.build_placement(cell=cell), cell)
    st.markdown(f"### {_('The masks over time')}")
    if not drawn:
        st.caption(_("There is none."))
        return
    st.caption(
        _("Units × {steps} steps, two samples side by side; filled is kept, empty is dropped. Drawn by the engine.").format(
            steps=STEPS
        )
    )
    for one in drawn:
        st.markdown(escape_markdown(_name_mask(one, row.build_placement(cell=cell).get(one.site))))
        says = _("Mask {place} over {steps} steps, of two samples").format(place=_(SITES[one.site].label), steps=STEPS)
        draw_svg(render_mask_pattern(one.mask, STEPS, colors, says), f"mask-{name}-{one.site}", file=f"mask-{name}-{one.site}")


def draw_counts(name: str, cell: str, layers: int, distance: int, gates: bool, colors: Theme) -> None:
    """Draw how many masks a path crosses: the formula, the numbers for this L and Δ, the histogram."""
    row = METHODS[name]
    if cell not in row.cells:
        return
    placement = row.build_placement(cell=cell)
    counts = count_corruption(placement, layers, distance, cell)
    st.markdown(f"### {_('How often content is corrupted')}")
    formula = row.count_for.get(cell, row.count)
    st.markdown(
        _(
            "**{formula}** masks on a content path; H, the steps taken through the state (here not the units), is at most Δ."
        ).format(formula=escape_markdown(formula))
    )
    st.markdown(escape_markdown(_format_counts(counts, cell)))
    draw_svg(render_path_histogram(counts.histogram, colors), f"paths-{name}", file=f"paths-{name}")
    if gates:
        _draw_gate_routes(name, count_all_routes(placement, layers, distance, cell), colors)


def draw_results(name: str) -> None:
    """Draw the published results of the method, and common claims of tutorials with their corrections."""
    if rows := list_published_results(name):
        st.markdown(f"### {_('Published results')}")
        for one in rows:
            sentence = _("{data} · {network}: {value} ({measure}); {read}").format(
                data=_(one.dataset), network=_(one.network), value=_(one.value), measure=_(one.metric), read=_(one.source)
            )
            st.markdown(escape_markdown(sentence))
        if name in ("none", "zaremba2014"):
            st.caption(escape_markdown(_(LOSS_NOTE)))
    if variants := list_tutorial_claims(name):
        st.markdown(f"### {_('Claims of tutorials, corrected')}")
        for variant in variants:
            st.markdown(f"*{escape_markdown(_(variant.claim))}*  \n→ {escape_markdown(_(variant.correction))}")


def draw_code(name: str, cell: str) -> None:
    """Draw the scripts of the default experiment with this method, for PyTorch and Keras, and the link to the Lab."""
    row = METHODS[name]
    if cell not in row.cells:
        return
    experiment = _build_experiment(row, cell)
    text, obstacle = build_script(experiment), find_keras_obstacle(experiment)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        draw_lab_link(_("Open in the Lab"), to_query(experiment))
        st.download_button(
            _("Download the code"),
            text,
            f"{name}-{cell}.py",
            "text/x-python",
            key=f"code-{name}",
            on_click="ignore",
            icon=":material/download:",
        )
        if not obstacle:
            st.download_button(
                _("Download it for Keras"),
                partial(build_keras_script, experiment),
                f"{name}-{cell}-keras.py",
                "text/x-python",
                key=f"keras-{name}",
                on_click="ignore",
                icon=":material/download:",
            )
    if obstacle:
        st.caption(escape_markdown(obstacle))
    with st.expander(_("Code: the whole training in PyTorch")):
        st.code(text, language="python", height=420)


def _build_experiment(row: Method, cell: str) -> Experiment:
    return build_experiment(cell=cell, placement=row.build_placement(cell=cell), monte_carlo=row.monte_carlo)


def _draw_sites(placement: Placement) -> None:
    if not placement.sites:
        st.caption(_("No mask anywhere: every connection is clean."))
    for number, (site, dropout) in enumerate(placement, start=1):
        sentence = _("{rate}; {sharing}. Multiplies {what}.").format(
            rate=_format_rate(dropout), sharing=describe_sharing(dropout), what=_(site.multiplies)
        )
        st.markdown(f"**{number} {escape_markdown(_(site.label))}** · {escape_markdown(sentence)}")
    for name, weight in placement.losses:
        term = LOSS_TERMS[name]
        sentence = _("weight {w:g}").format(w=weight)
        st.markdown(f"**{escape_markdown(_(term.label))}** · {escape_markdown(sentence)}. {escape_markdown(_(term.about))}")


def _format_rate(dropout: Dropout) -> str:
    schedule = dropout.schedule
    if schedule.kind == "constant":
        return f"p = {dropout.rate:g}"
    back = f" → {schedule.start:g}" if schedule.kind != "ramp" else ""
    return _("p = {start:g} → {rate:g}{back} over {n} updates").format(
        start=schedule.start, rate=dropout.rate, back=back, n=schedule.length
    )


def _name_mask(one: PreviewMask, dropout: Dropout | None) -> str:
    row = SITES[one.site]
    parts = [_(row.label), _("layer {n}").format(n=one.layer)]
    parts += [_("gate {name}").format(name=one.gate)] if one.gate else []
    parts += [_("the connections into one unit")] if row.kind == "weights" else []
    parts += [_("empty keeps the old value")] if row.kind == "zoneout" else []
    return " · ".join([*parts, describe_sharing(dropout)] if dropout else parts)


def _format_counts(counts: CorruptionCounts, cell: str) -> str:
    masks = (
        _("{least} to {most}").format(least=counts.least, most=counts.most)
        if counts.least != counts.most
        else str(counts.least)
    )
    routes = [_("through the state {n}").format(n=counts.through_state)]
    if counts.through_cell is not None:
        routes.append(f"{name_cell_route(cell)} {counts.through_cell}")
    paths = ngettext("{n} path", "{n} paths", counts.paths).format(n=_format_integer(counts.paths))
    sentence = _("Here: {masks}; {routes}. {paths}; one meets at most {distinct} different masks.").format(
        masks=masks, routes=", ".join(routes), paths=paths, distinct=counts.distinct
    )
    held = _(" Zoneout can hold content back {least} to {most} times.").format(least=counts.held[0], most=counts.held[1])
    return sentence + (held if counts.held[1] else "")


def _draw_gate_routes(name: str, every: tuple[int, ...], colors: Theme) -> None:
    least = next(n for n, paths in enumerate(every) if paths)
    st.markdown(
        escape_markdown(
            _("With the routes along which content changes a gate: {paths} routes, {least} to {most} masks.").format(
                paths=_format_integer(sum(every)), least=least, most=len(every) - 1
            )
        )
    )
    draw_svg(render_path_histogram(every, colors), f"routes-{name}", file=f"routes-{name}")


def _format_integer(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f") if number < 10**15 else f"10{format_exponent(len(str(number)) - 1)}…"
