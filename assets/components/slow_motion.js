// Plays the frames of one update. All is drawn already: a frame lights its phase, uncovers what is computed so far and shows
// its sentence. Where the visitor wants less motion, nothing plays by itself.

/** @type {Record<string, number>} */
const PACE = { forward: 260, backward: 260 }; // milliseconds for which a step stays
const REST = 2600; // and a phase without steps
/** @type {Record<string, number>} */
const STEP = { ArrowLeft: -1, ArrowRight: 1 };

/**
 * @typedef {object} Frame
 * @property {string} phase
 * @property {number | null} step
 * @property {number | null} x of the marker, in the figure's units
 * @property {[number, number]} revealed x and width of the part that is computed so far
 * @property {string} caption
 */
/** @typedef {{ name: string, label: string, equation: string }} Phase */
/** @typedef {{ play: string, pause: string, previous: string, next: string, figure: string }} Words */
/**
 * @typedef {object} SlowMotionData
 * @property {string} stage the SVG of the steps
 * @property {string} weights the SVG of the weights
 * @property {Frame[]} frames
 * @property {Phase[]} phases
 * @property {Words} words the buttons' names
 * @property {boolean} bring whether to scroll it into view, once
 */
/**
 * @typedef {object} SlowMotionState
 * @property {number} at the frame that is shown
 * @property {number} timer
 * @property {boolean} on whether it plays
 * @property {Frame[]} frames
 * @property {Phase[]} phases
 * @property {Words} words
 * @property {string} [drawn] the SVGs on the page
 * @property {string} [update] the first sentence, by which an update is known again
 * @property {boolean} [brought]
 */
/** @typedef {HTMLElement & { slow: SlowMotionState }} SlowMotionRoot */

/** @param {ComponentCall<SlowMotionData>} call */
export default function ({ data, parentElement }) {
  const root = /** @type {SlowMotionRoot} */ (find(parentElement, ".slow"));
  const { frames, phases, words } = data;
  const isNew = !root.slow;
  root.slow ??= { at: 0, timer: 0, on: false, frames, phases, words };
  const { slow } = root;
  const drawn = data.stage + data.weights;
  if (slow.drawn !== drawn) {
    const again = !isNew && slow.frames.length === frames.length && slow.update === frames[0].caption;
    Object.assign(slow, { drawn, update: frames[0].caption, at: again ? slow.at : 0, on: again && slow.on });
    replaceSvg(find(root, ".slow-figure"), data.stage);
    replaceSvg(find(root, ".slow-weights"), data.weights);
    addPhaseButtons(root, phases);
  }
  Object.assign(slow, { frames, phases, words });
  find(root, ".slow-figure").setAttribute("aria-label", words.figure);
  root.onclick = ({ target }) => pressButton(root, /** @type {Element} */ (target).closest("button"));
  root.onkeydown = (event) => handleKey(root, event);
  showFrame(root);
  if (data.bring && !slow.brought) scrollIntoSight(root);
  slow.brought = data.bring;
}

/**
 * @param {Element} parent
 * @param {string} selector
 * @returns {HTMLElement} the first match, which is always there
 */
function find(parent, selector) {
  return /** @type {HTMLElement} */ (parent.querySelector(selector));
}

const isMotionReduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * What the visitor has asked for appears below the button, often below the screen.
 * @param {HTMLElement} root
 */
function scrollIntoSight(root) {
  root.scrollIntoView({ block: "nearest", behavior: isMotionReduced() ? "auto" : "smooth" });
}

/**
 * @param {Element} node
 * @param {string} svg
 */
function replaceSvg(node, svg) {
  node.replaceChildren(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));
}

/**
 * @param {HTMLElement} root
 * @param {Phase[]} phases
 */
function addPhaseButtons(root, phases) {
  const items = phases.map(({ name, label }, n) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: `${n + 1} ${label}` });
    button.dataset.phase = name;
    item.append(button);
    return item;
  });
  find(root, ".slow-phases").replaceChildren(...items);
}

/**
 * @param {SlowMotionRoot} root
 * @param {HTMLButtonElement | null} button
 */
