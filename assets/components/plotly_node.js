// A Plotly chart in one node, changed in place: what the components that show a chart share.

import { saveRows } from "./save_menu.js";

const LETTER = 5.6; // width of a title's letter in pixels, about
const LINE = 18; // height of a title's line
const BUTTONS = 110; // width of Plotly's buttons
const NARROW = matchMedia("(max-width: 640px)"); // as in live_chart.css: there are no buttons
const CONFIG = {
  displaylogo: false,
  doubleClick: "autosize",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  plotlyServerURL: "", // no button of Plotly's leads to another host
  scrollZoom: false,
};

/**
 * @typedef {object} ChartData
 * @property {string} figure Plotly's data and layout as JSON
 * @property {string} sentence what the chart shows, for a screen reader
 * @property {number} height in pixels; 0 where the style sheet sets it
 * @property {boolean} tools whether Plotly's buttons appear under the pointer
 * @property {string} plotly the address of Plotly's script
 * @property {string} missing what is said if that script does not load
 */
/**
 * @typedef {object} ChartState
 * @property {number} call the number of the newest call
 * @property {(name: string, value: unknown) => void} send
 * @property {string} [drawn] the figure that is on the page
 * @property {number} [scale] of its texts
 * @property {ChartData} [newest] the newest data
 * @property {number} [extraHeight] of a title of several lines
 * @property {string} [background] the figure's own
 * @property {string} [requestedTheme] the page's background for which a new figure was asked for
 * @property {ResizeObserver} [resize]
 */
/** @typedef {{ dtype: string, bdata: string, shape: string }} PackedMatrix */
/**
 * @typedef {object} DrawnTrace
 * @property {string} [name]
 * @property {(number | string)[]} [x]
 * @property {(number | string)[]} [y]
 * @property {number[][] | PackedMatrix} [z]
 * @property {number} [x0] of the first column of z, if there is no x
 * @property {number} [y0] of the first row of z, if there is no y
 * @property {{ array?: number[] }} [error_x]
 * @property {string} [fill]
 * @property {string} [xaxis]
 * @property {string} [yaxis]
 */
/** @typedef {{ title?: { text?: string }, tickvals?: number[], ticktext?: string[] }} DrawnAxis */
/** @typedef {HTMLElement & { data?: DrawnTrace[], layout?: Record<string, DrawnAxis>, chart?: ChartState, on?: (event: string, act: (event: PlotlyClick) => void) => void }} ChartNode */

/**
 * Draw the data in the node; return what Streamlit is to call when it ends the component.
 * @param {ChartNode} node
 * @param {ChartData} data
 * @param {(name: string, value: unknown) => void} send
 */
export function updateChart(node, data, send) {
  node.chart ??= { call: 0, send };
  const chart = node.chart;
  chart.call += 1;
  chart.send = send;
  const call = chart.call;
  if (data.height) node.style.height = `${data.height + (chart.extraHeight ?? 0)}px`;
  node.setAttribute("aria-label", data.sentence);
  loadPlotly(data.plotly).then(
    (Plotly) => (call === chart.call ? drawChart(Plotly, node, chart, data) : undefined),
    () => {
      node.textContent = data.missing;
    },
  );
  // Streamlit also cleans up after a call that a newer one overtook: the chart ends only when its node has left the page.
  return () => setTimeout(() => node.isConnected || removeChart(node, chart), 1000);
}

/**
 * Load one script for all charts of the page, whichever comes first.
 * @param {string} address
 * @returns {Promise<PlotlyScript>}
 */
function loadPlotly(address) {
  window.plotlyScript ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(address, document.baseURI).href;
    script.onload = () => resolve(/** @type {PlotlyScript} */ (window.Plotly));
    script.onerror = reject;
    document.head.append(script);
  });
  return window.plotlyScript;
}

/**
 * @param {PlotlyScript} Plotly
 * @param {ChartNode} node
 * @param {ChartState} chart
 * @param {ChartData} newest
 */
async function drawChart(Plotly, node, chart, newest) {
  if (!node.isConnected) return;
  const { figure, tools } = newest;
  const scale = getTextScale();
  chart.newest = newest;
  if (figure !== chart.drawn || scale !== chart.scale) {
    /** @type {{ data: PlotlyTrace[], layout: PlotlyLayout }} */
    const { data, layout } = JSON.parse(figure);
    chart.drawn = figure;
    chart.scale = scale;
    data.forEach(fillHoverTexts);
    scaleTexts({ data, layout }, scale);
    wrapTitle(node, chart, layout, tools);
    chart.background = layout.template.layout.paper_bgcolor;
    await Plotly.react(
      node,
      data,
      { ...layout, height: undefined, autosize: true },
      { ...CONFIG, displayModeBar: tools && "hover" },
    );
    if (!chart.resize) addListeners(Plotly, node, chart);
  }
  requestTheme(node, chart);
}

