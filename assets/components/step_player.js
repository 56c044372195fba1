// A play button: sends the number of the next step a while after the last has come, so that a slow server is never flooded.

const PACE = 450; // milliseconds for which a step stays

/**
 * @typedef {object} PlayerData
 * @property {number} step the step on the page, from 0
 * @property {number} steps how many there are
 * @property {string} play the button's names
 * @property {string} pause
 * @property {string} next
 */
/** @typedef {HTMLButtonElement & { player?: { on: boolean, timer: number } }} PlayerButton */

/** @param {ComponentCall<PlayerData>} call */
export default function ({ data, parentElement, setTriggerValue }) {
  const button = /** @type {PlayerButton} */ (parentElement.querySelector("button"));
  const icon = /** @type {Element} */ (button.firstElementChild);
  const name = /** @type {Element} */ (button.querySelector(".player-name"));
  button.player ??= { on: false, timer: 0 };
  const player = button.player;
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isLast = data.step >= data.steps - 1;
  const sendStep = (/** @type {number} */ step) => setTriggerValue("step", step);
  if (isLast) player.on = false;
  clearTimeout(player.timer);
  if (player.on) player.timer = setTimeout(() => button.isConnected && sendStep(data.step + 1), PACE);

  const showState = () => {
    icon.textContent = player.on ? "❚❚" : "▶";
    name.textContent = player.on ? data.pause : reducedMotion ? data.next : data.play;
  };
  button.onclick = () => {
    clearTimeout(player.timer);
    player.on = !player.on && !reducedMotion;
    if (player.on || reducedMotion) sendStep(isLast ? 0 : data.step + 1);
    showState();
  };
  button.disabled = data.steps < 2;
  showState();
}
