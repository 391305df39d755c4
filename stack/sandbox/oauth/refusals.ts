/** Told to the person: nothing trustworthy says where the browser may be sent instead. */
export class PageRefusal extends Error {
  override name = "PageRefusal";
  constructor(
    readonly status: 400 | 401 | 404,
    readonly title: string,
    message: string,
  ) {
    super(message);
  }
}

/** Told to the application through its redirect, with a code of RFC 6749, 4.1.2.1. */
export class RedirectRefusal extends Error {
  override name = "RedirectRefusal";
  constructor(
    readonly redirectUri: string,
    readonly state: string | null,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Told to the application by the token endpoint; `code` is the provider's own word for it. */
export class TokenRefusal extends Error {
  override name = "TokenRefusal";
  constructor(
    readonly code: string,
    message: string,
    readonly status: 400 | 401 = 400,
  ) {
    super(message);
  }
}
