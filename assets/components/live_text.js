// A sentence that a tick may change, in Markdown as far as **strong** and backslashes go; a question mark behind it explains.

const BRAILLE = /([\u2800-\u28ff]+)/u;
// The bits of the dots of a Braille character, from the top down: the left and the right column.
const COLUMNS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{ text: string, help: string, picture: string }} TextData `picture`: what Braille characters show, in words. */

/** @param {ComponentCall<TextData>} component */
export default function ({ data: { text, help, picture }, parentElement }) {
  const node = /** @type {HTMLElement & { drawn?: string }} */ (parentElement.querySelector(".live-text"));
  const mark = /** @type {HTMLElement} */ (node.querySelector(".live-text-help"));
  mark.hidden = !help;
  mark.title = help;
  mark.setAttribute("aria-label", help);
  if (node.drawn === text) return;
  node.drawn = text;
  const words = /** @type {HTMLElement} */ (node.querySelector("p"));
  words.replaceChildren(...splitStrong(text).flatMap((part) => drawPictures(part, picture)));
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

/**
 * Put a small picture in the place of Braille characters, which are too small to be read.
 * @param {Node} part of the sentence
 * @param {string} picture
 * @returns {Node[]}
 */
function drawPictures(part, picture) {
  if (part.nodeType !== Node.TEXT_NODE || !BRAILLE.test(part.textContent ?? "")) return [part];
  return (part.textContent ?? "")
    .split(BRAILLE)
    .map((text, n) => (n % 2 ? drawPicture(text, picture) : document.createTextNode(text)));
}

/**
 * @param {string} text Braille characters
 * @param {string} picture
 */
function drawPicture(text, picture) {
  const svg = document.createElementNS(SVG, "svg");
  const columns = [...text].flatMap((letter) =>
    COLUMNS.map((bits) => bits.map((bit) => (letter.charCodeAt(0) - 0x2800) & bit)),
  );
  const dots = columns.flatMap((bits, x) => bits.map((on, y) => (on ? `M${x} ${y}h.88v.88h-.88z` : "")));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dots.join(""));
  path.setAttribute("fill", "currentColor");
  svg.setAttribute("viewBox", `0 0 ${columns.length} 4`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", picture);
  svg.setAttribute("class", "live-text-picture");
  svg.append(path);
  return svg;
}
