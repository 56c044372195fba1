// Asks for the next tick when the last one is on the screen and somebody can see it; hands what a tick brings to the components
// that it is for. Streamlit calls this with each answer, as its number is another one each time.

const LOST = 15_000; // milliseconds after which an answer that has not come is asked for again
const HELD = 5000; // milliseconds for which a click on the navigation holds the ticks back: a request would name the old page
const NAVIGATION = "[data-testid=stTopNavLink], [data-testid=stSidebarNavLink], [data-testid=stTopNavDropdownLink]";
const UNDRAWN = 1000; // milliseconds after which a frame that the browser does not draw is waited for no longer
const LEAST_PAUSE = 0.25; // of the interval, between an answer and the next tick, however late the answer was

/**
 * @typedef {object} TickerData
 * @property {number} number of this message
 * @property {number | null} interval seconds between two ticks; null for no further one
 * @property {string} parts the new data of components, by their key, as JSON
 */
/** @typedef {{ interval: number | null, requested: number, received: number, timer: number, send: (received: number) => void }} Ticker */

/** @type {Ticker} */
const ticker = { interval: null, requested: 0, received: 0, timer: 0, send: () => {} };
document.addEventListener("visibilitychange", schedule);
document.addEventListener("click", hold, true);

/** @param {ComponentCall<TickerData>} component */
export default function ({ data, setTriggerValue }) {
  const isNew = data.number !== ticker.received;
  const complete = Object.entries(JSON.parse(data.parts)).filter((part) => !handOn(part)).length === 0;
  // A component that is not on the page yet: the server sends all of this again.
  if (complete) ticker.received = data.number;
  ticker.interval = data.interval;
  ticker.send = (received) => setTriggerValue("tick", received);
  if (isNew || !ticker.timer) schedule();
  // Streamlit also cleans up after a call that a newer one overtook.
  return () => setTimeout(() => document.querySelector(".st-key-ticker") || stop(), 1000);
}

/**
 * @param {[string, object]} part
 * @returns {boolean} whether there was a component to give it to
 */
function handOn([key, data]) {
  const place = /** @type {NewsPlace | null} */ (document.querySelector(`.st-key-${key} [data-takes-news]`));
  place?.takeNews(data);
  return place !== null;
}

// The next tick, at its time; if nobody can see the page, when somebody can.
function schedule() {
  clearTimeout(ticker.timer);
  ticker.timer = 0;
  if (ticker.interval === null || document.hidden) return;
  const interval = 1000 * ticker.interval;
  const pause = Math.max(ticker.requested + interval - performance.now(), LEAST_PAUSE * interval);
  ticker.timer = setTimeout(askWhenDrawn, pause);
}

function askWhenDrawn() {
  const frame = requestAnimationFrame(ask);
  ticker.timer = setTimeout(() => {
    cancelAnimationFrame(frame);
    ask();
  }, UNDRAWN);
}

/** @param {MouseEvent} event */
function hold({ target }) {
  if (!ticker.timer || !(target instanceof Element && target.closest(NAVIGATION))) return;
  clearTimeout(ticker.timer);
  ticker.timer = setTimeout(ask, HELD);
}

function stop() {
  ticker.interval = null;
  schedule();
}

function ask() {
  clearTimeout(ticker.timer);
  ticker.requested = performance.now();
  ticker.timer = setTimeout(ask, LOST);
  ticker.send(ticker.received);
}
