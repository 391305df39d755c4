import { h } from "./dom.ts";

/** Address of a picture: a URL as it is, anything else a path in the project's public storage. */
export const pictureUrl = (path: string, projectUrl: string): string =>
  /^(?:https?:|data:|\/|\.\/)/.test(path)
    ? path
    : `${projectUrl}/storage/v1/object/public/product-media/${path}`;

export interface PictureOptions {
  path: string | null;
  /** The product's name; stands for the picture where there is none. */
  title: string;
  alt?: string;
  projectUrl: string;
  eager?: boolean;
}

/** A square product picture; products without one get a tile of their own colour with initials. */
export const picture = ({ path, title, alt, projectUrl, eager }: PictureOptions): HTMLElement => {
  const frame = h("span", { class: "picture" });
  if (path === null) {
    frame.append(initials(title));
    return frame;
  }
  const image = h("img", {
    alt: alt ?? "",
    loading: eager ? "eager" : "lazy",
    decoding: "async",
    onerror: () => image.replaceWith(initials(title)),
  });
  image.src = pictureUrl(path, projectUrl);
  frame.append(image);
  return frame;
};

const initials = (title: string): HTMLElement => {
  const letters = title.match(/[\p{L}\p{N}]+/gu)?.slice(0, 2) ?? [];
  const text = letters.map((word) => word.charAt(0).toUpperCase()).join("");
  const tile = h("span", { class: "picture-initials", "aria-hidden": "true" }, text);
  tile.style.setProperty("--hue", String(hueOf(title)));
  return tile;
};

const hueOf = (text: string): number =>
  [...text].reduce((hue, letter) => (hue * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7);
