import { z } from "zod";

/** A postal address as clients send it; the database checks it against its country's rules. */
export const AddressInput = z.strictObject({
  full_name: z.string(),
  line1: z.string(),
  line2: z.string().nullish(),
  city: z.string(),
  region: z.string().nullish(),
  postal_code: z.string().nullish(),
  /** ISO 3166-1 alpha-2. */
  country: z.string(),
  phone: z.string().nullish(),
});
export type AddressInput = z.infer<typeof AddressInput>;

/** An address as an order keeps it. */
export const Address = z.object({
  full_name: z.string(),
  line1: z.string(),
  line2: z.string().nullish(),
  city: z.string(),
  region: z.string().nullish(),
  postal_code: z.string().nullish(),
  country: z.string(),
  phone: z.string().nullish(),
});
export type Address = z.infer<typeof Address>;
