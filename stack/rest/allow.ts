/** What OPTIONS answers: the methods that tables and functions have. */
export const allowAnswer = (path: string): Response =>
  new Response(null, {
    status: 200,
    headers: {
      allow: /\/rpc\//.test(path)
        ? "OPTIONS,GET,HEAD,POST"
        : "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE",
    },
  });
