// Draws the demo shop's product pictures into examples/storefront/public/demo.
// Run: node scripts/run.mjs supabase/seeds/draw-pictures.ts

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../examples/storefront/public/demo/", import.meta.url));

const ink = "#22303c";
const cream = "#f6efe0";
const white = "#fffdf7";
const oak = "#c99a62";
const walnut = "#7a5238";
const steel = "#b9c4c9";
const iron = "#3c4449";
const brass = "#c9a13f";
const glass = "#dcebea";

interface Colour {
  main: string;
  dark: string;
  light: string;
}

const colours = {
  cream: { main: "#f3e9d2", dark: "#d9c9a4", light: "#fbf6ea" },
  oatmeal: { main: "#e3d6bd", dark: "#c5b391", light: "#f1e9d8" },
  sand: { main: "#dcc7a0", dark: "#bda477", light: "#eddfc4" },
  navy: { main: "#2b4a6b", dark: "#1d344d", light: "#47698d" },
  pine: { main: "#3e6653", dark: "#2a4a3b", light: "#5d8671" },
  rust: { main: "#b9583a", dark: "#8f3f27", light: "#d67f61" },
  mustard: { main: "#d9a23b", dark: "#b07d22", light: "#ecc26d" },
} as const satisfies Record<string, Colour>;

const backdrops = {
  kitchen: ["#eef3ef", "#d9e6dd"],
  tea: ["#f7f0e4", "#ecdcc0"],
  home: ["#f3eee8", "#e4d6c6"],
  clothing: ["#eaf0f4", "#d2dfe8"],
  outdoor: ["#edf2e6", "#d5e2c6"],
  stationery: ["#f2eef4", "#ded6e6"],
  toys: ["#fdf1e5", "#f7dcc0"],
  bath: ["#eaf4f3", "#cfe5e2"],
} as const;

type Backdrop = keyof typeof backdrops;

// Shapes

const path = (d: string, fill: string, more = "") => `<path d="${d}" fill="${fill}"${more}/>`;
const line = (d: string, stroke: string, width = 4) =>
  `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;
const box = (x: number, y: number, w: number, h: number, fill: string, r = 0) =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${r}" fill="${fill}"/>`;
const dot = (x: number, y: number, r: number, fill: string) =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`;
const oval = (x: number, y: number, rx: number, ry: number, fill: string) =>
  `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}"/>`;
const turned = (degrees: number, x: number, y: number, inner: string) =>
  `<g transform="rotate(${degrees} ${x} ${y})">${inner}</g>`;
const moved = (x: number, y: number, inner: string) =>
  `<g transform="translate(${x} ${y})">${inner}</g>`;
const shade = (d: string, opacity = 0.12) => path(d, "#000", ` opacity="${opacity}"`);
const shine = (d: string, opacity = 0.35) => path(d, "#fff", ` opacity="${opacity}"`);
const times = (count: number, draw: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => draw(index)).join("");
const label = (x: number, y: number, text: string, size: number, fill: string) =>
  `<text x="${x}" y="${y}" font-family="Georgia, serif" font-size="${size}" fill="${fill}" text-anchor="middle">${text}</text>`;

const shadow = (x: number, y: number, width: number) => oval(x, y, width, width / 9, "#22303c22");

const picture = (name: string, backdrop: Backdrop, drawing: string) => {
  const [paper, circle] = backdrops[backdrop];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">` +
    `${box(0, 0, 400, 400, paper)}${dot(200, 200, 150, circle)}${drawing}</svg>\n`;
  writeFileSync(`${folder}${name}.svg`, svg);
};

// Kitchen & Table

const mug = (c: Colour) =>
  shadow(195, 302, 95) +
  `<path d="M268 180h22a34 34 0 0 1 0 82h-26" fill="none" stroke="${c.main}" stroke-width="16"/>` +
  path("M120 140h152l-8 148a14 14 0 0 1-14 12H142a14 14 0 0 1-14-12z", c.main) +
  shade("M232 140h40l-8 148a14 14 0 0 1-14 12h-30z") +
  shine("M142 160h16l4 110h-14z") +
  oval(196, 140, 77, 15, c.dark) +
  oval(196, 142, 66, 10, "#5a3a26") +
  `<ellipse cx="196" cy="140" rx="77" ry="15" fill="none" stroke="${ink}" stroke-width="5"/>` +
  line("M182 118c-14-14 10-22-2-38M212 118c-14-14 10-22-2-38", "#fff", 5);

const jug =
  shadow(200, 318, 85) +
  `<path d="M262 150c52-10 60 84 2 100" fill="none" stroke="#9db3ae" stroke-width="17"/>` +
  path(
    "M150 92c-16-4-26 2-34 14 20 6 26 20 24 38-14 30-26 62-26 92 0 46 26 78 86 78s86-32 86-78c0-34-16-62-26-92-4-20 0-34 2-52z",
    "#b7cbc5",
  ) +
  path("M114 232c0 50 26 82 86 82s86-32 86-82c-50 20-120 20-172 0z", "#8ba69f") +
  shine("M146 160c-12 26-16 50-14 80l12-2c0-28 4-52 14-74z") +
  oval(206, 94, 56, 10, "#7d968f") +
  times(16, (i) => dot(140 + ((i * 53) % 126), 150 + ((i * 37) % 84), 2.4, "#6d857e"));

const kettle = (c: Colour) =>
  shadow(200, 312, 100) +
  `<path d="M140 150c0-92 128-92 128 0" fill="none" stroke="${walnut}" stroke-width="13" stroke-linecap="round"/>` +
  path("M118 208 70 172c-10-6-16-2-12 8l44 96z", c.dark) +
  path("M104 300c-14-30-8-146 100-146s114 116 100 146c-2 6-10 8-18 8H122c-8 0-16-2-18-8z", c.main) +
  shade("M236 160c70 16 78 116 68 140-2 6-10 8-18 8h-46c22-40 24-104-4-148z") +
  shine("M128 212c8-22 24-34 42-40-18 18-28 40-32 82h-14c0-14 0-28 4-42z") +
  oval(204, 156, 48, 10, c.dark) +
  box(194, 126, 20, 22, walnut, 8) +
  line("M40 150c-10-8-8-20-18-26M56 140c-8-8-4-20-12-28", "#fff", 5);

const board =
  turned(
    -14,
    200,
    200,
    path(
      "M118 96h142c16 0 26 10 26 26v176c0 16-10 26-26 26H118c-16 0-26-10-26-26V122c0-16 10-26 26-26z",
      oak,
    ) +
      box(168, 40, 42, 70, oak, 18) +
      dot(189, 66, 10, backdrops.kitchen[1]) +
      line(
        "M112 140c60-14 100 18 156 2M112 188c50 16 110-14 156 4M112 240c60-16 90 14 156-4M114 284c50 12 100-8 150 2",
        "#b07f48",
        3,
      ) +
      `<rect x="108" y="112" width="162" height="196" rx="16" fill="none" stroke="#b07f48" stroke-width="4"/>`,
  ) +
  path("M238 262c34-22 74-14 84 10-22 22-66 18-84-10z", "#6e9b5a") +
  line("M242 263c26 2 50 4 76 8", "#4d7a3c", 3);

