// A button at the very beginning of the page, before Streamlit's own links: there is one, however often the script runs.

/** @param {ComponentCall<{ text: string, to: string }>} call `to`: the CSS selector of what gets the focus. */
export default function ({ data }) {
  let link = /** @type {HTMLButtonElement | null} */ (document.querySelector("body > .skip"));
  if (!link) {
    link = document.createElement("button");
    link.className = "skip";
    document.body.prepend(link);
  }
  if (link.textContent !== data.text) link.textContent = data.text;
  link.onclick = () => /** @type {HTMLElement | null} */ (document.querySelector(data.to))?.focus();
}
