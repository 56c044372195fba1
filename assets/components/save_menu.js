// The menu that saves a figure: as a picture, as a drawing, or its data as a table. What the figures' components share.

const SCALE = 2; // pixels of a saved picture for each of the page

/** @typedef {[label: string, file: string, kinds: [kind: string, label: string][]]} SaveMenu `file`: its name, without the ending. */

/**
 * Show the menu in a place of its own; save(kind) is called for the kind that was chosen.
 * @param {Element} place
 * @param {SaveMenu} menu
 * @param {(kind: string) => void} save
 */
export function updateSaveMenu(place, [name, , kinds], save) {
  const details = /** @type {HTMLDetailsElement} */ (place.querySelector(".save-menu") ?? makeSaveMenu(place));
  const summary = /** @type {HTMLElement} */ (details.querySelector("summary"));
  summary.title = name;
  summary.setAttribute("aria-label", name);
  const list = /** @type {HTMLElement} */ (details.querySelector("div"));
  list.replaceChildren(
    ...kinds.map(([kind, label]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.onclick = () => {
        details.open = false;
        summary.focus();
        save(kind);
      };
      return button;
    }),
  );
}

/** @param {Element} place */
function makeSaveMenu(place) {
  const details = document.createElement("details");
  details.className = "save-menu";
  const summary = document.createElement("summary");
  summary.textContent = "⤓";
  details.append(summary, document.createElement("div"));
  details.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    details.open = false;
    summary.focus();
  });
  details.addEventListener("focusout", ({ relatedTarget }) => {
    if (!details.contains(/** @type {Node | null} */ (relatedTarget))) details.open = false;
  });
  place.append(details);
  return details;
}

/**
 * Save rows as CSV; the first has the names of the columns.
 * @param {unknown[][]} rows
 * @param {string} file
 */
export function saveRows(rows, file) {
  const lines = rows.map((row) => row.map((cell) => quoteCell(String(cell ?? ""))).join(","));
  saveBlob(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }), `${file}.csv`);
}

/** @param {string} text */
function quoteCell(text) {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Save an SVG of the page, on the page's background, as a drawing or as a picture.
 * @param {SVGSVGElement} svg
 * @param {string} kind "svg" or "png"
 * @param {string} file
 */
export async function saveDrawing(svg, kind, file) {
  const { width, height } = svg.getBoundingClientRect();
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const { x, y, width: wide, height: high } = svg.viewBox.baseVal;
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const color = getComputedStyle(svg).getPropertyValue("--st-background-color").trim();
  const sizes = { x, y, width: wide || width, height: high || height };
  for (const [name, value] of Object.entries({ ...sizes, fill: color })) back.setAttribute(name, String(value));
  copy.prepend(back);
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = await readFont();
  copy.prepend(style);
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const drawing = new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
  if (kind === "svg") {
    saveBlob(drawing, `${file}.svg`);
    return;
  }
  const image = new Image();
  const address = URL.createObjectURL(drawing);
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * width;
  canvas.height = SCALE * height;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  canvas.toBlob((picture) => picture && saveBlob(picture, `${file}.png`), "image/png");
}

/**
 * Return the page's font as a rule that holds its file, "" if there is none: a saved drawing has no page to take it from, and
 * letters of another font would not fit their boxes.
 */
async function readFont() {
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.href && new URL(sheet.href).origin !== location.origin ? [] : sheet.cssRules) {
      if (!(rule instanceof CSSFontFaceRule) || rule.style.getPropertyValue("font-style") === "italic") continue;
      const family = rule.style.getPropertyValue("font-family").replaceAll('"', "");
      const [, address] = rule.style.getPropertyValue("src").match(/url\("?([^")]+)"?\)/) ?? [];
      if (family !== "Source Sans" || !address) continue;
      const answer = await fetch(new URL(address, sheet.href ?? document.baseURI));
      const weight = rule.style.getPropertyValue("font-weight");
      return `@font-face{font-family:"${family}";font-weight:${weight};src:url(${await readAsAddress(await answer.blob())})}`;
    }
  }
  return "";
}

/**
 * @param {Blob} blob
 * @returns {Promise<string>} a data: address that holds it
 */
function readAsAddress(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsDataURL(blob);
  });
}

/**
 * Return a row for each unit of each barcode of a figure: where it is, and how much of its stripe is filled. That is 1 for a kept
 * unit and 0 for a dropped one; of Gaussian noise, half the factor, at most 1.
 * @param {Element} figure
 * @returns {unknown[][]}
 */
export function listBarcodes(figure) {
  const rows = [["site", "layer", "sample", "step", "unit", "filled"]];
  for (const path of figure.querySelectorAll("path[data-site]")) {
    const { site = "", layer = "", sample = "", t = "" } = /** @type {SVGElement} */ (path).dataset;
    const filled = readStripes(path.getAttribute("d") ?? "");
    for (let unit = 0; unit < countUnits(path); unit += 1) {
      rows.push([site, layer, sample, t, String(unit + 1), String(filled.get(unit) ?? 0)]);
    }
  }
  return rows;
}

/**
 * Return the filled part of each stripe of a barcode, by unit: upright stripes are "M<unit> <y>v<length>", others "M0 <unit>h<length>".
 * @param {string} d
 */
function readStripes(d) {
  const upright = [...d.matchAll(/M(\d+) [\d.]+v([\d.]+)/g)];
  const stripes = upright.length ? upright : [...d.matchAll(/M0 (\d+)h([\d.]+)/g)];
  return new Map(stripes.map(([, unit, length]) => [Number(unit), Number(length)]));
}

/**
 * Return how many units a barcode shows: it says so, or it is so many times as high as its stripes.
 * @param {Element} path
 */
function countUnits(path) {
  const { units } = /** @type {SVGElement} */ (path).dataset;
  if (units) return Number(units);
  const [, , , stripe] = (path.getAttribute("transform") ?? "").match(/[\d.]+/g) ?? [];
  return Math.round(Number(path.parentElement?.querySelector("rect")?.getAttribute("height")) / Number(stripe));
}

/**
 * @param {Blob} blob
 * @param {string} file
 */
function saveBlob(blob, file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