const teapot =
  shadow(196, 302, 105) +
  `<path d="M284 190c60-14 58 84-4 82" fill="none" stroke="#d6b48a" stroke-width="17"/>` +
  path("M112 236C84 232 78 196 54 176c-6-8 2-16 12-12 34 10 46 22 62 26z", "#c79d6c") +
  path("M200 148c64 0 96 40 96 84 0 42-40 70-96 70s-96-28-96-70c0-44 32-84 96-84z", "#d6b48a") +
  shade("M236 154c40 12 60 44 60 78 0 42-40 70-96 70 46-24 64-92 36-148z") +
  shine("M122 222c2-24 14-42 36-52-12 16-18 34-20 60z") +
  oval(200, 152, 54, 11, "#b98a57") +
  path("M152 150c4-30 92-30 96 0z", "#d6b48a") +
  dot(200, 120, 12, "#b98a57");

const bowl =
  shadow(200, 290, 90) +
  path("M84 178h232c0 62-50 106-116 106S84 240 84 178z", "#6f8fa3") +
  path("M92 210c40 14 176 14 216 0-14 44-56 74-108 74S106 254 92 210z", "#567687") +
  box(160, 278, 80, 14, "#466272", 7) +
  oval(200, 178, 116, 26, "#f1e9d8") +
  oval(200, 180, 100, 19, "#e9d8b4") +
  dot(160, 176, 12, "#7b3550") +
  dot(184, 184, 11, "#94415f") +
  dot(236, 176, 13, "#d8863b") +
  dot(214, 172, 10, "#7b3550") +
  path("M252 182c10-10 24-8 30 0-8 8-22 8-30 0z", "#6e9b5a");

const knife = turned(
  -38,
  200,
  200,
  path("M30 214c60-44 130-50 200-48v48z", steel) +
    shine("M60 206c50-24 110-34 170-34v10c-60 0-116 8-170 24z", 0.6) +
    box(228, 162, 14, 56, "#8a979d", 3) +
    path("M240 166h116c16 0 22 14 16 28-4 12-14 14-24 12l-108 2z", walnut) +
    dot(270, 186, 5, brass) +
    dot(305, 186, 5, brass) +
    dot(340, 186, 5, brass),
);

const napkin = (c: Colour) =>
  shadow(204, 310, 110) +
  times(4, (i) =>
    moved(
      0,
      -i * 30,
      path("M84 288l120-36 116 36-116 30z", i % 2 ? c.main : c.light) +
        path("M84 288l120 30v16L84 304z", c.dark) +
        path("M320 288l-116 30v16l116-30z", c.main),
    ),
  ) +
  `<path d="M104 196l100-30 96 30-96 25z" fill="none" stroke="${white}" stroke-width="3" stroke-dasharray="7 6"/>`;

// Tea & Coffee

const tin = (name: string, c: Colour, motif: string) =>
  shadow(200, 326, 80) +
  box(126, 120, 148, 204, c.main, 10) +
  shade("M230 120h34a10 10 0 0 1 10 10v184a10 10 0 0 1-10 10h-34z") +
  shine("M140 130h12v184h-12z", 0.25) +
  path("M120 96a14 14 0 0 1 14-14h132a14 14 0 0 1 14 14v30H120z", c.dark) +
  box(120, 118, 160, 8, brass) +
  box(144, 164, 112, 116, cream, 6) +
  moved(200, 204, motif) +
  label(200, 264, name, 19, ink);

const leaf = (fill: string) =>
  path("M-4 24C-34 8-30-20-6-28c22 12 26 36 2 52z", fill) + line("M-4 24-6-16", "#ffffff99", 2.5);

const teaMotifs = {
  bergamot:
    dot(0, 0, 24, "#e2b53d") +
    dot(0, 0, 18, "#f3d57d") +
    times(6, (i) => turned(i * 60, 0, 0, line("M0 0V-17", "#e2b53d", 3))),
  ship:
    path("M-30 8h60l-10 18h-40z", "#2b4a6b") +
    path("M-2-30v34h-22z", "#b9583a") +
    path("M4-22v26h20z", "#d67f61"),
  sprig: turned(-30, 0, 0, leaf("#5d8671")) + turned(35, 0, 0, leaf("#3e6653")),
  daisy:
    times(10, (i) => turned(i * 36, 0, 0, oval(0, -18, 5.5, 12, "#fff"))) +
    dot(0, 0, 10, "#e2b53d"),
};

const coffee = (name: string, c: Colour) =>
  shadow(200, 330, 84) +
  path("M122 104h156l12 212a14 14 0 0 1-14 14H124a14 14 0 0 1-14-14z", c.main) +
  shade("M240 104h38l12 212a14 14 0 0 1-14 14h-26z") +
  path("M122 104 134 66h132l12 38z", c.dark) +
  box(128, 84, 144, 10, brass, 4) +
  dot(200, 206, 52, cream) +
  turned(
    -28,
    200,
    196,
    oval(200, 196, 17, 25, "#5a3a26") + line("M200 173c-10 14 10 30 0 46", "#8a5f43", 4),
  ) +
  label(200, 246, name, 13, ink) +
  shine("M132 116h12l-8 196h-14z", 0.2) +
  turned(
    20,
    310,
    322,
    oval(312, 318, 13, 18, "#5a3a26") + line("M312 302c-8 12 8 22 0 33", "#8a5f43", 3),
  ) +
  turned(
    70,
    84,
    326,
    oval(86, 322, 12, 17, "#6b4630") + line("M86 307c-8 11 8 21 0 31", "#94694b", 3),
  );

const cocoa =
  shadow(200, 320, 80) +
  box(128, 126, 144, 192, "#6b3f2e", 12) +
  path("M122 108a16 16 0 0 1 16-16h124a16 16 0 0 1 16 16v30H122z", "#d9c9a4") +
  box(128, 190, 144, 74, cream) +
  label(200, 222, "Drinking", 20, "#6b3f2e") +
  label(200, 246, "Chocolate", 20, "#6b3f2e") +
  shine("M142 148h12v162h-12z", 0.2) +
  times(7, (i) =>
    turned(
      i * 40,
      96 + i * 6,
      318,
      box(72 + i * 10, 306 + ((i * 7) % 14), 18, 8, i % 2 ? "#4b2a1e" : "#6b3f2e", 2),
    ),
  );

