// What happens anywhere on the page and concerns the visit: a link to the Lab that is followed keeps the visit's run, where
// the browser would begin a new one; Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y) outside of text fields take edits back. A click on the
// navigation that got lost is repeated.

const NAME = "dropout-visit"; // in the tab's sessionStorage: a random name, by which a reload finds its visit again
const ADDRESS = "dropout-address"; // in the sessionStorage too: the address at which the tab's page was left
const BROWSER = "dropout-browser"; // in the localStorage: a random key, by which all tabs of the browser find its stored runs
const LATER = 1500; // milliseconds: a new tab has nothing to find, and says its name when the page has been drawn

const LOOK = 500; // milliseconds between two looks whether a clicked page has come
const PATIENCE = 30_000; // milliseconds after which it is waited for no longer
const SETTLED = 3000; // milliseconds: a page that has been there for so long stays; before, a late message may bring the old one back
const STUCK = 12_000; // milliseconds after a click in which the server has answered nothing: it may have dropped the request

/** @typedef {{ send: (name: string, value: unknown) => void }} Listener */
/** @typedef {"sessionStorage" | "localStorage"} Place */

const NAVIGATION = "[data-testid=stTopNavLink], [data-testid=stSidebarNavLink], [data-testid=stTopNavDropdownLink]";
const TEXT = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true]";

/** @type {Listener | undefined} */
let listener;

/**
 * The link of the navigation whose page has not come for good; when it was clicked last, by whomever; since when its page is
 * there, 0 if it is not. In milliseconds.
 *
 * @type {{ href: string, end: number, clicked: number, there: number } | undefined}
 */
let awaited;

/**
 * @param {{ data: { tab: string }, setTriggerValue: (name: string, value: unknown) => void }} component
 */
export default function ({ data, setTriggerValue }) {
  if (data.tab) remember(NAME, data.tab);
  document.documentElement.classList.toggle("has-visit", Boolean(data.tab)); // the server knows the tab
  if (!listener) {
    const known = opensOtherLink() ? null : recall(NAME);
    const name = known ?? makeName();
    remember(NAME, name);
    addEventListener("pagehide", () => remember(ADDRESS, location.href));
    setTimeout(() => listener?.send("tab", { tab: name, browser: findBrowserKey() }), known ? 0 : LATER);
    document.addEventListener("click", follow, true);
    document.addEventListener("keydown", travel);
    addEventListener("popstate", () => {
      awaited = undefined; // the visitor has gone elsewhere since
    });
  }
  listener = { send: setTriggerValue };
}

/** @param {MouseEvent} event */
function follow(event) {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (event.isTrusted && awaited?.there) awaited = undefined; // the visitor goes on from there
  if (!plain || !link) return;
  if (link.matches(NAVIGATION) && event.isTrusted) {
    if (!awaited) setTimeout(repeatLostClick, LOOK);
    awaited = { href: link.href, end: Date.now() + PATIENCE, clicked: Date.now(), there: 0 };
  }
  if (!link.matches("a.to-lab")) return;
  awaited = undefined;
  event.preventDefault();
  listener?.send("open", link.href);
}

// Click a link of the navigation again while its page has not come. A value that a widget, a component or a live figure sends
// between the click and the answer names the old page, and Streamlit's server returns to that.
function repeatLostClick() {
  if (!awaited) return;
  const { href, end, clicked } = awaited;
  const now = Date.now();
  const ended = document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-script-state") === "notRunning";
  const there = ended && new URL(href).pathname === location.pathname;
  awaited.there = there ? awaited.there || now : 0;
  if ((ended && !there) || (!ended && now - clicked > STUCK)) {
    awaited.clicked = now;
    for (const link of document.querySelectorAll(NAVIGATION)) {
      if (link instanceof HTMLAnchorElement && link.href === href) link.click();
    }
  }
  if ((there && now - awaited.there >= SETTLED) || now > end) awaited = undefined;
  else setTimeout(repeatLostClick, LOOK);
}

/** @param {KeyboardEvent} event */
function travel(event) {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
  if (event.target instanceof Element && event.target.closest(TEXT)) return;
  event.preventDefault();
  if (awaited && !awaited.there) return; // the page that the key was meant for is being left
  listener?.send("travel", key === "y" || event.shiftKey ? "redo" : "undo");
}

function makeName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Whether the tab was sent to another link than the one at which it was left, and not reloaded: then that link is shown, and
 * the visit before is not continued.
 *
 * @returns {boolean}
 */
function opensOtherLink() {
  const [arrival] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  const left = recall(ADDRESS);
  return arrival?.type === "navigate" && new URL(arrival.name).search !== "" && left !== null && left !== arrival.name;
}

/** @returns {string} the browser's key, made where there is none; "" in a browser that keeps nothing */
function findBrowserKey() {
  if (!recall(BROWSER, "localStorage")) remember(BROWSER, makeName(), "localStorage");
  return recall(BROWSER, "localStorage") ?? "";
}

/**
 * @param {string} key
 * @param {Place} place
 * @returns {string | null}
 */
function recall(key, place = "sessionStorage") {
  try {
    return window[place].getItem(key);
  } catch {
    return null; // a browser that keeps nothing: a reload begins anew
  }
}

/**
 * @param {string} key
 * @param {string} value
 * @param {Place} place
 */
function remember(key, value, place = "sessionStorage") {
  try {
    window[place].setItem(key, value);
  } catch {
    // A browser that keeps nothing.
  }
}
