const svg = "http://www.w3.org/2000/svg";

/** Outlines on a grid of 24; drawn with the text's colour. */
const outlines = {
  arrow: ["M5 12h14", "M13 6l6 6-6 6"],
  back: ["M19 12H5", "M11 18l-6-6 6-6"],
  bag: ["M6 8h12l1 12H5L6 8Z", "M9 8V7a3 3 0 0 1 6 0v1"],
  box: ["M4 8l8-4 8 4v8l-8 4-8-4V8Z", "M4 8l8 4 8-4", "M12 12v8"],
  check: ["M5 13l4.5 4.5L19 7"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  minus: ["M6 12h12"],
  plus: ["M12 6v12", "M6 12h12"],
  receipt: ["M7 4h10v16l-2.5-1.6L12 20l-2.5-1.6L7 20V4Z", "M10 9h4", "M10 13h4"],
  search: ["M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z", "M20 20l-4-4"],
  sliders: ["M4 8h9", "M17 8h3", "M4 16h3", "M11 16h9", "M15 6v4", "M9 14v4"],
  trash: ["M5 7h14", "M9 7V5h6v2", "M7 7l1 12h8l1-12"],
  truck: [
    "M3 6h11v10H3z",
    "M14 10h4l3 3v3h-7",
    "M7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
    "M17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  ],
} as const;

export type IconName = keyof typeof outlines;

/** A decorative drawing; whatever it means is said in text beside it or in an aria-label. */
export const icon = (name: IconName): SVGSVGElement => {
  const element = document.createElementNS(svg, "svg");
  element.setAttribute("viewBox", "0 0 24 24");
  element.setAttribute("class", "icon");
  element.setAttribute("aria-hidden", "true");
  for (const outline of outlines[name]) {
    const path = document.createElementNS(svg, "path");
    path.setAttribute("d", outline);
    element.append(path);
  }
  return element;
};
