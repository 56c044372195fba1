// Writes the page's query into the address bar. Streamlit's own way adds a history entry at every change, and "back" would then
// lead through the page's own past.

/** @param {ComponentCall<{ query: string }>} call */
export default function ({ data }) {
  const address = new URL(window.location.href);
  address.search = data.query;
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}
