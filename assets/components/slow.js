// Moves through the frames of one update. All is drawn already: a frame lights its phase, uncovers what is computed so far and
// says its sentence. Where the visitor wants less motion, nothing plays by itself.
const PACE = { forward: 260, backward: 260 }; // milliseconds that a step stays
const REST = 2600; // and a phase without steps

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".slow");
  const slow = (root.slow ??= { at: 0, timer: 0, on: false });
  const drawn = data.stage + data.weights;
  if (slow.drawn !== drawn) {
    const again = slow.frames?.length === data.frames.length && slow.update === data.frames[0].says;
    Object.assign(slow, { drawn, update: data.frames[0].says, at: again ? slow.at : 0, on: again && slow.on });
    put(root.querySelector(".slow-figure"), data.stage);
    put(root.querySelector(".slow-weights"), data.weights);
    phases(root, data.phases);
  }
  Object.assign(slow, { frames: data.frames, phases: data.phases, words: data.words });
  const figure = root.querySelector(".slow-figure");
  figure.setAttribute("aria-label", data.words.figure);
  root.onclick = ({ target }) => click(root, target.closest("button"));
  root.onkeydown = (event) => key(root, event);
  show(root);
  if (data.bring && !slow.brought) bring(root);
  slow.brought = data.bring;
}

// What the visitor has asked for appears below the button, often below the screen.
function bring(root) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  root.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

function put(node, svg) {
  node.replaceChildren(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));
}

function phases(root, all) {
  const items = all.map(({ name, label }, n) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: `${n + 1} ${label}` });
    button.dataset.phase = name;
    item.append(button);
    return item;
  });
  root.querySelector(".slow-phases").replaceChildren(...items);
}

function click(root, button) {
  const { slow } = root;
  if (!button) return;
  if (button.dataset.phase) return go(root, slow.frames.findIndex(({ phase }) => phase === button.dataset.phase));
  if (button.dataset.does !== "play") return go(root, slow.at + (button.dataset.does === "next" ? 1 : -1));
  slow.on = !slow.on;
  if (slow.on && slow.at === slow.frames.length - 1) slow.at = 0;
  show(root);
}

function key(root, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  go(root, root.slow.at + step);
}

// A step of the visitor's own ends the play.
function go(root, at) {
  root.slow.on = false;
  root.slow.at = Math.max(0, Math.min(at, root.slow.frames.length - 1));
  show(root);
}

function show(root) {
  const { slow } = root;
  const frame = slow.frames[slow.at];
  light(root, frame);
  const now = root.querySelector(".sl-now");
  now.style.display = frame.step === null ? "none" : "";
  now.setAttribute("x", frame.at ?? 0);
  const clip = root.querySelector(".sl-clip");
  clip.setAttribute("x", frame.seen[0]);
  clip.setAttribute("width", frame.seen[1]);
  const says = root.querySelector(".slow-says");
  says.setAttribute("aria-live", slow.on ? "off" : "polite");
  if (says.textContent !== frame.says) says.textContent = frame.says;
  root.querySelector(".slow-equation").textContent = slow.phases.find(({ name }) => name === frame.phase).equation;
  follow(root, frame);
  buttons(root);
  clearTimeout(slow.timer);
  if (slow.on) slow.timer = setTimeout(() => root.isConnected && next(root), PACE[frame.phase] ?? REST);
}

function next(root) {
  const { slow } = root;
  slow.at += 1;
  if (slow.at === slow.frames.length - 1) slow.on = false;
  show(root);
}

function light(root, { phase, step }) {
  root.dataset.phase = phase;
  root.dataset.step = step ?? "";
  for (const part of root.querySelectorAll(".sl-part")) {
    part.classList.toggle("is-lit", part.dataset.lit.split(" ").includes(phase));
    part.classList.toggle("is-away", !part.dataset.seen.split(" ").includes(phase));
  }
  for (const button of root.querySelectorAll("[data-phase]:is(button)")) {
    if (button.dataset.phase === phase) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  }
}

// On a narrow screen the figure is wider than its frame: what is computed stays in sight.
function follow(root, { at }) {
  const figure = root.querySelector(".slow-figure");
  if (at === null || figure.scrollWidth <= figure.clientWidth) return;
  const scale = figure.scrollWidth / root.querySelector(".slow-figure svg").viewBox.baseVal.width;
  figure.scrollLeft = at * scale - figure.clientWidth / 2;
}

function buttons(root) {
  const { slow } = root;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const of = (does) => root.querySelector(`[data-does=${does}]`);
  of("previous").textContent = `◀ ${slow.words.previous}`;
  of("next").textContent = `${slow.words.next} ▶`;
  of("play").textContent = slow.on ? `❚❚ ${slow.words.pause}` : `▶ ${slow.words.play}`;
  of("play").hidden = calm;
  // Not disabled: the focus would be lost at the ends.
  of("previous").setAttribute("aria-disabled", slow.at === 0);
  of("next").setAttribute("aria-disabled", slow.at === slow.frames.length - 1);
}
