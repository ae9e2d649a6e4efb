import fc from 'fast-check';
import { execute, getIntrospectionQuery, parse, specifiedRules, validate, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import type { Contract } from '../../src/core/contract.ts';
import { defineContract, mutation } from '../../src/core/define.ts';
import { complexityOf } from '../../src/graphql/document/complexity.ts';
import { Documents } from '../../src/graphql/document/documents.ts';
import { Engine, type Caller } from '../../src/graphql/engine/engine.ts';
import { executableSchema } from '../../src/graphql/engine/executable.ts';
import { readHandlerOptions } from '../../src/graphql/options.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { graphqlTypes } from '../../src/graphql/engine/described.ts';
import { listen } from '../../src/http/node/listen.ts';

const LIMIT = 6000;
const schema = executableSchema(graphqlTypes(blogContract));
const OPTIONS = { ...readHandlerOptions(), introspection: true };
const documents = () => new Documents(schema, { isRelation: () => false, selectionsOf: () => new Map() }, OPTIONS);
const times = (count: number, part: (index: number) => string) => Array.from({ length: count }, (_, index) => part(index)).join(' ');
const complexity = (text: string) => complexityOf(parse(text), Infinity);

/** How often validation looks at a document: what it costs, whatever the machine. */
function looksOfValidation(text: string): number {
  let looks = 0;
  const watched = new WeakMap<object, object>();
  const watch = <T extends object>(target: T): T => {
    let proxy = watched.get(target);
    if (!proxy) {
      const get = (from: T, key: string | symbol): unknown => {
        looks++;
        const value: unknown = Reflect.get(from, key);
        return typeof value === 'object' && value !== null ? watch(value) : value;
      };
      watched.set(target, (proxy = new Proxy(target, { get })));
    }
    return proxy as T;
  };
  validate(schema, watch(parse(text)), specifiedRules, { maxErrors: 20 });
  return looks;
}

/** Documents by how many times they repeat something. */
const FAMILIES: Readonly<Record<string, (count: number) => string>> = {
  'root fields, repeated': (count) => `{ ${times(count, () => 'user(id: 1) { id }')} }`,
  'leaf fields, repeated': (count) => `{ user(id: 1) { ${times(count, () => 'id')} } }`,
  'relations, repeated': (count) => `{ user(id: 1) { ${times(count, () => 'posts(limit: 5) { id title }')} } }`,
  'fields, repeated in a fragment that nobody spreads': (count) =>
    `{ __typename } fragment f on Query { ${times(count, () => 'user(id: 1) { id }')} }`,
  'spread fragments': (count) =>
    `{ ${times(count, (index) => `...f${index}`)} } ${times(count, (index) => `fragment f${index} on Query { __typename }`)}`,
  'spread fragments of several fields': (count) =>
    `{ user(id: 1) { ${times(count, (index) => `...f${index}`)} } } ${times(count, (index) => `fragment f${index} on User { id email username createdAt __typename }`)}`,
  'fragments in a chain': (count) =>
    `{ ...f0 } ${times(count, (index) => `fragment f${index} on Query { __typename ...f${index + 1} }`)} fragment f${count} on Query { __typename }`,
  'fragments of like fields that spread the same fragments': (count) =>
    `{ ${times(count, (index) => `...f${index}`)} } ${times(count, (index) => `fragment f${index} on Query { user(id: 1) { ...a posts { ...b ...c } } }`)} fragment a on User { id email } fragment b on Post { id title } fragment c on Post { id content }`,
  'inline fragments': (count) => `{ ${times(count, () => '... on Query { __typename }')} }`,
  'operations with the same fragments': (count) =>
    `${times(count, (index) => `query q${index}($a: Int!) { ...f0 }`)} ${times(count, (index) => `fragment f${index} on Query { user(id: $a) { id } ...f${index + 1} }`)} fragment f${count} on Query { __typename }`,
  'fields with many arguments': (count) => `{ ${times(count, () => `user(id: 1 ${times(count, (index) => `a${index}: 1`)}) { id }`)} }`,
};

describe('what a document costs before it is seen to be valid', () => {
  it('is bounded: of each family the largest document that passes makes validation look no more often than a large harmless one', () => {
    // 2,000 tokens without a repetition.
    const harmless = looksOfValidation(
      `{ ${times(50, (index) => `a${index}: user(id: 1) { id username email createdAt posts { id title content authorId } }`)} }`,
    );
    for (const [name, make] of Object.entries(FAMILIES)) {
      let count = 1;
      while (complexity(make(count + 1)) <= LIMIT && (parse(make(count + 1)).tokenCount ?? 0) <= 2000) count++;
      expect(looksOfValidation(make(count)) / harmless, `${name}, ${count} times`).toBeLessThan(1.5);
      expect(() => documents().prepare(make(count * 4), undefined), name).toThrow();
    }
  });

  it('is in proportion to the complexity, whatever the document', () => {
    const selection = (depth: number): fc.Arbitrary<string> =>
      depth === 0
        ? fc.constantFrom('id', '__typename', 'email', '...f0', '...f1', '...f2')
        : fc.oneof(
            fc.constantFrom('id', 'username', '...f0', '...f1', '...f2'),
            fc.array(selection(depth - 1), { minLength: 1, maxLength: 12 }).map((inner) => `... on User { ${inner.join(' ')} }`),
            fc
              .array(fc.constantFrom('id', 'title', '...p0', '...p1'), { minLength: 1, maxLength: 8 })
              .map((inner) => `posts(limit: 1) { ${inner.join(' ')} }`),
          );
    const set = (from: fc.Arbitrary<string>) => fc.array(from, { minLength: 1, maxLength: 15 }).map((all) => all.join(' '));
    const fragment = (name: string, spreads: string) =>
      set(selection(1)).map((inner) => `fragment ${name} on User { id ${inner.replaceAll(/\.\.\.f\d/g, spreads)} }`);
    const document = fc
      .tuple(set(set(selection(2)).map((inner) => `user(id: 1) { ${inner} }`)), fragment('f0', '...f1'), fragment('f1', '...f2'))
      .map(
        ([body, ...parts]) =>
          `{ ${body} } ${parts.join(' ')} fragment f2 on User { id posts(limit: 1) { id } } fragment p0 on Post { id title } fragment p1 on Post { ...p0 content }`,
      );
    fc.assert(
      fc.property(document, (text) => {
        // The schema's own part of the work is the same for all.
        expect(looksOfValidation(text)).toBeLessThan(1000 + 60 * complexity(text));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['180 spread fragments', FAMILIES['spread fragments']?.(180)],
    ['220 times a root field', FAMILIES['root fields, repeated']?.(220)],
    ['990 times a leaf', FAMILIES['leaf fields, repeated']?.(990)],
    ['100 operations that share 60 fragments', `${FAMILIES['operations with the same fragments']?.(60)}`],
  ])('is too much for %s', (_, text = '') => {
    expect(() => documents().prepare(text, undefined)).toThrow(`too complex to check: it repeats too many fields or fragments, and the limit is ${LIMIT}`); // prettier-ignore
  });

  it('is little for what programs write', () => {
    const generated = `query Page($id: Int!) { user(id: $id) { __typename id ${times(30, (index) => `...Part${index}`)} } }
      ${times(30, (index) => `fragment Part${index} on User { __typename id username ...Avatar }`)} fragment Avatar on User { __typename id email }`;
    const introspections = [
      getIntrospectionQuery(),
      getIntrospectionQuery({ descriptions: true, schemaDescription: true, specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true, oneOf: true }), // prettier-ignore
      getIntrospectionQuery({ descriptions: false }),
    ];
    for (const text of introspections) {
      expect(complexity(text)).toBeLessThan(LIMIT / 10);
      expect(documents().prepare(text, undefined).node.operation).toBe('query');
    }
    expect(complexity(generated)).toBeLessThan(LIMIT);
    expect(documents().prepare(generated, 'Page').name).toBe('Page');
  });

  it('is counted for all documents of a batch together, again or not', async () => {
    const server = await listen(graphqlHandler(createBlogService(), { maxBatchComplexity: 100 }));
    // 19 each.
    const batch = Array.from({ length: 7 }, (_, index) => ({ query: `{ user(id: ${120 + index}) { username posts { title } } }` }));
    for (let again = 0; again < 2; again++) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch),
      });
      const answers = (await response.json()) as { data?: unknown; errors?: { message: string; extensions: { code: string } }[] }[];
      expect(answers.map(({ data }) => data !== undefined)).toEqual([true, true, true, true, true, false, false]);
      expect(answers[6]?.errors?.[0]).toMatchObject({
        message: 'the documents of the batch are too complex together: the limit is 100; send fewer at once',
        extensions: { code: 'INVALID_ARGUMENT' },
      });
    }
    await server.close();
  });
});

