import "uplot/dist/uPlot.min.css";
import "../shared/base.css";
import "./style.css";
import { createClient } from "@supabase/supabase-js";
import { isLocal, loadConfig } from "../shared/config.ts";
import { fill, h } from "../shared/dom.ts";
import { dataOf, Failure } from "../shared/failure.ts";
import { type Board, board, readBoardSettings } from "./board.ts";
import { signIn } from "./sign-in.ts";

const staffRoles = new Set(["support", "admin"]);

const start = async (app: HTMLElement): Promise<void> => {
  const config = await loadConfig();
  const client = createClient(config.url, config.publishableKey, {
    // The storefront may stand on the same origin; its session is another person's.
    auth: { storageKey: "supamarket.dashboard", detectSessionInUrl: false },
  });
  let current: Board | undefined;

  const showSignIn = (message?: string) => {
    current?.stop();
    current = undefined;
    document.title = "Dashboard";
    fill(app, signIn({ client, isLocal: isLocal(config), signedIn, ...(message && { message }) }));
  };

  const signedIn = async (): Promise<void> => {
    const [roles, settings] = await Promise.all([
      dataOf(client.rpc("my_roles")).then((answer: string[]) => answer),
      readBoardSettings(client),
    ]);
    if (!roles.some((role) => staffRoles.has(role))) {
      await client.auth.signOut({ scope: "local" });
      throw new Failure("forbidden", "This account is not one of the shop's staff.");
    }
    current = board({ client, config, settings, signOut: () => void client.auth.signOut() });
    document.title = `${settings.name} · Dashboard`;
    fill(app, current.element);
  };

  client.auth.onAuthStateChange((event) => {
    if (event === "SIGNED_OUT" && current) showSignIn();
  });
  const { data } = await client.auth.getSession();
  if (!data.session) return showSignIn();
  await signedIn().catch((error: unknown) => {
    if (error instanceof Failure && error.code === "offline") throw error;
    showSignIn("Please sign in again.");
  });
};

const app = document.getElementById("app");
const tryToStart = (): void => {
  if (!app) return;
  start(app).catch((error: unknown) =>
    fill(
      app,
      h(
        "main",
        { class: "sign-in" },
        h(
          "div",
          { class: "panel", role: "alert" },
          h("h1", {}, "The shop does not answer"),
          h("p", { class: "muted" }, error instanceof Error ? error.message : ""),
          h("button", { class: "button", type: "button", onclick: tryToStart }, "Try again"),
        ),
      ),
    ),
  );
};

tryToStart();
