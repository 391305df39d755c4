import type { Stripe } from "stripe";
import { z } from "zod";
import { missing } from "./errors.ts";
import { address, emailAddress, mergeMetadata, metadata, parse, shipping, text } from "./fields.ts";
import { newId } from "./ids.ts";
import { listFields, listPage } from "./lists.ts";
import type { Operation } from "./operation.ts";
import type { World } from "./world.ts";

const Fields = z.strictObject({
  address: address.optional(),
  description: text().optional(),
  email: emailAddress.optional(),
  metadata: metadata.optional(),
  name: text().optional(),
  phone: text(20).optional(),
  shipping: shipping.optional(),
});

/** Throws 404, or 400 when the id came as a parameter. */
export const findCustomer = (world: World, id: string, param = "id", status: 400 | 404 = 404) => {
  const customer = world.store.customers.get(id);
  if (!customer) throw missing("customer", id, param, status);
  return customer;
};

export const customerOperations: readonly Operation[] = [
  {
    method: "POST",
    path: "/v1/customers",
    run: ({ form, world }) => {
      const sent = parse(Fields, form);
      const customer: Stripe.Customer = {
        id: newId.customer(),
        object: "customer",
        address: sent.address ?? null,
        balance: 0,
        created: world.now(),
        currency: null,
        default_source: null,
        delinquent: false,
        description: sent.description ?? null,
        discount: null,
        email: sent.email ?? null,
        invoice_settings: {
          custom_fields: null,
          default_payment_method: null,
          footer: null,
          rendering_options: null,
        },
        livemode: false,
        metadata: mergeMetadata({}, sent.metadata),
        name: sent.name ?? null,
        phone: sent.phone ?? null,
        preferred_locales: [],
        shipping: sent.shipping ?? null,
        tax_exempt: "none",
        test_clock: null,
      };
      world.store.customers.put(customer);
      world.emit("customer.created", customer);
      return customer;
    },
  },
  {
    method: "GET",
    path: "/v1/customers",
    run: ({ form, world }) => {
      const page = parse(z.strictObject({ ...listFields, email: emailAddress.optional() }), form);
      const customers = world.store.customers
        .newestFirst()
        .filter(({ email }) => page.email === undefined || email === page.email);
      return listPage("/v1/customers", customers, page);
    },
  },
  {
    method: "GET",
    path: "/v1/customers/:id",
    run: ({ id, world }) => findCustomer(world, id),
  },
  {
    method: "POST",
    path: "/v1/customers/:id",
    run: ({ id, form, world }) => {
      const customer = findCustomer(world, id);
      const { metadata: sentMetadata, ...sent } = parse(Fields, form);
      const given = Object.entries(sent).filter(([, value]) => value !== undefined);
      Object.assign(customer, Object.fromEntries(given));
      customer.metadata = mergeMetadata(customer.metadata, sentMetadata);
      world.store.customers.put(customer);
      world.emit("customer.updated", customer);
      return customer;
    },
  },
];
