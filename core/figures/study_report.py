"""A study as one HTML page that stands alone, offline: settings, curves, differences, verdicts, table, networks, data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from core.experiment.study import Study, study_to_json
from core.experiment.study_edits import describe_difference
from core.figures.placement_text import describe_placement
from core.figures.study_curves import ExperimentCurves
from core.figures.study_curves_svg import render_study_curves
from core.figures.study_differences import render_differences
from core.figures.study_overview import (
    HEAD,
    build_overview,
    describe_evidence,
    explain_overview,
    list_differences,
    list_verdicts,
)
from core.figures.study_style import get_slot_color, get_slot_dash
from core.figures.theme import FONT, LIGHT, Theme
from core.i18n import _
from core.results.study_progress import Progress, get_metric
from core.results.study_stats import RunKey, SplitResult
from core.results.study_table import describe_intervals
from core.tasks import get_task
from core.tasks.metrics import METRICS

_SHEET = """
body{{font:16px/1.5 {font};color:{ink};background:{paper};max-width:62rem;margin:2rem auto;padding:0 1rem}}
h1{{font-size:1.6rem;margin:0}} h2{{font-size:1.1rem;margin:2rem 0 .5rem}} small,.soft{{color:{muted}}}
table{{border-collapse:collapse;width:100%;font-size:.9rem}}
th,td{{padding:.35rem .6rem;border-bottom:1px solid {line};text-align:right}}
th:first-child,td:first-child{{text-align:left}} figure{{margin:0;max-width:47rem}} svg{{width:100%;height:auto}}
.networks{{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:1rem}}
.networks p{{margin:0;font-size:.85rem}}
.swatch{{display:inline-block;width:2.2rem;height:.7rem;vertical-align:baseline;margin-right:.5rem}} li{{margin:.3rem 0}}
@media print{{body{{margin:0}} section{{break-inside:avoid}}}}
"""


@dataclass(frozen=True)
class ReportContent:
    """What a report shows.

    runs: by name and seed. slots: the place of each experiment among the colors. networks: a small SVG and a sentence of each.
    provenance: what is known of where and how the runs were made, by label.
    """

    study: Study
    runs: Mapping[RunKey, Progress]
    results: Mapping[str, SplitResult] | None
    curves: Sequence[ExperimentCurves]
    slots: Mapping[str, int]
    networks: Sequence[tuple[str, str]]
    update: int
    provenance: Mapping[str, str]


def build_report(content: ReportContent, data: str, theme: Theme = LIGHT) -> str:
    """Return the page. data: the JSON that it carries."""
    study, metric = content.study, get_metric(content.study)
    title = _("Comparison: {task}").format(task=_(get_task(study.experiments[0][1].task).label))
    parts = (
        f"<h1>{escape(title)}</h1>",
        f"<p class='soft'>{escape(_describe_seeds(content))}</p>",
        _section(_("What is compared"), _list_settings(content, theme)),
        _section(_("Curves"), f"<figure>{_draw_curves(content, theme)}</figure>"),
        _section(_("What can be said"), _write_verdicts(content, theme)),
        _section(_("Table"), _write_table(content, theme) + f"<p><small>{escape(explain_overview(metric))}</small></p>"),
        _section(_("Masks of update {n}, first seed, first sample").format(n=content.update), _draw_networks(content)),
        _section(_("Settings"), f"<details><summary>JSON</summary><pre>{escape(_indent(study))}</pre></details>"),
    )
    sheet = _SHEET.format(font=FONT, **{name: getattr(theme, name) for name in ("ink", "paper", "muted", "line")})
    safe = data.replace("<", "\\u003c")  # so that no text in it can end the script element
    return (
        f"<!doctype html><html lang='{escape(_('en'))}'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{sheet}</style></head><body>{''.join(parts)}"
        f"<script type='application/json' id='study-data'>{safe}</script></body></html>"
    )


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{html}</section>"


def _describe_seeds(content: ReportContent) -> str:
    seeds = _("Seeds {seeds}. The runs of one seed have the same data, initial weights and batches.").format(
        seeds=", ".join(map(str, content.study.seeds))
    )
    return " ".join([seeds, *(f"{label}: {value}." for label, value in content.provenance.items())])


def _list_settings(content: ReportContent, theme: Theme) -> str:
    rows = []
    for name, experiment in content.study.experiments:
        difference = describe_difference(content.study, name)
        what = " · ".join(filter(None, [describe_placement(experiment.placement), difference]))
        rows.append(f"<li>{_swatch(content, name, theme)}<b>{escape(name)}</b> <span class='soft'>{escape(what)}</span></li>")
    return f"<ul style='list-style:none;padding:0'>{''.join(rows)}</ul>"


def _swatch(content: ReportContent, name: str, theme: Theme) -> str:
    slot = content.slots[name]
    dash = f" stroke-dasharray='{get_slot_dash(slot)}'" if get_slot_dash(slot) else ""
    line = f"<path d='M0 6H36' stroke='{get_slot_color(theme, slot)}' stroke-width='3'{dash}/>"
    return f"<svg class='swatch' viewBox='0 0 36 12' aria-hidden='true'>{line}</svg>"


def _draw_curves(content: ReportContent, theme: Theme) -> str:
    task = get_task(content.study.experiments[0][1].task)
    return render_study_curves(content.curves, theme, task.unit, task.metric)


def _write_verdicts(content: ReportContent, theme: Theme) -> str:
    metric = METRICS[get_metric(content.study)]
    rows = list_differences(content.study, content.runs, content.results, content.slots)
    scale = 100.0 if metric.is_percentage else 1.0
    drawing = render_differences(rows, theme, metric.is_higher_better, scale) if any(row.values for row in rows) else ""
    verdicts = list_verdicts(content.study, content.results) if len(content.study.seeds) > 1 else []
    items = "".join(f"<li>{_swatch(content, one.name, theme)}{escape(one.sentence)}</li>" for one in verdicts)
    meaning = f"<p><small>{escape(describe_intervals(len(verdicts)))}</small></p>" if verdicts else ""
    evidence = f"<p>{escape(describe_evidence(content.study, content.runs))}</p>"
    return f"<figure>{drawing}</figure>{evidence}<ul style='list-style:none;padding:0'>{items}</ul>{meaning}"


def _write_table(content: ReportContent, theme: Theme) -> str:
    head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in (_("experiment"), *map(_, HEAD), _("runs")))
    rows = "".join(
        f"<tr><td>{_swatch(content, row.name, theme)}{escape(row.name)}</td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in (*row.list_cells(), row.runs))
        + "</tr>"
        for row in build_overview(content.study, content.runs, content.results)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _draw_networks(content: ReportContent) -> str:
    cards = (
        f"<div><p><b>{escape(name)}</b></p>{svg}<p class='soft'>{escape(sentence)}</p></div>"
        for name, (svg, sentence) in zip(content.study.names, content.networks, strict=True)
    )
    return f"<div class='networks'>{''.join(cards)}</div>"


def _indent(study: Study) -> str:
    return json.dumps(json.loads(study_to_json(study)), indent=1, ensure_ascii=False)
