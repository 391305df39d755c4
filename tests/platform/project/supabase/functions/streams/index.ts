// Streams: events as they happen, and the size of what is sent, chunk by chunk.
import { later, restOf } from "../_shared/steps.ts";

const encoder = new TextEncoder();

const events = () =>
  new ReadableStream({
    start: async (controller) => {
      for (let count = 1; count <= 3; count++) {
        controller.enqueue(encoder.encode(`data: ${count}\n\n`));
        await later(200);
      }
      controller.close();
    },
  });

/** Never ends by itself. */
const ticks = () => {
  let ended = false;
  return new ReadableStream({
    start: async (controller) => {
      while (!ended) {
        controller.enqueue(encoder.encode("tick\n"));
        await later(50);
      }
    },
    cancel: () => {
      ended = true;
    },
  });
};

Deno.serve(async (request) => {
  switch (restOf(request)) {
    case "events":
      return new Response(events(), { headers: { "content-type": "text/event-stream" } });
    case "ticks":
      return new Response(ticks());
    default: {
      let size = 0;
      for await (const chunk of request.body ?? []) size += chunk.byteLength;
      return Response.json({ size });
    }
  }
});
