import type { Transport } from '../../core/transport.ts';
import { protocolNamed, type ProtocolName } from '../../protocols.ts';
import { serve } from '../../serve/index.ts';

/** The end that serves, as the measuring end knows it: in this process, in another one, or at addresses that were given. */
export interface FarEnd {
  /** The address of the protocol that it was opened for. */
  readonly url: string;
  /** Whether it runs in this process, so that what it opens and spends cannot be told from what the client does. */
  readonly isHere: boolean;
  /** Publishes events one after the other; resolves with when each began, in milliseconds of `monotonicMs`. Absent if it cannot be told to. */
  readonly publish?: (event: string, payloads: readonly unknown[]) => Promise<readonly number[]>;
  /** CPU time of its process so far, in milliseconds. Absent if that is unknown. */
  readonly cpuMs?: () => Promise<number>;
  close(): Promise<void>;
}

/** A clock that all processes of a machine share, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** CPU time of this process so far, all of its threads, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A service, or another transport, that is served over one protocol by this process. */
export async function serveFarEnd(service: Transport, name: ProtocolName): Promise<FarEnd> {
  const served = await serve(service, { port: 0, grpcPort: 0, allowPrivateWebhooks: true, protocols: [name] });
  return {
    url: protocolNamed(name)?.urlOf(served) ?? served.http,
    isHere: true,
    ...(canPublish(service) && { publish: (event, payloads) => publishAll(service, event, payloads) }),
    close: () => served.close(),
  };
}

/** The part that can be told to publish. */
interface Publisher {
  publish(event: string, data: unknown): Promise<void>;
}

/** Publishes events of a service one after the other; resolves with when each began. */
export async function publishAll(service: Publisher, event: string, payloads: readonly unknown[]): Promise<number[]> {
  const begun: number[] = [];
  for (const payload of payloads) {
    begun.push(monotonicMs());
    await service.publish(event, payload);
  }
  return begun;
}

/** Whether a transport is a service, which can be told to publish. */
export function canPublish(transport: Transport): transport is Transport & Publisher {
  return typeof (transport as Partial<Publisher>).publish === 'function';
}
