import { z } from "zod";

type Fetch = (request: Request) => Promise<Response>;

const Signed = z.object({ signedUrl: z.string() });
const Upload = z.object({ signedUrl: z.string(), token: z.string() });
const Many = z.object({ expiresIn: z.number(), paths: z.array(z.string()).max(1000) });
const Problem = z.object({ message: z.string() });

const manyPath = /^\/storage\/v1\/object\/sign\/[^/]+$/;
const onePath = /^\/storage\/v1\/object\/sign\/[^/]+\/./;
const uploadPath = /^\/storage\/v1\/object\/upload\/sign\//;

/** Clients put the path behind `…/storage/v1` themselves. */
const relative = (address: string) => address.replace(/^\/storage\/v1/, "");

const answer = (response: Response, body: unknown) => {
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return Response.json(body, { status: response.status, headers });
};

/** lite mistakes signing many paths for signing the empty one, so they are signed one by one. */
const signMany = async (request: Request, lite: Fetch): Promise<Response> => {
  const parsed = Many.safeParse(await request.json().catch(() => null));
  if (!parsed.success) {
    return Response.json(
      { statusCode: "400", error: "Error", message: "expiresIn and paths are required" },
      { status: 400 },
    );
  }
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  const body = JSON.stringify({ expiresIn: parsed.data.expiresIn });
  const signed = [];
  for (const path of parsed.data.paths) {
    const url = `${request.url}/${path.split("/").map(encodeURIComponent).join("/")}`;
    const response = await lite(new Request(url, { method: "POST", headers, body }));
    const result: unknown = await response.json();
    const one = Signed.safeParse(result);
    signed.push(
      one.success
        ? { error: null, path, signedURL: relative(one.data.signedUrl) }
        : { error: Problem.safeParse(result).data?.message ?? "Error", path, signedURL: null },
    );
  }
  return Response.json(signed, { headers: { "access-control-allow-origin": "*" } });
};

/** Signs addresses under the field names of Supabase's Storage; lite has names of its own. */
export const signing =
  (lite: Fetch): Fetch =>
  async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method !== "POST") return lite(request);
    if (manyPath.test(pathname)) return signMany(request, lite);
    const isUpload = uploadPath.test(pathname);
    if (!isUpload && !onePath.test(pathname)) return lite(request);

    const response = await lite(request);
    if (!response.ok) return response;
    const body: unknown = await response.json();
    if (isUpload) {
      const { signedUrl, token } = Upload.parse(body);
      return answer(response, { url: relative(signedUrl), token });
    }
    return answer(response, { signedURL: relative(Signed.parse(body).signedUrl) });
  };
