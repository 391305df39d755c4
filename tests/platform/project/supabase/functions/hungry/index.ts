// Holds as many megabytes as the path says.
import { later, restOf } from "../_shared/steps.ts";

Deno.serve(async (request) => {
  const megabytes = Number(restOf(request));
  const held: Uint8Array[] = [];
  for (let count = 0; count < megabytes; count++) {
    held.push(new Uint8Array(1024 * 1024).fill(1));
    if (count % 16 === 0) await later(10);
  }
  return new Response(`held ${held.length}`);
});
