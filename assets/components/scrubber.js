// A range input whose bounds the server may move; while the user moves it, the server's value waits.
const WAIT = 120; // milliseconds between two values sent while dragging

export default function ({ data, parentElement, setTriggerValue }) {
  const input = parentElement.querySelector("input");
  const name = parentElement.querySelector(".scrub-name");
  const output = parentElement.querySelector("output");

  // The upper end may have grown by the time the server reads this: there, the choice is "newest" and no number.
  const atNewest = () => Boolean(data.newest) && input.value === input.max;
  const tell = () => {
    output.textContent = `${input.value} / ${input.max}${atNewest() ? " · " + data.newest : ""}`;
    input.setAttribute("aria-valuetext", output.textContent);
    input.style.setProperty("--part", (input.value - input.min) / Math.max(1, input.max - input.min));
  };
  name.textContent = data.label;
  if (!input.dataset.held && !input.timer) {
    input.min = data.low;
    input.max = data.high;
    input.value = data.value;
  }
  input.disabled = data.high <= data.low;
  tell();

  const send = () => {
    input.timer = 0;
    setTriggerValue("chosen", { value: Number(input.value), newest: atNewest() });
  };
  input.oninput = () => {
    tell();
    input.timer ||= setTimeout(send, WAIT);
  };
  // As many buttons as there are jumps; one that stays keeps its node, and with it the focus.
  const jumps = parentElement.querySelector(".scrub-jumps");
  while (jumps.children.length > data.jumps.length) jumps.lastChild.remove();
  data.jumps.forEach(({ label, value }, n) => {
    const button = jumps.children[n] ?? jumps.appendChild(document.createElement("button"));
    button.type = "button";
    if (button.textContent !== label) button.textContent = label;
    button.classList.toggle("is-away", value === null);
    button.onclick = () => setTriggerValue("chosen", { value, newest: Boolean(data.newest) && value >= data.high });
  });
  input.onpointerdown = () => (input.dataset.held = "1");
  input.onpointerup = input.onpointercancel = () => delete input.dataset.held;
}
