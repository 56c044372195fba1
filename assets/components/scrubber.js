// A range input whose bounds the server may move; while the user moves it, the server's value waits.
const WAIT = 120; // milliseconds between two values sent while dragging

export default function ({ data, parentElement, setTriggerValue }) {
  const input = parentElement.querySelector("input");
  const name = parentElement.querySelector(".scrub-name");
  const output = parentElement.querySelector("output");

  const tell = () => {
    const end = Number(input.value) === Number(input.max) && data.live;
    output.textContent = `${input.value} / ${input.max}${end ? " · " + data.live : ""}`;
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
    setTriggerValue("chosen", Number(input.value));
  };
  input.oninput = () => {
    tell();
    input.timer ||= setTimeout(send, WAIT);
  };
  input.onpointerdown = () => (input.dataset.held = "1");
  input.onpointerup = input.onpointercancel = () => delete input.dataset.held;
}
