import { misfit } from './assert.ts';
import { ApiError, type JsonObject } from '../core/errors.ts';
import { memoryHub } from '../events/hub.ts';
import { onAbort } from '../life/lifetime.ts';
import { createService } from '../service/service.ts';
import type { HandlerCall, Service, ServiceOptions } from '../service/types.ts';
import { conformanceContract, type ConformanceContract } from './contract.ts';
import type { FileContent } from '../schema/codec/file-body.ts';
import { factsOf, inPieces, someBytes } from './file-facts.ts';
import { Probe, type FlowRun } from './probe.ts';

/** The options of `createConformanceService` beside those of a service. */
export interface ConformanceServiceOptions extends Omit<ServiceOptions<unknown>, 'events'> {
  /** How many of the last events the memory hub holds that the service has if it is given no `hub`. @default 1000 */
  readonly history?: number;
}

/** The reference service of the conformance contract, and the probe that sees into it. */
export function createConformanceService(options: ConformanceServiceOptions = {}): {
  readonly service: Service<ConformanceContract>;
  readonly probe: Probe;
} {
  const probe = new Probe();
  const counts = new Map<string, number>();
  const { history, hub = memoryHub(history === undefined ? {} : { history }), ...serviceOptions } = options;

  const service = createService<ConformanceContract, unknown>(
    conformanceContract,
    {
      echo: (input) => (probe.ran('echo'), input),
      grow: ({ tree }) => (probe.ran('grow'), tree),
      find: (input) => (probe.ran('find'), input),
      patch: (input) => {
        probe.ran('patch');
        return { members: Object.keys(input).sort(), level: input.level, ...('name' in input && { name: input.name }) };
      },
      convert: (input) => {
        probe.ran('convert');
        probe.converted = [input.at.constructor.name, typeof input.id, input.data.constructor.name, input.secret];
        return input;
      },
      findConverted: (input) => (probe.ran('findConverted'), input),
      // As query builders are: no promise, and awaited all the same.
      stamp: (input) => (probe.ran('stamp'), lazily(input)),
      nulls: (input) => (probe.ran('nulls'), input),
      nothing: () => void probe.ran('nothing'),
      noInput: (input) => (probe.ran('noInput'), { done: input === undefined }),
      noOutput: () => void probe.ran('noOutput'),
      allOptional: ({ text }) => (probe.ran('allOptional'), { given: text !== undefined }),
      words: ({ count }) => Array.from({ length: count }, (_, index) => `word ${index}`),
      matrix: ({ count }) => Array.from({ length: count }, (_, row) => Array.from({ length: row }, (_, column) => row * column)),
      items: ({ total, limit, after = 0 }) => {
        probe.ran('items');
        return Array.from({ length: Math.max(0, Math.min(limit, total - after)) }, (_, index) => ({
          id: after + index + 1,
          label: `item ${after + index + 1}`,
        }));
      },
      getShelf: ({ id }) => (probe.ran('getShelf'), shelf(id)),
      shelves: ({ count }) => (probe.ran('shelves'), Array.from({ length: count }, (_, index) => shelf(index + 1))),
      getOwner: ({ id }) => {
        probe.ran('getOwner');
        if (id === 0) throw new ApiError('NOT_FOUND', `no owner has the id ${id}`, { details: { id } });
        return { id, name: `owner ${id}`, address: { street: `street ${id}`, zip: '12345' } };
      },
      putFile: ({ content }) => (probe.ran('putFile'), factsOf(content)),
      sendFiles: async ({ main, others, ...rest }) => {
        probe.ran('sendFiles');
        const files = [];
        for (const each of main ? [main, ...others] : others) files.push(await factsOf(each));
        return { ...rest, files };
      },
      sendSmallImage: async ({ image }) => (probe.ran('sendSmallImage'), { size: (await image.bytes()).byteLength }),
      getFile: ({ size, how, name, type }) => {
        probe.ran('getFile');
        return { content: contentOf(size, how), name, type };
      },
      getAlbum: ({ pages }) => {
        probe.ran('getAlbum');
        const image = (size: number) => ({ content: inPieces(size), name: `${size}.png`, type: 'image/png' });
        return { title: 'album', cover: image(1), pages: Array.from({ length: pages }, (_, index) => ({ image: image(index + 2) })) };
      },
      rawBytes: ({ size }) => (probe.ran('rawBytes'), someBytes(size)),
      fail: ({ code, message, detailsJson, retryAfterMs }) => {
        const details = detailsJson === undefined ? undefined : (JSON.parse(detailsJson) as JsonObject);
        throw new ApiError(code, message, { details, retryAfterMs });
      },
      order: ({ how, left }, { errors }) => {
        probe.ran('order');
        const places = [{ x: 1, y: 2.5 }];
        if (how === 'outOfStock') throw errors.OUT_OF_STOCK({ left, places });
        if (how === 'soldOut') throw errors.SOLD_OUT({ text: 'come back', retryAfterMs: 1500 });
        if (how === 'unknown') throw errors.NOT_FOUND();
        if (how === 'undeclared') throw new ApiError('ABORTED', 'undeclared', { reason: 'NOT_DECLARED', details: { left } });
        if (how === 'otherCode') throw new ApiError('ABORTED', 'another code', { reason: 'OUT_OF_STOCK', details: { left, places } });
        if (how === 'breach') throw errors.OUT_OF_STOCK({ left: misfit('SECRET-LEFT'), places });
        return { left };
      },
      async *counted({ count, how }, { errors }) {
        probe.ran('counted');
        for (let number = 1; number <= count; number++) yield { number, text: `ünï 😀 ${number}`, places: [{ x: number, y: 0.5 }] };
        if (how === 'outOfStock') throw errors.OUT_OF_STOCK({ left: count });
        if (how === 'crash') throw new Error('SECRET-stream');
        if (how === 'breach') yield { number: misfit('SECRET-ITEM'), text: '', places: [] };
      },
      flow: async ({ id, refuse, size, pauseAfter }, call) => {
        probe.ran('flow');
        if (refuse === true) throw new ApiError('NOT_FOUND', `there is no flow ${id}`, { details: { id } });
        return flow(probe, id, size, pauseAfter, call.signal);
      },
      wait: ({ id }, call) => wait(probe, id, call),
      count: ({ id, code }) => {
        const runs = (counts.get(id) ?? 0) + 1;
        counts.set(id, runs);
        if (code !== undefined) throw new ApiError(code, `run ${runs} fails as told`);
        return { runs };
      },
      headers: (_, call) => ({ headers: { ...call.headers }, requestId: call.requestId }),
      broken: () => ({ number: misfit('SECRET-OUTPUT') }),
      crash: ({ secret }) => {
        throw new Error(`SECRET-${secret}`);
      },
      post: (message) => message,
    },
    { ...serviceOptions, hub: probe.hub(hub) },
  );
  return { service, probe };
}

