// Mounts the network figure once and then changes it in place; tells Python what the user did with it.
// Python draws the figure and counts the crossings; here is only what must follow a pointer or a key at once.

import { listBarcodes, saveDrawing, saveRows, updateSaveMenu } from "./save_menu.js";

const SEEN = "network-callouts-seen";
/** @type {Record<string, [number, number]>} */
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {WeakMap<Element, View>} */
const views = new WeakMap();
// The tour outlives the view, which Streamlit may end and begin anew; another page has none of it.
const tour = { page: "", callout: 0, touring: false };

/** @typedef {{ at: string, text: string, next: string }} Callout `at`: a selector of what is explained; `next`: the button. */
/** @typedef {{ svg: string, callouts?: Callout[], tour?: string, save?: import("./save_menu.js").SaveMenu }} NetworkData `tour`: the name of the button that calls the tour. */
/** @typedef {HTMLElement | SVGElement} Spot */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */
/**
 * @typedef {object} Drag
 * @property {Spot} handle
 * @property {number} x where the pointer went down
 * @property {number} pointer
 * @property {number} [t] the step that the handle is over
 */

/** @param {ComponentCall<NetworkData>} call */
export default function ({ parentElement, data, setTriggerValue }) {
  const root = find(parentElement, ".net-root");
  const view = views.get(root) ?? new View(root);
  views.set(root, view);
  view.show(data, (did) => setTriggerValue("did", did));
  return () => {
    views.get(root)?.close();
    views.delete(root);
  };
}

