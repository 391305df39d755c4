import type { Stripe } from "stripe";
import { z } from "zod";
import { findCustomer } from "./customers.ts";
import { invalidRequest, missing, refused } from "./errors.ts";
import {
  amount,
  currency,
  emailAddress,
  flag,
  ignored,
  list,
  mergeMetadata,
  metadata,
  parse,
  shipping,
  text,
  webAddress,
} from "./fields.ts";
import { type Form, field, without } from "./form.ts";
import { newId, randomText } from "./ids.ts";
import { listFields, listPage } from "./lists.ts";
import { checkMinimum } from "./money.ts";
import type { Call, Operation } from "./operation.ts";
import { attemptPayment, cancelPayment } from "./payment.ts";
import { findPaymentMethod, PaymentMethodData, paymentMethodFromData } from "./payment-methods.ts";
import type { IntentRecord, PaymentMethodRecord } from "./store.ts";
import type { World } from "./world.ts";

const FutureUsage = z.enum(["on_session", "off_session"]);

const confirmFields = {
  payment_method: text().optional(),
  payment_method_data: PaymentMethodData.optional(),
  payment_method_options: ignored,
  return_url: webAddress.optional(),
  off_session: flag.optional(),
  use_stripe_sdk: flag.optional(),
  error_on_requires_action: flag.optional(),
  setup_future_usage: FutureUsage.optional(),
  receipt_email: emailAddress.optional(),
  shipping: shipping.optional(),
  mandate_data: ignored,
};

const describeFields = {
  customer: text().optional(),
  description: text(1000).optional(),
  metadata: metadata.optional(),
  allowed_payment_method_types: list(text()).optional(),
  statement_descriptor: text(22).optional(),
  statement_descriptor_suffix: text(22).optional(),
  transfer_group: text().optional(),
};

const Create = z.strictObject({
  ...confirmFields,
  ...describeFields,
  amount: amount(1),
  currency,
  confirm: flag.optional(),
  confirmation_method: z.literal("automatic").optional(),
  capture_method: z.enum(["automatic", "automatic_async"]).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: flag, allow_redirects: z.enum(["always", "never"]).optional() })
    .optional(),
});

const Update = z.strictObject({
  ...describeFields,
  amount: amount(1).optional(),
  currency: currency.optional(),
  payment_method: text().optional(),
  payment_method_data: PaymentMethodData.optional(),
  receipt_email: emailAddress.optional(),
  setup_future_usage: FutureUsage.optional(),
  shipping: shipping.optional(),
});
const Confirm = z.strictObject(confirmFields);
const Cancel = z.strictObject({
  cancellation_reason: z
    .enum(["abandoned", "duplicate", "fraudulent", "requested_by_customer"])
    .optional(),
});

/** What an intent is made from; the rest is as every new intent has it. */
export interface NewIntent {
  amount: number;
  currency: string;
  customer: string | null;
  description: string | null;
  metadata: Record<string, string>;
  receiptEmail: string | null;
  setupFutureUsage: "on_session" | "off_session" | null;
  shipping: Stripe.PaymentIntent["shipping"];
  session: string | null;
  returnUrl?: string | null;
  /** Types the caller allows; only these are offered. */
  methodTypes?: string[] | undefined;
  automaticMethods?: Stripe.PaymentIntent["automatic_payment_methods"];
  statementDescriptor?: string | null;
  statementDescriptorSuffix?: string | null;
  transferGroup?: string | null;
}

/** Adds an intent that waits for a payment method; emits `payment_intent.created`. */
export const makeIntent = (world: World, from: NewIntent): IntentRecord => {
  const id = newId.intent();
  const object: Stripe.PaymentIntent = {
    id,
    object: "payment_intent",
    allowed_payment_method_types: from.methodTypes ?? null,
    amount: from.amount,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: from.automaticMethods ?? null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: "automatic",
    created: world.now(),
    currency: from.currency,
    customer: from.customer,
    customer_account: null,
    description: from.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: from.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: {
        installments: null,
        mandate_options: null,
        network: null,
        request_three_d_secure: "automatic",
      },
    },
    payment_method_types: from.methodTypes ?? ["card"],
    payment_record: null,
    processing: null,
    receipt_email: from.receiptEmail,
    review: null,
    setup_future_usage: from.setupFutureUsage,
    shipping: from.shipping,
    source: null,
    statement_descriptor: from.statementDescriptor ?? null,
    statement_descriptor_suffix: from.statementDescriptorSuffix ?? null,
    status: "requires_payment_method",
    transfer_group: from.transferGroup ?? null,
  };
  const record: IntentRecord = {
    id,
    object,
    session: from.session,
    returnUrl: from.returnUrl ?? null,
    pendingMethod: null,
    settlesAt: null,
  };
  world.store.intents.put(record);
  world.emit("payment_intent.created", object);
  return record;
};

