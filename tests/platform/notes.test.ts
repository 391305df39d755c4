import { expect, test } from "vitest";
import { publicClient, serviceClient } from "./support/platform.ts";

test("a user's rows are theirs alone, and the secret key sees them", async () => {
  const [ada, bo] = [publicClient(), publicClient()];
  await ada.auth.signInAnonymously();
  await bo.auth.signInAnonymously();
  const { data: note } = await ada.from("notes").insert({ body: "mine" }).select("id").single();
  expect(note?.id).toBeGreaterThan(0);
  expect((await bo.from("notes").select().eq("id", note?.id)).data).toEqual([]);
  expect((await serviceClient().from("notes").select("body").eq("id", note?.id)).data).toEqual([
    { body: "mine" },
  ]);
});
