import { describe, expect, it } from "vitest";
import { TextResponse } from "../../stack/text-response.ts";

const answer = () =>
  new TextResponse('{"word":"ä"}', {
    status: 201,
    headers: { "content-type": "application/json" },
  });

describe("an answer that is a text at hand", () => {
  it("is read as any other response, once", async () => {
    const read = answer();
    expect(read.bodyUsed).toBe(false);
    expect(await read.json()).toEqual({ word: "ä" });
    expect(read.bodyUsed).toBe(true);
    await expect(read.text()).rejects.toThrow(TypeError);
    expect((await answer().arrayBuffer()).byteLength).toBe(13);
    expect((await answer().blob()).size).toBe(13);
  });

  it("has a body that another response can be made of", async () => {
    const first = answer();
    const second = new Response(first.body, first);
    expect([second.status, await second.text()]).toEqual([201, '{"word":"ä"}']);
  });

  it("can be cloned", async () => {
    const first = answer();
    const second = first.clone();
    expect([second.status, second.headers.get("content-type")]).toEqual([201, "application/json"]);
    expect([await first.text(), await second.text()]).toEqual(['{"word":"ä"}', '{"word":"ä"}']);
  });
});
