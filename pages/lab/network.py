"""The network and the masks of the update that is shown, the path through them and the sentence that counts."""

from typing import Any

import streamlit as st

from core.dropout.draw import draw, gates_of, key
from core.dropout.sites import SITES
from core.experiment import Experiment
from core.figures.masks import describe_mask, mask_heatmap
from core.figures.network import network
from core.figures.network_scene import Scene
from core.figures.sentence import count_sentence, formula
from core.figures.theme import Theme
from core.language import _
from core.paths import corruption, crossings, even_climbs
from core.runs.history import predicted
from core.tasks.windows import data_of, window
from pages.common.chart import live_chart
from pages.common.network import network_view
from pages.common.scrubber import scrubber
from pages.lab import session

COUNT = 9  # steps in the window
DISTANCE = 5  # of the first path


def show(colours: Theme) -> None:
    """The sentence, the network, and what scrubs through it."""
    update = shown_update()
    experiment = session.at(update)
    view = _view(experiment)
    _sentence(experiment, update, view)
    did = network_view(network(_scene(experiment, update, view), colours), "network")
    if did:
        _follow(did, experiment)
        st.rerun(scope="fragment")
    _scrub(experiment, update, view)


def shown_update() -> int:
    """The update that is shown: the one that was chosen, else the newest; the coming one where there is none yet, or
    where the placement has changed since the newest."""
    newest, chosen = session.now(), session.lab()["view"].get("update")
    if chosen is not None and chosen < newest:
        return max(1, int(chosen))
    changed = newest > 0 and session.at(newest).placement != session.wanted().placement
    total = session.total() or newest + 1
    return min(newest + 1, total) if newest == 0 or (changed and session.active()) else newest


def masks(colours: Theme) -> None:
    """The mask of one site and layer as a heatmap, for the sample and update that are shown."""
    update = shown_update()
    experiment = session.at(update)
    active = [(site.name, layer, gate) for site, layer, dropout in experiment.placement.active(experiment.layers)
              for gate in gates_of(dropout, experiment.cell)]  # fmt: skip
    st.markdown(f"##### {_('Masks over time')}")
    if not active:
        st.caption(_("No site is on: every connection is clean. Switch one on at the left."))
        return
    chosen = session.lab()["view"].get("mask")
    if tuple(chosen or ()) in active and st.session_state.get("mask") not in active:
        st.session_state["mask"] = tuple(chosen)
    if st.session_state.get("mask") not in active:
        st.session_state["mask"] = active[0]
    site, layer, gate = st.segmented_control(_("Site and layer"), active, key="mask", format_func=_place, required=True)
    mask = draw(experiment.placement, experiment.shape, experiment.mask_seed, update)[key(site, layer, gate)]
    sample, size = _view(experiment)["sample"], (experiment.steps, _width(experiment, site, layer))
    title = _("{place} · sample {sample} · update {update}").format(
        place=_place((site, layer, gate)), sample=sample + 1, update=update)  # fmt: skip
    figure = mask_heatmap(mask, sample, size, colours, title)
    live_chart(figure, "heatmap", describe_mask(mask, sample, size, _place((site, layer, gate))), figure["layout"]["height"])


def _place(mask: tuple[str, int, str]) -> str:
    site, layer, gate = mask
    if site == "between":
        place = _("between layers {below} and {above}").format(below=layer - 1, above=layer)
    elif site in ("input", "output"):
        place = _(SITES[site].label)
    else:
        place = _("{site}, layer {layer}").format(site=_(SITES[site].label), layer=layer)
    return f"{place}, {gate}" if gate else place


def _width(experiment: Experiment, site: str, layer: int) -> int:
    from core.dropout.sites import width_of

    shape = experiment.shape
    return width_of(SITES[site], layer, shape.embedding, shape.hidden)


def _view(experiment: Experiment) -> dict[str, Any]:
    """What is looked at, within what this experiment has."""
    view = session.lab()["view"]
    last = experiment.steps - 1
    source = min(view.get("source", 0), last)
    target = max(source, min(view.get("target", source + DISTANCE), last))
    climbs = view.get("climbs", ())
    fits = len(climbs) == experiment.layers + 1 and climbs[0] == source and climbs[-1] == target
    return {
        "sample": min(view.get("sample", 0), experiment.batch - 1),
        "first": max(0, min(view.get("first", 0), experiment.steps - COUNT)),
        "climbs": tuple(climbs) if fits else even_climbs(experiment.layers, source, target),
        "through": view.get("through", "cell"),
    }