const honey =
  shadow(200, 322, 82) +
  path(
    "M128 130h144c12 10 18 24 18 40v126a24 24 0 0 1-24 24H134a24 24 0 0 1-24-24V170c0-16 6-30 18-40z",
    "#d38b26",
  ) +
  path("M128 130h144c6 6 10 12 14 20H114c4-8 8-14 14-20z", "#f0d9a2") +
  box(122, 92, 156, 40, "#e9dcc0", 8) +
  box(122, 104, 156, 4, "#cdbb93") +
  box(122, 116, 156, 4, "#cdbb93") +
  path("M150 190h100v84H150z", cream) +
  times(3, (i) =>
    moved(176 + i * 24, 222 + (i % 2) * 14, path("M0-15 13-8V7L0 14-13 7V-8z", "#e2a93d")),
  ) +
  shine("M124 170h12v124h-12z", 0.4);

// Home & Light

const lamp = (c: Colour) =>
  path("M132 176 60 330h280l-72-154z", "#fff3c4", ` opacity="0.55"`) +
  shadow(200, 330, 80) +
  oval(200, 322, 58, 12, c.dark) +
  box(193, 176, 14, 146, oak, 6) +
  path("M160 76h80c6 0 10 4 12 8l40 92H108l40-92c2-4 6-8 12-8z", c.main) +
  shade("M214 76h26c6 0 10 4 12 8l40 92h-52z") +
  shine("M160 88h14l-26 80h-18z", 0.3) +
  oval(200, 178, 92, 12, "#fff3c4") +
  dot(200, 182, 14, "#ffe08a") +
  box(190, 60, 20, 18, brass, 6);

const candle =
  shadow(200, 318, 78) +
  dot(200, 96, 52, "#fff3c455") +
  path("M128 150h144v140a26 26 0 0 1-26 26h-92a26 26 0 0 1-26-26z", glass) +
  path("M128 188h144v102a26 26 0 0 1-26 26h-92a26 26 0 0 1-26-26z", "#efe0b9") +
  oval(200, 188, 72, 12, "#f8eccb") +
  oval(200, 150, 72, 12, "#ffffff88") +
  line("M200 186v-34", ink, 5) +
  path("M200 158c-22-18-14-42 2-66 16 26 24 48-2 66z", "#f0a83c") +
  path("M200 156c-10-10-6-22 1-34 8 12 11 24-1 34z", "#fff3c4") +
  box(158, 222, 84, 60, white, 4) +
  turned(20, 200, 250, moved(200, 252, leaf("#3e6653"))) +
  shine("M142 166h10v134h-10z", 0.5);

const lantern =
  shadow(200, 338, 80) +
  `<path d="M150 110c0-76 100-76 100 0" fill="none" stroke="${iron}" stroke-width="7"/>` +
  path("M148 108h104l26 36H122z", "#2a4a3b") +
  box(176, 90, 48, 20, "#2a4a3b", 6) +
  box(134, 144, 132, 152, "#e8f0e0") +
  path("M134 144h132v152H134z", "#fff3c4", ` opacity="0.7"`) +
  box(184, 226, 32, 70, cream, 3) +
  path("M200 224c-16-14-10-30 1-48 12 18 17 34-1 48z", "#f0a83c") +
  line("M134 144v152M266 144v152M200 144v40M134 220h132", iron, 6) +
  box(120, 296, 160, 34, "#3e6653", 8);

const blanket = (c: Colour) =>
  shadow(200, 312, 120) +
  path(
    "M84 176c0-18 12-28 30-28h172c18 0 30 10 30 28v116c0 10-8 16-16 16H100c-8 0-16-6-16-16z",
    c.main,
  ) +
  path("M84 226h232v14H84zM84 252h232v5H84z", c.light) +
  path("M84 186h232v6H84z", cream) +
  path("M84 276h232v6H84z", cream) +
  path("M92 148c-6-24 10-40 30-40h156c20 0 36 16 30 40-10-10-206-10-216 0z", c.dark) +
  line("M92 148c10-10 206-10 216 0", c.light, 4) +
  times(19, (i) => line(`M${96 + i * 11.6} 308v16`, c.main, 4));

const cushion =
  shadow(200, 316, 110) +
  path(
    "M96 108c30 12 178 12 208 0 18-8 24 4 16 18-14 30-14 124 0 154 8 16 0 28-16 20-30-14-178-14-208 0-16 8-24-4-16-20 14-30 14-124 0-154-8-14-2-26 16-18z",
    cream,
  ) +
  line(
    "M96 108c30 12 178 12 208 0 18-8 24 4 16 18-14 30-14 124 0 154 8 16 0 28-16 20-30-14-178-14-208 0-16 8-24-4-16-20 14-30 14-124 0-154-8-14-2-26 16-18z",
    "#cdb892",
    5,
  ) +
  times(6, (i) =>
    path(
      `M${112 + i * 32} 113q6 1 10 1.500c-4 60-4 120 0 178q-6 .5-10 1.500c-5-60-5-120 0-181z`,
      i % 2 ? "#2b4a6b" : "#6c88a5",
    ),
  ) +
  shade(
    "M286 116c8-2 14-6 18-8 18-8 24 4 16 18-14 30-14 124 0 154 8 16 0 28-16 20-6-2-14-5-22-7 14-50 14-130 4-177z",
    0.1,
  );

const vase =
  shadow(200, 328, 70) +
  line(
    "M196 150C186 100 150 76 132 40M204 150c6-52 34-70 48-102M200 150c-2-50-4-80 2-118",
    "#5d8671",
    4,
  ) +
  times(5, (i) =>
    turned(
      -40 + i * 20,
      200,
      150,
      oval(200, 66 + (i % 2) * 18, 7, 15, i % 2 ? "#8fb09b" : "#5d8671"),
    ),
  ) +
  path("M180 150c0 26-52 40-56 96-4 50 30 80 76 80s80-30 76-80c-4-56-56-70-56-96z", "#e7ddd0") +
  shade("M214 150h6c0 26 52 40 56 96 4 50-30 80-76 80 60-30 62-110 14-176z", 0.1) +
  oval(200, 150, 21, 6, "#b9aa95") +
  shine("M140 246c2-24 14-40 26-50-8 22-12 40-12 62z", 0.6);

const clock =
  shadow(200, 336, 80) +
  dot(200, 196, 122, iron) +
  dot(200, 196, 108, white) +
  times(12, (i) => turned(i * 30, 200, 196, box(197, 96, 6, i % 3 ? 12 : 22, ink, 2))) +
  turned(-52, 200, 196, box(195, 134, 10, 72, ink, 4)) +
  turned(62, 200, 196, box(196, 108, 8, 98, ink, 4)) +
  turned(160, 200, 196, box(198.5, 104, 3, 112, "#b9583a", 1)) +
  dot(200, 196, 9, "#b9583a") +
  shine("M118 150c16-34 44-52 80-54-34 14-56 38-66 68z", 0.5);

