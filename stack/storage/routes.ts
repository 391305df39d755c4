import { type BucketPorts, bucketRoutes } from "./bucket-routes.ts";
import type { Handler } from "./call.ts";
import { downloadRoutes, findForCaller, findPublic } from "./download.ts";
import type { ImageRenderer } from "./image.ts";
import { list, listV2 } from "./listing.ts";
import { objectRoutes } from "./object-routes.ts";
import { renderRoutes } from "./render-routes.ts";
import type { Resumable } from "./resumable.ts";
import type { Admission, Route } from "./router.ts";
import { signingRoutes } from "./signing-routes.ts";
import { type UploadPorts, uploadRoutes } from "./upload.ts";

export interface RoutePorts extends BucketPorts, UploadPorts {
  images: ImageRenderer;
  resumable: Resumable;
}

const resumableRoutes = ({ handle, handleSigned }: Resumable): Route[] => {
  const kinds = [
    ["sign", "_signed", "none", handleSigned],
    ["", "", "required", handle],
  ] as const;
  const methods = [
    ["POST", "create"],
    ["PATCH", "part"],
    ["HEAD", "get"],
    ["DELETE", "delete"],
  ] as const;
  return kinds.flatMap(([folder, suffix, admission, handler]) => {
    const path = ["upload/resumable", folder].filter(Boolean).join("/");
    const options = {
      method: "OPTIONS",
      operation: "storage.tus.options",
      handle: handler,
    } as const;
    return [
      ...methods.map(
        ([method, name]): Route => ({
          method,
          path: method === "POST" ? path : `${path}/:upload`,
          operation: `storage.tus.upload.${name}${suffix}`,
          admission,
          handle: handler,
        }),
      ),
      { ...options, path, admission: "none" },
      { ...options, path: `${path}/:upload`, admission: "none" },
    ];
  });
};

/** Every address of Storage; the first that fits is taken, so special ones stand first. */
export const storageRoutes = (ports: RoutePorts): Route[] => {
  const { files, signatures, images } = ports;
  const buckets = bucketRoutes(ports);
  const uploads = uploadRoutes(ports);
  const downloads = downloadRoutes(files, signatures);
  const objects = objectRoutes(files);
  const signing = signingRoutes(signatures);
  const render = renderRoutes(files, signatures, images);

  const route =
    (admission: Admission) =>
    (method: string, path: string, operation: string, handle: Handler): Route => ({
      method,
      path,
      operation: `storage.${operation}`,
      admission,
      handle,
    });
  const required = route("required");
  const optional = route("optional");
  const open = route("none");
  // There is no cache in front of Storage here.
  const purged: Handler = async () => Response.json({ message: "success" });

  return [
    required("GET", "bucket", "bucket.list", buckets.list),
    required("POST", "bucket", "bucket.create", buckets.create),
    required("GET", "bucket/:bucket", "bucket.get", buckets.get),
    required("PUT", "bucket/:bucket", "bucket.update", buckets.update),
    required("DELETE", "bucket/:bucket", "bucket.delete", buckets.remove),
    required("POST", "bucket/:bucket/empty", "bucket.empty", buckets.empty),

    ...resumableRoutes(ports.resumable),

    open("GET", "object/public/:bucket/*", "object.get_public", downloads.content(findPublic)),
    open("HEAD", "object/public/:bucket/*", "object.info_public", downloads.head(findPublic)),
    open("GET", "object/info/public/:bucket/*", "object.info_public", downloads.info(findPublic)),
    open("GET", "object/sign/:bucket/*", "object.get_signed", downloads.signed),
    open("PUT", "object/upload/sign/:bucket/*", "object.upload_signed", uploads.signed),
    required(
      "GET",
      "object/authenticated/:bucket/*",
      "object.get_authenticated",
      downloads.content(findForCaller),
    ),
    required(
      "HEAD",
      "object/authenticated/:bucket/*",
      "object.head_authenticated_info",
      downloads.head(findForCaller),
    ),
    required(
      "GET",
      "object/info/authenticated/:bucket/*",
      "object.get_authenticated_info",
      downloads.info(findForCaller),
    ),
    optional(
      "GET",
      "object/info/:bucket/*",
      "object.get_authenticated_info",
      downloads.info(findForCaller),
    ),

    required("POST", "object/list/:bucket", "object.list", list),
    required("POST", "object/list-v2/:bucket", "object.list_v2", listV2),
    required("POST", "object/sign/:bucket", "object.sign_many", signing.many),
    required("POST", "object/sign/:bucket/*", "object.sign", signing.one),
    required("POST", "object/upload/sign/:bucket/*", "object.sign_upload_url", signing.upload),
    required("POST", "object/move", "object.move", objects.move),
    required("POST", "object/copy", "object.copy", objects.copy),
    required("DELETE", "object/:bucket", "object.delete_many", objects.removeMany),

    optional(
      "GET",
      "object/:bucket/*",
      "object.get_authenticated",
      downloads.content(findForCaller),
    ),
    optional(
      "HEAD",
      "object/:bucket/*",
      "object.head_authenticated_info",
      downloads.head(findForCaller),
    ),
    required("POST", "object/:bucket/*", "object.upload", uploads.create),
    required("PUT", "object/:bucket/*", "object.upload_update", uploads.update),
    required("DELETE", "object/:bucket/*", "object.delete", objects.removeOne),

    open("GET", "render/image/public/:bucket/*", "render.image_public", render.found(findPublic)),
    open("GET", "render/image/sign/:bucket/*", "render.image_sign", render.signed),
    required(
      "GET",
      "render/image/authenticated/:bucket/*",
      "render.image_authenticated",
      render.found(findForCaller),
    ),

    required("DELETE", "cdn/:bucket", "cdn.purge", purged),
    required("DELETE", "cdn/:bucket/*", "cdn.purge", purged),
  ];
};
