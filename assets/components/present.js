// Begins and ends the presentation: full screen where the browser allows it, large type by a class of the page (lab.css), and keys.

const CLASS = "presents";
const TEXT = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true]";
const PRESSED_BY_SPACE = "button, summary, a, label, [role=button], [role=radio], [role=slider], input";
const MOVED_BY_ARROWS = "[role=slider], [role=radio], [role=button], [role=tab], input";
/** @type {Record<string, string>} the button that a key presses */
const BUTTONS = { " ": "play", ArrowRight: "step", s: "step", n: "new-masks" };

/** @typedef {{ label: string, leave: string, help: string, presents: boolean }} PresentData */

/** @param {ComponentCall<PresentData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const button = /** @type {HTMLButtonElement} */ (parentElement.querySelector("button"));
  const root = document.documentElement;
  const set = (/** @type {boolean} */ on) => {
    if (root.classList.contains(CLASS) === on) return;
    root.classList.toggle(CLASS, on);
    // A browser may refuse: the layout is the same without it.
    if (on) root.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen();
    setTriggerValue("presents", on);
  };
  root.classList.toggle(CLASS, data.presents);
  button.textContent = data.presents ? data.leave : data.label;
  button.title = data.help;
  button.onclick = () => set(!root.classList.contains(CLASS));
  const closing = new AbortController(); // of this call's listeners
  document.addEventListener("keydown", (event) => root.classList.contains(CLASS) && handleKey(event, set), closing);
  // The browser takes the Escape that leaves the full screen for itself.
  document.addEventListener("fullscreenchange", () => document.fullscreenElement || set(false), closing);
  return () => {
    closing.abort();
    setTimeout(() => document.querySelector(".present") || root.classList.remove(CLASS), 1000);
  };
}

/**
 * @param {KeyboardEvent} event
 * @param {(on: boolean) => void} set
 */
function handleKey(event, set) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(target instanceof Element)) return;
  if (target.closest(TEXT)) return;
  if (key === "Escape" && !target.closest("details[open]")) set(false);
  const name = BUTTONS[key.length === 1 ? key.toLowerCase() : key];
  const isTaken = { " ": PRESSED_BY_SPACE, ArrowRight: MOVED_BY_ARROWS }[key];
  if (!name || event.repeat || (isTaken && target.closest(isTaken))) return;
  event.preventDefault();
  /** @type {HTMLButtonElement | null} */ (document.querySelector(`.st-key-${name} button`))?.click();
}
