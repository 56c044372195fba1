// Runs through the steps: the next is asked for a while after the last has come, so that a slow server is never flooded.
const PACE = 450; // milliseconds that a step stays

export default function ({ data, parentElement, setTriggerValue }) {
  const button = parentElement.querySelector("button");
  const player = (button.player ??= { on: false, timer: 0 });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const last = data.step >= data.steps - 1;
  const ask = (step) => setTriggerValue("step", step);
  if (last) player.on = false;
  clearTimeout(player.timer);
  if (player.on) player.timer = setTimeout(() => button.isConnected && ask(data.step + 1), PACE);

  const show = () => {
    const [icon, name] = player.on ? ["❚❚", data.pause] : ["▶", calm ? data.next : data.play];
    button.firstElementChild.textContent = icon;
    button.querySelector(".player-name").textContent = name;
  };
  button.onclick = () => {
    clearTimeout(player.timer);
    player.on = !player.on && !calm;
    if (player.on || calm) ask(last ? 0 : data.step + 1);
    show();
  };
  button.disabled = data.steps < 2;
  show();
}
