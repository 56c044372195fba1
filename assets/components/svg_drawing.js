// An SVG that Python has drawn; the node changes only when the drawing does.

import { saveDrawing, updateSaveMenu } from "./save_menu.js";

/** @typedef {HTMLElement & { drawn?: string }} DrawingNode */

/** @param {ComponentCall<{ svg: string, width: number, save: import("./save_menu.js").SaveMenu | null }>} call `width`: in pixels, at most. */
export default function ({ data, parentElement }) {
  const node = /** @type {DrawingNode} */ (parentElement.querySelector(".drawing"));
  const frame = /** @type {HTMLElement} */ (node.parentElement);
  frame.style.maxWidth = `${data.width}px`;
  const { save } = data;
  if (save) {
    updateSaveMenu(frame, save, (kind) => {
      saveDrawing(/** @type {SVGSVGElement} */ (node.querySelector("svg")), kind, save[1]);
    });
  }
  if (node.drawn === data.svg) return;
  node.drawn = data.svg;
  node.innerHTML = data.svg;
}
