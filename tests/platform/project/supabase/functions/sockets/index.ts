// Sends back what it hears.
Deno.serve((request) => {
  if (request.headers.get("upgrade") !== "websocket") {
    return new Response("Come with a WebSocket.", { status: 426 });
  }
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(`heard ${data}`);
  return response;
});
