import { banUser, createUser, deleteUser, listUsers, type User } from "./api.ts";
import { ask, button, confirmed, fill, grid, h, say } from "./parts.ts";

const perPage = 50;

const nameOf = ({ email, phone, is_anonymous, id }: User) =>
  email || phone || (is_anonymous ? "guest" : id);

const moment = (iso: string | null | undefined) =>
  iso ? new Date(iso).toLocaleString() : h("span", { class: "quiet" }, "never");

const isBanned = ({ banned_until }: User) =>
  Boolean(banned_until && new Date(banned_until) > new Date());

/** The accounts of the project, newest first as Auth lists them. */
export const showUsers = async (main: Element): Promise<void> => {
  let page = 1;
  const body = h("div", { class: "rows" });
  const earlier = button("Earlier", async () => {
    page--;
    await show();
  });
  const later = button("Later", async () => {
    page++;
    await show();
  });

  const state = (user: User) => {
    if (isBanned(user)) return h("span", { class: "warn" }, "banned");
    if (user.is_anonymous) return "guest";
    return user.email_confirmed_at ? "confirmed" : h("span", { class: "quiet" }, "unconfirmed");
  };
  const actions = (user: User) =>
    h(
      "span",
      { class: "actions" },
      button(
        isBanned(user) ? "Lift ban" : "Ban",
        async () => {
          await banUser(user.id, !isBanned(user));
          await show();
        },
        { class: "link" },
      ),
      button(
        "Delete",
        async () => {
          if (!(await confirmed(`Delete ${nameOf(user)} and what is theirs?`, "Delete"))) return;
          await deleteUser(user.id);
          await show();
          say("Deleted.");
        },
        { class: "link danger" },
      ),
    );
  const show = async () => {
    const users = await listUsers(page, perPage);
    fill(
      body,
      grid(
        ["User", "Id", "State", "Providers", "Created", "Last sign-in", ""],
        users.map((user) => [
          nameOf(user),
          h("code", {}, user.id),
          state(user),
          (user.app_metadata.providers ?? []).join(", "),
          moment(user.created_at),
          moment(user.last_sign_in_at),
          actions(user),
        ]),
      ),
      users.length === 0 ? h("p", { class: "empty" }, "No users.") : null,
    );
    earlier.disabled = page === 1;
    later.disabled = users.length < perPage;
  };
  const add = button("Add user", async () => {
    const email = h("input", { type: "email", name: "email", required: true, autocomplete: "off" });
    const password = h("input", {
      ...{ type: "password", name: "password", required: true, autocomplete: "new-password" },
    });
    await ask(
      "New user",
      [
        h("label", { class: "field" }, h("span", {}, "Email"), email),
        h("label", { class: "field" }, h("span", {}, "Password"), password),
      ],
      "Add",
      async () => {
        await createUser(email.value, password.value);
        await show();
        say(`${email.value} may sign in; the address counts as confirmed.`);
      },
    );
  });
  fill(
    main,
    h(
      "section",
      { class: "work" },
      h("header", {}, h("h1", {}, "Users"), add),
      body,
      h("footer", {}, earlier, later),
    ),
  );
  await show();
};
