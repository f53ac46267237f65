// Follows a project's change feed with fetch, as server-sent events.
import { setTimeout as sleep } from "node:timers/promises";
import type { components } from "./build/openapi.js";

export type FeedEvent = components["schemas"]["FeedEvent"];

// Yields every event once, until the signal aborts it. A stream that ends, breaks or cannot be opened for now is continued after the last event.
export async function* watch(feed: URL, token: string, signal: AbortSignal): AsyncGenerator<FeedEvent, never> {
  const headers = new Headers({ Accept: "text/event-stream", Authorization: `Bearer ${token}` });
  while (true) {
    try {
      const response = await fetch(feed, { headers, signal });
      if (response.ok) {
        for await (const { id, event, data } of messages(response.body!)) {
          headers.set("Last-Event-ID", id!);
          if (event !== "bookmark") {
            yield JSON.parse(data!) as FeedEvent;
          }
        }
      } else if (response.status < 500 && response.status !== 429) {
        throw new Error(`${response.status}: ${await response.text()}`);
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof TypeError)) {
        throw error; // a TypeError is fetch's for a connection that failed or broke
      }
    }

    await sleep(100 + 100 * Math.random());
  }
}

async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, string>> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      yield Object.fromEntries(text.slice(0, end).split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
    }
  }
}
