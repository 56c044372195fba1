// The experiment under the pointer, or under the keyboard, is lit on the whole Compare page: cards, curves, differences, table.

const PAGE = ".st-key-compare";

/**
 * Light an experiment, or none.
 * @param {string | null} slot its place among the colors
 */
export function light(slot) {
  const page = /** @type {HTMLElement | null} */ (document.querySelector(PAGE));
  if (!page || (page.dataset.lit ?? null) === slot) return;
  if (slot === null) delete page.dataset.lit;
  else page.dataset.lit = slot;
  document.dispatchEvent(new CustomEvent("study-light", { detail: slot }));
}

/** @returns {string | null} the experiment that is lit */
export function getLit() {
  const page = /** @type {HTMLElement | null} */ (document.querySelector(PAGE));
  return page?.dataset.lit ?? null;
}

/**
 * Light what the pointer or the focus is on, within a node whose parts say by data-experiment whose they are.
 * @param {HTMLElement} node
 */
export function followPointer(node) {
  if (node.dataset.follows) return;
  node.dataset.follows = "yes";
  /** @param {Event} event */
  const follow = ({ target }) => {
    const part = target instanceof Element ? target.closest("[data-experiment]") : null;
    light(part?.getAttribute("data-experiment") ?? null);
  };
  for (const kind of ["pointerover", "focusin"]) node.addEventListener(kind, follow);
  for (const kind of ["pointerleave", "focusout"]) node.addEventListener(kind, () => light(null));
}

/**
 * @param {string} color
 * @param {string} dash as SVG writes it
 * @returns {string} a short piece of the experiment's line
 */
export function drawSwatch(color, dash) {
  return `<svg class="study-swatch" viewBox="0 0 30 8" aria-hidden="true"><path d="M1 4H29" stroke="${color}" stroke-width="3.4" stroke-dasharray="${dash}"/></svg>`;
}

/**
 * @param {string} text
 * @returns {string} the text for HTML
 */
export function escapeText(text) {
  const node = document.createElement("span");
  node.textContent = text;
  return node.innerHTML.replaceAll('"', "&quot;");
}
