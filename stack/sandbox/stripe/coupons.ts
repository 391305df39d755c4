import type { Stripe } from "stripe";
import { z } from "zod";
import { invalidRequest, missing, refused } from "./errors.ts";
import { amount, currency, ignored, mergeMetadata, metadata, parse, text } from "./fields.ts";
import { newId } from "./ids.ts";
import type { Operation } from "./operation.ts";
import type { World } from "./world.ts";

const Create = z.strictObject({
  id: text(200).optional(),
  amount_off: amount(1).optional(),
  currency: currency.optional(),
  percent_off: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,4})?$/, "|Invalid decimal")
    .transform(Number)
    .refine((percent) => percent > 0 && percent <= 100, {
      error: "|percent_off must be between 0 and 100.",
    })
    .optional(),
  duration: z.enum(["once", "forever"]).default("once"),
  name: text(40).optional(),
  max_redemptions: ignored,
  metadata: metadata.optional(),
});

export const findCoupon = (world: World, id: string, param = "coupon", status: 400 | 404 = 404) => {
  const coupon = world.store.coupons.get(id);
  if (!coupon) throw missing("coupon", id, param, status);
  return coupon;
};

/** What the coupon takes off an amount, in minor units, never more than it. */
export const discountOf = (coupon: Stripe.Coupon, total: number, inCurrency: string): number => {
  if (coupon.percent_off !== null) return Math.round((total * coupon.percent_off) / 100);
  if (coupon.currency !== inCurrency) {
    throw invalidRequest(
      `The currency of the coupon (${coupon.currency}) is not the currency of the session (${inCurrency}).`,
      "discounts",
    );
  }
  return Math.min(total, coupon.amount_off ?? 0);
};

export const couponOperations: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/coupons",
    run: ({ form, world }) => {
      const sent = parse(Create, form);
      if ((sent.amount_off === undefined) === (sent.percent_off === undefined)) {
        throw invalidRequest("Must provide either percent_off or amount_off.", "percent_off");
      }
      if (sent.amount_off !== undefined && sent.currency === undefined) {
        throw invalidRequest("Must provide currency with amount_off.", "currency");
      }
      if (sent.id !== undefined && world.store.coupons.get(sent.id)) {
        throw refused("Coupon already exists.", { code: "resource_already_exists", param: "id" });
      }
      const coupon: Stripe.Coupon = {
        id: sent.id ?? newId.coupon(),
        object: "coupon",
        amount_off: sent.amount_off ?? null,
        created: world.now(),
        currency: sent.currency ?? null,
        duration: sent.duration,
        duration_in_months: null,
        livemode: false,
        max_redemptions: null,
        metadata: mergeMetadata({}, sent.metadata),
        name: sent.name ?? null,
        percent_off: sent.percent_off ?? null,
        redeem_by: null,
        times_redeemed: 0,
        valid: true,
      };
      world.store.coupons.put(coupon);
      return coupon;
    },
  },
  {
    method: "GET",
    path: "/v1/coupons/:id",
    run: ({ id, world }) => findCoupon(world, id),
  },
  {
    method: "DELETE",
    path: "/v1/coupons/:id",
    run: ({ id, world }) => {
      findCoupon(world, id);
      world.store.coupons.delete(id);
      return { id, object: "coupon", deleted: true };
    },
  },
];
