// The button that shares the experiment. Copying must begin with the click itself, so the browser copies the page's address, in
// which the Lab keeps its link; Python sends the link once more, with its QR code.

/** @typedef {{ number: number, link: string, code: string, about: string }} Shared `number`: of the request that it answers. */
/**
 * @typedef {object} ShareData
 * @property {string} label of the button
 * @property {string} copy what the button is called that copies once more
 * @property {string} link what the link is called
 * @property {string} copied what is said when the link was copied
 * @property {string} select what is said where the browser copies nothing
 * @property {string} about what the link holds
 * @property {Shared | null} shared
 */
/** @typedef {HTMLElement & { number?: number }} ShareNode `number`: of the newest request */

/** @param {ComponentCall<ShareData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const share = /** @type {ShareNode} */ (parentElement.querySelector(".link-share"));
  const open = /** @type {HTMLButtonElement} */ (share.querySelector(".link-share-open"));
  const copy = /** @type {HTMLButtonElement} */ (share.querySelector(".link-share-copy"));
  const field = /** @type {HTMLInputElement} */ (share.querySelector(".link-share-link"));
  open.textContent = data.label;
  copy.textContent = data.copy;
  field.setAttribute("aria-label", data.link);
  shareItem(share, ".link-share-panel").setAttribute("aria-label", data.link);
  open.onclick = () => {
    if (!shareItem(share, ".link-share-panel").hidden) {
      closePanel(share);
      return;
    }
    share.number = Date.now();
    field.value = location.href;
    openPanel(share);
    copyLink(share, data);
    setTriggerValue("asked", { number: share.number, address: location.origin + location.pathname });
  };
  copy.onclick = () => copyLink(share, data);
  share.onkeydown = ({ key }) => {
    if (key !== "Escape" || shareItem(share, ".link-share-panel").hidden) return;
    closePanel(share);
    open.focus();
  };
  const closing = new AbortController(); // of this call's listeners
  const closeOutside = (/** @type {EventTarget | null} */ target) => {
    if (target instanceof Node && !share.contains(target)) closePanel(share);
  };
  share.addEventListener("focusout", ({ relatedTarget }) => closeOutside(relatedTarget), closing);
  document.addEventListener("pointerdown", ({ target }) => closeOutside(target), closing);
  showShared(share, data);
  return () => closing.abort();
}

/**
 * @param {HTMLElement} share
 * @param {string} selector
 */
function shareItem(share, selector) {
  return /** @type {HTMLElement} */ (share.querySelector(selector));
}

/** @param {ShareNode} share */
function openPanel(share) {
  shareItem(share, ".link-share-panel").hidden = false;
  shareItem(share, ".link-share-open").setAttribute("aria-expanded", "true");
  shareItem(share, ".link-share-code").replaceChildren();
}

/** @param {ShareNode} share */
function closePanel(share) {
  shareItem(share, ".link-share-panel").hidden = true;
  shareItem(share, ".link-share-open").setAttribute("aria-expanded", "false");
}

/**
 * Copy the link in the field. Where the browser does not let a page copy, as over plain HTTP, the link stays selected.
 * @param {ShareNode} share
 * @param {ShareData} data
 */
async function copyLink(share, data) {
  const field = /** @type {HTMLInputElement} */ (share.querySelector(".link-share-link"));
  field.focus();
  field.select();
  let isCopied = false;
  try {
    await navigator.clipboard.writeText(field.value);
    isCopied = true;
  } catch {
    isCopied = document.execCommand("copy");
  }
  shareItem(share, ".link-share-status").textContent = isCopied ? data.copied : data.select;
}

/**
 * Show the link and its code if they answer the newest request.
 * @param {ShareNode} share
 * @param {ShareData} data
 */
function showShared(share, { shared, about }) {
  shareItem(share, ".link-share-about").textContent = shared?.about || about;
  if (!shared || shared.number !== share.number) return;
  const field = /** @type {HTMLInputElement} */ (share.querySelector(".link-share-link"));
  if (field.value !== shared.link) field.value = shared.link;
  shareItem(share, ".link-share-code").innerHTML = shared.code;
}
