// Mounts the network figure once and then changes it in place; tells Python what the user did with it.
// Python draws the figure and counts the crossings; here is only what must follow a pointer or a key at once.

const SEEN = "network-callouts-seen"
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const views = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".net-root")
  if (!views.has(root)) views.set(root, new View(root))
  views.get(root).show(data, (did) => setTriggerValue("did", did))
  return () => {
    views.get(root)?.close()
    views.delete(root)
  }
}

class View {
  constructor(root) {
    this.root = root
    this.scroller = root.querySelector(".net-scroll")
    this.svg = this.scroller.querySelector(".net") // there already, if Streamlit ended a call and made a new one
    this.tip = root.querySelector(".net-tip")
    this.closing = new AbortController()
    const { signal } = this.closing
    const on = (type, act) => root.addEventListener(type, (event) => act.call(this, event), { signal })
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hideTip(), { signal })
    on("click", this.click)
    on("keydown", this.key)
    on("pointerdown", this.grab)
    on("pointermove", this.drag)
    on("pointerup", this.drop)
    on("pointercancel", this.cancel)
    on("pointerover", (event) => !this.held && this.tell(event.target, event))
    on("pointerleave", this.hideTip)
    on("focusin", (event) => event.target.matches(":focus-visible") && this.tell(event.target))
    on("focusout", this.hideTip)
  }

  close() {
    this.closing.abort()
    this.hideTip()
  }

  show(data, send) {
    this.send = send
    this.data = data
    if (!this.held) this.draw()
  }

  draw() {
    const fresh = new DOMParser().parseFromString(this.data.svg, "image/svg+xml").documentElement
    const path = (svg) => svg?.querySelector(".net-path[id]")?.getAttribute("d")
    const before = path(this.svg)
    if (this.svg) morph(this.svg, fresh)
    else this.scroller.append((this.svg = document.importNode(fresh, true)))
    for (const kin of this.groups()) rove(kin)
    if (before !== path(this.svg)) this.trace()
    if (!before) this.scrollToPath()
    this.explain()
  }

  // Where the figure is wider than its place, at first with the path in sight: both its words where they have room, as those
  // of the path that is shown first have on a phone, else where it ends.
  scrollToPath() {
    const right = this.svg.querySelector("[data-kind=target].is-chosen")?.getBoundingClientRect().right ?? 0
    this.scroller.scrollLeft += Math.max(0, right + 6 - this.scroller.getBoundingClientRect().right)
  }

  // Groups of which the tab key reaches one element and the arrow keys the others.
  groups() {
    const all = (selector) => [...this.svg.querySelectorAll(selector)]
    return [all("[data-kind=source]"), all("[data-kind=target]"), all(".net-mask"), all(".net-link")]
  }

  trace() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
    const line = this.svg.querySelector(".net-path[id]")
    const hidden = { strokeDasharray: "1 1", strokeDashoffset: 1 }
    line.animate([hidden, { strokeDasharray: "1 1", strokeDashoffset: 0 }], { duration: 500, easing: "ease-out" })
  }

  // ---- what is pressed

  click(event) {
    if (this.moved) return void (this.moved = false)
    this.press(event.target)
  }

  press(target) {
    const token = target.closest(".net-token")
    const mask = target.closest(".net-mask")
    if (token) this.send({ [token.dataset.kind]: Number(token.dataset.t) })
    if (mask) this.send(placeOf(mask))
    return token || mask
  }

  key(event) {
    const spot = event.target
    if ((event.key === "Enter" || event.key === " ") && this.press(spot)) return event.preventDefault()
    const step = STEP[event.key]
    if (!step || !this.svg.contains(spot)) return
    event.preventDefault()
    if (spot.matches(".net-handle")) this.climb(spot, Number(spot.getAttribute("aria-valuenow")) + step[0] - step[1])
    else this.move(spot, step)
  }

  move(spot, step) {
    const kin = this.groups().find((group) => group.includes(spot))
    const next = spot.matches(".net-link") ? kin[kin.indexOf(spot) + step[0] - step[1]] : nearest(spot, kin, step)
    if (!next) return
    for (const one of kin) one.setAttribute("tabindex", one === next ? 0 : -1)
    next.focus()
    next.scrollIntoView({ block: "nearest", inline: "nearest" })
  }

  // ---- the climbs of the path

  climb(handle, t) {
    const [low, now, high] = ["min", "now", "max"].map((end) => Number(handle.getAttribute(`aria-value${end}`)))
    const to = Math.min(Math.max(t, low), high)
    if (to === now) return
    handle.setAttribute("aria-valuenow", to)
    this.send({ climb: Number(handle.dataset.climb), t: to })
  }

  // A climb is held by its handle, or by the barcode that stands on it.
  handleAt(target) {
    const mask = target.closest(".net-mask.is-crossed")
    if (!mask) return target.closest(".net-handle")
    const { site, layer } = placeOf(mask)
    return site === "between" ? this.svg.getElementById(`${this.svg.id}-climb-${layer - 1}`) : null
  }

  grab(event) {
    this.moved = false
    const handle = this.handleAt(event.target)
    if (!handle || event.button !== 0) return
    this.held = { handle, x: event.clientX, pointer: event.pointerId }
  }

  drag(event) {
    if (!this.held) return
    if (!this.moved && Math.abs(event.clientX - this.held.x) < 4) return
    if (!this.moved) this.root.setPointerCapture(this.held.pointer)
    this.moved = true
    this.hideTip()
    const { handle } = this.held
    this.held.t = this.stepAt(event)
    const by = (this.held.t - Number(handle.getAttribute("aria-valuenow"))) * Number(this.svg.dataset.pitch)
    handle.classList.add("is-held")
    handle.style.transform = `translate(${by}px)`
  }

  stepAt(event) {
    const { first, count, x, pitch } = this.svg.dataset
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse())
    const within = Math.min(Math.max(Math.round((at.x - x) / pitch), 0), count - 1)
    const [low, high] = ["min", "max"].map((end) => Number(this.held.handle.getAttribute(`aria-value${end}`)))
    return Math.min(Math.max(Number(first) + within, low), high)
  }

  drop() {
    const held = this.held
    if (!held) return
    this.held = null
    held.handle.classList.remove("is-held")
    const same = held.t === undefined || held.t === Number(held.handle.getAttribute("aria-valuenow"))
    if (!same) this.climb(held.handle, held.t)
    this.draw()
  }

  cancel() {
    if (this.held) this.held.t = undefined
    this.drop()
  }

  // ---- what is said about it

  tell(target, event) {
    const mask = target.closest(".net-mask")
    const link = mask ? this.linkOf(mask) : target.closest(".net-link")
    if (!link) return this.hideTip()
    const [title, ...lines] = link.dataset.tip.split("\n")
    this.tip.replaceChildren(line("strong", mask?.getAttribute("aria-label") ?? title), ...lines.map((text) => line("p", text)))
    this.tip.hidden = false
    const box = (mask ?? link).getBoundingClientRect()
    const near = event && !mask ? { left: event.clientX, top: event.clientY - 8, width: 0, height: 16 } : box
    this.place(this.tip, near)
  }

  linkOf(mask) {
    const { site, layer } = placeOf(mask)
    return this.svg.getElementById(`${this.svg.id}-link-${site}-${layer}`)
  }

  hideTip() {
    this.tip.hidden = true
  }

  // Above the place it is about, or below where there is no room.
  place(bubble, near) {
    const home = this.root.getBoundingClientRect()
    const { offsetWidth: width, offsetHeight: height } = bubble
    const left = near.left + near.width / 2 - width / 2 - home.left
    const above = near.top - height - 8 > Math.max(0, home.top - height)
    bubble.style.left = `${Math.min(Math.max(left, 0), home.width - width)}px`
    bubble.style.top = `${(above ? near.top - height - 8 : near.top + near.height + 8) - home.top}px`
  }

  // The first visit's callouts, one after the other, above the figure: what each is about is lit, and nothing is covered.
  explain() {
    const bubble = this.root.querySelector(".net-callout")
    const texts = this.data.callouts ?? []
    let at = this.callout ?? 0
    // What a text speaks of may lie outside the window: then the next one is said.
    while (texts[at] && !this.svg.querySelector(texts[at].at)) at += 1
    const spot = texts[at] && this.svg.querySelector(texts[at].at)
    for (const told of this.svg.querySelectorAll(".is-told")) told.classList.remove("is-told")
    bubble.hidden = !spot || seen()
    if (bubble.hidden) return
    spot.classList.add("is-told")
    bubble.querySelector("p").textContent = texts[at].text
    const next = bubble.querySelector("button")
    next.textContent = texts[at].next
    next.onclick = () => {
      this.callout = at + 1
      if (this.callout === texts.length) remember()
      this.explain()
    }
  }
}

