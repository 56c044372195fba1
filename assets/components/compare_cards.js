// A card for each experiment: name, placement, small network. Only cards that have changed are replaced.

import { drawSwatch, escapeText, followPointer } from "./study_light.js";

/**
 * @typedef {object} Card
 * @property {string} name
 * @property {number} slot place among the colors
 * @property {string} color
 * @property {string} dash
 * @property {string} line the placement
 * @property {string} help how it differs from the first experiment
 * @property {string} svg the small network; "" if there is none
 * @property {string} count the number of masks on the path
 * @property {string} lab a link to the Lab, as HTML
 * @property {string} remove label of the button; "" for none
 */
/** @typedef {HTMLElement & { drawn?: string }} CardNode */

/** @param {ComponentCall<{ cards: string }>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const list = /** @type {HTMLElement} */ (parentElement.querySelector(".cards"));
  /** @type {Card[]} */
  const cards = JSON.parse(data.cards);
  list.classList.toggle("are-many", cards.length > 4);
  followPointer(list);
  while (list.children.length > cards.length) list.lastElementChild?.remove();
  cards.forEach((card, n) => {
    const node = /** @type {CardNode} */ (list.children[n] ?? list.appendChild(document.createElement("article")));
    drawCard(node, card);
  });
  list.onclick = ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button) setTriggerValue("did", { remove: button.value });
  };
}

/**
 * @param {CardNode} node
 * @param {Card} card
 */
function drawCard(node, card) {
  const head = JSON.stringify({ ...card, svg: "" });
  node.dataset.experiment = String(card.slot);
  if (node.dataset.head !== head) {
    node.dataset.head = head;
    node.className = "card";
    node.drawn = "";
    const name = escapeText(card.name);
    const remove = escapeText(card.remove);
    const about = [card.line, card.help].filter(Boolean).join(" · ");
    node.innerHTML = `<header>${drawSwatch(card.color, card.dash)}<h2 title="${name}">${name}</h2>${card.lab}${
      remove ? `<button type="button" value="${name}" title="${remove}" aria-label="${remove}">✕</button>` : ""
    }</header><p class="card-line" title="${escapeText(about)}">${escapeText(card.line)}</p><div class="card-net"></div><p class="card-count">${escapeText(card.count)}</p>`;
  }
  if (node.drawn === card.svg) return;
  node.drawn = card.svg;
  const place = /** @type {HTMLElement} */ (node.querySelector(".card-net"));
  place.innerHTML = card.svg;
}