/** Throws 404, or 400 when the id came as a parameter. */
export const findIntent = (world: World, id: string, param = "intent", status: 400 | 404 = 404) => {
  const record = world.store.intents.get(id);
  if (!record) throw missing("payment_intent", id, param, status);
  return record;
};

// What the browser's library sends along with every call.
const BROWSER_FIELDS = ["client_secret", "expected_payment_method_type", "client_context"];

/** The intent of the call; a browser must show its client secret. */
const intentOf = ({ id, form, world, isPublic }: Call): { record: IntentRecord; form: Form } => {
  const record = findIntent(world, id);
  const secret = field(form, "client_secret");
  if ((isPublic || secret !== undefined) && secret !== record.object.client_secret) {
    throw invalidRequest(
      "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
      "client_secret",
      "payment_intent_invalid_parameter",
    );
  }
  return { record, form: without(form, BROWSER_FIELDS) };
};

const checkNotFromSession = ({ session, object }: IntentRecord): void => {
  if (session === null) return;
  throw refused(
    "This PaymentIntent was created by a Checkout Session: change, pay or expire the session instead.",
    { code: "payment_intent_unexpected_state", payment_intent: object },
  );
};

const checkWaiting = ({ object }: IntentRecord, verb: string): void => {
  const waiting = ["requires_payment_method", "requires_confirmation", "requires_action"];
  if (waiting.includes(object.status)) return;
  throw refused(
    object.status === "succeeded" && verb === "confirm"
      ? "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
      : `You cannot ${verb} this PaymentIntent because it has a status of ${object.status}.`,
    { code: "payment_intent_unexpected_state", payment_intent: object },
  );
};

type SentMethod = Pick<z.infer<typeof Confirm>, "payment_method" | "payment_method_data">;

/** The method sent with a call, if any; a saved one must be the customer's. */
const sentMethod = (world: World, sent: SentMethod, customer: unknown) => {
  if (sent.payment_method_data) return paymentMethodFromData(world, sent.payment_method_data);
  if (sent.payment_method === undefined) return undefined;
  const method = findPaymentMethod(world, sent.payment_method);
  const owner = method.object.customer;
  if (owner !== null && owner !== customer) {
    throw refused(
      "The provided PaymentMethod cannot be attached because it belongs to another customer. Please provide the customer with the PaymentIntent.",
      { param: "payment_method" },
    );
  }
  return method;
};

const confirm = (
  world: World,
  record: IntentRecord,
  sent: z.infer<typeof Confirm>,
  newMethod: PaymentMethodRecord | undefined,
): void => {
  const intent = record.object;
  const known = typeof intent.payment_method === "string" ? intent.payment_method : undefined;
  const method = newMethod ?? (known === undefined ? undefined : findPaymentMethod(world, known));
  if (!method) {
    throw refused(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      { code: "payment_intent_unexpected_state", payment_intent: intent },
    );
  }
  if (sent.receipt_email !== undefined) intent.receipt_email = sent.receipt_email;
  if (sent.setup_future_usage !== undefined) intent.setup_future_usage = sent.setup_future_usage;
  if (sent.shipping !== undefined) intent.shipping = sent.shipping;
  if (sent.return_url !== undefined) record.returnUrl = sent.return_url;
  const error = attemptPayment(world, record, method, {
    isOffSession: sent.off_session ?? false,
    isActionAnError: sent.error_on_requires_action ?? false,
    isForSdk: sent.use_stripe_sdk ?? false,
  });
  if (error) throw error;
};

/** The few fields that a browser may see. */
const publicView = ({ object }: IntentRecord) => ({
  id: object.id,
  object: object.object,
  amount: object.amount,
  automatic_payment_methods: object.automatic_payment_methods,
  canceled_at: object.canceled_at,
  cancellation_reason: object.cancellation_reason,
  capture_method: object.capture_method,
  client_secret: object.client_secret,
  confirmation_method: object.confirmation_method,
  created: object.created,
  currency: object.currency,
  description: object.description,
  last_payment_error: object.last_payment_error,
  livemode: object.livemode,
  next_action: object.next_action,
  payment_method: object.payment_method,
  payment_method_types: object.payment_method_types,
  receipt_email: object.receipt_email,
  setup_future_usage: object.setup_future_usage,
  shipping: object.shipping,
  status: object.status,
});

const view = (record: IntentRecord, isPublic: boolean): object =>
  isPublic ? publicView(record) : record.object;

const setMethod = (record: IntentRecord, method: PaymentMethodRecord | undefined): void => {
  if (!method) return;
  record.object.payment_method = method.id;
  record.object.status = "requires_confirmation";
};

