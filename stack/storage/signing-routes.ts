import { z } from "zod";
import { type Handler, jsonBody, placeOf } from "./call.ts";
import { requireBucketName, requireKey } from "./names.ts";
import { findObject, requireUpload } from "./objects.ts";
import type { Signatures } from "./signatures.ts";
import { Transformation, transformationText } from "./transformation.ts";
import { knownOf } from "./upload.ts";

/** Seconds that a signed address takes an upload. */
const uploadSeconds = 2 * 60 * 60;

const One = z.object({ expiresIn: z.int().min(1), transform: Transformation.optional() });

const Many = z.object({ expiresIn: z.int().min(1), paths: z.array(z.string()).min(1).max(1000) });

const notThere = "Either the object does not exist or you do not have access to it";

/** Signs addresses for what the caller may read or write. */
export const signingRoutes = (signatures: Signatures) => {
  const one: Handler = async (call) => {
    const place = placeOf(call);
    requireKey(place.key);
    const { expiresIn, transform } = await jsonBody(call, One);
    await call.access.asCaller((session) => findObject(session, place));
    const transformations = transform && transformationText(transform);
    const token = await signatures.sign(
      place,
      "download",
      expiresIn,
      transformations ? { transformations } : {},
    );
    // Not encoded: clients encode the whole address.
    const kind = transformations ? "render/image" : "object";
    const signedURL = `/${kind}/sign/${place.bucket}/${place.key}?token=${token}`;
    return Response.json({ signedURL });
  };

  const many: Handler = async (call) => {
    const bucket = requireBucketName(call.params.bucket ?? "");
    const { expiresIn, paths } = await jsonBody(call, Many);
    const { rows } = await call.access.asCaller((session) =>
      session.query<{ name: string }>(
        `select name from storage.objects
         where bucket_id = $1 and name in (select jsonb_array_elements_text($2::text::jsonb))`,
        [bucket, JSON.stringify(paths)],
      ),
    );
    const seen = new Set(rows.map(({ name }) => name));
    const signed = paths.map(async (path) => {
      if (!seen.has(path)) return { error: notThere, path, signedURL: null };
      const token = await signatures.sign({ bucket, key: path }, "download", expiresIn);
      return { error: null, path, signedURL: `/object/sign/${bucket}/${path}?token=${token}` };
    });
    return Response.json(await Promise.all(signed));
  };

  const upload: Handler = async (call) => {
    const place = placeOf(call);
    requireKey(place.key);
    const owner = call.caller?.owner;
    const { headers } = call.request;
    const upsert = headers.get("x-upsert") === "true";
    const known = knownOf(headers);
    await requireUpload(call.access, { ...place, ...known, owner, version: "1" }, upsert);
    const token = await signatures.sign(place, "upload", uploadSeconds, {
      ...(owner && { owner }),
      upsert,
    });
    const path = place.key.split("/").map(encodeURIComponent).join("/");
    return Response.json({
      url: `/object/upload/sign/${place.bucket}/${path}?token=${token}`,
      token,
    });
  };

  return { one, many, upload };
};
