import type { Address } from "../../types/index.ts";

/** A row of `countries`. */
export interface Country {
  code: string;
  name: string;
  postal_code_example: string | null;
  region_required: boolean;
}

/** Names that order files use and ISO 3166 does not. */
const otherNames: Record<string, string> = {
  eire: "IE",
  uk: "GB",
  "great britain": "GB",
  england: "GB",
  scotland: "GB",
  usa: "US",
  "united states of america": "US",
  rsa: "ZA",
  uae: "AE",
  "channel islands": "JE",
  "czech republic": "CZ",
  "hong kong": "HK",
  holland: "NL",
  korea: "KR",
  russia: "RU",
  // The seat of its institutions; the file means "somewhere in it".
  "european community": "BE",
};

/** Where the file does not say it, the shop's own country is meant. */
const unspecified = new Set(["", "unspecified", "unknown", "n/a"]);

/** City, street and, where addresses there need one, region. */
const places: Record<string, readonly [city: string, street: string, region?: string]> = {
  AE: ["Dubai", "Al Wasl Road"],
  AT: ["Wien", "Mariahilfer Straße"],
  AU: ["Sydney", "George Street", "NSW"],
  BE: ["Bruxelles", "Rue Neuve"],
  BH: ["Manama", "Government Avenue"],
  BR: ["São Paulo", "Avenida Paulista", "SP"],
  CA: ["Toronto", "Front Street West", "ON"],
  CH: ["Bern", "Marktgasse"],
  CY: ["Nicosia", "Ledra Street"],
  CZ: ["Praha", "Dlouhá"],
  DE: ["Berlin", "Chausseestraße"],
  DK: ["København", "Strøget"],
  ES: ["Madrid", "Calle de Alcalá"],
  FI: ["Helsinki", "Aleksanterinkatu"],
  FR: ["Paris", "Rue de Rivoli"],
  GB: ["London", "Victoria Street"],
  GR: ["Athína", "Ermou"],
  HK: ["Hong Kong", "Queen's Road Central"],
  IE: ["Dublin", "Dame Street"],
  IL: ["Tel Aviv", "Dizengoff Street"],
  IN: ["New Delhi", "Janpath", "DL"],
  IS: ["Reykjavík", "Laugavegur"],
  IT: ["Roma", "Via del Corso"],
  JE: ["Saint Helier", "King Street"],
  JP: ["Tokyo", "Marunouchi"],
  LB: ["Beirut", "Rue Hamra"],
  LT: ["Vilnius", "Gedimino prospektas"],
  MT: ["Valletta", "Republic Street"],
  MX: ["Ciudad de México", "Avenida Juárez", "CDMX"],
  NL: ["Amsterdam", "Damrak"],
  NO: ["Oslo", "Karl Johans gate"],
  PL: ["Warszawa", "Nowy Świat"],
  PT: ["Lisboa", "Rua Augusta"],
  SA: ["Riyadh", "Olaya Street"],
  SE: ["Stockholm", "Drottninggatan"],
  SG: ["Singapore", "Orchard Road"],
  US: ["New York", "Broadway", "NY"],
  ZA: ["Cape Town", "Long Street"],
};

const givenNames =
  "Ada Ben Clara Dev Ella Finn Grace Hugo Iris Jon Kira Leo Maya Noah Olive Priya Quinn Rosa Sam Tess";
const familyNames =
  "Archer Bell Carter Dunn Evans Frost Gray Hughes Irving Jones Khan Lowe Moore Nash Owen Price Reid Shaw Todd West";

/** A number that only depends on the text, spread evenly (FNV-1a). */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  // Its low bits alone follow the last characters too closely.
  return ((hash ^ (hash >>> 15)) >>> 0) % 1_000_003;
};

const pick = (words: string, number: number): string => {
  const all = words.split(" ");
  return all[number % all.length] ?? "";
};

export class CountryBook {
  readonly #byName = new Map<string, Country>();

  constructor(
    countries: readonly Country[],
    /** Code of the shop's own country. */
    readonly home: string,
  ) {
    for (const country of countries) {
      this.#byName.set(country.name.toLowerCase(), country);
      this.#byName.set(country.code.toLowerCase(), country);
    }
  }

  /** The country that a file means; undefined when nobody knows the name. */
  find(name: string): Country | undefined {
    const key = name.trim().toLowerCase();
    const code = unspecified.has(key) ? this.home : otherNames[key];
    return this.#byName.get(code?.toLowerCase() ?? key);
  }
}

/** A made-up person's address that is valid in the country; the same person lives there every time. */
export const addressIn = (country: Country, person: string): Address => {
  const number = hashOf(person);
  const [city, street, region] = places[country.code] ?? [country.name, "Main Street"];
  const state = region ?? (country.region_required ? city : undefined);
  return {
    full_name: `${pick(givenNames, number)} ${pick(familyNames, Math.floor(number / 20))}`,
    line1: `${street} ${(number % 180) + 1}`,
    city,
    country: country.code,
    ...(state === undefined ? {} : { region: state }),
    ...(country.postal_code_example ? { postal_code: country.postal_code_example } : {}),
  };
};