const basket =
  shadow(200, 322, 110) +
  `<path d="M116 190c0-140 168-140 168 0" fill="none" stroke="#8a6238" stroke-width="13"/>` +
  times(4, (i) =>
    turned(
      -8 + i * 6,
      200,
      180,
      box(126 + i * 38, 120 + (i % 2) * 14, 32, 100, i % 2 ? walnut : "#96704e", 6) +
        oval(142 + i * 38, 122 + (i % 2) * 14, 16, 7, "#e0c198"),
    ),
  ) +
  path("M84 188h232l-26 116c-2 10-10 16-20 16H130c-10 0-18-6-20-16z", "#b98a57") +
  times(6, (row) =>
    times(8, (i) =>
      oval(
        112 + i * 26 + (row % 2) * 12 - 2,
        206 + row * 19,
        13,
        7,
        (row + i) % 2 ? "#a37445" : "#cda06d",
      ),
    ),
  ) +
  box(78, 180, 244, 18, "#8a6238", 9);

// Clothing

const jumperShape =
  "M146 92 74 130c-8 4-12 12-14 20L36 284c-2 8 4 14 10 16l40 6c8 2 14-4 16-10l16-90v106c0 10 6 16 16 16h132c10 0 16-6 16-16V206l16 90c2 6 8 12 16 10l40-6c6-2 12-8 10-16l-24-134c-2-8-6-16-14-20l-72-38c-14 22-94 22-108 0z";

const jumper = (c: Colour) =>
  path(jumperShape, c.main) +
  path("M118 292h164v20c0 10-6 16-16 16H134c-10 0-16-6-16-16z", c.dark) +
  path(
    "M40 266l64 12-2 18c-2 6-8 12-16 10l-40-6c-6-2-12-8-10-16zM360 266l-64 12 2 18c2 6 8 12 16 10l40-6c6-2 12-8 10-16z",
    c.dark,
  ) +
  `<path d="M146 92c14 22 94 22 108 0l6 8c-18 30-102 30-120 0z" fill="${c.dark}"/>` +
  times(
    3,
    (i) =>
      `<path d="${times(9, (j) => `${j ? "" : `M${160 + i * 40} 136`}q${j % 2 ? 12 : -12} 8 0 17`)}" fill="none" stroke="${c.light}" stroke-width="5"/>` +
      `<path d="${times(9, (j) => `${j ? "" : `M${160 + i * 40} 136`}q${j % 2 ? -12 : 12} 8 0 17`)}" fill="none" stroke="${c.dark}" stroke-width="3"/>`,
  ) +
  line("M118 206v70M282 206v70", c.dark, 4);

const beanie = (c: Colour) =>
  shadow(200, 310, 100) +
  dot(200, 92, 28, c.light) +
  times(10, (i) => turned(i * 36, 200, 92, line("M200 92V66", c.dark, 3))) +
  path("M104 250c-6-90 40-142 96-142s102 52 96 142z", c.main) +
  times(6, (i) =>
    line(
      `M${124 + i * 30} 248C${126 + i * 30} 190 ${160 + i * 16} 140 ${192 + i * 3} 112`,
      c.dark,
      4,
    ),
  ) +
  box(90, 238, 220, 64, c.light, 20) +
  times(14, (i) => line(`M${106 + i * 14.5} 248v44`, c.main, 4));

const scarf =
  path(
    "M112 120c60-50 128-46 176 4 14 16 10 42-6 52-50-34-112-40-172-6-18-12-18-38 2-50z",
    "#b9583a",
  ) +
  path("M212 150c30 2 56 12 74 28l-16 148h-66z", "#d67f61") +
  path("M190 148l-22 150h-62l24-136c18-8 38-14 60-14z", "#8f3f27") +
  path(
    "M208 196l72 8-3 22-71-8zM206 240l70 8-2 14-69-8zM180 214l-60-6 3-18 60 6zM174 252l-60-6 2-12 60 6z",
    cream,
  ) +
  times(6, (i) => line(`M${210 + i * 11} 326v20M${110 + i * 11} 298v20`, "#b9583a", 4)) +
  line("M116 130c54-36 116-34 166 6", "#d67f61", 5);

const tee =
  path(
    "M150 84 70 122l20 68 32-10v134c0 8 6 12 12 12h132c6 0 12-4 12-12V180l32 10 20-68-80-38c-16 20-84 20-100 0z",
    white,
  ) +
  `<clipPath id="b"><path d="M122 180v134c0 8 6 12 12 12h132c6 0 12-4 12-12V180l32 10 20-68-80-38c-16 20-84 20-100 0L70 122l20 68z"/></clipPath>` +
  `<g clip-path="url(#b)">${times(8, (i) => box(60, 122 + i * 24, 280, 9, "#2b4a6b"))}</g>` +
  line("M150 84c16 20 84 20 100 0M122 180v132M278 180v132", "#c9d3da", 4);

const raincoat = (c: Colour) =>
  path("M150 104c-6-66 106-66 100 0l14 24H136z", c.dark) +
  oval(200, 108, 32, 28, ink) +
  path(
    "M146 110 88 146 56 282l46 12 22-78v116c0 6 4 10 10 10h132c6 0 10-4 10-10V216l22 78 46-12-32-136-58-36c-20 30-88 30-108 0z",
    c.main,
  ) +
  line("M200 132v208", c.dark, 5) +
  times(4, (i) => dot(212, 162 + i * 44, 5, brass)) +
  box(138, 250, 46, 44, c.light, 4) +
  box(216, 250, 46, 44, c.light, 4) +
  line("M138 262h46M216 262h46", c.dark, 4) +
  shade("M264 120l40 26 32 136-40 10-20-70v108c0 6-4 10-10 10h-20z", 0.1);

const sock = (body: string, tip: string) =>
  path("M0 0h66v120c0 12 6 18 20 24l34 16c22 10 20 44-6 44H30c-20 0-30-10-30-30z", body) +
  path(
    "M98 150l22 10c22 10 20 44-6 44H88c-2-22 2-40 10-54zM0 150c22 0 36 16 38 54h-8c-20 0-30-10-30-30z",
    tip,
  ) +
  path("M-3 0h72v30H-3z", tip) +
  times(7, (i) => line(`M${4 + i * 9.5} 4v22`, body, 3)) +
  path("M0 60h66v9H0zM0 82h66v9H0z", cream);

const socks =
  shadow(200, 318, 110) +
  moved(116, 74, sock("#5d8671", "#2a4a3b")) +
  turned(8, 230, 200, moved(190, 100, sock("#47698d", "#1d344d")));

