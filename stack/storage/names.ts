import { invalidBucketName, invalidKey } from "./errors.ts";

/** Characters that S3 takes in keys without ado; no slash. */
const bucketName = /^[\w!\-.*'() &$@=;:+,?]{1,100}$/;

export const requireBucketName = (name: string): string => {
  if (!bucketName.test(name)) throw invalidBucketName();
  return name;
};

/** Any text that XML 1.0 can hold, as S3 answers in it. */
const forbidden = /(?![\t\n\r\x7F-\x9F])\p{Cc}|[\uFFFE\uFFFF]|\p{Surrogate}/u;

/** Bytes; S3's limit. */
const keyLimit = 1024;

export const requireKey = (key: string): string => {
  const tooLong = Buffer.byteLength(key) > keyLimit;
  if (key.length === 0 || tooLong || forbidden.test(key)) throw invalidKey(key);
  return key;
};

/** The Studio makes folders by putting this empty file into them. */
export const isEmptyFolder = (key: string): boolean => key.endsWith(".emptyFolderPlaceholder");
