import { adminRoute, type Route } from "../router.ts";
import { userJson } from "../user-json.ts";
import { listAuditLog } from "./audit-log.ts";
import { createUser } from "./create-user.ts";
import { deleteUser } from "./delete-user.ts";
import { changeFactor, listFactors, removeFactor } from "./factors.ts";
import { generateLink } from "./generate-link.ts";
import { invite } from "./invite.ts";
import { listUsers } from "./list-users.ts";
import { accountOf } from "./path.ts";
import { updateUser } from "./update-user.ts";

const getUser = adminRoute({ method: "GET", path: "/admin/users/:user_id" }, async (auth, call) =>
  Response.json(userJson(await accountOf(auth, call))),
);

/** What the secret key may do with accounts. */
export const adminRoutes: readonly Route[] = [
  listUsers,
  createUser,
  getUser,
  updateUser,
  deleteUser,
  listFactors,
  removeFactor,
  changeFactor,
  invite,
  generateLink,
  listAuditLog,
];
