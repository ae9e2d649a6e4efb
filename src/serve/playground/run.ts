import { namedMembers } from '../../client/members.ts';
import { createClient } from '../../client/client.ts';
import type { EventInfo, ListenOptions, Unsubscribe } from '../../client/types.ts';
import type { Contract, Schema } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import { listenerName } from '../../core/listener-name.ts';
import type { Headers } from '../../core/transport.ts';
import { onAbort } from '../../life/lifetime.ts';
import type { WireRecord } from '../../peer/on-wire.ts';
import { PROTOCOLS, type ProtocolName } from '../../protocols.ts';
import { compileReceive, compileSend } from '../../schema/codec/codec.ts';
import { issuesError, type Check } from '../../schema/validate.ts';
import { inMemory } from '../../schema/codec/files-in.ts';

/** The requests of the page. */
export interface RunRequest {
  readonly protocol: ProtocolName;
  /** The name of an operation or event. */
  readonly member: string;
  readonly input: unknown;
  readonly headers: Headers;
}

/** The messages to the page, one after the other. */
export type RunReport =
  | { readonly wire: WireRecord }
  | { readonly item: unknown }
  | { readonly output: unknown; readonly ms: number }
  | { readonly watching: string }
  | { readonly event: { readonly id: string; readonly time: string; readonly data: unknown } }
  | { readonly gap: true }
  | { readonly error: unknown };

/** How long a call or the start of a subscription may take, in milliseconds. */
const TIMEOUT_MS = 30_000;

type Member = (input: unknown, options: object) => Promise<unknown> | AsyncIterable<unknown>;
type Listen = (listener: (data: unknown, info: EventInfo) => void, options: ListenOptions) => Promise<Unsubscribe>;

/** Calls an operation, or listens to an event until `signal` aborts, with the protocol's own client at the service's own address. */
export async function runMember(
  contract: Contract,
  url: string,
  { protocol, member, input, headers }: RunRequest,
  signal: AbortSignal,
  report: (record: RunReport) => void,
): Promise<void> {
  const adapter = await PROTOCOLS[protocol].connect({ url, onWire: (wire) => report({ wire }) });
  const client = createClient({ contract, transport: adapter });
  try {
    const operation = Object.hasOwn(contract.operations, member) ? contract.operations[member] : undefined;
    const event = Object.hasOwn(contract.events, member) ? contract.events[member] : undefined;
    if (operation) {
      const begun = performance.now();
      const given = namedMembers<Member>(client)[member]?.(await received(operation.input, input, member), { headers, signal, timeoutMs: TIMEOUT_MS });
      if (operation.item) for await (const item of given as AsyncIterable<unknown>) report({ item: await wireForm(operation.item, item) });
      const output = operation.item ? undefined : await inMemory(await wireForm(operation.output, await given));
      report({ output, ms: Math.round((performance.now() - begun) * 100) / 100 });
    } else if (event) {
      const listen = namedMembers<Listen>(client)[listenerName(member)];
      await new Promise<void>((resolve, reject) => {
        const tell = async (data: unknown, { id, time }: EventInfo) => report({ event: { id, time, data: await wireForm(event.payload, data) } });
        listen?.((data, info) => void tell(data, info).catch(reject), {
          headers,
          signal,
          timeoutMs: TIMEOUT_MS,
          onGap: () => report({ gap: true }),
          onError: reject,
        }).then(() => report({ watching: member }), reject);
        onAbort(signal, resolve);
      });
    } else throw new ApiError('NOT_FOUND', `there is no operation or event '${member}'`);
  } catch (error) {
    if (!signal.aborted) report({ error: isApiError(error) ? error : { code: 'INTERNAL', message: 'the playground failed' } });
    if (!isApiError(error)) throw error;
  } finally {
    await client.close();
  }
} // prettier-ignore

/** The value that a caller of the client passes for JSON that was typed. */
async function received(schema: Schema | undefined, input: unknown, name: string): Promise<unknown> {
  if (!schema) return undefined;
  return settled(compileReceive(schema), input, name);
}

/** JSON for what a client gives. */
async function wireForm(schema: Schema | undefined, value: unknown): Promise<unknown> {
  return schema ? settled(compileSend(schema), value, 'the output') : undefined;
}

async function settled(check: Check, value: unknown, name: string): Promise<unknown> {
  const checked = await check(value);
  if (checked.issues) throw issuesError('INVALID_ARGUMENT', name, checked.issues);
  return checked.value;
}
