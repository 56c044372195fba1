// A Plotly chart in one node that lives as long as the page shows it. Streamlit calls this at every tick with new data.

const CONFIG = {
  displaylogo: false,
  displayModeBar: "hover",
  doubleClick: "autosize",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  plotlyServerURL: "", // no button of Plotly's leads to another host
  scrollZoom: false,
};

export default function ({ data, parentElement, setTriggerValue }) {
  const node = parentElement.querySelector(".live-chart");
  const chart = (node.chart ??= { drawn: null, call: 0 });
  const call = ++chart.call;
  chart.send = (clicked) => setTriggerValue("clicked", clicked);
  node.style.height = `${data.height}px`;
  node.setAttribute("aria-label", data.sentence);
  plotly(data.plotly).then(
    (Plotly) => call === chart.call && draw(Plotly, node, chart, data.figure),
    () => { node.innerHTML = `<p class="live-chart-missing">${data.missing}</p>`; },
  );
  // An older call's clean-up may run after a newer call has taken over: only the newest one ends the chart.
  return () => { if (call === chart.call) end(node, chart); };
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

async function draw(Plotly, node, chart, text) {
  if (text === chart.drawn || !node.isConnected) return;
  chart.drawn = text;
  const { data, layout } = JSON.parse(text);
  await Plotly.react(node, data, { ...layout, height: undefined, autosize: true }, CONFIG);
  if (!chart.resize) begin(Plotly, node, chart);
}

function begin(Plotly, node, chart) {
  chart.resize = new ResizeObserver(() => node.offsetWidth && Plotly.Plots.resize(node));
  chart.resize.observe(node);
  node.on("plotly_click", ({ points: [{ curveNumber, pointNumber, x, y }] }) =>
    chart.send({ curve: curveNumber, point: pointNumber, x, y }));
}

function end(node, chart) {
  chart.resize?.disconnect();
  window.Plotly?.purge(node);
  delete node.chart;
}
