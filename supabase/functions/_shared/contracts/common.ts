import { z } from "zod";

/** Any UUID, those made by hand for seeds and tests included. */
export const Uuid = z.guid();

/** An amount in minor units of its currency (pence, cents; JPY has none). */
export const Money = z.int();

/** ISO 4217, upper case. */
export const Currency = z.string().regex(/^[A-Z]{3}$/);

/** ISO 8601 with time zone, as PostgreSQL writes it into JSON. */
export const Instant = z.iso.datetime({ offset: true });

/** A variant's options, such as `{"Size": "M"}`. */
export const Options = z.record(z.string(), z.string());

/** What `place_order` accepts. `paypal`, `razorpay` and `wallet` are reserved and still refused. */
export const PaymentProvider = z.enum(["stripe", "cod"]);
export type PaymentProvider = z.infer<typeof PaymentProvider>;
