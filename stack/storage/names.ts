import { invalidBucketName, invalidKey } from "./errors.ts";

/** Characters that S3 takes in keys without ado; no slash. */
const bucketName = /^[\w!\-.*'() &$@=;:+,?]{1,100}$/;

export const requireBucketName = (name: string): string => {
  if (!bucketName.test(name)) throw invalidBucketName();
  return name;
};

/** As in a bucket's name, with slashes. Supabase Storage takes no other letters than ASCII's. */
const objectKey = /^[\w/!\-.*'() &$@=;:+,?]{1,1024}$/;

export const requireKey = (key: string): string => {
  if (!objectKey.test(key)) throw invalidKey(key);
  return key;
};

/** The Studio makes folders by putting this empty file into them. */
export const isEmptyFolder = (key: string): boolean => key.endsWith(".emptyFolderPlaceholder");
