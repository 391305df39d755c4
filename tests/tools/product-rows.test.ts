import { describe, expect, it } from "vitest";
import {
  explicitTargets,
  planColumns,
  recognise,
  requireColumns,
} from "../../tools/import/columns.ts";
import { type PriceUnit, parseAmount } from "../../tools/import/money.ts";
import { productRow } from "../../tools/import/product-row.ts";

describe("amounts in a file", () => {
  it.each<[unknown, PriceUnit, number, number]>([
    ["12.99", "major", 2, 1299],
    ["£1,299.50", "major", 2, 129_950],
    ["1.299,50 €", "major", 2, 129_950],
    ["12,5", "major", 2, 1250],
    ["1,299", "major", 2, 129_900],
    ["12.9900", "major", 2, 1299],
    [".5", "major", 2, 50],
    ["GBP 7", "major", 2, 700],
    ["1500", "major", 0, 1500],
    ["1.234", "major", 3, 1234],
    [0.1 + 0.2 - 0.2, "minor", 2, Number.NaN],
    [19.99, "major", 2, 1999],
    ["255", "minor", 2, 255],
    ["255.00", "minor", 2, 255],
  ])("reads %j (%s, %i decimals)", (given, unit, exponent, amount) => {
    const parsed = parseAmount(given, unit, exponent);
    if (Number.isNaN(amount)) expect(parsed).toHaveProperty("problem");
    else expect(parsed).toEqual({ amount });
  });

  it.each<[unknown, PriceUnit]>([
    ["-5", "major"],
    ["free", "major"],
    ["1e3", "major"],
    ["12.999", "major"],
    ["1,2,3", "major"],
    ["2.5", "minor"],
    ["99999999999999999999", "minor"],
    [Number.NaN, "minor"],
    [null, "minor"],
    [{}, "minor"],
  ])("refuses %j in %s units", (given, unit) => {
    expect(parseAmount(given, unit, 2)).toHaveProperty("problem");
  });
});

describe("columns of a file", () => {
  it.each([
    ["SKU", { field: "sku" }],
    ["Product Name", { field: "title" }],
    ["price_pence", { field: "price", unit: "minor" }],
    ["Variant Price", { field: "price" }],
    ["Stock Quantity", { field: "stock" }],
    ["options.Size", { field: "options", key: "Size" }],
    ["Option: Colour", { field: "options", key: "Colour" }],
    ["constructor", undefined],
    ["title_pence", undefined],
  ])("recognises %s", (column, target) => {
    expect(recognise(column)).toEqual(target);
  });

  it("prefer what --map says and use every field once", () => {
    const explicit = explicitTargets(new Map([["title", "long name"]]));
    const plan = planColumns(["sku", "name", "long name", "price", "unit_price"], explicit);
    expect([...plan.targets]).toEqual([
      ["sku", { field: "sku" }],
      ["long name", { field: "title" }],
      ["price", { field: "price" }],
    ]);
    expect(plan.ignored).toEqual(["name", "unit_price"]);
  });

  it("are asked for by name when the header lacks them", () => {
    const columns = ["10002", "INFLATABLE GLOBE", "85"];
    const plan = planColumns(columns, new Map());
    expect(() => requireColumns("shop.csv", columns, plan, new Map(), () => false)).toThrow(
      'shop.csv, line 1 is no header with a column for sku and title and price. It has: "10002", ' +
        '"INFLATABLE GLOBE", "85". Name the columns with --map sku=COLUMN,title=COLUMN,price=COLUMN.',
    );
    expect(() => explicitTargets(new Map([["colour", "c"]]))).toThrow('"colour" is no field');
  });
});

describe("a row of a file", () => {
  const convert = (values: Record<string, unknown>, defaults: [string, string][] = []) =>
    productRow(values, planColumns(Object.keys(values), new Map()), {
      defaults: new Map(defaults.map(([, value]) => ["stock", value] as const)),
      unitOf: ({ unit }) => unit ?? "major",
      currency: "GBP",
      exponentOf: (code) => ({ GBP: 2, JPY: 0 })[code],
    });

  it("becomes a product row with typed fields", () => {
    expect(
      convert(
        {
          sku: " M-1 ",
          name: "Mug",
          price: "4.50",
          rrp: "£6",
          stock: "",
          tags: "kitchen, blue",
          images: "/a.svg | /b.svg",
          "options.Size": "L",
          "options.Colour": "Blue",
          specifications: '{"Volume": "300 ml"}',
        },
        [["stock", "25"]],
      ),
    ).toEqual({
      row: {
        sku: "M-1",
        title: "Mug",
        price: 450,
        list_price: 600,
        currency: "GBP",
        stock: 25,
        tags: ["kitchen", "blue"],
        images: ["/a.svg", "/b.svg"],
        options: { Size: "L", Colour: "Blue" },
        specifications: { Volume: "300 ml" },
      },
    });
  });

  it("counts decimals of the row's own currency", () => {
    expect(convert({ sku: "M", title: "Mug", price: "1500", currency: "JPY" })).toMatchObject({
      row: { price: 1500, currency: "JPY" },
    });
  });

  it("reports everything that is wrong, by field", () => {
    expect(
      convert({ sku: "", title: "Mug", price: "abc", stock: "many", currency: "GBP" }),
    ).toEqual({
      errors: [
        { field: "stock", message: '"many" is not a whole number' },
        { field: "price", message: '"abc" is not an amount' },
        { field: "sku", message: "is missing" },
      ],
    });
    expect(convert({ sku: "M", title: "Mug", price: "1", currency: "XXX" })).toEqual({
      errors: [{ field: "currency", message: '"XXX" is not a currency of this shop' }],
    });
  });

  it.each(["a\0b", "half \ud83d pair"])("refuses %j, which PostgreSQL cannot store", (title) => {
    expect(convert({ sku: "M", title, price: "1" })).toEqual({
      errors: [{ field: null, message: "a value holds a character that cannot be stored" }],
    });
  });

  it("takes a backslash for what it is", () => {
    expect(convert({ sku: "M", title: "\\u0000 😀", price: "1" })).toHaveProperty("row");
  });
});
