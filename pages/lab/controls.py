"""The controls of the Lab: task, network and dropout sites. Each edits the experiment of the visit."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.dropout.methods import METHODS, find_method_name
from core.dropout.penalties import LOSS_TERMS, MAX_PENALTY_WEIGHT
from core.dropout.placement import CHOICE_LABELS, NOISES, SCALINGS, SHARING, Dropout
from core.dropout.schedule import MAX_SCHEDULE_UPDATES, SCHEDULE_KINDS, RateSchedule
from core.dropout.sites import SITES, Site, get_site_layers
from core.experiment import edits
from core.experiment.batches import count_inputs, count_targets, load_data
from core.experiment.bounds import DEVICES, HALF_OPEN_BOUNDS, HIDDEN_BOUNDS, INTEGER_BOUNDS
from core.experiment.experiment import Experiment
from core.i18n import N_, _
from core.runs.memory_estimate import count_weights
from core.tasks import TASKS, get_task
from core.tasks.task import Option
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.experiment_choices import draw_cell_choice, draw_layers_choice
from pages.common.visit_files import replace_lost_file
from pages.common.widgets import draw_button, draw_choice, draw_widget
from pages.lab import compare_state, files, sites, upload, workbench
from pages.lab.site_sharing import draw_site_sharing

UNIT_CHOICES = (16, 32, 48, 64, 96, 128, 200, 256)
CUSTOM = "own"  # the entry in the list of methods for a placement that is no method
MIN_TEXT_FRACTION = 0.9  # share of the requested words or samples; whole windows may leave out a few
# The sites that are always offered; others only while they are on.
COMMON_SITES = ("input", "between", "output", "state", "candidate", "cell")
OPTIMIZERS = {"adam": N_("Adam"), "sgd": "SGD", "nt-asgd": "NT-ASGD"}
SETTINGS = {**SHARING, "scaling": SCALINGS, "noise": NOISES}
AXES = {
    "time": N_("over time"),
    "batch": N_("over the batch"),
    "gates": N_("over the gates"),
    "units": N_("over the units"),
    "scaling": N_("scaling"),
    "noise": N_("noise"),
}
DEVICE_LABELS = {
    "auto": N_("automatic"),
    "cpu": N_("CPU"),
    "cuda": N_("NVIDIA graphics card"),
    "mps": N_("Apple graphics card"),
}
SEEDS = {"data_seed": N_("Data"), "weight_seed": N_("Initial weights"), "mask_seed": N_("Masks")}


def draw_controls() -> None:
    """Draw the controls: data and model, then a table with a row for each site, or the rarer settings in their place."""
    experiment = visit.get_experiment()
    with st.container(key="controls-main"):
        _draw_data_and_model(experiment)
        _draw_sites(experiment)
    with st.container(key="controls-more"):
        _draw_more_settings(experiment)
        _draw_compare_button()
        st.caption(_describe_size(experiment))
        _draw_refusal(*_list_main_keys(experiment))


def _draw_compare_button() -> None:
    draw_button(
        _("Add to comparison"),
        key="add-to-comparison",
        tell=_add_to_comparison,
        icon=":material/compare_arrows:",
        type="tertiary",
        help=_("Adds these settings to the study of the Compare page, which trains them over several seeds."),
    )


def _add_to_comparison() -> None:
    if compare_state.add_lab_experiment("add-to-comparison"):
        n = len(compare_state.get_study().names)
        visit.set_notice(_("These settings are on the Compare page now; {n} experiments are compared there.").format(n=n))
    else:
        visit.set_notice(compare_state.get_refusal("add-to-comparison"))


def _draw_data_and_model(experiment: Experiment) -> None:
    row = get_task(experiment.task)
    st.markdown(f"## {_('Data and model')}", help=_(row.dropout_effect))
    draw_choice(
        st.selectbox,
        _("Task"),
        list(TASKS),
        key="task",
        value=experiment.task,
        tell=set_task,
        format_func=lambda name: _(TASKS[name].label),
        label_visibility="collapsed",
    )
    with st.container(key="about"):
        st.caption(_(row.description))
    _draw_network(experiment)
    _draw_options(experiment)
    upload.draw_uploaded_file(row)
    with st.container(key="read"):
        if sentence := upload.describe_use(experiment) or _describe_shortage(experiment):
            st.caption(sentence)


def _draw_sites(experiment: Experiment) -> None:
    about = _(
        "A method is a placement with a name. Choosing one sets its usual rates, or those that the task opens "
        "with. Switch a single site and it becomes your own."
    )
    st.markdown(f"## {_('Where dropout acts')}", help=about)
    _draw_method(experiment)
    offered = _list_sites(experiment)
    with st.container(key="sites"):
        with st.container(horizontal=True, key="sites-head"):
            for name in (_("site"), _("rate p"), _("masks")):
                st.caption(name)
        for site in SITES.values():
            # A container for each, also where it is empty: the later ones keep their position on the page.
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"site-{site.name}"):
                if site in offered and (site.name in COMMON_SITES or sites.is_on(site.name)):
                    _draw_site(experiment, site)


def _describe_size(experiment: Experiment) -> str:
    """Return the device and the number of weights in a sentence."""
    weights = f"{count_weights(experiment, load_data(experiment)):,}"
    return _("Device: {device} · {weights} weights").format(device=_(DEVICE_LABELS[experiment.device]), weights=weights)


def _list_main_keys(experiment: Experiment) -> list[str]:
    """Return the keys of the controls that are always visible; the error of one of them is shown below them all."""
    options = [f"option-{experiment.task}-{option.name}" for option in get_task(experiment.task).shared_options]
    of_sites = [f"{part}-{name}" for name in SITES for part in ("on", "rate", "shared")]
    return ["task", "cell", "layers", "hidden", "method", *options, *of_sites]


def set_task(name: str) -> None:
    """Set the task; the settings of the previous one are restored when it is selected again."""
    truth, before = visit.visit(), visit.get_experiment()
    if name == before.task:
        return
    saved = dict(truth["tasks"])
    saved[before.task] = {
        "experiment": truth["experiment"],
        "sites": [site for site, _dropout in before.placement.sites],
    }
    truth["tasks"] = saved
    if visit.edit("task", _build_task_experiment, name):
        sites.remember_lost_sites(before)
        workbench.clear_run_of_other_task()


def _build_task_experiment(experiment: Experiment, name: str) -> Experiment:
    """Return the experiment on another task, with the settings that this task had when last selected, else its defaults."""
    saved = visit.visit()["tasks"].get(name)
    plain = replace_lost_file(saved["experiment"]) if saved else None
    if plain is None:
        return edits.set_task(experiment, name)
    fields = {field: plain[field] for field in edits.SET_BY_TASK}
    found = edits.set_task(experiment, name, plain["options"], fields)
    # Sites that the previous task does not have, such as word dropout with real inputs, are switched on again.
    for site in saved["sites"]:
        if site not in dict(found.placement.sites) and experiment.cell in SITES[site].cells and not _has_site(experiment, site):
            found = edits.set_site(found, site, sites.get_remembered_dropout(site))
    return found


def _has_site(experiment: Experiment, site: str) -> bool:
    return site != "words" or experiment.has_tokens


def _draw_refusal(*controls: str) -> None:
    """Draw the error of the controls with these keys, if their last change was refused."""
    if sentence := visit.get_refusal(*controls):
        st.error(escape_markdown(sentence))


def _draw_options(experiment: Experiment) -> None:
    """Draw the options of the task: a row of numbers, a row of choices, and the upload button in the row that has room."""
    row = get_task(experiment.task)
    alone = sum(option.is_integer for option in row.shared_options) < 2  # a single number leaves room for the upload button
    for is_integer in (True, False):
        places = [
            partial(_draw_option, experiment, option)
            for option in upload.list_offered_options(row)
            if option.is_integer == is_integer
        ]
        widths = [1.3] * len(places)
        if row.reads_files and is_integer == alone:
            places, widths = [*places, partial(upload.draw_uploader, row)], [*widths, 1.0]
        columns = st.columns(widths, gap="small", vertical_alignment="bottom") if places else ()
        for column, place in zip(columns, places, strict=True):
            with column:
                place()


def _draw_option(experiment: Experiment, option: Option) -> None:
    key, value = f"option-{experiment.task}-{option.name}", dict(experiment.options).get(option.name, option.default)

    def tell(value: Any) -> None:
        visit.edit(key, edits.set_option, option.name, value)

    if option.choices:
        draw_choice(
            st.selectbox,
            _(option.label),
            list(option.choices),
            key=key,
            value=value,
            tell=tell,
            format_func=lambda word: _(option.choices[word]),
        )
        return
    step = 1 if option.high <= 100 else 1000
    draw_widget(st.number_input, _(option.label), option.low, option.high, key=key, value=value, tell=tell, step=step)


def _describe_shortage(experiment: Experiment) -> str:
    """Return a sentence if the data are shorter than the size that was set; else ""."""
    row = get_task(experiment.task)
    if not row.reads_files:
        return ""
    is_text = load_data(experiment).text_decoder is not None
    there = count_inputs(experiment) if is_text else count_targets(experiment)["train"]
    if there >= MIN_TEXT_FRACTION * int(dict(experiment.options)[row.shared_options[0].name]):
        return ""
    sentence = (
        _("The text has no more than {there}, in whole windows.") if is_text else _("There are only {there} to train on.")
    )
    return sentence.format(there=there)


def _draw_network(experiment: Experiment) -> None:
    cell, layers, hidden = st.columns([1.5, 1, 1.25], gap="xxsmall")
    with cell:
        draw_cell_choice(experiment.cell, "cell", set_cell)
    with layers:
        draw_layers_choice(experiment.layers, "layers", lambda n: visit.edit("layers", edits.set_layers, n))
    units = UNIT_CHOICES if experiment.hidden in UNIT_CHOICES else (*UNIT_CHOICES, experiment.hidden)
    with hidden:
        draw_choice(
            st.selectbox,
            _("Units H"),
            list(units),
            key="hidden",
            value=experiment.hidden,
            tell=lambda h: visit.edit("hidden", edits.set_fields, hidden=h),
            format_func=lambda h: str(h).strip("()"),
        )


def set_cell(cell: str) -> None:
    """Set the cell; the settings of sites that it does not have are kept for later."""
    before = visit.get_experiment()
    if visit.edit("cell", edits.set_cell, cell):
        sites.remember_lost_sites(before)


def _draw_method(experiment: Experiment) -> None:
    cell, words = experiment.cell, experiment.has_tokens
    name = experiment.method
    # A method with the same placement as another one, which differs elsewhere, is not listed.
    names = [
        row.name
        for row in METHODS.values()
        if cell in row.cells and find_method_name(row.build_placement(cell=cell), cell, words) == row.name
    ]
    draw_choice(
        st.selectbox,
        _("Method"),
        names if name else [*names, CUSTOM],
        key="method",
        value=name or CUSTOM,
        tell=set_method,
        format_func=lambda name: _("Your own placement") if name == CUSTOM else _(METHODS[name].label),
        label_visibility="collapsed",
    )


def set_method(name: str) -> None:
    """Set the placement of a method."""
    before = visit.get_experiment()
    if name != CUSTOM and visit.edit("method", edits.set_method, name):
        sites.remember_lost_sites(before)
        visit.visit()["at_zero"] = []


def _list_sites(experiment: Experiment) -> list[Site]:
    """Return the sites of the cell, without word dropout where the task has no tokens."""
    return [s for s in SITES.values() if experiment.cell in s.cells and (experiment.has_tokens or s.name != "words")]


def _draw_site(experiment: Experiment, site: Site) -> None:
    """Draw the row of a site: switch, rate, and how its masks are shared."""
    exists = len(get_site_layers(site, experiment.layers)) > 0
    on, dropout = sites.is_on(site.name), sites.get_dropout(site.name)
    rate = edits.first_rate(dropout)
    draw_widget(
        st.toggle,
        _(site.label),
        key=f"on-{site.name}",
        value=on,
        tell=sites.switch_site,
        args=[site.name],
        help=f"{_(site.multiplies)}. {_(site.memory)}",
        disabled=not exists,
    )
    draw_widget(
        st.slider,
        _("rate of {site}").format(site=_(site.label)),
        0.0,
        max(0.99, rate),  # a link may bring a rate nearer to 1 than the slider offers
        key=f"rate-{site.name}",
        value=float(rate),
        tell=sites.set_rate,
        args=[site.name],
        step=0.01,
        format="%.2f",
        label_visibility="collapsed",
        disabled=not (on and exists),
    )
    note = "" if on and exists else "–" if exists else _("L ≥ 2")

    def share(time: str, batch: str) -> None:
        sites.change_dropout(f"shared-{site.name}", site.name, time=time, batch=batch)

    draw_site_sharing(site, dropout, on and exists, note, share)


def _draw_more_settings(experiment: Experiment) -> None:
    """Draw the rarer settings in place of the controls: 250 widgets, which are made only while they are open."""
    more = st.expander(_("More settings"), icon=":material/tune:", key="more", on_change="rerun")
    if not more.open:
        return
    with more:
        sharing, training, seeds, file = st.tabs([_("Sharing"), _("Training"), _("Seeds"), _("File")])
        with sharing:
            _draw_sharing(experiment)
        with training:
            _draw_widths(experiment)
            _draw_training(experiment)
        with seeds:
            for name, label in SEEDS.items():
                _draw_number(experiment, name, _(label), *INTEGER_BOUNDS[name])
        with file:
            files.draw_file_buttons()


def _draw_widths(experiment: Experiment) -> None:
    """Draw the device, and the choice of a number of units for each layer."""
    draw_choice(
        st.selectbox,
        _("Device"),
        list(DEVICES),
        key="device",
        value=experiment.device,
        tell=lambda name: visit.edit("device", edits.set_fields, device=name),
        format_func=lambda name: _(DEVICE_LABELS[name]),
        help=_("A graphics card pays from about 256 units on. Where this server has none, the run says so."),
    )
    each, widths = isinstance(experiment.hidden, tuple), experiment.widths
    if experiment.layers > 1:
        draw_widget(
            st.toggle,
            _("a number of units for each layer"),
            key="each-width",
            value=each,
            tell=lambda on: visit.edit("widths", edits.set_fields, hidden=widths if on else widths[0]),
        )
    if each:
        for place, width in enumerate(widths):
            draw_widget(
                st.number_input,
                _("Units of layer {l}").format(l=place + 1),
                *HIDDEN_BOUNDS,
                key=f"width-{place}",
                value=width,
                tell=_set_width,
                args=[place],
            )
    _draw_refusal("device", "widths")


def _set_width(width: int, place: int) -> None:
    widths = list(visit.get_experiment().widths)
    widths[place] = width
    visit.edit("widths", edits.set_fields, hidden=tuple(widths))


def _draw_training(experiment: Experiment) -> None:
    rate = experiment.learning_rate
    label = _("Learning rate ({optimizer})").format(optimizer=_(OPTIMIZERS[experiment.optimiser]))
    most = float(HALF_OPEN_BOUNDS["learning_rate"][1])
    _draw_number(experiment, "learning_rate", label, min(1e-5, rate), most, format="%.5g", step=0.001)
    _draw_number(experiment, "batch", _("Batch B, samples"), *INTEGER_BOUNDS["batch"])
    _draw_number(experiment, "steps", _("Window T, time steps"), *INTEGER_BOUNDS["steps"])
    _draw_number(experiment, "epochs", _("Epochs"), *INTEGER_BOUNDS["epochs"])
    weights = dict(experiment.placement.losses)
    for term in LOSS_TERMS.values():
        key = f"loss-{term.name}"
        draw_widget(
            st.number_input,
            _("Weight of the {term}").format(term=_(term.label)),
            0.0,
            MAX_PENALTY_WEIGHT,
            key=key,
            value=float(weights.get(term.name, 0.0)),
            tell=lambda weight, name, key: visit.edit(key, edits.set_penalty, name, weight),
            args=[term.name, key],
            step=0.05,
            help=_(term.about),
        )
        _draw_refusal(key)


def _draw_number(experiment: Experiment, name: str, label: str, low: float, high: float, **named: Any) -> None:
    """Draw the input of one number of the experiment, and below it the error if it was refused."""
    draw_widget(
        st.number_input,
        label,
        low,
        high,
        key=name,
        value=getattr(experiment, name),
        tell=lambda value: visit.edit(name, edits.set_fields, **{name: value}),
        **named,
    )
    _draw_refusal(name)


def _draw_sharing(experiment: Experiment) -> None:
    off = [site.name for site in _list_sites(experiment) if site.name not in COMMON_SITES and not sites.is_on(site.name)]
    draw_choice(
        st.selectbox,
        _("Switch on another site"),
        off,
        key="add-site",
        value=None,
        tell=sites.switch_on,
        placeholder=_("choose a site"),
        format_func=lambda name: _(SITES[name].label),
    )
    st.caption(_("Over which axes one draw is reused, how the mean is kept, and how the rate changes over the updates."))
    for site in SITES.values():
        with st.container(key=f"sharing-{site.name}"):  # a container for each, also while it is off
            if sites.is_on(site.name):
                _draw_site_sharing(experiment, site)


def _draw_site_sharing(experiment: Experiment, site: Site) -> None:
    dropout = sites.get_dropout(site.name)
    st.markdown(f"**{_(site.label)}**")
    with st.container(horizontal=True, gap="small"):
        for name in _list_settings(site, dropout):
            draw_choice(
                st.selectbox,
                _(AXES[name]),
                list(SETTINGS[name]),
                key=f"{name}-{site.name}",
                value=getattr(dropout, name),
                tell=_set_setting,
                args=[site.name, name],
                width=165,
                format_func=lambda word: _(CHOICE_LABELS[word]),
            )
        _draw_schedule(site.name, dropout.schedule)
    _draw_layer_rates(experiment, site, dropout)
    _draw_refusal(*(f"{part}-{site.name}" for part in (*SETTINGS, "schedule", "length", "start", "each", "layer")))


def _list_settings(site: Site, dropout: Dropout) -> Sequence[str]:
    """Return the names of the settings that apply: Zoneout masks and noise of mean 1 are never scaled."""
    scaled = site.kind != "zoneout" and dropout.noise == "bernoulli"
    return [*site.axes, *["scaling"] * scaled, *["noise"] * (site.kind != "zoneout")]


def _set_setting(word: str, site: str, name: str) -> None:
    changed = {name: word}
    if name == "noise":  # noise of mean 1 needs no scaling; Bernoulli masks get the usual one again
        changed["scaling"] = "none" if word == "gaussian" else edits.default_dropout(site, 0.5).scaling
    sites.change_dropout(f"{name}-{site}", site, **changed)


def _draw_schedule(name: str, schedule: RateSchedule) -> None:
    draw_choice(
        st.selectbox,
        _("rate over the updates"),
        list(SCHEDULE_KINDS),
        key=f"schedule-{name}",
        value=schedule.kind,
        tell=sites.set_schedule_kind,
        args=[name],
        width=165,
        format_func=lambda word: _(SCHEDULE_KINDS[word]),
    )
    if schedule.kind == "constant":
        return
    draw_widget(
        st.number_input,
        _("updates"),
        1,
        MAX_SCHEDULE_UPDATES,
        key=f"length-{name}",
        value=schedule.length,
        tell=lambda n: sites.change_dropout(f"length-{name}", name, schedule=replace(schedule, length=n)),
        width=110,
    )
    draw_widget(
        st.number_input,
        _("from rate"),
        0.0,
        0.99,
        key=f"start-{name}",
        value=float(schedule.start),
        tell=lambda rate: sites.change_dropout(f"start-{name}", name, schedule=replace(schedule, start=rate)),
        step=0.05,
        width=110,
    )


def _draw_layer_rates(experiment: Experiment, site: Site, dropout: Dropout) -> None:
    at = get_site_layers(site, experiment.layers)
    if len(at) < 2:
        return
    rates, each = edits.rates_by_layer(dropout, site.name, experiment.layers), isinstance(dropout.rate, tuple)
    draw_widget(
        st.toggle,
        _("a rate for each layer"),
        key=f"each-{site.name}",
        value=each,
        tell=lambda on: sites.change_dropout(f"each-{site.name}", site.name, rate=rates if on else rates[0]),
    )
    if not each:
        return
    with st.container(horizontal=True, gap="small"):
        for place, (layer, rate) in enumerate(zip(at, rates, strict=True)):
            draw_widget(
                st.number_input,
                _("layer {l}").format(l=layer),
                0.0,
                max(0.99, rate),
                key=f"rate-{site.name}-{layer}",
                value=float(rate),
                tell=sites.set_layer_rate,
                args=[site.name, place],
                step=0.05,
                width=110,
            )
