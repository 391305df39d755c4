import uPlot from "uplot";
import { h, setText } from "../shared/dom.ts";

export interface MinuteChart {
  element: HTMLElement;
  /** Times in seconds since 1970; a value for each. */
  show(times: number[], values: number[], summary: string): void;
}

export interface MinuteChartOptions {
  title: string;
  /** Name of the CSS variable with the bars' colour. */
  colour: string;
  format(value: number): string;
  /** Smallest top of the scale, so that little is not drawn as much. */
  least: number;
}

const height = 150;
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** Bars by the minute with a line of text above: the sum, or the minute that is pointed at. */
export const minuteChart = ({ title, colour, format, least }: MinuteChartOptions): MinuteChart => {
  const reading = h("span", { class: "number" });
  const plot = h("div", { class: "plot", role: "img", "aria-label": title });
  const element = h(
    "figure",
    { class: "panel chart" },
    h("figcaption", {}, h("h2", {}, title), reading),
    plot,
  );
  let summary = "";

  const css = (name: string) => () => getComputedStyle(plot).getPropertyValue(name).trim();
  const axis = {
    stroke: css("--muted"),
    grid: { stroke: css("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  const bars = uPlot.paths.bars?.({ size: [0.72, 14], radius: 0.15 });
  const chart = new uPlot(
    {
      width: 300,
      height,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      padding: [8, 18, 0, 0],
      scales: {
        x: { range: (_, from, to) => [from - 30, to + 30] },
        y: { range: (_, __, top) => [0, Math.max(least, (top ?? 0) * 1.1)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 64,
          values: (_, ticks) => ticks.map((tick) => time.format(tick * 1000)),
        },
        { ...axis, size: 56, space: 36, values: (_, ticks) => ticks.map((tick) => format(tick)) },
      ],
      series: [
        {},
        {
          fill: css(colour),
          stroke: css(colour),
          width: 0,
          points: { show: false },
          ...(bars && { paths: bars }),
        },
      ],
      hooks: { setCursor: [() => read()] },
    },
    [[], []],
    plot,
  );

  const read = () => {
    const index = chart.cursor.idx;
    const at = index === null || index === undefined ? undefined : chart.data[0][index];
    const value = index === null || index === undefined ? undefined : chart.data[1]?.[index];
    const isPointed = at !== undefined && value !== undefined && value !== null;
    setText(reading, isPointed ? `${time.format(at * 1000)} · ${format(value)}` : summary);
  };
  new ResizeObserver(() => {
    if (plot.clientWidth > 0) chart.setSize({ width: plot.clientWidth, height });
  }).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());

  return {
    element,
    show: (times, values, text) => {
      summary = text;
      chart.setData([times, values]);
      plot.setAttribute("aria-label", `${title}: ${text}`);
      read();
    },
  };
};
