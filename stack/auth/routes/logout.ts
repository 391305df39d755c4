import { audit } from "../audit.ts";
import { invalid } from "../auth-error.ts";
import { userRoute } from "../router.ts";
import { endSession, endSessions } from "../sessions.ts";

const scopes = ["global", "local", "others"] as const;

/** Ends sessions on the server; access tokens of theirs fail at Auth from then on. */
export const logout = userRoute({ method: "POST", path: "/logout" }, async (auth, call) => {
  const { account, session } = call.caller;
  const asked = call.url.searchParams.get("scope") || "global";
  const scope = scopes.find((known) => known === asked);
  if (!scope) throw invalid(`Unsupported logout scope "${asked}"`);
  await auth.transaction(
    call,
    async (work) => {
      await audit(work, account, "logout");
      if (session && scope === "local") return endSession(work, session.id);
      return endSessions(work, account.user.id, scope === "others" ? session?.id : null);
    },
    "Error logging out user",
  );
  return new Response(null, { status: 204 });
});