def _words(experiment: Experiment, update: int, sample: int) -> tuple[list[str], list[str | None], list[str | None]]:
    """The texts of x_t, of what was predicted and of what is right, for every step."""
    data, batch = data_of(experiment), window(experiment, update)
    inputs = [data.token_names[i] for i in batch.x[:, sample]]
    right = [data.class_names[i] if i >= 0 else None for i in batch.y[:, sample]]
    run = session.lab()["run"]
    classes = predicted(run["events"], update, sample) if run else None
    guesses = [data.class_names[i] if i >= 0 else None for i in classes] if classes else [None] * len(inputs)
    return inputs, guesses, right


def _scene(experiment: Experiment, update: int, view: dict[str, Any]) -> Scene:
    masks = draw(experiment.placement, experiment.shape, experiment.mask_seed, update)
    inputs, guesses, right = _words(experiment, update, view["sample"])
    return Scene(experiment.placement, experiment.shape, masks, view["sample"], view["first"], COUNT,
                 inputs, guesses, right, view["climbs"], view["through"])  # fmt: skip


def _sentence(experiment: Experiment, update: int, view: dict[str, Any]) -> None:
    climbs, through, layers = view["climbs"], view["through"], experiment.layers
    path = crossings(experiment.placement, layers, climbs, through, experiment.cell)
    distance = climbs[-1] - climbs[0]
    inputs, _guesses, _right = _words(experiment, update, view["sample"])
    counts = corruption(experiment.placement, layers, distance, experiment.cell)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="count"):
        with st.container():
            st.markdown(count_sentence(inputs[climbs[0]], distance, len(path), formula(path, layers, distance, through)))
            st.caption(_routes(counts.through_cell, counts.through_state, counts.least, counts.most))
        st.session_state.setdefault("through", through)
        st.segmented_control(_("Route"), ["cell", "state"], key="through", label_visibility="collapsed", required=True,
                             format_func=lambda route: _("through the cell") if route == "cell" else _("through the state"),
                             on_change=_route)  # fmt: skip


def _routes(cell: int | None, state: int | None, least: int, most: int) -> str:
    if least == most:
        return _("Every path between the two crosses {n}, through the cell and through the state.").format(n=least)
    return _("Through the cell {cell}, through the state {state}; all others lie between {least} and {most}.").format(
        cell=cell, state=state, least=least, most=most)  # fmt: skip


def _route() -> None:
    session.lab()["view"]["through"] = st.session_state["through"]


def _follow(did: dict[str, Any], experiment: Experiment) -> None:
    """Does what was asked for on the figure."""
    view = session.lab()["view"]
    climbs = list(_view(experiment)["climbs"])
    if "source" in did:
        view["source"] = int(did["source"])
        view["target"] = max(view["source"], climbs[-1])
    elif "target" in did:
        view["target"] = int(did["target"])
        view["source"] = min(climbs[0], view["target"])
    elif "climb" in did:
        layer, step = int(did["climb"]), int(did["t"])
        climbs[layer] = max(climbs[layer - 1], min(step, climbs[layer + 1]))
        view.update(source=climbs[0], target=climbs[-1], climbs=climbs)
    elif "site" in did:
        view["mask"] = (did["site"], int(did["layer"]), "")
        st.session_state.pop("mask", None)


def _scrub(experiment: Experiment, update: int, view: dict[str, Any]) -> None:
    bench = session.lab()["view"]
    with st.container(horizontal=True, gap="medium", key="scrub"):
        newest = max(session.now(), 1)
        chosen = scrubber(_("Update"), 1, newest, min(update, newest), "scrub-update", live=_("newest"))
        if chosen is not None:
            bench["update"] = None if chosen >= newest else chosen
        first = scrubber(_("First step"), 1, max(1, experiment.steps - COUNT + 1), view["first"] + 1, "scrub-first")
        if first is not None:
            bench["first"] = first - 1
        sample = scrubber(_("Sample"), 1, min(experiment.batch, session.SHOW), view["sample"] + 1, "scrub-sample")
        if sample is not None:
            bench["sample"] = sample - 1
    if (chosen, first, sample) != (None, None, None):
        st.rerun(scope="fragment")
