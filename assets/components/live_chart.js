// A Plotly chart in one node that lives as long as the page shows it. Streamlit calls this at every tick with new data.

import { saveChart, updateChart } from "./plotly_node.js";
import { updateSaveMenu } from "./save_menu.js";

/** @typedef {import("./plotly_node.js").ChartNode} ChartNode */

/** @typedef {import("./plotly_node.js").ChartData & { save: import("./save_menu.js").SaveMenu }} SavedChartData */

/** @param {ComponentCall<SavedChartData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const node = /** @type {ChartNode} */ (parentElement.querySelector(".live-chart"));
  const place = /** @type {HTMLElement} */ (parentElement.querySelector(".chart-tools"));
  updateSaveMenu(place, data.save, (kind) => saveChart(node, kind, data.save[1]));
  return updateChart(node, data, setTriggerValue);
}
