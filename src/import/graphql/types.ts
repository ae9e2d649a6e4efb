import {
  isEnumType, isInputObjectType, isInterfaceType, isListType, isNonNullType, isObjectType, isRequiredInputField, isScalarType, isUnionType,
  type GraphQLInputObjectType, type GraphQLInputType, type GraphQLNamedType, type GraphQLOutputType, type GraphQLScalarType,
} from 'graphql'; // prettier-ignore
import type { Findings } from '../draft/findings.ts';
import { ModuleNames, typeName } from '../draft/names.ts';
import { describeValues } from '../draft/values.ts';
import { ANY, type Field, type NamedType, type Type } from '../draft/type.ts';
import type { Composite, Selections } from './selections.ts';

/** Scalars of GraphQL, of this library, and those that many schemas have under one name. */
const SCALARS: Readonly<Record<string, Type>> = {
  Int: { kind: 'number', width: 'int32' },
  Float: { kind: 'number' },
  String: { kind: 'text' },
  ID: { kind: 'text' },
  Boolean: { kind: 'boolean' },
  DateTime: { kind: 'text', format: 'date-time' },
  SafeInt: { kind: 'number', width: 'int' },
  Bytes: { kind: 'bytes' },
  Upload: { kind: 'file' },
  JSON: ANY,
  JSONObject: { kind: 'record', value: ANY },
  UUID: { kind: 'text', format: 'uuid' },
  EmailAddress: { kind: 'text', format: 'email' },
  NonNegativeInt: { kind: 'number', width: 'int32', min: 0 },
  PositiveInt: { kind: 'number', width: 'int32', min: 1 },
};
/** Scalars whose values are texts, whatever they mean. */
const TEXTS =
  /^(Date|Time|Timestamp|ISO8601.*|Duration|URI|URL|HTML|Markdown|GitObjectID|Decimal|Money|Base64String|.*DateTime|.*ID|.*String)$/;

/** Reads types of a GraphQL schema: outputs as documents select them, inputs whole. */
export class GraphqlTypeReader {
  readonly #types = new Map<string, NamedType>();
  readonly #names = new Map<string, string>();
  readonly #taken = new ModuleNames();
  readonly #pending = new Map<string, () => Type>();

  private readonly selections: Selections;
  private readonly findings: Findings;

  constructor(all: readonly GraphQLNamedType[], selections: Selections, findings: Findings) {
    this.selections = selections;
    this.findings = findings;
    // All at once, so that a type is called the same whatever is imported.
    for (const { name } of all) if (!name.startsWith('__')) this.#names.set(name, this.#taken.take(typeName(name)));
  }

  get types(): ReadonlyMap<string, NamedType> {
    for (const [name, read] of this.#pending) {
      this.#pending.delete(name);
      const known = this.#types.get(name);
      if (known) this.#types.set(name, { ...known, type: read() });
    }
    return this.#types;
  }

  output(type: GraphQLOutputType): Type {
    if (isNonNullType(type)) return { ...this.#bareOutput(type.ofType), nullable: undefined };
    const bare = this.#bareOutput(type);
    return bare.kind === 'any' ? bare : { ...bare, nullable: true };
  }

  #bareOutput(type: GraphQLOutputType): Type {
    if (isListType(type)) return { kind: 'list', item: this.output(type.ofType) };
    if (isNonNullType(type)) return this.output(type);
    if (isObjectType(type) || isInterfaceType(type) || isUnionType(type)) return this.#named(type.name, () => this.#composite(type));
    return this.#leaf(type);
  }

  input(type: GraphQLInputType): Type {
    if (isNonNullType(type)) return { ...this.#bareInput(type.ofType), nullable: undefined };
    const bare = this.#bareInput(type);
    return bare.kind === 'any' ? bare : { ...bare, nullable: true };
  }

  #bareInput(type: GraphQLInputType): Type {
    if (isListType(type)) return { kind: 'list', item: this.input(type.ofType) };
    if (isNonNullType(type)) return this.input(type);
    if (isInputObjectType(type))
      return this.#named(type.name, () => ({ kind: 'object', fields: this.inputFields(type), description: type.description ?? undefined }));
    return this.#leaf(type);
  }

  inputFields(type: GraphQLInputObjectType): Field[] {
    return Object.values(type.getFields()).map((field) => ({
      name: field.name,
      type: this.#described(this.input(field.type), field.description),
      optional: !isRequiredInputField(field),
      deprecated: field.deprecationReason !== undefined && field.deprecationReason !== null,
    }));
  }

  #leaf(type: GraphQLNamedType): Type {
    if (isEnumType(type)) {
      const values = type.getValues();
      const said = values.map(({ name, description }) => [name, description] as const);
      return this.#named(type.name, () => ({
        kind: 'literal',
        values: values.map(({ name }) => name),
        description: describeValues(type.description, said),
      }));
    }
    return isScalarType(type) ? this.#scalar(type) : ANY;
  }

  #scalar({ name, description }: GraphQLScalarType): Type {
    // Only servers of this library take a file in a variable.
    if (name === 'Upload' && description?.includes('base64') !== true)
      this.findings.add(name, 'files as parts of multipart requests', 'sent as an object with the content in base64');
    const known = Object.hasOwn(SCALARS, name) ? SCALARS[name] : undefined;
    if (known) return known;
    if (TEXTS.test(name)) return { kind: 'text' };
    this.findings.add(name, `the scalar ${name}`, 'any value');
    return ANY;
  }

  #composite(type: Composite): Type {
    const description = type.description ?? undefined;
    if (isUnionType(type)) {
      const options = type.getTypes().filter(({ name }) => this.selections.counts.has(name)).map((member) => this.#bareOutput(member)); // prettier-ignore
      const [only] = options;
      return options.length === 1 && only ? only : { kind: 'union', options, tag: '__typename', description };
    }
    const counts = this.selections.counts.get(type.name);
    const tag: Type = isInterfaceType(type) ? { kind: 'text' } : { kind: 'literal', values: [type.name] };
    const fields = Object.values(type.getFields()).flatMap((field): Field[] => {
      const count = counts?.fields.get(field.name);
      if (count === undefined) return [];
      return [
        {
          name: field.name,
          type: this.#described(this.output(field.type), field.description),
          // Documents that reach it deeper do not ask for its objects.
          optional: count < (counts?.all ?? 0),
          deprecated: field.deprecationReason !== undefined && field.deprecationReason !== null,
        },
      ];
    });
    const isTagged = this.selections.isTagged(type) || fields.length === 0;
    return { kind: 'object', fields: [...(isTagged ? [{ name: '__typename', type: tag, optional: false }] : []), ...fields], description };
  }

  #described(type: Type, description: string | null | undefined): Type {
    return description === undefined || description === null || description === '' ? type : { ...type, description };
  }

  #named(id: string, read: () => Type): Type {
    const name = this.#names.get(id) ?? id;
    if (!this.#types.has(name)) {
      this.#types.set(name, { name, id: name, type: ANY });
      this.#pending.set(name, read);
    }
    return { kind: 'ref', name };
  }
}
