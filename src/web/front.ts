import type { Log } from "../context.ts";
import type { Timers } from "../world.ts";
import { stopping } from "./busy.ts";
import { type AddressOf, clientAddress } from "./client-address.ts";
import { crossOrigin } from "./cross-origin.ts";
import { roomOf } from "./descriptors.ts";
import { createDoor, type Door } from "./door.ts";
import { type Listener, listen } from "./listener.ts";
import type { WebSettings } from "./settings.ts";
import { createStreams, type Streams } from "./streams.ts";

/** The side of the process that the world sees: where it listens, who is let in, whose streams it feeds. */
export interface Front extends Pick<Listener, "url" | "ownUrl" | "route"> {
  readonly addressOf: AddressOf;
  readonly streams: Streams;
  /** Aborted when the process begins to stop: what would take long tells its caller to come back. */
  readonly leaving: AbortSignal;
  /**
   * Refuses what is new, tells open streams to come back, and waits until all who were let in have their answer, for
   * {@link patienceMs} at most. The queue's deliveries go on until {@link stop}.
   */
  leave(): Promise<void>;
  /** Refuses the queue, too, lets the last answers out, and closes. */
  stop(): Promise<void>;
}

export interface FrontOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other processes listen on the same port. */
  readonly shared: boolean;
  readonly trustProxy: boolean;
  readonly settings: WebSettings;
  readonly timers: Timers;
}

/** How long a stop waits for answers; with what else it does, a process is gone within ten seconds. */
const patienceMs = 7_000;
const queuePatienceMs = 500;

export function openFront({ host, port, shared, trustProxy, settings, timers }: FrontOptions, log: Log): Front {
  const room = roomOf();
  const addressOf = clientAddress(trustProxy, log);
  const perAddress = settings.inFlightPerAddress;
  const door: Door = createDoor({ addressOf, perAddress, atMost: room.requests, timers });
  const streams = createStreams({
    perCaller: settings.streamsPerCaller,
    atMost: settings.streamsAtMost ?? room.streams,
    timers,
  });
  const pages = crossOrigin(settings.appOrigins, log);
  const listener = listen({ host, port, shared, door, crossOrigin: pages, timers }, log);
  return {
    url: listener.url,
    ownUrl: listener.ownUrl,
    route: listener.route,
    addressOf,
    streams,
    leaving: door.leaving,
    leave: () => {
      listener.leave();
      door.close("strangers");
      streams.close(stopping);
      return door.emptied(patienceMs);
    },
    stop: async () => {
      door.close("everyone");
      await door.emptied(queuePatienceMs);
      await listener.stop();
    },
  };
}