const create = ({ form, world }: Call): object => {
  const sent = parse(Create, form);
  checkMinimum(sent.amount, sent.currency, "amount");
  if (sent.customer !== undefined) findCustomer(world, sent.customer, "customer", 400);
  if (sent.off_session && !sent.confirm) {
    throw invalidRequest(
      "You can only use off_session when confirm is true.",
      "off_session",
      "parameter_invalid_empty",
    );
  }
  // Before the intent exists, so that a refused request leaves nothing behind.
  const method = sentMethod(world, sent, sent.customer ?? null);
  const automatic = sent.automatic_payment_methods;
  const record = makeIntent(world, {
    amount: sent.amount,
    currency: sent.currency,
    customer: sent.customer ?? null,
    description: sent.description ?? null,
    metadata: mergeMetadata({}, sent.metadata),
    receiptEmail: sent.receipt_email ?? null,
    setupFutureUsage: sent.setup_future_usage ?? null,
    shipping: sent.shipping ?? null,
    session: null,
    returnUrl: sent.return_url ?? null,
    methodTypes: sent.allowed_payment_method_types,
    automaticMethods: automatic
      ? { enabled: automatic.enabled, allow_redirects: automatic.allow_redirects ?? "always" }
      : null,
    statementDescriptor: sent.statement_descriptor ?? null,
    statementDescriptorSuffix: sent.statement_descriptor_suffix ?? null,
    transferGroup: sent.transfer_group ?? null,
  });
  if (sent.confirm) {
    confirm(world, record, sent, method);
  } else {
    setMethod(record, method);
    world.store.intents.put(record);
  }
  return record.object;
};

const update = ({ id, form, world }: Call): object => {
  const record = findIntent(world, id);
  const intent = record.object;
  const sent = parse(Update, form);
  const isOnlyDescribed = Object.keys(form).every((key) =>
    ["metadata", "description"].includes(key),
  );
  if (!isOnlyDescribed) {
    checkNotFromSession(record);
    checkWaiting(record, "update");
  }
  const newAmount = sent.amount ?? intent.amount;
  const newCurrency = sent.currency ?? intent.currency;
  checkMinimum(newAmount, newCurrency, "amount");
  const method = sentMethod(world, sent, sent.customer ?? intent.customer);
  if (sent.customer !== undefined) {
    intent.customer = findCustomer(world, sent.customer, "customer", 400).id;
  }
  intent.amount = newAmount;
  intent.currency = newCurrency;
  intent.description = sent.description ?? intent.description;
  intent.metadata = mergeMetadata(intent.metadata, sent.metadata);
  if (sent.allowed_payment_method_types) {
    intent.allowed_payment_method_types = sent.allowed_payment_method_types;
    intent.payment_method_types = sent.allowed_payment_method_types;
  }
  intent.receipt_email = sent.receipt_email ?? intent.receipt_email;
  intent.setup_future_usage = sent.setup_future_usage ?? intent.setup_future_usage;
  intent.shipping = sent.shipping ?? intent.shipping;
  intent.statement_descriptor = sent.statement_descriptor ?? intent.statement_descriptor;
  setMethod(record, method);
  world.store.intents.put(record);
  return intent;
};

const listIntents = ({ form, world }: Call): object => {
  const page = parse(z.strictObject({ ...listFields, customer: text().optional() }), form);
  const intents = world.store.intents
    .newestFirst()
    .map(({ object }) => object)
    .filter(({ customer }) => page.customer === undefined || customer === page.customer);
  return listPage("/v1/payment_intents", intents, page);
};

export const intentOperations: readonly Operation[] = [
  { method: "POST", path: "/v1/payment_intents", run: create },
  { method: "GET", path: "/v1/payment_intents", run: listIntents },
  {
    method: "GET",
    path: "/v1/payment_intents/:id",
    isPublic: true,
    run: (call) => {
      const { record, form } = intentOf(call);
      parse(z.strictObject({}), form);
      return view(record, call.isPublic);
    },
  },
  { method: "POST", path: "/v1/payment_intents/:id", run: update },
  {
    method: "POST",
    path: "/v1/payment_intents/:id/confirm",
    isPublic: true,
    run: (call) => {
      const { record, form } = intentOf(call);
      const sent = parse(Confirm, form);
      checkNotFromSession(record);
      checkWaiting(record, "confirm");
      confirm(call.world, record, sent, sentMethod(call.world, sent, record.object.customer));
      return view(record, call.isPublic);
    },
  },
  {
    method: "POST",
    path: "/v1/payment_intents/:id/cancel",
    run: ({ id, form, world }) => {
      const record = findIntent(world, id);
      const sent = parse(Cancel, form);
      checkNotFromSession(record);
      cancelPayment(world, record, sent.cancellation_reason ?? null);
      return record.object;
    },
  },
];