/** Of ten shelves each belongs to one of two owners; shelf 100 to one who is unknown, shelf 101 to nobody. */
function shelf(id: number): { id: number; label: string; size: number; ownerId?: number } {
  const ownerId = id === 100 ? 0 : 1 + (id % 2);
  return { id, label: `shelf ${id}`, size: id % 4, ...(id !== 101 && { ownerId }) };
}

async function* flow(probe: Probe, id: string, size: number, pauseAfter: number | undefined, signal: AbortSignal): AsyncGenerator<string> {
  const run: FlowRun = { made: 0, left: false, reason: undefined };
  probe.flows.set(id, run);
  try {
    while (!signal.aborted) {
      if (run.made === pauseAfter) await new Promise((resolve) => onAbort(signal, () => resolve(undefined)));
      else yield `${++run.made} ${'x'.repeat(size)}`;
    }
  } finally {
    run.left = true;
    run.reason = signal.reason;
  }
}

function wait(probe: Probe, id: string, call: HandlerCall): Promise<{ id: string }> {
  return new Promise((resolve, reject) => {
    const { signal } = call;
    const run = {
      deadline: call.deadline,
      aborted: false,
      reason: undefined as unknown,
      release: () => {
        unlink();
        resolve({ id });
      },
    };
    probe.ran('wait');
    probe.waits.set(id, run);
    const unlink = onAbort(signal, () => {
      run.aborted = true;
      run.reason = signal.reason;
      reject(signal.reason as Error);
    });
  });
}

function contentOf(size: number, how: 'bytes' | 'blob' | 'stream' | 'broken'): FileContent {
  if (how === 'bytes') return someBytes(size);
  if (how === 'blob') return new Blob([someBytes(size) as Uint8Array<ArrayBuffer>]);
  return how === 'stream' ? inPieces(size) : breaking(size);
}

async function* breaking(size: number): AsyncGenerator<Uint8Array> {
  yield* inPieces(size);
  throw new Error('SECRET-file');
}

/** A thenable that is not a promise. It settles when `then` is called. */
function lazily<T>(value: T): Promise<T> {
  const thenable: PromiseLike<T> = { then: (resolve, reject) => Promise.resolve(value).then(resolve, reject) };
  return thenable as Promise<T>;
}
