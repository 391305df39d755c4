// Only for those who come with a token or a key of the project.
Deno.serve((request) => new Response(request.method));