function placeOf(mask) {
  const { site, layer, t } = mask.querySelector("[data-site]").dataset
  return { site, layer: Number(layer), t: Number(t) }
}

function line(name, text) {
  const element = document.createElement(name)
  element.textContent = text
  return element
}

function rove(kin) {
  const reached = kin.filter((one) => one.getAttribute("tabindex") === "0")
  if (reached.length === 1 || !kin.length) return
  const here = kin.find((one) => one === document.activeElement) ?? kin.find((one) => one.matches(".is-chosen")) ?? kin[0]
  for (const one of kin) one.setAttribute("tabindex", one === here ? 0 : -1)
}

// The next element in a direction: near along it, and not much aside of it.
function nearest(spot, kin, [dx, dy]) {
  const middle = (one) => {
    const { left, top, width, height } = one.getBoundingClientRect()
    return [left + width / 2, top + height / 2]
  }
  const [x, y] = middle(spot)
  const reach = (one) => {
    const [a, b] = middle(one)
    const ahead = (a - x) * dx + (b - y) * dy
    return ahead > 2 ? ahead + 3 * Math.abs((a - x) * dy + (b - y) * dx) : Infinity
  }
  const best = kin.reduce((one, other) => (reach(other) < reach(one) ? other : one))
  return reach(best) < Infinity ? best : null
}

// Makes `old` like `fresh`, touching only what differs: an element with an id stays the same element, the others are
// matched in their order. Which element the tab key reaches is ours to keep.
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name)
  for (const { name, value } of fresh.attributes) {
    if (name !== "tabindex" && old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  const wanted = new Set([...fresh.children].map((child) => child.id))
  for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove()
  const named = new Map([...old.children].map((child) => [child.id, child]))
  let here = old.firstChild
  const discard = () => {
    const gone = here
    here = here.nextSibling
    gone.remove()
  }
  for (const child of fresh.childNodes) {
    if (child.id && named.has(child.id)) while (here && !here.id) discard()
    if (!alike(here, child)) {
      old.insertBefore(document.importNode(child, true), here)
      continue
    }
    if (child.nodeType === Node.ELEMENT_NODE) morph(here, child)
    else if (here.data !== child.data) here.data = child.data
    here = here.nextSibling
  }
  while (here) discard()
}

function alike(one, other) {
  return one && one.nodeName === other.nodeName && (one.id ?? "") === (other.id ?? "")
}

function seen() {
  try {
    return localStorage.getItem(SEEN) !== null
  } catch {
    return false // a browser that keeps nothing shows the callouts again
  }
}

function remember() {
  try {
    localStorage.setItem(SEEN, "yes")
  } catch {
    // nothing to keep it in
  }
}
