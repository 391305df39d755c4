export interface Decline {
  code: string;
  declineCode?: string;
  message: string;
}

export interface TestCard {
  /** Stable name; a payment method keeps this instead of the number. */
  name: string;
  number: string;
  brand: string;
  /** What follows `pm_card_` or `tok_` in the ids that stand for it; for a bank debit the whole id. */
  tokens: readonly string[];
  /** What the page says about it. */
  label: string;
  /** `always`: each payment asks for 3-D Secure; `until_saved`: not again off session once saved. */
  authentication?: "always" | "until_saved";
  /** The bank's answer, after authentication if there is any; absent: approved. */
  decline?: Decline;
  /** A refund that does not end at once. */
  refund?: "pending" | "fails";
  /** A bank debit: the payment is `processing` for a while, then ends so. */
  debit?: "succeeds" | "fails";
  /** Shown on the hosted page. */
  isOffered?: boolean;
}

const declined = (declineCode: string, message = "Your card was declined."): Decline => ({
  code: "card_declined",
  declineCode,
  message,
});
const INSUFFICIENT = declined("insufficient_funds", "Your card has insufficient funds.");

const approved = (name: string, number: string, brand: string): TestCard => ({
  name,
  number,
  brand,
  tokens: [name],
  label: `${brand} pays`,
});

export const TEST_CARDS: readonly TestCard[] = [
  { ...approved("visa", "4242424242424242", "visa"), label: "Payment succeeds", isOffered: true },
  approved("visa_debit", "4000056655665556", "visa"),
  { ...approved("mastercard", "5555555555554444", "mastercard"), isOffered: false },
  approved("amex", "378282246310005", "amex"),
  approved("discover", "6011111111111117", "discover"),
  {
    name: "declined",
    number: "4000000000000002",
    brand: "visa",
    tokens: ["visa_chargeDeclined", "chargeDeclined"],
    label: "Declined by the bank",
    decline: declined("generic_decline"),
    isOffered: true,
  },
  {
    name: "insufficient_funds",
    number: "4000000000009995",
    brand: "visa",
    tokens: ["visa_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"],
    label: "Insufficient funds",
    decline: INSUFFICIENT,
    isOffered: true,
  },
  {
    name: "lost_card",
    number: "4000000000009987",
    brand: "visa",
    tokens: ["visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"],
    label: "Lost card",
    decline: declined("lost_card"),
  },
  {
    name: "stolen_card",
    number: "4000000000009979",
    brand: "visa",
    tokens: ["visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"],
    label: "Stolen card",
    decline: declined("stolen_card"),
  },
  {
    name: "expired_card",
    number: "4000000000000069",
    brand: "visa",
    tokens: ["chargeDeclinedExpiredCard"],
    label: "Expired card",
    decline: { code: "expired_card", message: "Your card has expired." },
  },
  {
    name: "incorrect_cvc",
    number: "4000000000000127",
    brand: "visa",
    tokens: ["chargeDeclinedIncorrectCvc"],
    label: "Wrong security code",
    decline: { code: "incorrect_cvc", message: "Your card's security code is incorrect." },
  },
  {
    name: "processing_error",
    number: "4000000000000119",
    brand: "visa",
    tokens: ["chargeDeclinedProcessingError"],
    label: "Processing error",
    decline: {
      code: "processing_error",
      message: "An error occurred while processing your card. Try again in a little bit.",
    },
  },
  {
    name: "charge_fails",
    number: "4000000000000341",
    brand: "visa",
    tokens: ["chargeCustomerFail"],
    label: "Can be saved, not charged",
    decline: declined("generic_decline"),
  },
  {
    name: "three_d_secure",
    number: "4000002500003155",
    brand: "visa",
    tokens: ["authenticationRequiredOnSetup"],
    label: "Asks for 3-D Secure",
    authentication: "until_saved",
    isOffered: true,
  },
  {
    name: "three_d_secure_2",
    number: "4000000000003220",
    brand: "visa",
    tokens: ["threeDSecure2Required", "threeDSecureRequired"],
    label: "Asks for 3-D Secure 2",
    authentication: "always",
  },
  {
    name: "three_d_secure_always",
    number: "4000002760003184",
    brand: "visa",
    tokens: ["authenticationRequired"],
    label: "Asks for 3-D Secure each time",
    authentication: "always",
  },
  {
    name: "three_d_secure_insufficient_funds",
    number: "4000008260003178",
    brand: "visa",
    tokens: ["authenticationRequiredChargeDeclinedInsufficientFunds"],
    label: "3-D Secure, then insufficient funds",
    authentication: "always",
    decline: INSUFFICIENT,
    isOffered: true,
  },
  {
    name: "three_d_secure_declined",
    number: "4000008400001629",
    brand: "visa",
    tokens: ["threeDSecureRequiredChargeDeclined"],
    label: "3-D Secure, then declined",
    authentication: "always",
    decline: declined("generic_decline"),
  },
  {
    name: "refund_pending",
    number: "4000000000007726",
    brand: "visa",
    tokens: ["pendingRefund"],
    label: "Refund succeeds a little later",
    refund: "pending",
  },
  {
    name: "refund_fails",
    number: "4000000000005126",
    brand: "visa",
    tokens: ["refundFail"],
    label: "Refund fails a little later",
    refund: "fails",
  },
  {
    name: "bank_debit",
    number: "",
    brand: "bank",
    tokens: ["pm_usBankAccount", "pm_usBankAccount_success"],
    label: "Bank debit, succeeds a little later",
    debit: "succeeds",
  },
  {
    name: "bank_debit_fails",
    number: "",
    brand: "bank",
    tokens: ["pm_usBankAccount_insufficientFunds"],
    label: "Bank debit, fails a little later",
    decline: {
      code: "payment_intent_payment_attempt_failed",
      declineCode: "insufficient_funds",
      message: "The customer's account has insufficient funds to cover this payment.",
    },
    debit: "fails",
  },
];

/** A card number that is none of the test cards. */
export const UNKNOWN_CARD: TestCard = {
  name: "unknown",
  number: "",
  brand: "unknown",
  tokens: [],
  label: "Not a test card",
  decline: declined(
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
  ),
};

export const cardNamed = (name: string): TestCard =>
  TEST_CARDS.find((card) => card.name === name) ?? UNKNOWN_CARD;

/** The card a `pm_card_…` or `tok_…` stands for. */
export const cardOfToken = (token: string): TestCard | undefined => {
  const [, ending] = /^(?:pm_card_|tok_)(\w+)$/.exec(token) ?? [];
  const name = ending ?? token;
  return TEST_CARDS.find(
    (card) => card.tokens.includes(name) && (ending === undefined) === (card.debit !== undefined),
  );
};

/** Digits of a number as typed, spaces and dashes removed. */
export const digitsOf = (number: string): string => number.replaceAll(/[\s-]/g, "");

/** The Luhn check that every real card number passes. */
export const isCardNumber = (digits: string): boolean => {
  if (!/^\d{12,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
};

export const cardOfNumber = (digits: string): TestCard =>
  TEST_CARDS.find((card) => card.number !== "" && card.number === digits) ?? UNKNOWN_CARD;
