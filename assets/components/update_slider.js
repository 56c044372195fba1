// A slider whose bounds the server may move; while the user drags it, the server's value waits.

const WAIT = 120; // milliseconds between two values sent while dragging

/**
 * @typedef {object} SliderData
 * @property {string} label
 * @property {number} low
 * @property {number} high
 * @property {number} value
 * @property {string} newest what the text says at an upper end that grows; "" if it does not grow
 * @property {{ label: string, value: number | null }[]} jumps buttons behind the slider; with null it is hidden
 */
/** @typedef {HTMLInputElement & { timer?: number }} SliderInput */

/** @param {ComponentCall<SliderData>} call */
export default function ({ data, parentElement, setTriggerValue }) {
  const input = /** @type {SliderInput} */ (parentElement.querySelector("input"));
  const name = /** @type {Element} */ (parentElement.querySelector(".scrub-name"));
  const output = /** @type {HTMLOutputElement} */ (parentElement.querySelector("output"));

  // The upper end may have grown by the time the server reads this: there, the choice is "newest" and no number.
  const isAtNewest = () => Boolean(data.newest) && input.value === input.max;
  const showValue = () => {
    const text = `${input.value} / ${input.max}${isAtNewest() ? ` · ${data.newest}` : ""}`;
    const [value, low, high] = [input.value, input.min, input.max].map(Number);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--part", String((value - low) / Math.max(1, high - low)));
  };
  name.textContent = data.label;
  if (!input.dataset.held && !input.timer) {
    input.min = String(data.low);
    input.max = String(data.high);
    input.value = String(data.value);
  }
  input.disabled = data.high <= data.low;
  showValue();

  const sendValue = () => {
    input.timer = 0;
    setTriggerValue("chosen", { value: Number(input.value), newest: isAtNewest() });
  };
  input.oninput = () => {
    showValue();
    input.timer ||= setTimeout(sendValue, WAIT);
  };
  // As many buttons as there are jumps; one that stays keeps its node, and with it the focus.
  const jumps = /** @type {HTMLElement} */ (parentElement.querySelector(".scrub-jumps"));
  while (jumps.children.length > data.jumps.length) jumps.lastElementChild?.remove();
  data.jumps.forEach(({ label, value }, n) => {
    const existing = /** @type {HTMLButtonElement | undefined} */ (jumps.children[n]);
    const button = existing ?? jumps.appendChild(document.createElement("button"));
    button.type = "button";
    if (button.textContent !== label) button.textContent = label;
    button.classList.toggle("is-away", value === null);
    button.onclick = () => setTriggerValue("chosen", { value, newest: Boolean(data.newest) && Number(value) >= data.high });
  });
  const release = () => {
    delete input.dataset.held;
  };
  input.onpointerdown = () => {
    input.dataset.held = "1";
  };
  input.onpointerup = release;
  input.onpointercancel = release;
}
