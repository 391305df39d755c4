// Answers in the format that the path names, with what was sent.
import { restOf } from "../_shared/steps.ts";

Deno.serve(async (request) => {
  switch (restOf(request)) {
    case "json":
      return Response.json({ sent: await request.json() });
    case "text":
      return new Response(`sent: ${await request.text()}`);
    case "bytes":
      return new Response(await request.arrayBuffer(), {
        headers: { "content-type": "application/octet-stream" },
      });
    case "form":
      return new Response(await request.formData());
    case "fields": {
      const form = await request.formData();
      const file = form.get("file");
      return Response.json({
        name: form.get("name"),
        file: file instanceof File ? { name: file.name, text: await file.text() } : null,
      });
    }
    case "empty":
      return new Response(null, { status: 204 });
    default:
      return new Response("There is no such format.", { status: 404 });
  }
});
