// Types that the components share; only the type check reads this file.

/** What Streamlit passes to a component, each time that Python runs. */
interface ComponentCall<Data> {
  data: Data;
  parentElement: HTMLElement;
  /** Runs Python's on_NAME_change with the value. */
  setTriggerValue(name: string, value: unknown): void;
}

/** What holds a component; it takes new data from a tick as from a call by Streamlit (pages/common/component.py). */
interface NewsPlace extends HTMLElement {
  takeNews(data: unknown): void;
}

/** The part of Plotly's script that is used. */
interface PlotlyScript {
  react(node: HTMLElement, data: PlotlyTrace[], layout: object, config: object): Promise<unknown>;
  purge(node: HTMLElement): void;
  downloadImage(node: HTMLElement, options: object): Promise<unknown>;
  Plots: { resize(node: HTMLElement): void };
}

interface PlotlyTrace {
  /** says: what hovering says of a 0 and of a 1. */
  meta?: { says?: [string, string] };
  /** z: a matrix of bytes in Plotly's binary form. */
  z: { bdata: string; shape: string };
  text?: string[][];
}

interface PlotlyLayout {
  title?: { text?: string; pad: { t: number } };
  margin: { l: number; t: number };
  height: number;
  template: { layout: { paper_bgcolor: string } };
}

interface PlotlyClick {
  points: { curveNumber: number; pointNumber: number; x: unknown; y: unknown }[];
}

interface Window {
  Plotly?: PlotlyScript;
  plotlyScript?: Promise<PlotlyScript>;
}
