import { z } from "zod";
import type { HttpClient } from "./http.ts";
import { load } from "./load.ts";

export interface Guest {
  id: string;
  /** Headers of a request in this guest's name. */
  headers: Record<string, string>;
}

const Session = z.object({ access_token: z.string(), user: z.object({ id: z.string() }) });

/** Signs in guests over HTTP, as `signInAnonymously` does. */
export const signInGuests = async (
  client: HttpClient,
  apikey: string,
  count: number,
): Promise<Guest[]> => {
  const guests: Guest[] = [];
  const result = await load({ workers: 10, count }, async () => {
    const answer = await client.send({
      method: "POST",
      path: "/auth/v1/signup",
      headers: { apikey },
      body: {},
    });
    const { access_token, user } = Session.parse(JSON.parse(answer.body));
    guests.push({ id: user.id, headers: { apikey, authorization: `Bearer ${access_token}` } });
  });
  if (result.errors > 0) throw new Error(`Guests cannot sign in: ${result.firstError}`);
  return guests;
};

/** `place_order` input of a guest who pays on delivery. */
export const orderInput = (
  key: string,
  items?: readonly { variant_id: string; quantity: number }[],
) => ({
  idempotency_key: key,
  ...(items ? { items } : {}),
  email: "bench@example.test",
  shipping_address: {
    full_name: "Ada Lovelace",
    line1: "12 St James's Square",
    city: "London",
    postal_code: "SW1Y 4JH",
    country: "GB",
  },
  payment: { provider: "cod" },
});
