import type { Account } from "./accounts.ts";

/** The path of an account's picture below `/oauth`; nothing is fetched from elsewhere. */
export const avatarPath = ({ name }: Account): string => {
  const [initial = "?"] = name.toUpperCase();
  return `/avatars/${(initial.codePointAt(0) ?? 0x3f).toString(16)}.svg`;
};

/** A round picture with an initial; null for a path that is no picture's. */
export const avatarAt = (path: string): Response | null => {
  const [, code] = /^\/avatars\/([0-9a-f]{1,5})\.svg$/.exec(path) ?? [];
  if (code === undefined) return null;
  const point = Number.parseInt(code, 16);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img">
<circle cx="48" cy="48" r="48" fill="hsl(${(point * 47) % 360} 45% 45%)"/>
<text x="48" y="65" font-family="system-ui,sans-serif" font-size="48" fill="white" text-anchor="middle">&#${point};</text>
</svg>`;
  return new Response(svg, {
    headers: { "content-type": "image/svg+xml", "cache-control": "max-age=86400" },
  });
};
