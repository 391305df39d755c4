import { generateSecret, generateURI, verify } from "otplib";
import QRCode from "qrcode-svg";

/** What somebody needs to add a factor to their authenticator app. */
export interface TotpKey {
  /** Base32. */
  secret: string;
  /** `otpauth://totp/…`, what the picture says. */
  uri: string;
  /** A QR code as SVG; the client makes it a data URI, so it holds no `#`. */
  picture: string;
}

/** A new key; `issuer` and `account` are what the app shows it as. */
export const newTotpKey = (issuer: string, account: string): TotpKey => {
  const secret = generateSecret();
  const uri = generateURI({ issuer, label: account, secret });
  const picture = new QRCode({
    content: uri,
    color: "black",
    background: "white",
    join: true,
    pretty: false,
    xmlDeclaration: false,
    container: "svg-viewbox",
  }).svg();
  return { secret, uri, picture };
};

/** Seconds that a clock may go wrong by, either way: one code's life. */
const tolerance = 30;

/** Whether the app that holds the secret shows this code now. */
export const isTotpCode = async (secret: string, code: string): Promise<boolean> => {
  if (!/^\d{6}$/.test(code)) return false;
  return (await verify({ secret, token: code, epochTolerance: tolerance })).valid;
};
