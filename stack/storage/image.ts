import type { Sharp } from "sharp";
import { imageRefused } from "./errors.ts";
import { clamped, type Transformation } from "./transformation.ts";

/** The largest source: bytes and pixels. */
const sourceBytes = 25 * 1000 * 1000;
const sourcePixels = 50 * 1000 * 1000;

const standardQuality = 80;

export interface Image {
  content: Buffer<ArrayBuffer>;
  mimetype: string;
}

export interface ImageSource {
  path: string;
  /** Bytes. */
  size: number;
}

export interface ImageRenderer {
  /** Throws `StorageError` for what is no image, or too large a one. */
  render(
    source: ImageSource,
    transformation: Transformation,
    accept: string | null,
  ): Promise<Image>;
}

/** Images worked on at the same time; each can take its pixels' worth of memory. */
const atOnce = 2;

/** Loaded on the first use: most runs of the stack transform nothing. */
const loadSharp = async () => {
  const { default: sharp } = await import("sharp");
  // Sources are read once and threads are shared with the database.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
};

const fits = { cover: "cover", contain: "inside", fill: "fill" } as const;

type Format = "avif" | "webp" | "png" | "jpeg" | "gif";

/** WebP for clients that take it, unless the original format is asked for. */
const formatOf = (
  source: string | undefined,
  { format }: Transformation,
  accept: string | null,
): Format => {
  if (format === "avif" || format === "webp") return format;
  if (format !== "origin" && accept?.includes("image/webp")) return "webp";
  if (source === "heif") return "avif";
  if (source === "png" || source === "svg") return "png";
  return source === "gif" || source === "webp" ? source : "jpeg";
};

const encoded = (image: Sharp, format: Format, quality: number): Sharp => {
  switch (format) {
    case "avif":
      return image.avif({ quality });
    case "webp":
      return image.webp({ quality });
    case "jpeg":
      return image.jpeg({ quality });
    // These lose nothing, so there is no quality to choose.
    case "png":
      return image.png();
    case "gif":
      return image.gif();
  }
};

/**
 * Makes images smaller as Supabase's image processor does: never larger than the original, the
 * right way up, without the camera's notes, and a moving picture's first frame only.
 */
export const createImageRenderer = (): ImageRenderer => {
  let sharp: ReturnType<typeof loadSharp> | undefined;
  let running = 0;
  const waiting: (() => void)[] = [];

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) await new Promise<void>((turn) => waiting.push(turn));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };

  const transform = async (
    { path }: ImageSource,
    transformation: Transformation,
    accept: string | null,
  ): Promise<Image> => {
    sharp ??= loadSharp();
    const image = (await sharp)(path, { limitInputPixels: sourcePixels });
    const source = await image.metadata();
    const { width, height, resize = "cover", quality = standardQuality } = clamped(transformation);
    const format = formatOf(source.format, transformation, accept);
    const upright = image.autoOrient();
    const sized =
      width || height
        ? upright.resize({
            ...(width && { width }),
            ...(height && { height }),
            fit: fits[resize],
            withoutEnlargement: true,
          })
        : upright;
    const { data } = await encoded(sized, format, quality).toBuffer({ resolveWithObject: true });
    return { content: Buffer.from(data), mimetype: `image/${format}` };
  };

  return {
    render: (source, transformation, accept) =>
      inTurn(async () => {
        if (source.size > sourceBytes) {
          throw imageRefused("The source image file is too large to process");
        }
        try {
          return await transform(source, transformation, accept);
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          throw /pixel limit/i.test(message)
            ? imageRefused("The source image resolution is too large to process")
            : imageRefused("The source image is invalid or unsupported for rendering");
        }
      }),
  };
};
