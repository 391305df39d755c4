import { z } from "zod";

/** How an image is asked for; numbers come as text in addresses. */
export const Transformation = z.object({
  width: z.coerce.number().int().min(0).optional(),
  height: z.coerce.number().int().min(0).optional(),
  resize: z.enum(["cover", "contain", "fill"]).optional(),
  format: z.enum(["origin", "avif", "webp"]).optional(),
  quality: z.coerce.number().int().min(20).max(100).optional(),
});

export type Transformation = z.infer<typeof Transformation>;

/** Larger sizes are taken for this one. Pixels. */
const largestSide = 2500;

const sideOf = (size: number) => Math.min(Math.max(size, 1), largestSide);

/** With sizes as they are carried out; 0 means absent. */
export const clamped = ({ width, height, ...rest }: Transformation): Transformation => ({
  ...rest,
  ...(width && { width: sideOf(width) }),
  ...(height && { height: sideOf(height) }),
});

/** As tokens carry it: `height:100,width:80,resize:cover`. */
export const transformationText = (transformation: Transformation): string => {
  const { height, width, resize = "cover", quality, format } = clamped(transformation);
  return [
    height && `height:${height}`,
    width && `width:${width}`,
    (width || height) && `resize:${resize}`,
    quality && `quality:${quality}`,
    format && `format:${format}`,
  ]
    .filter(Boolean)
    .join(",");
};

/** Reads what `transformationText` wrote. */
export const parseTransformationText = (text: string): Transformation =>
  Transformation.parse(Object.fromEntries(text.split(",").map((part) => part.split(":"))));

/** As the header `X-Transformations` names it, in the image processor's words. */
export const transformationHeader = (transformation: Transformation): string => {
  const words = { cover: "fill", contain: "fit", fill: "force" } as const;
  const { resize = "cover", format, ...rest } = clamped(transformation);
  return transformationText({ ...rest, resize, ...(format !== "origin" && { format }) }).replace(
    `resize:${resize}`,
    `resizing_type:${words[resize]}`,
  );
};
