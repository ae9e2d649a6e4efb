import type { Contract, Operation, Schema } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { compileReceive, compileSend } from '../../schema/codec/codec.ts';
import { describeContract, type TypeUse } from '../../schema/view.ts';
import { seededRandom, type Random } from '../../schema/sample/random.ts';
import { sampleOf } from '../../schema/sample/sample.ts';

/** How often another sample is made of a schema whose refinements refuse the last one. */
const TRIES = 50;

/** Makes values that a contract's schemas accept, the same ones for the same seed. */
export class Samples {
  readonly #contract: Contract;
  readonly #seed: number;

  constructor(contract: Contract, seed: number) {
    this.#contract = contract;
    this.#seed = seed;
  }

  /** A source of random numbers that is the same for the same texts. */
  random(...texts: readonly string[]): Random {
    let hash = this.#seed | 0;
    for (const char of texts.join('\n')) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
    return seededRandom(hash);
  }

  /** An output of an operation, in application form. */
  async output({ name, output }: Operation, random: Random): Promise<unknown> {
    return output && this.#valid(`the output of ${name}`, this.#view(name)?.output, output, random);
  }

  /** An item of a streamed operation. */
  async item({ name, item }: Operation, random: Random): Promise<unknown> {
    return item && this.#valid(`an item of ${name}`, this.#view(name)?.item, item, random);
  }

  /** Details of a declared error. */
  async details({ name, errors }: Operation, error: string, random: Random): Promise<unknown> {
    const schema = errors[error]?.details;
    const node = this.#view(name)?.errors.find((each) => each.name === error)?.details;
    return schema && node && this.#valid(`the details of ${error} of ${name}`, { node, nullable: false, meta: {} }, schema, random);
  }

  /** A payload of an event. */
  async payload(name: string, random: Random): Promise<unknown> {
    const node = describeContract(this.#contract).events.get(name)?.payload;
    const schema = this.#contract.events[name]?.payload;
    if (!node || !schema) throw new TypeError(`mockService: the contract has no event '${name}'`);
    return this.#valid(`the payload of ${name}`, { node, nullable: false, meta: {} }, schema, random);
  }

  /** The value with members of `given` in it, if the schema takes it then. */
  async merged(schema: Schema, value: unknown, given: unknown): Promise<unknown> {
    if (!isObject(value) || !isObject(given)) return value;
    const known = Object.entries(given).filter(([name, member]) => Object.hasOwn(value, name) && member !== undefined);
    if (known.length === 0) return value;
    const candidate = { ...value, ...Object.fromEntries(known) };
    return (await compileSend(schema)(candidate)).issues ? value : candidate;
  }

  #view(name: string) {
    return describeContract(this.#contract).operations.get(name);
  }

  async #valid(what: string, use: TypeUse | undefined, schema: Schema, random: Random): Promise<unknown> {
    const receive = compileReceive(schema);
    let problem = '';
    for (let tried = 0; use && tried < TRIES; tried++) {
      const checked = await receive(sampleOf(use, random));
      if (!checked.issues) return checked.value;
      const [first] = checked.issues;
      problem = first ? `${first.path?.join('.') ?? ''}: ${first.message ?? ''}` : '';
    }
    throw new ApiError(
      'FAILED_PRECONDITION',
      `mockService found no sample for ${what} (${problem}): give its schema examples with .meta({ examples: […] }), or the operation a handler`,
    );
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