class View {
  /** @type {NetworkData} */
  data = { svg: "" };
  /** @type {(did: object) => void} */
  send = () => {};
  /** @type {Drag | null} */
  held = null;
  moved = false; // whether the pointer has dragged a handle since it went down

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.scroller = find(root, ".net-scroll");
    // There already, if Streamlit ended a call and made a new one; else `draw` puts it there before anything else asks.
    this.svg = /** @type {SVGSVGElement} */ (this.scroller.querySelector(".net"));
    this.tip = find(root, ".net-tip");
    this.closing = new AbortController();
    const { signal } = this.closing;
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.hideTip(), { signal });
    root.addEventListener("click", (event) => this.click(event), { signal });
    root.addEventListener("keydown", (event) => this.handleKey(event), { signal });
    root.addEventListener("pointerdown", (event) => this.startDrag(event), { signal });
    root.addEventListener("pointermove", (event) => this.drag(event), { signal });
    root.addEventListener("pointerup", () => this.endDrag(), { signal });
    root.addEventListener("pointercancel", () => this.cancelDrag(), { signal });
    root.addEventListener("pointerover", (event) => !this.held && this.showTip(toSpot(event.target), event), { signal });
    root.addEventListener("pointerleave", () => this.hideTip(), { signal });
    root.addEventListener("focusin", ({ target }) => toSpot(target).matches(":focus-visible") && this.showTip(toSpot(target)), {
      signal,
    });
    root.addEventListener("focusout", () => this.hideTip(), { signal });
  }

  close() {
    this.closing.abort();
    this.hideTip();
  }

  /**
   * @param {NetworkData} data
   * @param {(did: object) => void} send
   */
  show(data, send) {
    this.send = send;
    this.data = data;
    if (data.save) updateSaveMenu(find(this.root, ".net-tools"), data.save, (kind) => this.save(kind));
    if (!this.held) this.draw();
  }

  /** @param {string} kind */
  save(kind) {
    if (kind === "csv") saveRows(listBarcodes(this.svg), "network");
    else saveDrawing(this.svg, kind, "network");
  }

  draw() {
    const fresh = new DOMParser().parseFromString(this.data.svg, "image/svg+xml").documentElement;
    const before = this.findPath()?.getAttribute("d");
    if (this.svg) {
      morph(this.svg, fresh);
    } else {
      this.svg = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.importNode(fresh, true)));
      this.scroller.append(this.svg);
    }
    for (const group of this.listGroups()) setTabStop(group);
    if (before !== this.findPath()?.getAttribute("d")) this.animatePath();
    if (!before) this.scrollToPath();
    this.showCallout();
  }

  /** @returns {SVGPathElement | null | undefined} */
  findPath() {
    return this.svg?.querySelector("path.net-path[id]");
  }

  // Where the figure is wider than its place, at first with the path in sight: both its words where they have room, as those
  // of the path that is shown first have on a phone, else where it ends.
  scrollToPath() {
    const right = this.svg.querySelector("[data-kind=target].is-chosen")?.getBoundingClientRect().right ?? 0;
    this.scroller.scrollLeft += Math.max(0, right + 6 - this.scroller.getBoundingClientRect().right);
  }

  // Groups of which the tab key reaches one element and the arrow keys the others.
  listGroups() {
    return ["[data-kind=source]", "[data-kind=target]", ".net-mask", ".net-link"].map((selector) =>
      findAll(this.svg, selector),
    );
  }

  animatePath() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const from = { strokeDasharray: "1 1", strokeDashoffset: 1 };
    this.findPath()?.animate([from, { ...from, strokeDashoffset: 0 }], { duration: 500, easing: "ease-out" });
  }

  // ---- what is pressed

  /** @param {MouseEvent} event */
  click(event) {
    // The click that ends a drag presses nothing.
    if (!this.moved) this.press(toSpot(event.target));
    this.moved = false;
  }

  /**
   * @param {Spot} spot
   * @returns {boolean} whether there was something to press
   */
  press(spot) {
    const token = closest(spot, ".net-token");
    const mask = closest(spot, ".net-mask");
    if (token?.dataset.kind) this.send({ [token.dataset.kind]: Number(token.dataset.t) });
    if (mask) this.send(placeOf(mask));
    return Boolean(token ?? mask);
  }

  /** @param {KeyboardEvent} event */
  handleKey(event) {
    const spot = toSpot(event.target);
    if ((event.key === "Enter" || event.key === " ") && this.press(spot)) {
      event.preventDefault();
      return;
    }
    const step = STEP[event.key];
    if (!step || !this.svg.contains(spot)) return;
    event.preventDefault();
    if (spot.matches(".net-handle")) this.moveClimb(spot, readNumber(spot, "aria-valuenow") + step[0] - step[1]);
    else this.moveFocus(spot, step);
  }

  /**
   * @param {Spot} spot
   * @param {[number, number]} step
   */
  moveFocus(spot, step) {
    const group = this.listGroups().find((spots) => spots.includes(spot));
    if (!group) return;
    const next = spot.matches(".net-link") ? group[group.indexOf(spot) + step[0] - step[1]] : findNearest(spot, group, step);
    if (!next) return;
    for (const one of group) one.setAttribute("tabindex", one === next ? "0" : "-1");
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // ---- the climbs of the path

  /**
   * @param {Spot} handle
   * @param {number} t
   */
  moveClimb(handle, t) {
    const [low, now, high] = ["min", "now", "max"].map((end) => readNumber(handle, `aria-value${end}`));
    const to = Math.min(Math.max(t, low), high);
    if (to === now) return;
    handle.setAttribute("aria-valuenow", String(to));
    this.send({ climb: Number(handle.dataset.climb), t: to });
  }

  /**
   * A climb is held by its handle, or by the barcode that stands on it.
   * @param {Spot} spot
   * @returns {Spot | null}
   */
  findHandle(spot) {
    const mask = closest(spot, ".net-mask.is-crossed");
    if (!mask) return closest(spot, ".net-handle");
    const { site, layer } = placeOf(mask);
    return site === "between" ? this.findById(`climb-${layer - 1}`) : null;
  }

  /**
   * @param {string} name
   * @returns {Spot | null} the part of the figure with this name behind the figure's own id
   */
  findById(name) {
    return /** @type {Spot | null} */ (this.svg.getElementById(`${this.svg.id}-${name}`));
  }

  /** @param {PointerEvent} event */
  startDrag(event) {
    this.moved = false;
    const handle = this.findHandle(toSpot(event.target));
    if (!handle || event.button !== 0) return;
    this.held = { handle, x: event.clientX, pointer: event.pointerId };
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (!this.held) return;
    if (!this.moved && Math.abs(event.clientX - this.held.x) < 4) return;
    if (!this.moved) this.root.setPointerCapture(this.held.pointer);
    this.moved = true;
    this.hideTip();
    const { handle } = this.held;
    this.held.t = this.findStep(event, handle);
    const by = (this.held.t - readNumber(handle, "aria-valuenow")) * Number(this.svg.dataset.pitch);
    handle.classList.add("is-held");
    handle.style.transform = `translate(${by}px)`;
  }

  /**
   * @param {PointerEvent} event
   * @param {Spot} handle
   * @returns {number} the step under the pointer that the handle may go to
   */
  findStep(event, handle) {
    const [first, count, x, pitch] = ["first", "count", "x", "pitch"].map((name) => Number(this.svg.dataset[name]));
    const toFigure = /** @type {DOMMatrix} */ (this.svg.getScreenCTM()).inverse();
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(toFigure);
    const within = Math.min(Math.max(Math.round((point.x - x) / pitch), 0), count - 1);
    const [low, high] = ["min", "max"].map((end) => readNumber(handle, `aria-value${end}`));
    return Math.min(Math.max(first + within, low), high);
  }

  endDrag() {
    if (!this.held) return;
    const { handle, t } = this.held;
    this.held = null;
    handle.classList.remove("is-held");
    if (t !== undefined) this.moveClimb(handle, t);
    this.draw();
  }

  cancelDrag() {
    if (this.held) this.held.t = undefined;
    this.endDrag();
  }

  // ---- what is said about it

  /**
   * @param {Spot} spot
   * @param {PointerEvent} [event] where the pointer is
   */
  showTip(spot, event) {
    const mask = closest(spot, ".net-mask");
    const link = mask ? this.findLink(mask) : closest(spot, ".net-link");
    if (!link) {
      this.hideTip();
      return;
    }
    const [title, ...lines] = (link.dataset.tip ?? "").split("\n");
    const heading = createElement("strong", mask?.getAttribute("aria-label") ?? title);
    this.tip.replaceChildren(heading, ...lines.map((text) => createElement("p", text)));
    this.tip.hidden = false;
    const pointer = event && !mask ? { left: event.clientX, top: event.clientY - 8, width: 0, height: 16 } : null;
    this.placeTip(pointer ?? (mask ?? link).getBoundingClientRect());
  }

  /** @param {Spot} mask */
  findLink(mask) {
    const { site, layer } = placeOf(mask);
    return this.findById(`link-${site}-${layer}`);
  }

  hideTip() {
    this.tip.hidden = true;
  }

  /**
   * Above the place it is about, or below where there is no room.
   * @param {Box} near
   */
  placeTip(near) {
    const home = this.root.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = near.left + near.width / 2 - width / 2 - home.left;
    const above = near.top - height - 8 > Math.max(0, home.top - height);
    this.tip.style.left = `${Math.min(Math.max(left, 0), home.width - width)}px`;
    this.tip.style.top = `${(above ? near.top - height - 8 : near.top + near.height + 8) - home.top}px`;
  }

  // The first visit's callouts, one after the other, above the figure: what each is about is lit, and nothing is covered.
  showCallout() {
    const bubble = find(this.root, ".net-callout");
    const callouts = this.data.callouts ?? [];
    if (tour.page !== location.pathname) Object.assign(tour, { page: location.pathname, callout: 0, touring: false });
    // What a text speaks of may lie outside the window: then the next one is shown.
    const at = callouts.findIndex((callout, n) => n >= tour.callout && this.svg.querySelector(callout.at));
    for (const lit of this.svg.querySelectorAll(".is-told")) lit.classList.remove("is-told");
    tour.touring ||= callouts.length > 0 && !haveCalloutsBeenSeen();
    bubble.hidden = at < 0 || !tour.touring;
    this.showTourButton(bubble.hidden && callouts.length > 0);
    if (bubble.hidden) return;
    rememberCallouts(); // shown once in a browser: a reload does not begin it again
    const { at: selector, text, next } = callouts[at];
    this.svg.querySelector(selector)?.classList.add("is-told");
    find(bubble, "p").textContent = text;
    const button = find(bubble, "button");
    button.textContent = next;
    button.onclick = () => {
      tour.callout = at + 1;
      if (tour.callout === callouts.length) tour.touring = false;
      this.showCallout();
    };
  }

  /** @param {boolean} visible */
  showTourButton(visible) {
    const button = find(this.root, ".net-tour");
    button.hidden = !visible;
    button.title = this.data.tour ?? "";
    button.setAttribute("aria-label", button.title);
    button.onclick = () => {
      tour.callout = 0;
      tour.touring = true;
      this.showCallout();
      find(this.root, ".net-callout button").focus();
    };
  }
}

