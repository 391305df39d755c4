import { type AuthError, createClient, type UserResponse } from "@supabase/supabase-js";
import { z } from "zod";
import { connect } from "../database.ts";
import { type EnvironmentSource, supabaseEnvironment } from "../env.ts";
import { Problem } from "../problems.ts";
import type { UsersPorts } from "./users.ts";

const problemFromAuth = (error: AuthError): Problem => {
  switch (error.code) {
    case "email_exists":
      return new Problem("user_exists", {}, { cause: error });
    case "user_not_found":
      return new Problem("user_not_found", {}, { cause: error });
    case "weak_password": {
      const details = { field: "password", message: error.message };
      return new Problem("invalid_input", details, { cause: error });
    }
    case "validation_failed":
      return new Problem("invalid_input", { message: error.message }, { cause: error });
  }
  const isDown = error.status === undefined || error.status === 0 || error.status >= 500;
  return new Problem(isDown ? "database_unavailable" : "internal", {}, { cause: error });
};

const idOf = ({ data, error }: UserResponse): string => {
  if (error) throw problemFromAuth(error);
  return data.user.id;
};

/** Auth takes orders about users from the secret key alone, so admins give them through here. */
export const live = (source: EnvironmentSource): UsersPorts => {
  const environment = supabaseEnvironment(source);
  const database = connect(environment);
  const { admin } = createClient(environment.url, environment.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  }).auth;
  const metadata = (full_name: string | undefined) => (full_name ? { full_name } : {});

  return {
    checkAccountChange: async (user_id, authorization) => {
      await database.as(authorization)("check_account_change", { user_id }, z.null());
    },
    create: async ({ email, password, full_name }) =>
      idOf(
        await admin.createUser({
          email,
          email_confirm: true,
          user_metadata: metadata(full_name),
          ...(password && { password }),
        }),
      ),
    invite: async ({ email, full_name, redirect_to }) =>
      idOf(
        await admin.inviteUserByEmail(email, {
          data: metadata(full_name),
          ...(redirect_to && { redirectTo: redirect_to }),
        }),
      ),
    ban: async ({ user_id, hours }) =>
      idOf(
        await admin.updateUserById(user_id, {
          ban_duration: hours === null ? "none" : `${hours}h`,
        }),
      ),
    delete: async ({ user_id }) => {
      const { error } = await admin.deleteUser(user_id);
      if (error) throw problemFromAuth(error);
      return user_id;
    },
  };
};
