// Has Streamlit draw the fragment that this is in anew, when a tick finds that more than the components has changed.

/** @param {ComponentCall<{ now: boolean }>} component */
export default function ({ data, setTriggerValue }) {
  if (data.now) setTriggerValue("redraw", true);
}
