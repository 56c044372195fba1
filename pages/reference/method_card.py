"""One method: what it is, its cell with the masks on it, its equation, its masks over time, its counts, its code."""

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
from core.figures.cell_diagram import describe_cell, render_cell_diagram
from core.figures.mask_pattern import render_mask_pattern
from core.figures.network.labels import describe_sharing
from core.figures.number_format import format_exponent
from core.figures.path_histogram import render_path_histogram
from core.figures.path_sentence import name_cell_route
from core.figures.theme import Theme
from core.i18n import N_, _, ngettext
from pages.common.escape import plain
from pages.common.lab_link import link
from pages.common.svg_drawing import drawing

FACTS = (("use", N_("When to use it")), ("rates", N_("Usual rates")), ("test", N_("At test time")), ("cost", N_("Speed")),
         ("pitfall", N_("Pitfalls")))  # fmt: skip


def head(name: str) -> None:
    """The method's name, who proposed it, and what is not confirmed."""
    row = METHODS[name]
    st.header(plain(_(row.label)), anchor=False)
    also = _("{name}, also {aliases}") if row.aliases else "{name}"
    st.caption(plain(also.format(name=name, aliases=", ".join(row.aliases))))
    if row.citation:
        st.markdown(plain(_(row.citation)))


def cell_figure(name: str, cell: str, colours: Theme) -> None:
    """The diagram of the cell, and the sites that its numbers name. Says so where the method is not defined for the cell."""
    row = METHODS[name]
    if cell not in row.cells:
        st.info(
            plain(
                _("This method is not defined for the {cell}; it is for {cells}.").format(
                    cell=_(CELL_LABELS[cell]), cells=", ".join(_(CELL_LABELS[one]) for one in row.cells)
                )
            )
        )
        return
    placement, drawn = row.build_placement(cell=cell), draw_preview_masks(row.build_placement(cell=cell), cell)
    first = {one.site: one.mask[0, 0].tolist() for one in drawn}
    svg = render_cell_diagram(cell, first, colours, describe_cell(cell, first))
    drawing(svg, f"cell-{name}")
    _sites(placement)


def facts(name: str, cell: str) -> None:
    """The equation, and a sentence each on use, rates, test, speed and pitfalls."""
    row = METHODS[name]
    # One equation a line: a phone, and half a screen, are narrow.
    lines = row.get_equation(cell).replace(r"\quad", r"\\")
    st.latex(rf"\begin{{gathered}} {lines} \end{{gathered}}")
    for field, label in FACTS:
        if text := getattr(row, field):
            st.markdown(f"**{_(label)}.** {plain(_(text))}")
    if row.unconfirmed:
        st.warning(f"**{_('Unconfirmed.')}** {plain(_(row.unconfirmed))}")


def masks_over_time(name: str, cell: str, colours: Theme) -> None:
    """The masks of every site over 20 steps, of two samples, really drawn."""
    row = METHODS[name]
    if cell not in row.cells:
        return
    drawn = draw_preview_masks(row.build_placement(cell=cell), cell)
    st.markdown(f"### {_('The masks over time')}")
    if not drawn:
        st.caption(_("There is none."))
        return
    st.caption(
        _("Units × {steps} steps, two samples side by side; filled is kept, empty is dropped. Really drawn.").format(
            steps=STEPS
        )
    )
    for one in drawn:
        st.markdown(plain(_mask_name(one, row.build_placement(cell=cell).get(one.site))))
        says = _("Mask {place} over {steps} steps, of two samples").format(place=_(SITES[one.site].label), steps=STEPS)
        drawing(render_mask_pattern(one.mask, STEPS, colours, says), f"mask-{name}-{one.site}")


def counts(name: str, cell: str, layers: int, distance: int, gates: bool, colours: Theme) -> None:
    """How many masks a path crosses: the formula, the numbers of this L and Δ, the histogram."""
    row = METHODS[name]
    if cell not in row.cells:
        return
    placement = row.build_placement(cell=cell)
    found = count_corruption(placement, layers, distance, cell)
    st.markdown(f"### {_('How often content is corrupted')}")
    formula = row.count_for.get(cell, row.count)
    st.markdown(
        _("**{formula}** masks on a content path; H ≤ Δ of its hops in time run through the state.").format(
            formula=plain(formula)
        )
    )
    st.markdown(plain(_numbers(found, cell)))
    drawing(render_path_histogram(found.histogram, colours), f"paths-{name}")
    if gates:
        _with_gates(name, count_all_routes(placement, layers, distance, cell), colours)