const apron =
  line("M156 92c0-50 88-50 88 0", walnut, 9) +
  line("M118 210H60M282 210h58", walnut, 9) +
  path(
    "M150 88h100l10 62c4 20 26 26 26 50v120c0 8-6 12-12 12H126c-6 0-12-4-12-12V200c0-24 22-30 26-50z",
    "#55624f",
  ) +
  box(146, 220, 108, 66, "#69775f", 6) +
  line("M200 222v62", "#434f3e", 4) +
  dot(158, 100, 6, brass) +
  dot(242, 100, 6, brass) +
  dot(152, 228, 4, brass) +
  dot(248, 228, 4, brass) +
  line("M172 118h56", "#434f3e", 4) +
  box(222, 200, 8, 40, oak, 3);

// Outdoor

const tent =
  shadow(200, 318, 150) +
  path("M52 306 178 104l46 0 124 202z", "#d9a23b") +
  path("M178 104 52 306h150z", "#ecc26d") +
  path("M178 104 126 306h92z", "#2a4a3b") +
  path("M178 104 126 306h-22z", "#f3e9d2") +
  line("M178 104 30 316M224 104l146 212", "#8a6238", 3) +
  line("M178 104h46", "#b07d22", 6) +
  box(26, 310, 8, 14, walnut, 2) +
  box(368, 310, 8, 14, walnut, 2) +
  times(5, (i) =>
    moved(70 + i * 64, 322 + (i % 2) * 6, line("M-6 0l4-14M0 0v-18M6 0l-3-13", "#5d8671", 3)),
  );

const rucksack = (c: Colour) =>
  shadow(200, 334, 90) +
  `<path d="M164 84c0-40 72-40 72 0" fill="none" stroke="${walnut}" stroke-width="9"/>` +
  path("M108 200c-30 6-34 100-8 116h40V200zM292 200c30 6 34 100 8 116h-40V200z", c.dark) +
  path(
    "M130 120h140c12 0 20 8 20 20v172c0 12-8 20-20 20H130c-12 0-20-8-20-20V140c0-12 8-20 20-20z",
    c.main,
  ) +
  path("M116 76h168c8 0 12 8 10 16l-14 56H120l-14-56c-2-8 2-16 10-16z", c.light) +
  box(112, 92, 176, 7, c.dark) +
  box(140, 218, 120, 92, c.light, 10) +
  path("M140 240h120v10H140z", c.dark) +
  box(150, 132, 14, 76, walnut, 3) +
  box(236, 132, 14, 76, walnut, 3) +
  box(147, 178, 20, 16, brass, 3) +
  box(233, 178, 20, 16, brass, 3);

const flask =
  shadow(200, 338, 62) +
  box(160, 54, 80, 66, iron, 12) +
  box(154, 116, 92, 14, "#8a979d", 4) +
  box(148, 128, 104, 206, "#7d9aa8", 18) +
  shade("M222 128h12a18 18 0 0 1 18 18v170a18 18 0 0 1-18 18h-12z", 0.18) +
  shine("M160 140h12v184h-12z", 0.45) +
  path("M168 236l32-44 32 44zM184 236l26-30 26 30z", "#f6efe0cc") +
  line("M164 246h72", "#f6efe0cc", 4);

const hammock =
  shadow(200, 326, 120) +
  path("M40 60h18v266H40zM342 60h18v266h-18z", walnut) +
  times(4, (i) =>
    dot(49 + ((i * 301) % 602), 60 - i * 4, 26 - i * 3, i % 2 ? "#5d8671" : "#3e6653"),
  ) +
  line("M58 130 104 190M58 130 128 176M342 130 296 190M342 130 272 176", oak, 4) +
  path(
    "M96 176c30 116 178 116 208 0 6-10 14 2 10 16-26 140-202 140-228 0-4-14 4-26 10-16z",
    "#f3e9d2",
  ) +
  path(
    "M118 232c34 50 130 50 164 0l6 10c-40 58-136 58-176 0zM134 262c34 34 98 34 132 0l4 12c-38 34-102 34-140 0z",
    "#b9583a",
  );

const chair =
  shadow(200, 326, 120) +
  path("M132 70l96 168-26 6L120 96z", oak) +
  path("M128 76l118 4 62 146-108 14z", "#fffdf7") +
  times(4, (i) =>
    path(`M${142 + i * 28} 77l15 .6 ${52 + i * 2} 156-15 2z`, i % 2 ? "#2b4a6b" : "#d9a23b"),
  ) +
  line("M122 70 232 322M250 78 316 226 94 322M316 226l-10 96M200 242l110-14", walnut, 11);

const headtorch =
  `<path d="M78 190c10-140 234-140 244 0" fill="none" stroke="#47698d" stroke-width="30"/>` +
  `<path d="M78 190c10-140 234-140 244 0" fill="none" stroke="#d9a23b" stroke-width="5" stroke-dasharray="16 12"/>` +
  path("M200 214 70 340h260z", "#fff3c4", ` opacity="0.7"`) +
  box(138, 150, 124, 84, iron, 24) +
  dot(200, 192, 32, steel) +
  dot(200, 192, 24, "#fff3c4") +
  dot(200, 192, 10, "#fff") +
  dot(246, 166, 6, "#b9583a");

const compass =
  shadow(200, 334, 90) +
  dot(200, 70, 20, brass) +
  dot(200, 70, 11, backdrops.outdoor[1]) +
  box(190, 82, 20, 20, brass) +
  dot(200, 208, 118, brass) +
  dot(200, 208, 104, "#e6cc86") +
  dot(200, 208, 94, white) +
  times(24, (i) => turned(i * 15, 200, 208, line(`M200 ${i % 6 ? 124 : 130}v-6`, ink, 3))) +
  label(200, 156, "N", 24, "#b9583a") +
  label(200, 278, "S", 22, ink) +
  label(268, 216, "E", 22, ink) +
  label(132, 216, "W", 22, ink) +
  turned(
    24,
    200,
    208,
    path("M200 138l14 70h-28z", "#b9583a") + path("M200 278l14-70h-28z", "#47698d"),
  ) +
  dot(200, 208, 8, brass) +
  shine("M124 176c14-36 40-54 74-58-32 16-50 40-58 70z", 0.5);

const pan =
  turned(
    -24,
    190,
    210,
    box(262, 196, 130, 32, iron, 16) +
      dot(372, 212, 8, backdrops.outdoor[0]) +
      dot(170, 212, 112, iron) +
      dot(170, 212, 98, "#2b3236") +
      dot(170, 212, 88, "#343c41"),
  ) +
  path("M122 214c0-34 44-56 72-38 30-10 56 14 46 44 4 32-34 52-58 38-34 8-62-14-60-44z", white) +
  dot(182, 216, 26, "#e9a92f") +
  shine("M168 208c4-8 12-12 20-12-8 6-12 12-12 20z", 0.7);

// Stationery

const notebook = (c: Colour) =>
  turned(
    -9,
    200,
    200,
    shade("M112 82h190v262H112z") +
      box(108, 76, 186, 256, white, 8) +
      box(100, 70, 190, 258, c.main, 10) +
      box(100, 70, 28, 258, c.dark, 10) +
      box(258, 66, 9, 266, c.light) +
      box(152, 116, 84, 52, cream, 4) +
      line("M166 136h56M166 150h38", c.dark, 3) +
      line("M150 328v30", brass, 7),
  );

