// An SVG that Python has drawn; the node changes only when the drawing does.

/** @typedef {HTMLElement & { drawn?: string }} DrawingNode */

/** @param {ComponentCall<{ svg: string, width: number }>} call `width`: in pixels, at most. */
export default function ({ data, parentElement }) {
  const node = /** @type {DrawingNode} */ (parentElement.querySelector(".drawing"));
  node.style.maxWidth = `${data.width}px`;
  if (node.drawn === data.svg) return;
  node.drawn = data.svg;
  node.innerHTML = data.svg;
}
