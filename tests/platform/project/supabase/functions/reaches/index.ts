// Tries what functions may and may not do; the path says what.
import { restOf } from "../_shared/steps.ts";

const tries: Record<string, () => Promise<unknown>> = {
  "temporary-file": async () => {
    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, "kept");
    return await Deno.readTextFile(path);
  },
  "own-folder": () => Deno.writeTextFile(new URL("./written.txt", import.meta.url), "x"),
  "other-files": () => Deno.readTextFile("/etc/passwd"),
  process: () => new Deno.Command("id").output(),
};

Deno.serve(async (request) => {
  try {
    return Response.json({ outcome: await tries[restOf(request)]?.() });
  } catch {
    return Response.json({ outcome: "refused" });
  }
});