const pen =
  turned(
    42,
    200,
    200,
    box(60, 178, 150, 44, "#8f3f27", 20) +
      shine("M76 186h124v8H76z", 0.4) +
      box(200, 174, 12, 52, brass, 3) +
      path("M212 182h70l20 18-20 18h-70z", ink) +
      path("M282 184l66 16-66 16z", brass) +
      line("M290 200h40", ink, 2.5) +
      dot(292, 200, 4, ink) +
      box(64, 164, 100, 9, brass, 4),
  ) + line("M330 316c24 22-30 26-12 40s40-6 52 6", "#2b4a6b", 4);

const inkBottle =
  shadow(200, 316, 92) +
  box(156, 92, 88, 52, ink, 8) +
  box(148, 138, 104, 12, brass, 4) +
  path(
    "M140 150h120c34 22 46 50 46 80v62a24 24 0 0 1-24 24H118a24 24 0 0 1-24-24v-62c0-30 12-58 46-80z",
    "#cfe0e6",
  ) +
  path(
    "M96 210h208c2 8 2 14 2 20v62a24 24 0 0 1-24 24H118a24 24 0 0 1-24-24v-62c0-6 0-12 2-20z",
    "#1d4a5c",
  ) +
  box(146, 222, 108, 64, cream, 4) +
  label(200, 250, "Deep", 20, ink) +
  label(200, 272, "Water", 20, ink) +
  shine("M108 230h12v66h-12z", 0.35);

const pencils = turned(
  -12,
  200,
  200,
  times(6, (i) => {
    const body = ["#2b4a6b", "#3e6653", "#b9583a", "#d9a23b", "#7b3550", "#3c4449"][i] ?? ink;
    return moved(
      86 + i * 40,
      40 + (i % 2) * 22,
      path("M0 60 15 0l15 60z", "#ecd3ab") +
        path("M9.5 22 15 0l5.5 22z", ink) +
        box(0, 60, 30, 210, body) +
        box(10, 60, 10, 210, "#ffffff33") +
        box(0, 262, 30, 14, brass),
    );
  }),
);

const cards =
  shadow(206, 322, 120) +
  turned(-12, 180, 200, box(84, 110, 180, 196, "#e9dfcb", 4)) +
  turned(
    6,
    220,
    210,
    box(120, 96, 196, 218, white, 4) +
      box(136, 112, 164, 186, "#dbe7ea") +
      path("M136 240c30-14 54 8 84-4s50-8 80 4v58H136z", "#2b4a6b") +
      path("M168 232h70l-12 22h-46z", "#b9583a") +
      path("M204 150v76h-38zM210 164v62h28z", white) +
      dot(268, 144, 18, "#d9a23b") +
      line("M150 268c14-8 22 8 36 0s22 8 36 0 22 8 36 0", "#dbe7ea", 4),
  );

const planner =
  shadow(200, 326, 120) +
  path("M56 96h140v226H56z", white) +
  path("M204 96h140v226H204z", white) +
  path("M196 96h8v226h-8z", "#c9bfd2") +
  path("M48 88h148v8H56v226h140v8H48zM352 88H204v8h140v226H204v8h148z", "#7b3550") +
  times(7, (i) => line(`M72 ${138 + i * 26}h108M220 ${138 + i * 26}h108`, "#ded6e6", 3)) +
  label(126, 124, "Mon", 18, ink) +
  label(274, 124, "Thu", 18, ink) +
  line("M76 156c20-8 30 6 60-2M224 210c16-6 36 4 70-2", "#47698d", 4) +
  times(
    6,
    (i) =>
      `<ellipse cx="200" cy="${124 + i * 34}" rx="13" ry="6" fill="none" stroke="${steel}" stroke-width="5"/>`,
  );

const tray =
  shadow(200, 300, 140) +
  path("M60 150h280l26 120c2 12-6 20-18 20H52c-12 0-20-8-18-20z", walnut) +
  path("M76 164h248l20 98H56z", "#5d3d29") +
  path("M190 164h8l-2 98h-10zM198 208h136l2 8H198z", walnut) +
  turned(
    -16,
    120,
    214,
    box(70, 206, 110, 14, "#b9583a", 6) + path("M180 206l20 7-20 7z", "#ecd3ab"),
  ) +
  times(
    4,
    (i) =>
      `<path d="M${226 + i * 24} 180v18a6 6 0 0 0 12 0v-20" fill="none" stroke="${steel}" stroke-width="4"/>`,
  ) +
  dot(232, 238, 11, brass) +
  dot(262, 242, 11, "#d9c9a4") +
  dot(292, 236, 11, brass);

// Toys & Games

const boat = (c: Colour) =>
  path("M40 292c30-16 50 16 80 0s50 16 80 0 50 16 80 0 50 16 80 0v50H40z", "#8fb6c4") +
  box(196, 60, 10, 190, walnut, 4) +
  path("M192 74v152H92c20-66 60-116 100-152z", cream) +
  path("M212 90c44 30 74 82 84 136h-84z", c.main) +
  path("M212 90c20 14 36 32 50 54l-50 0z", c.light) +
  path("M70 242h262c-6 38-36 62-76 62H146c-40 0-70-24-76-62z", oak) +
  path("M70 242h262l-3 16H73z", c.dark) +
  path("M206 60l34 12-34 12z", c.dark) +
  path("M40 306c30-16 50 16 80 0s50 16 80 0 50 16 80 0 50 16 80 0v40H40z", "#6d9bad");

const blocks =
  shadow(200, 322, 130) +
  box(78, 228, 92, 92, "#d9a23b", 6) +
  box(230, 228, 92, 92, "#47698d", 6) +
  path("M166 320v-92h68v92h-16v-28a18 18 0 0 0-36 0v28z", "#f3e9d2") +
  box(112, 138, 176, 90, "#c99a62", 6) +
  path("M160 228v-34a40 40 0 0 1 80 0v34z", backdrops.toys[1]) +
  path("M116 138 200 66l84 72z", "#b9583a") +
  dot(124, 274, 18, "#f3e9d2") +
  path("M276 254l20 40h-40z", "#f3e9d2");

const kite =
  line("M216 268c-30 30 20 40-6 70s10 30-20 44", ink, 3) +
  path("M204 40 308 146 216 268 112 146z", "#d9a23b") +
  path("M204 40 308 146H208z", "#b9583a") +
  path("M112 146h96l8 122z", "#47698d") +
  path("M204 40v106h-92z", "#f3e9d2") +
  line("M204 40 216 268M112 146h196", walnut, 4) +
  times(3, (i) =>
    moved(
      204 + ([4, 6, -8][i] ?? 0),
      302 + i * 26,
      path("M0 0-16-8v16zM0 0l16-8v16z", ["#b9583a", "#47698d", "#d9a23b"][i] ?? ink),
    ),
  );