// How much larger the page's texts are than usual.
function getTextScale() {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

/**
 * Make all texts and the room for them larger where the page's are: Plotly knows pixels only.
 * @param {object} node a part of the figure
 * @param {number} factor
 */
function scaleTexts(node, factor) {
  if (factor === 1 || !node || ArrayBuffer.isView(node)) return;
  for (const [name, value] of Object.entries(node)) {
    if (/font$/.test(name) && typeof value.size === "number") value.size *= factor;
    else if (name === "yshift") /** @type {Record<string, number>} */ (node).yshift = value * factor;
    else if (name === "margin") for (const side of Object.keys(value)) value[side] *= factor;
    else if (value && typeof value === "object" && name !== "x" && name !== "y") scaleTexts(value, factor);
  }
}

/**
 * Break a title that is too long into lines, at its parts, and make the chart so much higher. Plotly would cut a title that is
 * wider than the chart, and draw its buttons over one that reaches them.
 * @param {HTMLElement} node
 * @param {ChartState} chart
 * @param {PlotlyLayout} layout
 * @param {boolean} tools
 */
function wrapTitle(node, chart, layout, tools) {
  const { title } = layout;
  if (!title?.text) return;
  const buttons = tools && !NARROW.matches ? BUTTONS : 0;
  const room = (node.offsetWidth - layout.margin.l - buttons) / LETTER;
  /** @type {string[]} */
  const lines = [];
  for (const part of title.text.split(" · ")) {
    const longer = lines.length ? `${lines.at(-1)} · ${part}` : part;
    if (lines.length && longer.length <= room) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  title.text = lines.join("<br>");
  const extraHeight = (lines.length - 1) * LINE;
  chart.extraHeight = extraHeight;
  title.pad = { t: title.pad.t + extraHeight }; // Plotly's "top" is that of the last line
  layout.margin = { ...layout.margin, t: layout.margin.t + extraHeight };
  node.style.height = `${layout.height + extraHeight}px`;
}

/**
 * Give each cell of a heatmap of 0 and 1 its hover text: two texts are sent, not thousands.
 * @param {PlotlyTrace} trace
 */
function fillHoverTexts(trace) {
  const says = trace.meta?.says;
  if (!says) return;
  const cells = atob(trace.z.bdata);
  const [rows, columns] = trace.z.shape.split(",").map(Number);
  trace.text = Array.from({ length: rows }, (_row, row) =>
    Array.from({ length: columns }, (_column, column) => says[cells.charCodeAt(row * columns + column)]),
  );
}

/**
 * Ask Python, once, for a figure in the page's new colors: Streamlit does not run the page again when the browser turns dark.
 * Charts that tick get them anyway; the others ask one after the other, as Streamlit runs one fragment at a time.
 * @param {HTMLElement} node
 * @param {ChartState} chart
 */
function requestTheme(node, chart) {
  const background = getComputedStyle(node).getPropertyValue("--st-background-color").trim().toLowerCase();
  if (background === chart.background || background === chart.requestedTheme) return;
  chart.requestedTheme = background;
  const turn = [...document.querySelectorAll(".live-chart")].indexOf(node) + 1;
  setTimeout(() => node.isConnected && background !== chart.background && chart.send("theme", background), 600 * turn);
}

/**
 * @param {PlotlyScript} Plotly
 * @param {ChartNode} node
 * @param {ChartState} chart
 */
function addListeners(Plotly, node, chart) {
  chart.resize = new ResizeObserver(() => {
    if (!node.offsetWidth) return;
    if (chart.newest && chart.scale !== getTextScale()) drawChart(Plotly, node, chart, chart.newest);
    Plotly.Plots.resize(node);
  });
  chart.resize.observe(node);
  node.on?.("plotly_click", ({ points: [{ curveNumber, pointNumber, x, y }] }) =>
    chart.send("clicked", { curve: curveNumber, point: pointNumber, x, y }),
  );
}

/**
 * @param {HTMLElement} node
 * @param {ChartState} chart
 */
function removeChart(node, chart) {
  chart.resize?.disconnect();
  window.Plotly?.purge(node);
}

/**
 * Save the chart as a picture, as a drawing, or its data as a table.
 * @param {ChartNode} node
 * @param {string} kind "png", "svg" or "csv"
 * @param {string} file
 */
export function saveChart(node, kind, file) {
  if (kind === "csv") saveRows(listPoints(node), file);
  else window.Plotly?.downloadImage(node, { format: kind, filename: file, width: 900, height: pictureHeight(node), scale: 2 });
}

/** @param {HTMLElement} node */
function pictureHeight(node) {
  return Math.max(node.offsetHeight, Math.min(600, node.offsetWidth));
}

/**
 * Return a row for each point of a chart's curves, or each cell of its heatmap.
 * @param {ChartNode} node
 * @returns {unknown[][]}
 */
function listPoints(node) {
  const matrix = node.data?.find(({ z }) => z);
  if (matrix) return listCells(node, matrix);
  const curves = (node.data ?? []).filter(({ x, fill, yaxis }) => x && !fill && !isOverlay(node, yaxis)); // the gap and ticks are no curves
  const whiskers = curves.some((curve) => curve.error_x);
  const rows = [["curve", findTitle(node, curves, "x"), findTitle(node, curves, "y"), ...(whiskers ? ["half width"] : [])]];
  for (const { name, x, y, error_x, xaxis, yaxis } of curves) {
    x?.forEach((value, n) => {
      const point = [nameTick(findAxis(node, xaxis ?? "x"), value), nameTick(findAxis(node, yaxis ?? "y"), y?.[n] ?? "")];
      rows.push([name ?? "", ...point, ...(whiskers ? [String(error_x?.array?.[n] ?? "")] : [])]);
    });
  }
  return rows;
}

/**
 * @param {ChartNode} node
 * @param {DrawnTrace} trace
 * @returns {unknown[][]}
 */
function listCells(node, { x, y, z, x0 = 0, y0 = 0 }) {
  const [across, down] = [findAxis(node, "x"), findAxis(node, "y")];
  const rows = [[across?.title?.text || "x", down?.title?.text || "y", "value"]];
  unpackMatrix(z).forEach((line, row) => {
    line.forEach((value, column) => {
      rows.push([nameTick(across, x?.[column] ?? x0 + column), nameTick(down, y?.[row] ?? y0 + row), String(value ?? "")]);
    });
  });
  return rows;
}

/**
 * @param {number[][] | PackedMatrix | undefined} z
 * @returns {number[][]}
 */
function unpackMatrix(z) {
  if (!z || Array.isArray(z)) return z ?? [];
  const bytes = Uint8Array.from(atob(z.bdata), (letter) => letter.charCodeAt(0));
  const values = z.dtype === "f4" ? new Float32Array(bytes.buffer) : bytes;
  const [rows, columns] = z.shape.split(",").map(Number);
  return Array.from({ length: rows }, (_row, row) => [...values.slice(row * columns, (row + 1) * columns)]);
}

/**
 * @param {ChartNode} node
 * @param {string} name such as "x2"
 * @returns {DrawnAxis | undefined}
 */
function findAxis(node, name) {
  return node.layout?.[`${name[0]}axis${name.slice(1)}`];
}

/**
 * @param {ChartNode} node
 * @param {string} [name] of a vertical axis
 */
function isOverlay(node, name) {
  return Boolean(name && /** @type {{ overlaying?: string } | undefined} */ (findAxis(node, name))?.overlaying);
}

/**
 * Return the title of the curves' axis, or its letter where they have several.
 * @param {ChartNode} node
 * @param {DrawnTrace[]} curves
 * @param {"x" | "y"} letter
 */
function findTitle(node, curves, letter) {
  const names = new Set(curves.map((curve) => curve[`${letter}axis`] ?? letter));
  const [title, ...others] = [...names].map((name) => findAxis(node, name)?.title?.text);
  return others.length ? letter : title || letter;
}

/**
 * Return the name of the tick at a value, where the axis has names; else the value.
 * @param {DrawnAxis | undefined} axis
 * @param {number | string} value
 */
function nameTick(axis, value) {
  const at = axis?.ticktext ? (axis.tickvals ?? []).indexOf(Math.round(Number(value))) : -1;
  return String(axis?.ticktext?.[at]?.replaceAll("<br>", " ") ?? value);
}