function pressButton(root, button) {
  if (!button) return;
  const { slow } = root;
  const { phase, does } = button.dataset;
  if (phase) {
    goTo(
      root,
      slow.frames.findIndex((frame) => frame.phase === phase),
    );
  } else if (does !== "play") {
    goTo(root, slow.at + (does === "next" ? 1 : -1));
  } else {
    slow.on = !slow.on;
    if (slow.on && slow.at === slow.frames.length - 1) slow.at = 0;
    showFrame(root);
  }
}

/**
 * @param {SlowMotionRoot} root
 * @param {KeyboardEvent} event
 */
function handleKey(root, event) {
  const step = STEP[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  goTo(root, root.slow.at + step);
}

/**
 * Show a frame that the visitor chose, which ends the play.
 * @param {SlowMotionRoot} root
 * @param {number} at
 */
function goTo(root, at) {
  root.slow.on = false;
  root.slow.at = Math.max(0, Math.min(at, root.slow.frames.length - 1));
  showFrame(root);
}

/** @param {SlowMotionRoot} root */
function showFrame(root) {
  const { slow } = root;
  const frame = slow.frames[slow.at];
  lightPhase(root, frame);
  const marker = find(root, ".sl-now");
  marker.style.display = frame.step === null ? "none" : "";
  marker.setAttribute("x", String(frame.x ?? 0));
  const clip = find(root, ".sl-clip");
  clip.setAttribute("x", String(frame.revealed[0]));
  clip.setAttribute("width", String(frame.revealed[1]));
  const sentence = find(root, ".slow-says");
  sentence.setAttribute("aria-live", slow.on ? "off" : "polite");
  if (sentence.textContent !== frame.caption) sentence.textContent = frame.caption;
  const phase = slow.phases.find(({ name }) => name === frame.phase);
  find(root, ".slow-equation").textContent = phase?.equation ?? "";
  scrollFigure(root, frame);
  updateButtons(root);
  clearTimeout(slow.timer);
  if (slow.on) slow.timer = setTimeout(() => root.isConnected && playNext(root), PACE[frame.phase] ?? REST);
}

/** @param {SlowMotionRoot} root */
function playNext(root) {
  const { slow } = root;
  slow.at += 1;
  if (slow.at === slow.frames.length - 1) slow.on = false;
  showFrame(root);
}

/**
 * @param {HTMLElement} root
 * @param {Frame} frame
 */
function lightPhase(root, { phase, step }) {
  root.dataset.phase = phase;
  root.dataset.step = String(step ?? "");
  for (const part of /** @type {NodeListOf<SVGElement>} */ (root.querySelectorAll(".sl-part"))) {
    const { lit = "", seen = "" } = part.dataset;
    part.classList.toggle("is-lit", lit.split(" ").includes(phase));
    part.classList.toggle("is-away", !seen.split(" ").includes(phase));
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-phase]:is(button)"))) {
    if (button.dataset.phase === phase) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  }
}

/**
 * On a narrow screen the figure is wider than its frame: keep what is computed in sight.
 * @param {HTMLElement} root
 * @param {Frame} frame
 */
function scrollFigure(root, { x }) {
  const figure = find(root, ".slow-figure");
  if (x === null || figure.scrollWidth <= figure.clientWidth) return;
  const svg = /** @type {SVGSVGElement} */ (figure.querySelector("svg"));
  figure.scrollLeft = x * (figure.scrollWidth / svg.viewBox.baseVal.width) - figure.clientWidth / 2;
}

/** @param {SlowMotionRoot} root */
function updateButtons(root) {
  const { slow } = root;
  const [previous, play, next] = ["previous", "play", "next"].map((does) => find(root, `[data-does=${does}]`));
  previous.textContent = `◀ ${slow.words.previous}`;
  next.textContent = `${slow.words.next} ▶`;
  play.textContent = slow.on ? `❚❚ ${slow.words.pause}` : `▶ ${slow.words.play}`;
  play.hidden = isMotionReduced();
  // Not disabled: the focus would be lost at the ends.
  previous.setAttribute("aria-disabled", String(slow.at === 0));
  next.setAttribute("aria-disabled", String(slow.at === slow.frames.length - 1));
}
