import type { Draft, DraftEvent, DraftOperation } from '../../import/draft/draft.ts';
import { comment } from '../../import/write/text.ts';
import { TypeText, type Wanted } from './type-text.ts';

/** The types of a package: those of its values by their names, and the client. */
export function clientTypes(draft: Draft, brand: string): string {
  const wanted: readonly Wanted[] = [
    ...draft.operations.flatMap(({ input, output, item }) => [
      { type: input, side: 'input' as const },
      { type: output, side: 'output' as const },
      { type: item, side: 'output' as const },
    ]),
    ...draft.events.map(({ payload }) => ({ type: payload, side: 'output' as const })),
  ];
  const text = new TypeText(draft.types, wanted);
  const members = [
    ...draft.operations.map((operation) => operationMember(operation, draft, text)),
    ...draft.events.map((event) => eventMember(event, text)),
  ];
  const used = [
    'ApiError',
    'CallOptions',
    ...(draft.operations.some(({ item }) => item) ? ['ItemStream', 'StreamCallOptions'] : []),
    'Outcome',
    ...(draft.events.length > 0 ? ['Subscribe'] : []),
  ];
  return `${[
    `import type { ${used.join(', ')} } from 'multi-api-sdk/core';`,
    ...text.declarations(),
    ...draft.operations.flatMap(({ name, input }) =>
      input?.kind === 'object'
        ? [`/** What \`${name}\` takes. */\nexport interface ${inputName(name, draft.types)} ${text.write(input, 'input')}`]
        : [],
    ),
    `/** A call. It rejects with an \`ApiError\`; \`safe\` resolves with the error as a value. */
export interface Call<I extends readonly unknown[], O> {
  (...input: I): Promise<O>;
  readonly safe: (...input: I) => Promise<Outcome<O, ApiError>>;
}`,
    [
      ...comment(draft.description ?? `A client of ${draft.name}.`),
      `export interface ${brand}Client {`,
      ...members,
      '  /** Closes connections; subscriptions end. */',
      '  close(): Promise<void>;',
      '}',
    ].join('\n'),
  ].join('\n\n')}\n`;
}

function operationMember(operation: DraftOperation, { types }: Draft, text: TypeText): string {
  const { name, input, output, item, summary, description, deprecated } = operation;
  const given = input?.kind === 'object' ? inputName(name, types) : input ? text.write(input, 'input', '  ') : 'undefined';
  const object = input?.kind === 'ref' ? types.get(input.name)?.type : input;
  const isOptional = !object || (object.kind === 'object' && object.fields.every((field) => field.optional || field.default !== undefined));
  const args = (options: string) => `[input${isOptional ? '?' : ''}: ${given}, options?: ${options}]`;
  const says = [...said(summary, description), ...(deprecated ? ['@deprecated'] : [])];
  const type = item
    ? `(...input: ${args('StreamCallOptions')}) => ItemStream<${text.write(item, 'output', '  ')}>`
    : `Call<${args('CallOptions')}, ${output ? text.write(output, 'output', '  ') : 'void'}>`;
  return [...commented(says), `  readonly ${name}: ${type};`].join('\n');
}

/** `GetUserInput`, unless a type of the contract is called so. */
function inputName(operation: string, types: Draft['types']): string {
  const own = `${operation.charAt(0).toUpperCase()}${operation.slice(1)}Input`;
  return types.has(own) ? `${own}Values` : own;
}

function eventMember({ name, channel, payload, summary, description }: DraftEvent, text: TypeText): string {
  const params = [...channel.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => param);
  const fixed =
    params.length === 0 ? '{}' : `{ ${params.map((param) => `readonly ${param}?: string | number | boolean | undefined`).join('; ')} }`;
  return [
    ...commented(said(summary, description)),
    `  readonly on${name.charAt(0).toUpperCase()}${name.slice(1)}: Subscribe<${text.write(payload, 'output', '  ')}, ${fixed}>;`,
  ].join('\n');
}

function said(summary: string | undefined, description: string | undefined): string[] {
  return [summary, description === summary ? undefined : description].filter((text) => text !== undefined);
}

function commented(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : comment(lines.join('\n')).map((line) => `  ${line}`);
}
