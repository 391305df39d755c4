import type { SupabaseClient } from "@supabase/supabase-js";
import { h, setText } from "../shared/dom.ts";
import { Failure, failureFrom } from "../shared/failure.ts";

export interface SignInOptions {
  client: SupabaseClient;
  /** Whether to offer the demo shop's account. */
  isLocal: boolean;
  /** What to say first, such as why somebody was signed out. */
  message?: string;
  signedIn(): Promise<void>;
}

const demo = { email: "admin@supamarket.test", password: "supamarket-admin" } as const;

/** The form for staff. */
export const signIn = ({ client, isLocal, message, signedIn }: SignInOptions): HTMLElement => {
  const email = h("input", {
    class: "input",
    type: "email",
    name: "email",
    autocomplete: "username",
    required: true,
  });
  const password = h("input", {
    class: "input",
    type: "password",
    name: "password",
    autocomplete: "current-password",
    required: true,
  });
  const problem = h(
    "p",
    { class: "notice", "data-tone": "bad", role: "alert", hidden: !message },
    message,
  );
  const button = h("button", { class: "button" }, "Sign in");

  const submit = async (): Promise<void> => {
    problem.hidden = true;
    button.disabled = true;
    try {
      const credentials = { email: email.value, password: password.value };
      const { error } = await client.auth.signInWithPassword(credentials);
      if (error) throw await failureFrom(error);
      await signedIn();
    } catch (error) {
      problem.hidden = false;
      setText(problem, words(error));
    } finally {
      button.disabled = false;
    }
  };

  return h(
    "main",
    { class: "sign-in" },
    h(
      "form",
      {
        class: "panel",
        onsubmit: (event) => {
          event.preventDefault();
          void submit();
        },
      },
      h("h1", {}, "Dashboard"),
      h("label", { class: "field" }, h("span", {}, "Email"), email),
      h("label", { class: "field" }, h("span", {}, "Password"), password),
      problem,
      button,
      isLocal &&
        h(
          "p",
          { class: "small muted" },
          "Demo shop: ",
          h(
            "button",
            {
              class: "link-button",
              type: "button",
              onclick: () => {
                email.value = demo.email;
                password.value = demo.password;
                button.focus();
              },
            },
            "fill in the demo account",
          ),
          ` (${demo.email}).`,
        ),
    ),
  );
};

const words = (error: unknown): string => {
  if (!(error instanceof Failure)) return "That did not work. Please try again.";
  return error.code === "invalid_credentials" ? "Email or password is wrong." : error.message;
};
