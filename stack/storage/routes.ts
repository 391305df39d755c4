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
    ["sign", "none", handleSigned],
    ["", "required", handle],
  ] as const;
  const methods = [
    ["POST", "create"],
    ["PATCH", "part"],
    ["HEAD", "get"],
    ["DELETE", "delete"],
  ] as const;
  return kinds.flatMap(([folder, admission, handler]) => {
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
          operation: `storage.tus.upload.${name}`,
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
      operation,
      admission,
      handle,
    });
  const required = route("required");
  const optional = route("optional");
  const open = route("none");
  // There is no cache in front of Storage here.
  const purged: Handler = async () => Response.json({ message: "success" });

  return [
    required("GET", "bucket", "storage.bucket.list", buckets.list),
    required("POST", "bucket", "storage.bucket.create", buckets.create),
    required("GET", "bucket/:bucket", "storage.bucket.get", buckets.get),
    required("PUT", "bucket/:bucket", "storage.bucket.update", buckets.update),
    required("DELETE", "bucket/:bucket", "storage.bucket.delete", buckets.remove),
    required("POST", "bucket/:bucket/empty", "storage.bucket.empty", buckets.empty),

    ...resumableRoutes(ports.resumable),

    open(
      "GET",
      "object/public/:bucket/*",
      "storage.object.get_public",
      downloads.content(findPublic),
    ),
    open(
      "HEAD",
      "object/public/:bucket/*",
      "storage.object.info_public",
      downloads.head(findPublic),
    ),
    open(
      "GET",
      "object/info/public/:bucket/*",
      "storage.object.info_public",
      downloads.info(findPublic),
    ),
    open("GET", "object/sign/:bucket/*", "storage.object.get_signed", downloads.signed),
    open("PUT", "object/upload/sign/:bucket/*", "storage.object.upload_signed", uploads.signed),
    required(
      "GET",
      "object/authenticated/:bucket/*",
      "storage.object.get_authenticated",
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

    required("POST", "object/list/:bucket", "storage.object.list", list),
    required("POST", "object/list-v2/:bucket", "object.list_v2", listV2),
    required("POST", "object/sign/:bucket", "storage.object.sign_many", signing.many),
    required("POST", "object/sign/:bucket/*", "storage.object.sign", signing.one),
    required(
      "POST",
      "object/upload/sign/:bucket/*",
      "storage.object.sign_upload_url",
      signing.upload,
    ),
    required("POST", "object/move", "storage.object.move", objects.move),
    required("POST", "object/copy", "storage.object.copy", objects.copy),
    required("DELETE", "object/:bucket", "storage.object.delete_many", objects.removeMany),

    optional(
      "GET",
      "object/:bucket/*",
      "storage.object.get_authenticated",
      downloads.content(findForCaller),
    ),
    optional(
      "HEAD",
      "object/:bucket/*",
      "object.head_authenticated_info",
      downloads.head(findForCaller),
    ),
    required("POST", "object/:bucket/*", "storage.object.upload", uploads.create),
    required("PUT", "object/:bucket/*", "storage.object.upload_update", uploads.update),
    required("DELETE", "object/:bucket/*", "storage.object.delete", objects.removeOne),

    open(
      "GET",
      "render/image/public/:bucket/*",
      "storage.render.image_public",
      render.found(findPublic),
    ),
    open("GET", "render/image/sign/:bucket/*", "storage.render.image_sign", render.signed),
    required(
      "GET",
      "render/image/authenticated/:bucket/*",
      "storage.render.image_authenticated",
      render.found(findForCaller),
    ),

    required("DELETE", "cdn/:bucket", "storage.cdn.purge_bucket_cache", purged),
    required("DELETE", "cdn/:bucket/*", "storage.cdn.purge_object_cache", purged),
  ];
};
