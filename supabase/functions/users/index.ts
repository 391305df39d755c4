import { routes } from "../_shared/http.ts";
import { live } from "../_shared/users/live.ts";
import { createBan, createCreate, createDelete, createInvite } from "../_shared/users/users.ts";

const ports = live(Deno.env.toObject());

Deno.serve(
  routes("users", {
    create: createCreate(ports),
    invite: createInvite(ports),
    ban: createBan(ports),
    delete: createDelete(ports),
  }),
);
