// Mounts the grid of masks and replaces it as a whole; the focus stays on the cell that has it. Python is told which cell is
// opened; which one the tab key reaches is kept here.

import { listBarcodes, saveDrawing, saveRows, updateSaveMenu } from "./save_menu.js";

/** @type {Record<string, [number, number]>} */
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @typedef {SVGElement} Cell */
/**
 * @typedef {object} GridState
 * @property {(cell: Cell) => void} send
 * @property {string} [drawn] the SVG that is on the page
 * @property {boolean} [byKey] whether the last cell was opened with the keyboard
 */
/** @typedef {HTMLElement & GridState} GridRoot */

/** @param {ComponentCall<{ svg: string, save: import("./save_menu.js").SaveMenu }>} call */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = /** @type {GridRoot} */ (parentElement.querySelector(".grid-root"));
  root.send = (cell) => setTriggerValue("opened", cell.dataset.at);
  if (root.drawn !== data.svg) drawGrid(root, data.svg);
  updateSaveMenu(/** @type {Element} */ (parentElement.querySelector(".grid-tools")), data.save, (kind) => {
    const svg = /** @type {SVGSVGElement} */ (root.querySelector("svg"));
    if (kind === "csv") saveRows(listBarcodes(svg), data.save[1]);
    else saveDrawing(svg, kind, data.save[1]);
  });
  root.onclick = ({ target }) => {
    const cell = findCell(target);
    if (cell) openCell(root, cell);
  };
  root.onkeydown = (event) => handleKey(root, event);
}

/**
 * @param {GridRoot} root
 * @param {string} svg
 */
function drawGrid(root, svg) {
  const focused = root.contains(document.activeElement) ? document.activeElement?.id : "";
  const fresh = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  root.replaceChildren(document.importNode(fresh, true));
  root.drawn = svg;
  const again = focused ? /** @type {Cell | null} */ (root.querySelector(`#${CSS.escape(focused)}`)) : null;
  setTabStop(root, again ?? root.querySelector(".is-open") ?? listCells(root)[0]);
  if (again) focusCell(again, root.byKey);
}

/**
 * @param {GridRoot} root
 * @param {Cell} cell
 */
function openCell(root, cell, byKey = false) {
  root.byKey = byKey;
  setTabStop(root, cell);
  focusCell(cell, byKey);
  root.send(cell);
}

/**
 * @param {Cell} cell
 * @param {boolean | undefined} visible whether the focus ring is drawn
 */
function focusCell(cell, visible) {
  cell.focus({ focusVisible: visible, preventScroll: true });
}

/**
 * Move over lanes and steps with the arrow keys; open with Enter or the space bar.
 * @param {GridRoot} root
 * @param {KeyboardEvent} event
 */
function handleKey(root, event) {
  const cell = findCell(event.target);
  if (!cell) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    openCell(root, cell, true);
    return;
  }
  const step = STEP[event.key];
  if (!step) return;
  event.preventDefault();
  const lanes = [...root.querySelectorAll("[role=group]:has(> .mg-cell)")].map(listCells);
  const row = lanes.findIndex((lane) => lane.includes(cell));
  const next = lanes[row + step[1]]?.[lanes[row].indexOf(cell) + step[0]];
  if (!next) return;
  setTabStop(root, next);
  next.focus();
}

/**
 * @param {EventTarget | null} target
 * @returns {Cell | null} the cell that the target lies in
 */
function findCell(target) {
  return /** @type {Element} */ (target).closest(".mg-cell");
}

/**
 * @param {Element} parent
 * @returns {Cell[]}
 */
function listCells(parent) {
  return [...parent.querySelectorAll(".mg-cell")].map((cell) => /** @type {Cell} */ (cell));
}

/**
 * Let the tab key reach this cell alone.
 * @param {GridRoot} root
 * @param {Element | undefined} cell
 */
function setTabStop(root, cell) {
  for (const one of listCells(root)) one.setAttribute("tabindex", one === cell ? "0" : "-1");
}