def results(name: str) -> None:
    """What the papers report, and what tutorials say of the method."""
    if rows := list_published_results(name):
        st.markdown(f"### {_('Published results')}")
        for one in rows:
            said = _("{data} · {network}: {value} ({measure}); {read}").format(
                data=_(one.dataset), network=_(one.network), value=one.value, measure=_(one.metric), read=_(one.source)
            )
            st.markdown(plain(said))
        if name in ("none", "zaremba2014"):
            st.caption(plain(_(LOSS_NOTE)))
    if variants := list_tutorial_claims(name):
        st.markdown(f"### {_('What tutorials say, and what is right')}")
        for variant in variants:
            st.markdown(f"*{plain(_(variant.claim))}*  \n→ {plain(_(variant.correction))}")


def code(name: str, cell: str) -> None:
    """The script of the Lab's default experiment with this method, and the way to the Lab."""
    row = METHODS[name]
    if cell not in row.cells:
        return
    experiment = _experiment(row, cell)
    text = build_script(experiment)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        link(_("Open in the Lab"), to_query(experiment))
        st.download_button(
            _("Download the code"),
            text,
            f"{name}-{cell}.py",
            "text/x-python",
            key=f"code-{name}",
            on_click="ignore",
            icon=":material/download:",
        )
    with st.expander(_("Code: the whole training in PyTorch")):
        st.code(text, language="python", height=420)


def _experiment(row: Method, cell: str) -> Experiment:
    return build_experiment(cell=cell, placement=row.build_placement(cell=cell), monte_carlo=row.monte_carlo)


def _sites(placement: Placement) -> None:
    if not placement.sites:
        st.caption(_("No mask anywhere: every connection is clean."))
    for number, (site, dropout) in enumerate(placement, start=1):
        said = _("{rate}; {sharing}. Multiplies {what}.").format(
            rate=_rate(dropout), sharing=describe_sharing(dropout), what=_(site.multiplies)
        )
        st.markdown(f"**{number} {plain(_(site.label))}** · {plain(said)}")
    for name, weight in placement.losses:
        term = LOSS_TERMS[name]
        said = _("weight {w:g}").format(w=weight)
        st.markdown(f"**{plain(_(term.label))}** · {plain(said)}. {plain(_(term.about))}")


def _rate(dropout: Dropout) -> str:
    schedule = dropout.schedule
    if schedule.kind == "constant":
        return f"p = {dropout.rate:g}"
    back = f" → {schedule.start:g}" if schedule.kind == "rise-fall" else ""
    return _("p = {start:g} → {rate:g}{back} over {n} updates").format(
        start=schedule.start, rate=dropout.rate, back=back, n=schedule.length
    )


def _mask_name(one: PreviewMask, dropout: Dropout | None) -> str:
    row = SITES[one.site]
    parts = [_(row.label), _("layer {n}").format(n=one.layer)]
    parts += [_("gate {name}").format(name=one.gate)] if one.gate else []
    parts += [_("the connections into one unit")] if row.kind == "weights" else []
    parts += [_("empty keeps the old value")] if row.kind == "zoneout" else []
    return " · ".join([*parts, describe_sharing(dropout)] if dropout else parts)


def _numbers(found: CorruptionCounts, cell: str) -> str:
    masks = _("{least} to {most}").format(least=found.least, most=found.most) if found.least != found.most else str(found.least)
    routes = [_("through the state {n}").format(n=found.through_state)]
    if found.through_cell is not None:
        routes.append(f"{name_cell_route(cell)} {found.through_cell}")
    paths = ngettext("{n} path", "{n} paths", found.paths).format(n=_exact(found.paths))
    said = _("Here: {masks}; {routes}. {paths}; one meets at most {distinct} different masks.").format(
        masks=masks, routes=", ".join(routes), paths=paths, distinct=found.distinct
    )
    held = _(" Zoneout can hold content back {least} to {most} times.").format(least=found.held[0], most=found.held[1])
    return said + (held if found.held[1] else "")


def _with_gates(name: str, every: tuple[int, ...], colours: Theme) -> None:
    least = next(n for n, paths in enumerate(every) if paths)
    st.markdown(
        plain(
            _("With the routes along which content changes a gate: {paths} routes, {least} to {most} masks.").format(
                paths=_exact(sum(every)), least=least, most=len(every) - 1
            )
        )
    )
    drawing(render_path_histogram(every, colours), f"routes-{name}")


def _exact(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f") if number < 10**15 else f"10{format_exponent(len(str(number)) - 1)}…"