const puzzle =
  shadow(200, 326, 120) +
  box(78, 74, 244, 244, "#9cc4d2", 8) +
  path("M78 248c60-24 120 14 244-10v72a8 8 0 0 1-8 8H86a8 8 0 0 1-8-8z", "#3e6653") +
  path("M176 258l10-128h40l10 128z", white) +
  path("M183 172h46l3 34h-52z", "#b9583a") +
  box(180, 112, 52, 20, ink, 3) +
  path("M186 112l20-24 20 24z", "#b9583a") +
  path("M232 118l80-22v42l-80-12z", "#fff3c4aa") +
  line(
    "M160 74v60c-26-10-26 34 0 24v58c26-10 26 34 0 24v78M240 74v40c26-10 26 34 0 24v80c-26-10-26 34 0 24v76M78 156h58c-10-26 34-26 24 0h80c-10 26 34 26 24 0h58M78 240h60c-10 26 34 26 24 0h78c-10-26 34-26 24 0h58",
    "#22303c55",
    3,
  );

const whale =
  shadow(196, 314, 120) +
  line("M170 118c0-40-40-40-40-14M170 118c0-40 40-40 40-14", "#6d9bad", 7) +
  path(
    "M62 226c0-64 56-104 126-104 76 0 112 50 122 92 20-2 30-16 28-42 18 4 22 24 16 40 16-8 32-2 36 12-18 6-36 24-62 26-18 40-70 58-132 58-78 0-134-26-134-82z",
    "#47698d",
  ) +
  path("M64 240c50 24 140 30 196 8-22 40-68 60-116 58-50-4-76-26-80-66z", "#dbe7ea") +
  times(5, (i) => line(`M${92 + i * 28} ${258 + (i % 3) * 3}c4 16 10 26 18 34`, "#b4c7cf", 3)) +
  dot(114, 206, 9, ink) +
  dot(117, 203, 3, "#fff") +
  line("M76 226c10 10 22 12 34 8", ink, 4) +
  `<path d="M196 248c8 30 34 40 52 36-2-18-12-34-28-42z" fill="#2b4a6b"/>`;

const chessPiece = (fill: string) =>
  path("M-26 0h52l-6-14h-40zM-18-16h36l-8-58h-20z", fill) +
  box(-18, -84, 36, 10, fill, 5) +
  dot(0, -100, 17, fill);

const chess =
  shadow(200, 322, 130) +
  path("M66 180h268l34 112H32z", walnut) +
  times(4, (row) =>
    times(8, (i) =>
      (row + i) % 2
        ? ""
        : path(
            `M${78 + i * 31 - row * 6 + i * row * 1.5} ${188 + row * 24}h${31 + row * 1.5}l${1.6 * (i - 3.5)} 24h-${31 + row * 1.5 + 1.5}z`,
            "#ecd3ab",
          ),
    ),
  ) +
  path("M32 292h336v22H32z", "#5d3d29") +
  moved(138, 254, chessPiece("#d9a860")) +
  moved(256, 236, chessPiece(ink)) +
  moved(
    200,
    282,
    path(
      "M-26 0h52l-6-14h-40zM-16-16h34c6-40 2-80-30-92l-6-14-8 18c-18 10-26 32-30 46l14 12 24-12c0 16-10 24 2 42z",
      "#b9783f",
    ) + dot(-16, -78, 3.5, ink),
  );

const top =
  turned(
    14,
    200,
    210,
    box(192, 56, 16, 90, walnut, 8) +
      path("M80 164h240c6 54-50 96-120 172-70-76-126-118-120-172z", "#d9a23b") +
      path("M78 178h244c-2 14-8 26-16 38H94c-8-12-14-24-16-38z", "#b9583a") +
      path("M118 246h164c-8 9-17 18-26 28H144c-9-10-18-19-26-28z", "#47698d") +
      oval(200, 164, 120, 24, "#f3e9d2") +
      oval(200, 162, 70, 13, "#d9a23b") +
      oval(200, 160, 26, 6, walnut) +
      box(193, 96, 14, 66, walnut, 7) +
      shine("M98 190c4 30 30 60 58 90-24-40-36-66-40-90z", 0.35),
  ) + line("M64 330c20 10 44 14 66 14M270 348c24-2 46-8 62-18", "#d9a23b", 4);

// Bath & Body

const soap =
  shadow(200, 306, 120) +
  box(84, 236, 232, 66, "#8fb09b", 18) +
  shade("M84 270h232v14a18 18 0 0 1-18 18H102a18 18 0 0 1-18-18z", 0.1) +
  label(200, 276, "fern &amp; salt", 24, "#2a4a3b") +
  turned(
    -8,
    200,
    190,
    box(96, 160, 208, 64, cream, 18) + label(200, 200, "fern &amp; salt", 22, "#bda477"),
  ) +
  times(
    6,
    (i) =>
      `<circle cx="${120 + i * 34}" cy="${126 - ((i * 29) % 46)}" r="${9 + ((i * 5) % 12)}" fill="#ffffffaa" stroke="#9ccac4" stroke-width="2"/>`,
  );

const handcream =
  shadow(200, 344, 60) +
  path("M134 60h132l-14 214H148z", "#a9c7b4") +
  box(130, 50, 140, 20, "#8fb09b", 4) +
  times(9, (i) => line(`M${140 + i * 15} 54v12`, "#7a9d86", 3)) +
  box(152, 274, 96, 62, "#2a4a3b", 10) +
  moved(200, 140, turned(-20, 0, 0, leaf("#3e6653")) + turned(30, 0, 0, leaf("#5d8671"))) +
  label(200, 206, "Hand", 24, "#2a4a3b") +
  label(200, 232, "Cream", 24, "#2a4a3b") +
  shine("M150 78h12l8 186h-10z", 0.4);

const bathsalt =
  shadow(200, 326, 90) +
  box(146, 70, 108, 44, oak, 10) +
  path(
    "M140 112h120c30 14 40 40 40 66v120a26 26 0 0 1-26 26H126a26 26 0 0 1-26-26V178c0-26 10-52 40-66z",
    "#e6f1f0",
  ) +
  path(
    "M100 200c40-14 70 10 110 0s60-8 90 0v98a26 26 0 0 1-26 26H126a26 26 0 0 1-26-26z",
    "#f7fbfb",
  ) +
  times(40, (i) =>
    turned(
      (i * 47) % 90,
      110 + ((i * 61) % 180),
      214 + ((i * 37) % 98),
      box(
        106 + ((i * 61) % 180),
        210 + ((i * 37) % 98),
        9,
        9,
        ["#d5e6e4", "#c5d3ea", "#e3d6ec"][i % 3] ?? glass,
        2,
      ),
    ),
  ) +
  box(150, 226, 100, 60, cream, 4) +
  label(200, 252, "Bath", 20, ink) +
  label(200, 274, "Salts", 20, ink) +
  shine("M114 170h12v120h-12z", 0.7);

