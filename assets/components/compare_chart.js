// The curves of all experiments: the chart, its title, and the choice of what it shows. The lit experiment's curves stand out.

import { updateChart } from "./plotly_node.js";
import { getLit, light } from "./study_light.js";

/** @typedef {import("./plotly_node.js").ChartNode} ChartNode */
/** @typedef {import("./plotly_node.js").ChartData & { content: string }} StudyChartData */
/** @typedef {{ title: string, quantity: string, label: string, quantities: { value: string, label: string }[] }} ChartContent */
/** @typedef {Element & { __data__?: { trace?: { meta?: { experiment?: number } } }[] }} TraceNode */

/** @param {ComponentCall<StudyChartData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const section = /** @type {HTMLElement} */ (parentElement.querySelector(".study-chart"));
  const node = /** @type {ChartNode} */ (section.querySelector(".live-chart"));
  drawHead(section, JSON.parse(data.content), (quantity) => setTriggerValue("did", { curves: quantity }));
  const end = updateChart(node, data, setTriggerValue);
  if (!section.dataset.listens) {
    section.dataset.listens = "yes";
    document.addEventListener("study-light", () => showLit(node));
    node.addEventListener("pointerleave", () => light(null));
  }
  listenToHover(node);
  return end;
}

/**
 * @param {HTMLElement} section
 * @param {ChartContent} content
 * @param {(quantity: string) => void} choose
 */
function drawHead(section, content, choose) {
  const title = /** @type {HTMLElement} */ (section.querySelector("h2"));
  const choice = /** @type {HTMLElement} */ (section.querySelector(".study-quantities"));
  title.textContent = content.title;
  choice.setAttribute("role", "group");
  choice.setAttribute("aria-label", content.label);
  const drawn = JSON.stringify([content.quantity, content.quantities]);
  if (choice.dataset.drawn === drawn) return;
  choice.dataset.drawn = drawn;
  choice.replaceChildren(
    ...content.quantities.map(({ value, label }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.setAttribute("aria-pressed", String(value === content.quantity));
      button.onclick = () => choose(value);
      return button;
    }),
  );
}

/**
 * Plotly draws its traces anew whenever the data change, so what is lit is set again after it has drawn.
 * @param {ChartNode} node
 */
function listenToHover(node) {
  const plot = /** @type {any} */ (node);
  if (!plot.on) {
    setTimeout(() => node.isConnected && listenToHover(node), 200);
    return;
  }
  if (node.dataset.hovers) return;
  node.dataset.hovers = "yes";
  plot.on("plotly_hover", (/** @type {any} */ { points }) => light(String(points[0].data.meta?.experiment ?? "")));
  plot.on("plotly_unhover", () => light(null));
  plot.on("plotly_afterplot", () => showLit(node));
}

/** @param {HTMLElement} node */
function showLit(node) {
  const lit = getLit();
  for (const trace of /** @type {NodeListOf<TraceNode>} */ (node.querySelectorAll(".scatterlayer .trace"))) {
    const own = trace.__data__?.[0]?.trace?.meta?.experiment;
    const style = /** @type {SVGElement} */ (/** @type {unknown} */ (trace)).style;
    style.opacity = lit === null || String(own) === lit ? "1" : "0.12";
  }
}