describe('compiling', () => {
  const prepare = (text: string) => documents().prepare(text, undefined);

  it('begins at the second use of a small document, and later the more there is to compile', () => {
    const usesOf = (text: string) => {
      const prepared = prepare(text);
      let uses = 1;
      while (!prepared.compiled({})) uses++;
      return uses;
    };
    expect(usesOf('{ user(id: 1) { username posts { title } } }')).toBe(2);
    expect(usesOf(`{ ${times(50, (index) => `a${index}: user(id: 1) { id username email createdAt posts { id } }`)} }`)).toBe(23);
  });

  it('leaves out operations whose variables would take long: types that contain themselves, and lists of lists', () => {
    const uses = (contract: Contract, text: string) => {
      const prepared = new Documents(executableSchema(graphqlTypes(contract)), { isRelation: () => false, selectionsOf: () => new Map() }, OPTIONS).prepare(text, undefined); // prettier-ignore
      const began = performance.now();
      const compiled = Array.from({ length: 100 }, () => prepared.compiled({ input: {} }) !== undefined);
      expect(performance.now() - began).toBeLessThan(1000);
      return compiled.includes(true);
    };
    const Leaf = z.object({
      label: z.string(),
      get children() {
        return z.array(Leaf);
      },
    });
    const lists = (levels: number): z.ZodType => (levels === 0 ? z.object({ a: z.string(), b: z.int32() }) : z.array(lists(levels - 1)));
    const taking = (input: z.ZodType) =>
      defineContract({ name: 'x', operations: { grow: mutation({ input: z.object({ value: input }), output: z.boolean() }) } });
    const text = 'mutation ($input: GrowInput!) { grow(input: $input) }';
    expect(uses(taking(Leaf), text)).toBe(false);
    expect(uses(taking(lists(10)), text)).toBe(false);
    expect(uses(taking(lists(3)), text)).toBe(true);
  });

  const posts = [1, 2].map((id) => ({ id, authorId: 1, title: `post ${id}`, content: 'x', createdAt: '2024-01-01T00:00:00Z' }));
  const service = createBlogService();
  const caller: Caller = { headers: {}, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };
  const engine = new Engine(service, { ...OPTIONS, maxDocuments: 1000 }, () => {});
  const answer = async (text: string, variables: Record<string, unknown>) => {
    const request = { query: text, variables };
    return JSON.stringify(await engine.execute(engine.prepare(request), request, caller));
  };
  /** Resolves as the engine does, by the library's own interpreter. */
  const interpreted = async (against: GraphQLSchema, text: string, variables: Record<string, unknown>) => {
    const contextValue = {
      call: ({ name }: { name: string }, input: unknown) =>
        service.call({ operation: blogContract.operations[name as 'getUser'], input, signal: new AbortController().signal, headers: {} }),
      loader: { load: () => Promise.resolve(posts) },
    };
    return JSON.stringify(await execute({ schema: against, document: parse(text), variableValues: variables, contextValue }));
  };

  it('gives the same data, also where a fragment is spread under several conditions', async () => {
    const text =
      'query ($yes: Boolean!) { x: user(id: 123) { ...f @include(if: $yes) } y: user(id: 123) { ...f } z: user(id: 123) { ... @skip(if: $yes) { ...f } ...f @include(if: $yes) } } fragment f on User { id email @skip(if: $yes) createdAt @include(if: $yes) }';
    for (const yes of [true, false]) {
      const wanted = await interpreted(schema, text, { yes });
      for (let again = 0; again < 4; again++) expect(await answer(text, { yes })).toBe(wanted);
    }
  });

  it('gives the same data, whatever the document', async () => {
    const documentOf = (condition: fc.Arbitrary<string>) => {
      const leaf = fc.tuple(fc.constantFrom('id', 'username', 'a: email', '__typename', '...f'), condition).map((parts) => parts.join(''));
      const leaves = fc.array(leaf, { minLength: 1, maxLength: 3 }).map((all) => all.join(' '));
      const inline = fc.tuple(condition, leaves).map(([on, inner]) => `... on User${on} { ${inner} }`);
      const set = fc.array(fc.oneof(leaf, inline), { minLength: 1, maxLength: 5 }).map((all) => all.join(' '));
      const field = fc
        .tuple(fc.constantFrom('', 'x: ', 'y: '), condition, set)
        .map(([alias, on, inner]) => `${alias}user(id: 123)${on} { ${inner} }`);
      const fields = fc.array(field, { minLength: 1, maxLength: 4 }).map((all) => all.join(' '));
      return fc.tuple(fields, condition, leaves).map(([inner, on, more]) => {
        const text = `{ ${inner} ...g${on} } fragment f on User { createdAt ${more.replaceAll('...f', 'id')} } fragment g on Query { user(id: 123) { ...f } }`;
        return text.includes('$yes') ? `query ($yes: Boolean!) ${text}` : text;
      });
    };
    const document = fc.oneof(
      documentOf(fc.constant('')),
      documentOf(fc.constantFrom('', '', '', ' @skip(if: $yes)', ' @include(if: $yes)')),
    );
    await fc.assert(
      fc.asyncProperty(document, fc.boolean(), async (text, yes) => {
        fc.pre(validate(schema, parse(text)).length === 0);
        const wanted = await interpreted(schema, text, { yes });
        for (let again = 0; again < 3; again++) expect(await answer(text, { yes })).toBe(wanted);
      }),
      { numRuns: 60 },
    );
  });
});
