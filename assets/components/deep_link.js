// Loads the page at the path again: Streamlit did not know the path at the first request.

/** @param {ComponentCall<{ path: string }>} call */
export default function ({ data }) {
  const address = new URL(window.location.href);
  address.pathname = data.path;
  window.location.replace(address);
}
