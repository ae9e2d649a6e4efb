import { createClient, type Adapter, type Client } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import type { Address } from './fleet.ts';
import { contract } from './notes.ts';

type AnyAdapter = Adapter | Adapter<'call'>;
export type NotesClient = Client<typeof contract>;

/** Protocols that carry events, and those that carry calls. */
export const EVENT_PROTOCOLS = ['rest', 'graphql', 'webSocket', 'grpc', 'mqtt'] as const;
export const CALL_PROTOCOLS = [...EVENT_PROTOCOLS, 'soap'] as const;
export type ProtocolName = (typeof CALL_PROTOCOLS)[number];

const ADAPTERS: Readonly<Record<ProtocolName, (at: Address) => AnyAdapter>> = {
  rest: ({ http }) => rest({ url: http }),
  graphql: ({ http }) => graphql({ url: http }),
  webSocket: ({ http }) => webSocket({ url: http }),
  grpc: (at) => grpc({ url: at.grpc }),
  mqtt: (at) => mqtt({ url: at.mqtt }),
  soap: ({ http }) => soap({ url: http }),
};

/** A client by one protocol, with `wrap` around its transport. */
export function clientAt(at: Address, name: ProtocolName, wrap = (adapter: Adapter): Adapter => adapter): NotesClient {
  // That of SOAP carries no events, and nobody asks it to.
  return createClient({ contract, transport: wrap(ADAPTERS[name](at) as Adapter), onError: () => {} });
}

/** What one subscriber has heard: how often each note, the id of the last one, and the gaps it was told of. */
export class Hearing {
  readonly times = new Map<number, number>();
  readonly ids: string[] = [];
  gaps = 0;
  readonly failures: unknown[] = [];

  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async begin(name: string, client: NotesClient, room: string, lastEventId?: string): Promise<Hearing> {
    const hearing = new Hearing(name);
    await client.onNoteAdded(
      ({ n }, { id }) => {
        hearing.times.set(n, (hearing.times.get(n) ?? 0) + 1);
        hearing.ids.push(id);
      },
      {
        params: { room },
        ...(lastEventId !== undefined && { lastEventId }),
        onGap: () => hearing.gaps++,
        onError: (error) => void hearing.failures.push(error),
      },
    );
    return hearing;
  }

  /** What is not as it must be: each of `acknowledged` once, and nothing twice. */
  wrong(acknowledged: Iterable<number>): { readonly lost: number[]; readonly twice: number[] } {
    return {
      lost: [...acknowledged].filter((n) => !this.times.has(n)),
      twice: [...this.times].filter(([, times]) => times > 1).map(([n]) => n),
    };
  }
}
