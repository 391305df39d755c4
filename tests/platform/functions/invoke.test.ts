import {
  FunctionRegion,
  FunctionsFetchError,
  FunctionsHttpError,
  FunctionsRelayError,
} from "@supabase/supabase-js";
import { describe, expect, it } from "vitest";
import { clientAt } from "../../support/client.ts";
import { anAccount } from "../support/people.ts";
import { platform, publicClient } from "../support/platform.ts";

const { functions } = publicClient();

describe("functions.invoke", () => {
  it("sends JSON, text, bytes and forms, and reads them again", async () => {
    const json = await functions.invoke("formats/json", { body: { name: "Ada" } });
    expect(json.data).toEqual({ sent: { name: "Ada" } });

    const text = await functions.invoke("formats/text", { body: "hällo" });
    expect(text.data).toBe("sent: hällo");

    const bytes = new Uint8Array([0, 1, 254, 255]);
    const blob = await functions.invoke<Blob>("formats/bytes", { body: bytes.buffer });
    expect(new Uint8Array((await blob.data?.arrayBuffer()) ?? [])).toEqual(bytes);
    const same = await functions.invoke<Blob>("formats/bytes", { body: new Blob([bytes]) });
    expect(new Uint8Array((await same.data?.arrayBuffer()) ?? [])).toEqual(bytes);

    const form = new FormData();
    form.set("name", "Ada");
    form.set("file", new File(["inside"], "notes.txt", { type: "text/plain" }));
    const fields = await functions.invoke("formats/fields", { body: form });
    expect(fields.data).toEqual({ name: "Ada", file: { name: "notes.txt", text: "inside" } });
    const back = await functions.invoke<FormData>("formats/form", { body: form });
    expect(back.data?.get("name")).toBe("Ada");
  });

  it("uses the method, headers and path that it is given", async () => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"] as const) {
      const { data, error } = await functions.invoke("echo/a/b?x=1&x=2&y=%20", {
        method,
        headers: { "x-custom": "given" },
      });
      expect(error).toBeNull();
      expect(data).toMatchObject({
        method,
        path: "a/b",
        query: { x: "2", y: " " },
        headers: { "x-custom": "given" },
      });
    }
  });

  it("asks for a region, in a header and in the address", async () => {
    const { data, response } = await functions.invoke("echo", { region: FunctionRegion.EuWest1 });
    expect(data.headers["x-region"]).toBe("eu-west-1");
    expect(data.query).toEqual({ forceFunctionRegion: "eu-west-1" });
    expect(response?.status).toBe(200);
  });

  it("gives the response beside the data, with an answer without a body, too", async () => {
    const { data, error, response } = await functions.invoke("formats/empty");
    expect([data, error, response?.status]).toEqual(["", null, 204]);
  });

  it("calls as whoever is signed in, so that their rows are theirs", async () => {
    const ada = await anAccount();
    await ada.client.from("notes").insert({ body: "of ada" });
    const { data } = await ada.client.functions.invoke("whoami");
    expect(data).toEqual({ id: ada.id, notes: [{ body: "of ada" }] });
    const bo = await anAccount("bo");
    expect((await bo.client.functions.invoke("whoami")).data).toEqual({ id: bo.id, notes: [] });
  });
});

describe("an error of a function", () => {
  it("is a FunctionsHttpError with the answer", async () => {
    const { data, error, response } = await functions.invoke("fails/refuses");
    expect(data).toBeNull();
    expect(error).toBeInstanceOf(FunctionsHttpError);
    expect(error.context.status).toBe(422);
    expect(await error.context.json()).toEqual({ reason: "not like this" });
    expect(response).toBe(error.context);
  });

  it("is a FunctionsRelayError when the platform says so", async () => {
    const { error } = await functions.invoke("fails/relay");
    expect(error).toBeInstanceOf(FunctionsRelayError);
  });

  it("is a FunctionsFetchError when nothing answers", async () => {
    const nobody = clientAt("http://127.0.0.1:9", platform().publishableKey);
    const { error } = await nobody.functions.invoke("echo");
    expect(error).toBeInstanceOf(FunctionsFetchError);
  });

  it("is a FunctionsFetchError when the caller gives up", async () => {
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 100);
    const left = await functions.invoke("waits/20000", { signal: leaving.signal });
    expect(left.error).toBeInstanceOf(FunctionsFetchError);
    const late = await functions.invoke("waits/20000", { timeout: 100 });
    expect(late.error).toBeInstanceOf(FunctionsFetchError);
  });

  it("says that there is no such function", async () => {
    for (const name of ["nothing", "disabled", "_shared"]) {
      const { error } = await functions.invoke(name);
      expect([name, error.context.status]).toEqual([name, 404]);
    }
  });
});
