// What a study says: differences to the first experiment, and verdicts. Each part is replaced when it has changed.

import { escapeText, followPointer } from "./study_light.js";

/** @typedef {{ slot: number, color: string, kind: string, word: string, sentence: string }} StudyVerdict */
/**
 * @typedef {object} ResultsContent
 * @property {string} title
 * @property {string} differences an SVG; "" before there is a difference
 * @property {string} evidence how much the seeds allow to say
 * @property {StudyVerdict[]} verdicts
 * @property {string} failure why there are no statistics; "" if there are
 * @property {string} question the title of the explanation
 * @property {string} explanation of the intervals; "" without verdicts
 */

/** @param {ComponentCall<{ content: string }>} component */
export default function ({ data, parentElement }) {
  const section = /** @type {HTMLElement} */ (parentElement.querySelector(".study-results"));
  /** @type {ResultsContent} */
  const content = JSON.parse(data.content);
  followPointer(section);
  const title = /** @type {HTMLElement} */ (section.querySelector("h2"));
  title.textContent = content.title;
  replace(section, ".study-differences", content.differences);
  replace(section, ".study-verdicts", drawVerdicts(content));
}

/**
 * @param {HTMLElement} section
 * @param {string} selector
 * @param {string} html
 */
function replace(section, selector, html) {
  const node = /** @type {HTMLElement & { drawn?: string }} */ (section.querySelector(selector));
  if (node.drawn === html) return;
  node.drawn = html;
  node.innerHTML = html;
}

/** @param {ResultsContent} content */
function drawVerdicts({ evidence, verdicts, failure, question, explanation }) {
  const lines = verdicts.map(
    ({ slot, kind, word, sentence }) =>
      `<li data-experiment="${slot}"><b class="verdict is-${escapeText(kind)}">${escapeText(word)}</b><span>${escapeText(sentence)}</span></li>`,
  );
  const trouble = failure ? `<p class="study-failure">${escapeText(failure)}</p>` : "";
  const meaning = explanation
    ? `<details><summary>${escapeText(question)}</summary><p>${escapeText(explanation)}</p></details>`
    : "";
  return `<p role="status">${escapeText(evidence)}</p>${trouble}<ul>${lines.join("")}</ul>${meaning}`;
}
