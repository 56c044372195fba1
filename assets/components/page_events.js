// What happens anywhere on the page and concerns the visit: a link to the Lab that is followed keeps the visit's run, where
// the browser would begin a new one; Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y) outside of text fields take edits back.

/** @typedef {{ send: (name: string, value: string) => void }} Listener */

const TEXT = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true]";

/** @type {Listener | undefined} */
let listener;

/**
 * @param {{ setTriggerValue: (name: string, value: string) => void }} component
 */
export default function ({ setTriggerValue }) {
  if (!listener) {
    document.addEventListener("click", follow, true);
    document.addEventListener("keydown", travel);
  }
  listener = { send: setTriggerValue };
}

/** @param {MouseEvent} event */
function follow(event) {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const link = event.target instanceof Element ? event.target.closest("a.to-lab") : null;
  if (!plain || !(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  listener?.send("open", link.href);
}

/** @param {KeyboardEvent} event */
function travel(event) {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
  if (event.target instanceof Element && event.target.closest(TEXT)) return;
  event.preventDefault();
  listener?.send("travel", key === "y" || event.shiftKey ? "redo" : "undo");
}
