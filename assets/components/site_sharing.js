// The end of a site's row: its rate, and a native list behind the picture of how its masks are shared.

/**
 * @typedef {object} SharingData
 * @property {string} rate
 * @property {string} label the name of the list
 * @property {string} value
 * @property {{ value: string, label: string }[]} options
 * @property {string} picture SVG
 * @property {boolean} disabled
 */
/** @typedef {HTMLElement & { drawn?: string }} PictureNode */

/** @param {ComponentCall<SharingData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const [root, output, picture, select] = [".share", "output", ".share-picture", "select"].map((name) =>
    parentElement.querySelector(name),
  );
  root?.classList.toggle("is-off", data.disabled);
  if (output && output.textContent !== data.rate) output.textContent = data.rate;
  showPicture(/** @type {PictureNode} */ (picture), data.picture);
  showChoice(/** @type {HTMLSelectElement} */ (select), data, (value) => setTriggerValue("chosen", value));
}

/**
 * @param {PictureNode} node
 * @param {string} svg
 */
function showPicture(node, svg) {
  if (node.drawn === svg) return;
  node.drawn = svg;
  const drawing = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  node.replaceChildren(document.importNode(drawing, true));
}

/**
 * @param {HTMLSelectElement} select
 * @param {SharingData} data
 * @param {(value: string) => void} choose
 */
function showChoice(select, { label, value, options, disabled }, choose) {
  select.setAttribute("aria-label", label);
  const texts = JSON.stringify(options);
  if (select.dataset.options !== texts) {
    select.dataset.options = texts;
    select.replaceChildren(...options.map((option) => new Option(option.label, option.value)));
  }
  select.value = value;
  select.title = options.find((option) => option.value === value)?.label ?? "";
  select.disabled = disabled || options.length < 2;
  select.onchange = () => choose(select.value);
}
