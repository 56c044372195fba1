// Mounts the grid of masks and replaces it as a whole; the focus stays on the cell that has it. Which cell is opened is
// told to Python; which one the tab key reaches is ours to keep.

const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".grid-root");
  root.send = (cell) => setTriggerValue("opened", cell.dataset.at);
  if (root.drawn !== data.svg) draw(root, data.svg);
  root.onclick = ({ target }) => target.closest(".mg-cell") && open(root, target.closest(".mg-cell"));
  root.onkeydown = (event) => key(root, event);
}

function draw(root, svg) {
  const focused = root.contains(document.activeElement) ? document.activeElement.id : "";
  const fresh = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  root.replaceChildren(document.importNode(fresh, true));
  root.drawn = svg;
  const all = cells(root);
  const again = focused && root.querySelector(`#${CSS.escape(focused)}`);
  reach(root, again || root.querySelector(".is-open") || all[0]);
  if (again) again.focus({ focusVisible: root.byKey, preventScroll: true });
}

function open(root, cell, byKey = false) {
  root.byKey = byKey;
  reach(root, cell);
  cell.focus({ focusVisible: byKey, preventScroll: true });
  root.send(cell);
}

// The arrow keys move over the lanes and steps, Enter or the space bar opens.
function key(root, event) {
  const cell = event.target.closest(".mg-cell");
  if (!cell) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    return open(root, cell, true);
  }
  const step = STEP[event.key];
  if (!step) return;
  event.preventDefault();
  const lanes = [...root.querySelectorAll("[role=group]:has(> .mg-cell)")].map((lane) => [...lane.querySelectorAll(".mg-cell")]);
  const row = lanes.findIndex((lane) => lane.includes(cell));
  const next = lanes[row + step[1]]?.[lanes[row].indexOf(cell) + step[0]];
  if (!next) return;
  reach(root, next);
  next.focus();
}

function cells(root) {
  return [...root.querySelectorAll(".mg-cell")];
}

function reach(root, cell) {
  for (const one of cells(root)) one.setAttribute("tabindex", one === cell ? 0 : -1);
}