const towel = (c: Colour) =>
  box(60, 84, 280, 14, oak, 7) +
  dot(60, 91, 13, walnut) +
  dot(340, 91, 13, walnut) +
  path("M96 88h208v232H96z", c.main) +
  times(12, (row) =>
    times(11, (i) => box(102 + i * 18.5, 104 + row * 15, 12, 9, row % 2 ? c.light : c.dark, 2)),
  ) +
  path("M96 286h208v10H96z", cream) +
  times(21, (i) => line(`M${100 + i * 10} 320v10`, c.dark, 3)) +
  shade("M272 88h32v232h-32z", 0.1);

const shampoo =
  shadow(200, 308, 100) +
  oval(200, 262, 104, 40, "#c58a6a") +
  oval(200, 244, 104, 40, "#e0a987") +
  oval(200, 240, 78, 27, "#e9bb9e") +
  label(200, 248, "60 washes", 22, "#8f5536") +
  times(
    9,
    (i) =>
      `<circle cx="${104 + i * 25}" cy="${168 - ((i * 41) % 78)}" r="${8 + ((i * 7) % 17)}" fill="#ffffffb0" stroke="#9ccac4" stroke-width="2"/>`,
  );

const brush = turned(
  -40,
  200,
  200,
  box(176, 176, 210, 30, oak, 15) +
    dot(366, 191, 6, backdrops.bath[0]) +
    oval(110, 190, 96, 48, oak) +
    oval(110, 186, 84, 38, "#b07f48") +
    times(34, (i) =>
      turned(
        -30 + (i % 7) * 10,
        48 + ((i * 29) % 126),
        180,
        line(`M${48 + ((i * 29) % 126)} ${170 + ((i * 13) % 34)}v-12`, cream, 4),
      ),
    ),
);

const shave =
  shadow(200, 318, 130) +
  path("M166 232h150c0 48-28 78-75 78s-75-30-75-78z", "#e7ddd0") +
  oval(241, 232, 75, 16, "#cdbfae") +
  path("M178 230c6-30 40-20 50-34 14 14 40-2 46 18 20 0 26 12 28 18z", white) +
  path("M116 70h52v96c14 14 18 34 14 52h-80c-4-18 0-38 14-52z", cream) +
  path("M118 92h48l4 78h-56z", ink) +
  box(112, 58, 60, 36, "#2a4a3b", 12) +
  path("M102 218c-2 26 10 44 40 44s42-18 40-44z", "#c9b48e") +
  turned(
    18,
    320,
    170,
    box(313, 104, 14, 150, steel, 6) +
      box(280, 84, 80, 22, "#8a979d", 8) +
      box(286, 104, 68, 6, iron),
  );

mkdirSync(folder, { recursive: true });

for (const name of ["cream", "navy", "pine"] as const)
  picture(`mug-${name}`, "kitchen", mug(colours[name]));
for (const name of ["rust", "pine"] as const)
  picture(`kettle-${name}`, "kitchen", kettle(colours[name]));
for (const name of ["sand", "navy"] as const)
  picture(`napkin-${name}`, "kitchen", napkin(colours[name]));
picture("jug", "kitchen", jug);
picture("board", "kitchen", board);
picture("teapot", "kitchen", teapot);
picture("bowl", "kitchen", bowl);
picture("knife", "kitchen", knife);

picture("tin-earl-grey", "tea", tin("Earl Grey", colours.navy, teaMotifs.bergamot));
picture("tin-breakfast", "tea", tin("Breakfast", colours.rust, teaMotifs.ship));
picture("tin-sencha", "tea", tin("Sencha", colours.pine, teaMotifs.sprig));
picture("tin-camomile", "tea", tin("Camomile", colours.mustard, teaMotifs.daisy));
picture(
  "coffee-espresso",
  "tea",
  coffee("Lighthouse", { main: "#3c4449", dark: "#2b3236", light: "#586369" }),
);
picture(
  "coffee-filter",
  "tea",
  coffee("Slack Water", { main: "#6d9bad", dark: "#4d7a8c", light: "#8fb6c4" }),
);
picture("cocoa", "tea", cocoa);
picture("honey", "tea", honey);

for (const name of ["mustard", "navy"] as const)
  picture(`lamp-${name}`, "home", lamp(colours[name]));
for (const name of ["navy", "rust"] as const)
  picture(`blanket-${name}`, "home", blanket(colours[name]));
picture("candle", "home", candle);
picture("lantern", "home", lantern);
picture("cushion", "home", cushion);
picture("vase", "home", vase);
picture("clock", "home", clock);
picture("basket", "home", basket);

for (const name of ["navy", "oatmeal"] as const)
  picture(`jumper-${name}`, "clothing", jumper(colours[name]));
for (const name of ["rust", "navy", "pine"] as const)
  picture(`beanie-${name}`, "clothing", beanie(colours[name]));
for (const name of ["mustard", "navy"] as const)
  picture(`raincoat-${name}`, "clothing", raincoat(colours[name]));
picture("scarf", "clothing", scarf);
picture("tee", "clothing", tee);
picture("socks", "clothing", socks);
picture("apron", "clothing", apron);

for (const name of ["pine", "rust"] as const)
  picture(`rucksack-${name}`, "outdoor", rucksack(colours[name]));
picture("tent", "outdoor", tent);
picture("flask", "outdoor", flask);
picture("hammock", "outdoor", hammock);
picture("chair", "outdoor", chair);
picture("headtorch", "outdoor", headtorch);
picture("compass", "outdoor", compass);
picture("pan", "outdoor", pan);

for (const name of ["navy", "rust", "pine"] as const)
  picture(`notebook-${name}`, "stationery", notebook(colours[name]));
picture("pen", "stationery", pen);
picture("ink", "stationery", inkBottle);
picture("pencils", "stationery", pencils);
picture("cards", "stationery", cards);
picture("planner", "stationery", planner);
picture("tray", "stationery", tray);

for (const name of ["rust", "navy"] as const) picture(`boat-${name}`, "toys", boat(colours[name]));
picture("blocks", "toys", blocks);
picture("kite", "toys", kite);
picture("puzzle", "toys", puzzle);
picture("whale", "toys", whale);
picture("chess", "toys", chess);
picture("top", "toys", top);

for (const name of ["sand", "navy"] as const)
  picture(`towel-${name}`, "bath", towel(colours[name]));
picture("soap", "bath", soap);
picture("handcream", "bath", handcream);
picture("bathsalt", "bath", bathsalt);
picture("shampoo", "bath", shampoo);
picture("brush", "bath", brush);
picture("shave", "bath", shave);
