// The panel of the run. Streamlit calls this at every tick; what is there stays, only what differs is changed.

import { saveChart, updateChart } from "./plotly_node.js";

/** @typedef {{ run: string, name: string, value: string, color: string, dash: string, width: number }} LegendEntry */
/** @typedef {{ name: string, label: string, on: boolean, help: string }} PanelSwitch */
/**
 * @typedef {object} PanelContent
 * @property {{ text: string, fraction: number }} progress
 * @property {string} status
 * @property {{ label: string, value: string, help: string }[]} numbers
 * @property {LegendEntry[]} legend those with a run can be removed
 * @property {string} remove what the button that removes a run is called; {run} is its name
 * @property {{ quantity: string, quantity_label: string, quantities: { value: string, label: string }[], switches: PanelSwitch[] }} tools
 * @property {{ title: string, lines: string[] }} changes
 * @property {{ title: string, body: string } | null} text
 * @property {{ label: string, kinds: { kind: string, label: string }[] }} save
 */
/** @typedef {HTMLElement & { shown?: string }} PanelNode */
/** @typedef {import("./plotly_node.js").ChartNode} ChartNode */
/** @typedef {import("./plotly_node.js").ChartData & { content: string }} PanelData */
/** @typedef {(action: object) => void} Act */

/** @param {ComponentCall<PanelData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const panel = /** @type {PanelNode} */ (parentElement.querySelector(".run"));
  const chart = /** @type {ChartNode} */ (panel.querySelector(".live-chart"));
  if (panel.shown !== data.content) {
    panel.shown = data.content;
    showContent(panel, JSON.parse(data.content), (action) => setTriggerValue("did", action), chart);
  }
  return updateChart(chart, data, setTriggerValue);
}

/**
 * @param {HTMLElement} panel
 * @param {PanelContent} content
 * @param {Act} act
 * @param {ChartNode} chart
 */
function showContent(panel, content, act, chart) {
  const { progress, status, numbers, legend, text } = content;
  setText(part(panel, ".run-done"), progress.text);
  part(panel, ".run-bar span").style.width = `${100 * progress.fraction}%`;
  setText(part(panel, ".run-status"), status);
  showList(part(panel, ".run-numbers"), numbers, showNumber);
  const current = legend.filter((entry) => !entry.run);
  const earlier = legend.filter((entry) => entry.run);
  showList(part(panel, ".run-legend"), current, (item, entry) => showEntry(item, entry));
  showList(part(panel, ".run-earlier"), earlier, (item, entry) => showEarlier(item, entry, content.remove, act));
  showTools(part(panel, ".run-tools"), content, act, chart);
  part(panel, ".run-text").hidden = text === null;
  setText(part(panel, ".run-text-title"), text?.title ?? "");
  setText(part(panel, ".run-text-body"), text?.body ?? "");
}

/**
 * @param {ParentNode} panel
 * @param {string} selector
 */
function part(panel, selector) {
  return /** @type {HTMLElement} */ (panel.querySelector(selector));
}

/**
 * @param {Element} node
 * @param {string} text
 */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Give a list as many items as there are entries; an item that stays keeps its node, and with it the focus.
 * @template Entry
 * @param {HTMLElement} list
 * @param {Entry[]} entries
 * @param {(item: HTMLElement, entry: Entry) => void} show
 */
function showList(list, entries, show) {
  while (list.children.length > entries.length) list.lastElementChild?.remove();
  entries.forEach((entry, n) => {
    const existing = /** @type {HTMLElement | undefined} */ (list.children[n]);
    show(existing ?? list.appendChild(document.createElement("li")), entry);
  });
}

/**
 * Return the child of that class, made where it is not there yet.
 * @param {Element} parent
 * @param {string} tag
 * @param {string} name
 */
function child(parent, tag, name) {
  const existing = parent.querySelector(`:scope > .${name}`);
  if (existing) return /** @type {HTMLElement} */ (existing);
  const node = document.createElement(tag);
  node.className = name;
  return parent.appendChild(node);
}

