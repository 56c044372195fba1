// A Plotly chart in one node that lives as long as the page shows it. Streamlit calls this at every tick with new data.

import { updateChart } from "./plotly_node.js";

/** @typedef {import("./plotly_node.js").ChartNode} ChartNode */

/** @param {ComponentCall<import("./plotly_node.js").ChartData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const node = /** @type {ChartNode} */ (parentElement.querySelector(".live-chart"));
  return updateChart(node, data, setTriggerValue);
}
