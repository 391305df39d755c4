import type { Address } from "../../types/index.ts";
import { h } from "./dom.ts";

const countries = new Intl.DisplayNames(undefined, { type: "region" });

/** A postal address in lines, empty ones left out. */
export const addressBlock = (address: Address): HTMLElement => {
  const place = [address.city, address.region].filter(Boolean).join(", ");
  const country = countries.of(address.country) ?? address.country;
  return h(
    "address",
    {},
    [
      address.full_name,
      address.line1,
      address.line2,
      place,
      address.postal_code,
      country,
      address.phone,
    ]
      .filter(Boolean)
      .map((line) => h("span", {}, line)),
  );
};
