import { type Call, type Handler, queryOf } from "./call.ts";
import { type Finder, findSigned, headersOf, isUnchanged, setDisposition } from "./download.ts";
import { fileMissing } from "./errors.ts";
import type { Files } from "./files.ts";
import type { ImageRenderer } from "./image.ts";
import type { StoredObject } from "./objects.ts";
import type { Signatures } from "./signatures.ts";
import { parseTransformationText, Transformation, transformationHeader } from "./transformation.ts";

/** Images in other sizes and formats, under the same addresses as downloads. */
export const renderRoutes = (files: Files, signatures: Signatures, images: ImageRenderer) => {
  const answer = async (
    call: Call,
    object: StoredObject,
    transformation: Transformation,
    headers: Headers,
  ): Promise<Response> => {
    setDisposition(call, headers);
    // One address, several formats.
    headers.set("vary", "Accept");
    if (isUnchanged(call.request, headers)) return new Response(null, { status: 304, headers });
    const file = await files.open(object.version);
    if (!file || object.version === null) throw fileMissing();
    await file.close();
    const source = { path: files.path(object.version), size: file.size };
    const accept = call.request.headers.get("accept");
    const { content, mimetype } = await images.render(source, transformation, accept);
    headers.delete("accept-ranges");
    headers.set("content-type", mimetype);
    headers.set("content-length", String(content.byteLength));
    const applied = transformationHeader(transformation);
    if (applied) headers.set("x-transformations", applied);
    return new Response(content, { headers });
  };

  const found =
    (find: Finder): Handler =>
    async (call) => {
      const transformation = queryOf(call, Transformation);
      const object = await find(call);
      return answer(call, object, transformation, headersOf(object));
    };

  const signed: Handler = async (call) => {
    const { object, signed: address } = await findSigned(signatures, call);
    const headers = headersOf(object);
    headers.delete("cache-control");
    headers.set("expires", new Date(address.exp * 1000).toUTCString());
    const transformation = parseTransformationText(address.transformations ?? "");
    return answer(call, object, transformation, headers);
  };

  return { found, signed };
};
