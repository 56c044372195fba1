// The table of a study: a row for each experiment. It is replaced when it has changed.

import { drawSwatch, escapeText, followPointer } from "./study_light.js";

/** @typedef {{ slot: number, color: string, dash: string, name: string, runs: string, cells: string[] }} StudyRow */
/** @typedef {{ head: string[], rows: StudyRow[], explanation: string }} TableContent */
/** @typedef {HTMLElement & { drawn?: string }} TableNode */

/** @param {ComponentCall<{ content: string }>} component */
export default function ({ data, parentElement }) {
  const node = /** @type {TableNode} */ (parentElement.querySelector(".study-table"));
  followPointer(node);
  if (node.drawn === data.content) return;
  node.drawn = data.content;
  node.innerHTML = drawTable(JSON.parse(data.content));
}

/** @param {TableContent} content */
function drawTable({ head, rows, explanation }) {
  const names = head.map((name) => `<th scope="col">${escapeText(name)}</th>`).join("");
  const lines = rows.map(({ slot, color, dash, name, runs, cells }) => {
    const values = cells.map((cell, n) => `<td data-name="${escapeText(head[n + 1])}">${escapeText(cell)}</td>`);
    const first = `<th scope="row">${drawSwatch(color, dash)}<span>${escapeText(name)}</span> <small>${escapeText(runs)}</small></th>`;
    return `<tr data-experiment="${slot}">${first}${values.join("")}</tr>`;
  });
  const body = `<table><thead><tr>${names}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
  return `${body}<p>${escapeText(explanation)}</p>`;
}
