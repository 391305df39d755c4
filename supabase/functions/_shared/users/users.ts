import {
  type UserAnswer,
  UserBan,
  UserCreation,
  UserDeletion,
  UserInvitation,
} from "../contracts/index.ts";
import { endpoint } from "../http.ts";
import { Problem } from "../problems.ts";

export interface UsersPorts {
  /** As the caller: the database decides who may change this account, or with null make one. */
  checkAccountChange(userId: string | null, authorization: string): Promise<void>;
  /** Each returns the user's id; throws `Problem`. */
  create(user: UserCreation): Promise<string>;
  invite(user: UserInvitation): Promise<string>;
  ban(user: UserBan): Promise<string>;
  delete(user: UserDeletion): Promise<string>;
}

const signedIn = (authorization: string | null): string => {
  if (!authorization) throw new Problem("not_signed_in");
  return authorization;
};

/** `POST users/create`: an account that is open at once. */
export const createCreate = (ports: UsersPorts) =>
  endpoint({ method: "POST", body: UserCreation }, async (user, { authorization }) => {
    await ports.checkAccountChange(null, signedIn(authorization));
    return { user_id: await ports.create(user) } satisfies UserAnswer;
  });

/** `POST users/invite`: an account whose owner gets a mail with the way in. */
export const createInvite = (ports: UsersPorts) =>
  endpoint({ method: "POST", body: UserInvitation }, async (user, { authorization }) => {
    await ports.checkAccountChange(null, signedIn(authorization));
    return { user_id: await ports.invite(user) } satisfies UserAnswer;
  });

/** `POST users/ban`: nobody banned signs in or refreshes; `hours: null` lifts it. */
export const createBan = (ports: UsersPorts) =>
  endpoint({ method: "POST", body: UserBan }, async (user, { authorization }) => {
    await ports.checkAccountChange(user.user_id, signedIn(authorization));
    return { user_id: await ports.ban(user) } satisfies UserAnswer;
  });

/** `POST users/delete`: the account goes, orders stay without it. */
export const createDelete = (ports: UsersPorts) =>
  endpoint({ method: "POST", body: UserDeletion }, async (user, { authorization }) => {
    await ports.checkAccountChange(user.user_id, signedIn(authorization));
    return { user_id: await ports.delete(user) } satisfies UserAnswer;
  });
