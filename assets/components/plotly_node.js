// A Plotly chart in one node, changed in place: what the components that show a chart share.

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
 * @property {number} [extraHeight] of a title of several lines
 * @property {string} [background] the figure's own
 * @property {string} [requestedTheme] the page's background for which a new figure was asked for
 * @property {ResizeObserver} [resize]
 */
/** @typedef {{ name: string, x: number[], y: number[], fill?: string, yaxis?: string }} DrawnTrace */
/** @typedef {HTMLElement & { data?: DrawnTrace[], chart?: ChartState, on?: (event: string, act: (event: PlotlyClick) => void) => void }} ChartNode */

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
 * @param {ChartData} data
 */
async function drawChart(Plotly, node, chart, { figure, tools }) {
  if (!node.isConnected) return;
  if (figure !== chart.drawn) {
    /** @type {{ data: PlotlyTrace[], layout: PlotlyLayout }} */
    const { data, layout } = JSON.parse(figure);
    chart.drawn = figure;
    data.forEach(fillHoverTexts);
    scaleTexts({ data, layout }, Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);
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
  chart.resize = new ResizeObserver(() => node.offsetWidth && Plotly.Plots.resize(node));
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
