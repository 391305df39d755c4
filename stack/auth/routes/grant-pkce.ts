import { z } from "zod";
import { audit } from "../audit.ts";
import { AuthError, invalid } from "../auth-error.ts";
import { checkVerifier, endFlow, findFlowByCode, isFlowExpired } from "../flow-state.ts";
import { parseBody, Text } from "../router.ts";
import { beginSession, isMethod, sessionJson } from "../sessions.ts";
import { findById, isBanned } from "../users.ts";
import type { GrantHandler } from "./token.ts";

const Body = z.looseObject({ auth_code: Text, code_verifier: Text });

const noFlow = () =>
  new AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found");

/** The code that a redirect carried, with the verifier that never left the client. */
export const grantPkce: GrantHandler = async (auth, call, given) => {
  const body = parseBody(Body, given);
  if (body.auth_code === "" || body.code_verifier === "") {
    throw invalid("invalid request: both auth code and code verifier should be non-empty");
  }
  const { grant, flow } = await auth.transaction(call, async (work) => {
    const flow = await findFlowByCode(work, body.auth_code);
    if (!flow?.user_id) throw noFlow();
    if (isFlowExpired(flow)) {
      throw new AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired");
    }
    checkVerifier(flow, body.code_verifier);
    const found = await findById(work, flow.user_id);
    if (!found) throw new AuthError(404, "user_not_found", "User from flow state does not exist");
    if (isBanned(found.account)) throw new AuthError(403, "user_banned", "User is banned");
    if (!(await endFlow(work, flow))) throw noFlow();
    await audit(work, found.account, "login", { provider_type: flow.provider_type });
    const method = isMethod(flow.authentication_method) ? flow.authentication_method : "oauth";
    return { grant: await beginSession(auth, work, flow.user_id, method), flow };
  });
  return Response.json({
    ...(await sessionJson(auth, grant)),
    ...(flow.provider_access_token && { provider_token: flow.provider_access_token }),
    ...(flow.provider_refresh_token && { provider_refresh_token: flow.provider_refresh_token }),
  });
};