/**
 * @param {HTMLElement} item
 * @param {{ label: string, value: string, help: string }} number
 */
function showNumber(item, { label, value, help }) {
  item.tabIndex = 0;
  item.setAttribute("aria-label", `${label}: ${value}. ${help}`);
  item.role = "listitem";
  setText(child(item, "span", "run-label"), label);
  setText(child(item, "strong", "run-value"), value);
  setText(child(item, "span", "run-help"), help);
}

/**
 * @param {HTMLElement} item
 * @param {LegendEntry} entry
 */
function showEntry(item, { name, value, color, dash, width }) {
  const line = child(item, "span", "run-line");
  line.style.borderTop = `${Math.max(1.5, width)}px ${dash === "dash" ? "dashed" : "solid"} ${color}`;
  line.style.opacity = width < 1.5 ? "0.7" : "";
  setText(child(item, "span", "run-name"), name);
  setText(child(item, "strong", "run-now"), value);
}

/**
 * @param {HTMLElement} item
 * @param {LegendEntry} entry
 * @param {string} remove
 * @param {Act} act
 */
function showEarlier(item, entry, remove, act) {
  showEntry(item, entry);
  const button = /** @type {HTMLButtonElement} */ (child(item, "button", "run-remove"));
  button.type = "button";
  setText(button, "×");
  button.setAttribute("aria-label", remove.replace("{run}", entry.name));
  button.onclick = () => act({ remove: entry.run });
}

/**
 * @param {HTMLElement} bar
 * @param {PanelContent} content
 * @param {Act} act
 * @param {ChartNode} chart
 */
function showTools(bar, { tools, changes, save }, act, chart) {
  const choice = child(bar, "span", "run-quantity");
  choice.role = "group";
  choice.setAttribute("aria-label", tools.quantity_label);
  tools.quantities.forEach(({ value, label }, n) => {
    const button = child(choice, "button", `run-quantity-${n}`);
    showToggle(button, label, value === tools.quantity, () => act({ quantity: value }));
  });
  for (const { name, label, on, help } of tools.switches) {
    const button = child(bar, "button", `run-switch-${name}`);
    button.title = help;
    showToggle(button, label, on, () => act({ switch: name, on: !on }));
  }
  const list = showMenu(child(bar, "details", "run-changes"), changes.title, "ul");
  list.parentElement?.classList.toggle("is-empty", !changes.lines.length);
  showList(list, changes.lines, (item, line) => setText(item, line));
  const kinds = showMenu(child(bar, "details", "run-save"), "⤓", "div");
  kinds.previousElementSibling?.setAttribute("aria-label", save.label);
  for (const { kind, label } of save.kinds) {
    const button = /** @type {HTMLButtonElement} */ (child(kinds, "button", `run-save-${kind}`));
    button.type = "button";
    setText(button, label);
    button.onclick = () => saveChart(chart, kind, "curves");
  }
}

/**
 * @param {HTMLElement} node
 * @param {string} label
 * @param {boolean} on
 * @param {() => void} toggle
 */
function showToggle(node, label, on, toggle) {
  const button = /** @type {HTMLButtonElement} */ (node);
  button.type = "button";
  setText(button, label);
  button.setAttribute("aria-pressed", String(on));
  button.onclick = toggle;
}

/**
 * @param {HTMLElement} node
 * @param {string} title
 * @param {string} tag of what opens below the title
 */
function showMenu(node, title, tag) {
  const menu = /** @type {HTMLDetailsElement} */ (node);
  if (!menu.children.length) {
    menu.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") menu.open = false;
    });
    menu.addEventListener("focusout", ({ relatedTarget }) => {
      if (!menu.contains(/** @type {Node | null} */ (relatedTarget))) menu.open = false;
    });
  }
  setText(child(menu, "summary", "run-menu-title"), title);
  return child(menu, tag, "run-menu");
}
