/** What follows the function's name in the path: `/echo/a/b` is `a/b`. */
export const restOf = (request: Request): string =>
  new URL(request.url).pathname.split("/").slice(2).join("/");

export const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
