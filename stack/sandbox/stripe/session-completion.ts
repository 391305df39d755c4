import type { IntentRecord, SessionRecord } from "./store.ts";
import type { World } from "./world.ts";

const sessionOf = (world: World, intent: IntentRecord): SessionRecord | undefined =>
  intent.session === null ? undefined : world.store.sessions.get(intent.session);

/** Ends an open session as complete; `paid` is false while a bank debit is on its way. */
export const completeSession = (
  world: World,
  session: SessionRecord,
  paymentStatus: "paid" | "unpaid" | "no_payment_required",
): void => {
  session.object.status = "complete";
  session.object.payment_status = paymentStatus;
  session.object.url = null;
  world.schedule.cancel(session.id);
  world.store.sessions.put(session);
  world.emit("checkout.session.completed", session.object);
};

/** Tells the intent's session, if it has one, that the money is there or on its way. */
export const noteAccepted = (
  world: World,
  intent: IntentRecord,
  paymentStatus: "paid" | "unpaid",
): void => {
  const session = sessionOf(world, intent);
  if (!session) return;
  if (session.object.status === "open") {
    completeSession(world, session, paymentStatus);
  } else if (paymentStatus === "paid") {
    session.object.payment_status = "paid";
    world.store.sessions.put(session);
    world.emit("checkout.session.async_payment_succeeded", session.object);
  }
};

/** Tells a session that was complete already that its bank debit failed after all. */
export const noteFailed = (world: World, intent: IntentRecord): void => {
  const session = sessionOf(world, intent);
  if (session?.object.status === "complete") {
    world.emit("checkout.session.async_payment_failed", session.object);
  }
};