/**
 * @param {Element} parent
 * @param {string} selector
 * @returns {HTMLElement} the first match, which is always there
 */
function find(parent, selector) {
  return /** @type {HTMLElement} */ (parent.querySelector(selector));
}

/**
 * @param {Element} parent
 * @param {string} selector
 * @returns {Spot[]}
 */
function findAll(parent, selector) {
  return [...parent.querySelectorAll(selector)].map((spot) => /** @type {Spot} */ (spot));
}

/**
 * @param {Spot} spot
 * @param {string} selector
 * @returns {Spot | null}
 */
function closest(spot, selector) {
  return spot.closest(selector);
}

/**
 * @param {EventTarget | null} target of an event inside the component
 * @returns {Spot}
 */
function toSpot(target) {
  return /** @type {Spot} */ (target);
}

/**
 * @param {Element} element
 * @param {string} attribute
 */
function readNumber(element, attribute) {
  return Number(element.getAttribute(attribute));
}

/** @param {Element} mask */
function placeOf(mask) {
  const { site, layer, t } = find(mask, "[data-site]").dataset;
  return { site, layer: Number(layer), t: Number(t) };
}

/**
 * @param {string} name
 * @param {string} text
 */
function createElement(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/**
 * Let the tab key reach one element of the group: the one that it reaches already, that has the focus, or that is chosen.
 * @param {Spot[]} group
 */
function setTabStop(group) {
  const reached = group.filter((one) => one.getAttribute("tabindex") === "0");
  if (reached.length === 1 || !group.length) return;
  const stop =
    group.find((one) => one === document.activeElement) ?? group.find((one) => one.matches(".is-chosen")) ?? group[0];
  for (const one of group) one.setAttribute("tabindex", one === stop ? "0" : "-1");
}

/**
 * Find the next element in a direction: near along it, and not much aside of it.
 * @param {Spot} spot
 * @param {Spot[]} group
 * @param {[number, number]} direction
 * @returns {Spot | null}
 */
function findNearest(spot, group, [dx, dy]) {
  const centerOf = (/** @type {Spot} */ one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const [x, y] = centerOf(spot);
  const distanceTo = (/** @type {Spot} */ one) => {
    const [a, b] = centerOf(one);
    const ahead = (a - x) * dx + (b - y) * dy;
    return ahead > 2 ? ahead + 3 * Math.abs((a - x) * dy + (b - y) * dx) : Infinity;
  };
  const best = group.reduce((one, other) => (distanceTo(other) < distanceTo(one) ? other : one));
  return distanceTo(best) < Infinity ? best : null;
}

/**
 * Make `old` like `fresh`, touching only what differs: an element with an id stays the same element, the others are matched in
 * their order. The tab stops stay as they are.
 * @param {Element} old
 * @param {Element} fresh
 */
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (name !== "tabindex" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const freshIds = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...old.children]) if (child.id && !freshIds.has(child.id)) child.remove();
  const oldIds = new Set([...old.children].map((child) => child.id));
  /** @type {ChildNode | null} */
  let here = old.firstChild;
  for (const child of fresh.childNodes) {
    if (idOf(child) && oldIds.has(idOf(child))) while (here && !idOf(here)) here = removeNode(here);
    if (!here || !isAlike(here, child)) {
      old.insertBefore(document.importNode(child, true), here);
      continue;
    }
    if (here instanceof Element && child instanceof Element) morph(here, child);
    else if (here.nodeValue !== child.nodeValue) here.nodeValue = child.nodeValue;
    here = here.nextSibling;
  }
  while (here) here = removeNode(here);
}

/**
 * @param {ChildNode} node
 * @returns {ChildNode | null} what came after it
 */
function removeNode(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** @param {Node} node */
function idOf(node) {
  return node instanceof Element ? node.id : "";
}

/**
 * @param {Node} one
 * @param {Node} other
 */
function isAlike(one, other) {
  return one.nodeName === other.nodeName && idOf(one) === idOf(other);
}

function haveCalloutsBeenSeen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false; // a browser that keeps nothing shows the callouts again
  }
}

function rememberCallouts() {
  try {
    localStorage.setItem(SEEN, "yes");
  } catch {
    // nothing to keep it in
  }
}
