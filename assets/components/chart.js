// A Plotly chart in one node that lives as long as the page shows it. Streamlit calls this at every tick with new data.

const LETTER = 5.6; // pixels, about, of a title's letter; those of a line, and of Plotly's buttons
const LINE = 18;
const BUTTONS = 110;
const NARROW = matchMedia("(max-width: 640px)"); // as in chart.css: the buttons are not there
const CONFIG = {
  displaylogo: false,
  doubleClick: "autosize",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  plotlyServerURL: "", // no button of Plotly's leads to another host
  scrollZoom: false,
};

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-chart");
  const chart = (node.chart ??= { call: 0 });
  const call = ++chart.call;
  chart.send = setTriggerValue;
  node.style.height = `${data.height + (chart.more ?? 0)}px`;
  node.setAttribute("aria-label", data.sentence);
  plotly(data.plotly).then(
    (Plotly) => call === chart.call && draw(Plotly, node, chart, data),
    () => { node.textContent = data.missing; },
  );
  // Streamlit also cleans up after a call that a newer one overtook: the chart ends only when its node has left the page.
  return () => setTimeout(() => node.isConnected || end(node, chart), 1000);
}

// One script for all charts of the page, whichever comes first.
function plotly(address) {
  window.plotlyScript ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(address, document.baseURI);
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  });
  return window.plotlyScript;
}

async function draw(Plotly, node, chart, { figure: text, tools }) {
  if (!node.isConnected) return;
  if (text !== chart.drawn) {
    const { data, layout } = JSON.parse(text);
    chart.drawn = text;
    data.forEach(putWords);
    if (layout.title?.text) inLines(node, chart, layout, tools);
    chart.paper = layout.template.layout.paper_bgcolor;
    await Plotly.react(node, data, { ...layout, height: undefined, autosize: true }, { ...CONFIG, displayModeBar: tools && "hover" });
    if (!chart.resize) begin(Plotly, node, chart);
  }
  askForTheme(node, chart);
}

// A title that is wider than the chart is cut by Plotly, and one that reaches its buttons lies under them: its parts go on as
// many lines as it takes, and the chart is higher.
function inLines(node, chart, layout, tools) {
  const beside = tools && !NARROW.matches ? BUTTONS : 0;
  const room = (node.offsetWidth - layout.margin.l - beside) / LETTER;
  const lines = [];
  for (const part of layout.title.text.split(" · ")) {
    const longer = lines.length ? `${lines.at(-1)} · ${part}` : part;
    if (lines.length && longer.length <= room) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  layout.title.text = lines.join("<br>");
  const more = (chart.more = (lines.length - 1) * LINE);
  layout.title.pad = { t: layout.title.pad.t + more }; // what it calls the top is that of the last line
  layout.margin = { ...layout.margin, t: layout.margin.t + more };
  node.style.height = `${layout.height + more}px`;
}

// What hovering says of each cell of a heatmap of 0 and 1: sent as two texts, not as thousands.
function putWords(trace) {
  const says = trace.meta?.says;
  if (!says) return;
  const cells = atob(trace.z.bdata);
  const [rows, columns] = trace.z.shape.split(",").map(Number);
  const one = (row) => (_, column) => says[cells.charCodeAt(row * columns + column)];
  trace.text = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, one(row)));
}

// Streamlit does not run the page again when the browser turns dark: the chart asks for its new colours, once. Charts
// that tick get them anyway; the others ask one after the other, as Streamlit runs one fragment at a time.
function askForTheme(node, chart) {
  const page = getComputedStyle(node).getPropertyValue("--st-background-color").trim().toLowerCase();
  if (page === chart.paper || page === chart.asked) return;
  chart.asked = page;
  const turn = [...document.querySelectorAll(".live-chart")].indexOf(node) + 1;
  setTimeout(() => node.isConnected && page !== chart.paper && chart.send("theme", page), 600 * turn);
}

function begin(Plotly, node, chart) {
  chart.resize = new ResizeObserver(() => node.offsetWidth && Plotly.Plots.resize(node));
  chart.resize.observe(node);
  node.on("plotly_click", ({ points: [{ curveNumber, pointNumber, x, y }] }) =>
    chart.send("clicked", { curve: curveNumber, point: pointNumber, x, y }));
}

function end(node, chart) {
  chart.resize?.disconnect();
  window.Plotly?.purge(node);
}
