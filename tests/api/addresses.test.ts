import { beforeAll, describe, expect, test } from "vitest";
import { type Actor, customer } from "../support/actors.ts";
import { ok, refusal } from "../support/answers.ts";
import { anAddress } from "../support/factories.ts";

let ada: Actor;

beforeAll(async () => {
  ada = await customer();
});

const save = (address: object) =>
  ada.client
    .from("addresses")
    .insert({ ...anAddress, ...address })
    .select()
    .single();

describe("an address", () => {
  test.each([
    ["GB", "sw1y 4jh", "SW1Y 4JH"],
    ["DE", "10117", "10117"],
    ["NL", "1012 js", "1012 JS"],
    ["CA", "k1a 0b1", "K1A 0B1"],
    ["JP", "100-0001", "100-0001"],
    ["IE", "d02 af30", "D02 AF30"],
  ])("in %s takes the postal code %s", async (country, postal_code, kept) => {
    const saved = await ok(save({ country, postal_code, region: "Any" }));
    expect(saved).toMatchObject({ country, postal_code: kept });
  });

  test.each([
    ["GB", "12345"],
    ["DE", "SW1Y 4JH"],
    ["US", "1234"],
    ["FR", "7500"],
    ["IN", "012345"],
  ])("in %s refuses the postal code %s and names the field", async (country, postal_code) => {
    const refused = await refusal(save({ country, postal_code, region: "Any" }));
    expect(refused).toMatchObject({ code: "invalid_input", status: 422 });
    expect(refused.details.field).toBe("postal_code");
  });

  test.each([
    ["region", "in the United States without a state", { country: "US", postal_code: "10001" }],
    ["country", "in a country that does not exist", { country: "ZZ" }],
    ["country", "in a country by its name", { country: "France" }],
    ["line1", "without a street", { line1: "  " }],
    ["full_name", "without a name", { full_name: "" }],
    ["phone", "with words for a phone number", { phone: "ask my neighbour" }],
    ["line1", "with a street of 201 characters", { line1: "x".repeat(201) }],
  ])("is refused at %s: %s", async (field, _, change) => {
    const refused = await refusal(save(change));
    expect(refused).toMatchObject({ code: "invalid_input", status: 422 });
    expect(refused.details.field).toBe(field);
  });

  test("needs no postal code where there are none", async () => {
    expect(await ok(save({ country: "AE", postal_code: null }))).toMatchObject({ country: "AE" });
  });

  test("is trimmed, in any script, and control characters do not survive", async () => {
    const saved = await ok(
      save({
        full_name: "  李 小龍 ",
        line1: "香港\u0007\n九龍",
        country: "HK",
        postal_code: null,
      }),
    );
    expect(saved).toMatchObject({ full_name: "李 小龍", line1: "香港 九龍" });
  });

  test("made the default takes the mark off the one before, for its purpose alone", async () => {
    const first = await ok(save({ is_default_shipping: true, is_default_billing: true }));
    const second = await ok(save({ is_default_shipping: true }));
    const marks = await ok(
      ada.client
        .from("addresses")
        .select("id, is_default_shipping, is_default_billing")
        .or("is_default_shipping.eq.true,is_default_billing.eq.true"),
    );
    expect(marks).toHaveLength(2);
    expect(marks).toContainEqual({
      id: first.id,
      is_default_shipping: false,
      is_default_billing: true,
    });
    expect(marks).toContainEqual({
      id: second.id,
      is_default_shipping: true,
      is_default_billing: false,
    });
  });
});
