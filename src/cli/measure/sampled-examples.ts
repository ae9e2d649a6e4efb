import { readFile } from 'node:fs/promises';
import type { Contract, Schema } from '../../core/contract.ts';
import { nearest } from '../../core/nearest.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson } from '../../peer/json.ts';
import { compileReceive } from '../../schema/codec/codec.ts';
import { issuesError } from '../../schema/validate.ts';
import { seededRandom } from '../../schema/sample/random.ts';
import { sampleOf } from '../../schema/sample/sample.ts';
import { describeContract } from '../../schema/view.ts';
import type { TypeUse } from '../../schema/node.ts';
import { UsageError } from '../args.ts';
import { importFile } from '../module.ts';
import type { Examples } from './examples.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** Inputs and payloads by the name of the operation or event, in wire form; a function is asked anew for each run. */
type Given = Readonly<Record<string, unknown>>;

/**
 * Examples of any contract: those that were given, else samples that are made of the types. A query is asked the same each time; mutations and
 * events get another sample each time, so that what must be unique is.
 */
export async function examplesOf(contract: Contract, file: string | undefined): Promise<Examples> {
  const given = file === undefined ? {} : await readGiven(file);
  const names = [...Object.keys(contract.operations), ...Object.keys(contract.events)];
  const stray = Object.keys(given).find((name) => !names.includes(name));
  if (stray !== undefined) {
    const near = nearest(stray, names);
    throw new UsageError(`${file} has '${stray}', which is neither an operation nor an event${near === undefined ? '' : `: did you mean ${near}?`}`);
  }
  const view = describeContract(contract);
  const maker = (name: string, schema: Schema | undefined, use: TypeUse | undefined, varies: boolean) => {
    if (schema === undefined || use === undefined) return () => undefined;
    const receive = compileReceive(schema);
    return (run: number): unknown => {
      const own = Object.hasOwn(given, name) ? given[name] : undefined;
      const value: unknown =
        own === undefined ? sampleOf(use, seededRandom(varies ? run : 0), name) : typeof own === 'function' ? (own as (run: number) => unknown)(run) : own;
      const checked = receive(value);
      if (isPromiseLike(checked)) throw new Error(`${name} is checked asynchronously, so its value cannot be made here`);
      if (!checked.issues) return checked.value;
      const { message } = issuesError('INVALID_ARGUMENT', own === undefined ? `no valid value of ${name} could be made up` : `${file}: ${name}`, checked.issues);
      throw new Error(`${message}${own === undefined ? ': give one with --inputs' : ''}`);
    };
  };
  return {
    operations: Object.fromEntries(
      [...view.operations].map(([name, { operation, input }]) => [
        name,
        maker(name, operation.input, input && useOf(input), operation.kind !== 'query'),
      ]),
    ),
    events: Object.fromEntries([...view.events].map(([name, { event, payload }]) => [name, maker(name, event.payload, useOf(payload), true)])),
  };
} // prettier-ignore

function useOf(node: TypeUse['node']): TypeUse {
  return { node, nullable: false, meta: {} };
}

async function readGiven(file: string): Promise<Given> {
  const value = file.endsWith('.json') ? await readJson(file) : (await importFile(file))['default'];
  if (isObject(value)) return value;
  throw new UsageError(`${file} must hold an object: the input of each operation, or the payload of each event, by its name`);
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`there is no file ${file}`);
  });
  try {
    return parseJson(text);
  } catch {
    throw new UsageError(`${file} is not JSON`);
  }
}
