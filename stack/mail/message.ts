/** A mail to deliver; addresses are plain `name@host`. */
export interface Mail {
  to: string;
  subject: string;
  text?: string;
  html?: string;
  /** Shown as sender; the project's auth mails come from the default. */
  from?: { name: string; address: string };
}

/** Hands a mail to whoever delivers it: locally the inbox. */
export type Deliver = (mail: Mail) => Promise<void>;
