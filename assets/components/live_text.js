// A sentence that a tick may change, in Markdown as far as **strong** and backslashes go; a question mark behind it explains.

/** @typedef {{ text: string, help: string }} TextData */

/** @param {ComponentCall<TextData>} component */
export default function ({ data: { text, help }, parentElement }) {
  const node = /** @type {HTMLElement & { drawn?: string }} */ (parentElement.querySelector(".live-text"));
  const mark = /** @type {HTMLElement} */ (node.querySelector(".live-text-help"));
  mark.hidden = !help;
  mark.title = help;
  mark.setAttribute("aria-label", help);
  if (node.drawn === text) return;
  node.drawn = text;
  const words = /** @type {HTMLElement} */ (node.querySelector("p"));
  words.replaceChildren(...splitStrong(text));
}

/**
 * @param {string} text
 * @returns {Node[]} its parts, those between two pairs of stars as strong
 */
function splitStrong(text) {
  /** @type {string[]} */
  const parts = [""];
  for (const [token] of text.matchAll(/\\.|\*\*|[^\\*]+|[\\*]/gsu)) {
    if (token === "**") parts.push("");
    else parts[parts.length - 1] += token.length === 2 && token[0] === "\\" ? token[1] : token;
  }
  return parts.map((part, n) => {
    if (n % 2 === 0) return document.createTextNode(part);
    const strong = document.createElement("strong");
    strong.textContent = part;
    return strong;
  });
}
