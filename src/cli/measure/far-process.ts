import { fork } from 'node:child_process';
import type { ProtocolName } from '../../protocols.ts';
import { UsageError } from '../args.ts';
import type { FarEnd } from './far-end.ts';

/** The message that tells the process its service. */
export interface FarProcessOptions {
  readonly protocol: ProtocolName;
  /** The module that exports the service. */
  readonly service?: string | undefined;
  /** The module that exports the contract of a service that gives samples. Without both the Blog is served. */
  readonly contract?: string | undefined;
}

/** The name of the command that the process runs; it is not in the help. */
export const FAR_END = 'measure-far-end';

/** The messages to the process. */
export type Order = { readonly id: number } & (
  { readonly publish: readonly [event: string, payloads: readonly unknown[]] } | { readonly cpu: true }
);

/** The messages from the process. */
export type Report =
  | { readonly url: string; readonly canPublish: boolean }
  | { readonly wrong: string; readonly isUsage: boolean }
  | { readonly id: number; readonly value: number | readonly number[] }
  | { readonly id: number; readonly error: string };

/** Starts another process of this program that serves one protocol, so that each end has a processor and a measure of its own. */
export async function forkFarEnd({ protocol, service, contract }: FarProcessOptions): Promise<FarEnd> {
  const [, program = ''] = process.argv;
  const args = [
    FAR_END,
    protocol,
    ...(service === undefined ? [] : [service]),
    ...(contract === undefined ? [] : ['--contract', contract]),
  ];
  // Output of the service must not get between the lines of a report.
  const child = fork(program, args, { stdio: ['ignore', 2, 2, 'ipc'], serialization: 'advanced' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const waiting = new Map<number, { resolve: (value: number | readonly number[]) => void; reject: (error: Error) => void }>();
  const gone = exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the process of the service ended'));
  });
  const ready = new Promise<{ readonly url: string; readonly canPublish: boolean }>((resolve, reject) => {
    child.on('message', (message) => {
      const report = message as Report;
      if ('url' in report) resolve(report);
      else if ('wrong' in report) reject(report.isUsage ? new UsageError(report.wrong) : new Error(report.wrong));
      else if ('error' in report) waiting.get(report.id)?.reject(new Error(report.error));
      else waiting.get(report.id)?.resolve(report.value);
    });
    child.once('error', reject);
    void gone.then(() => reject(new Error('the process of the service ended before it listened')));
  });
  let lastId = 0;
  const ask = (
    order: Pick<Extract<Order, { publish: unknown }>, 'publish'> | { readonly cpu: true },
  ): Promise<number | readonly number[]> => {
    const id = ++lastId;
    return new Promise<number | readonly number[]>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      child.send({ id, ...order } satisfies Order, (error) => error && reject(error));
    }).finally(() => waiting.delete(id));
  };
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await gone;
  };
  try {
    const { url, canPublish } = await ready;
    return {
      url,
      isHere: false,
      ...(canPublish && { publish: async (event, payloads) => (await ask({ publish: [event, payloads] })) as readonly number[] }),
      cpuMs: async () => (await ask({ cpu: true })) as number,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
