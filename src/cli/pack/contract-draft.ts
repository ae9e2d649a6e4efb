import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import type { JsonObject } from '../../core/errors.ts';
import { createComponents } from '../../schema/components.ts';
import type { JsonSchema } from '../../schema/node.ts';
import { describeContract } from '../../schema/view.ts';
import type { Draft, DraftEvent, DraftOperation } from '../../import/draft/draft.ts';
import { Findings } from '../../import/draft/findings.ts';
import type { Type } from '../../import/draft/type.ts';
import { givenNames } from '../../import/json-schema/given-names.ts';
import { SchemaTypes } from '../../import/json-schema/schema-types.ts';
import { Documents } from '../../import/load/documents.ts';
import { Reach } from '../../import/load/location.ts';
import { Reader } from '../../import/load/read.ts';
import { credentialsOf } from '../../import/openapi/security.ts';

const LOCATION = 'file:///contract.json';

/** A contract as a draft, so that it can be written as a module, with what a module of its schemas cannot say. */
export async function draftOfContract(contract: Contract): Promise<{ readonly draft: Draft; readonly findings: Findings }> {
  const findings = new Findings();
  const view = describeContract(contract);
  const components = createComponents(view, '#/components/schemas/');
  const refer = (schema: JsonSchema | undefined, side: 'input' | 'output') => schema && { schema: components.refer(schema, side), side };
  const read = [...view.operations.values()].map((each) => ({
    ...each,
    given: refer(each.inputSchema, 'input'),
    got: refer(each.outputSchema, 'output'),
    one: refer(each.itemSchema, 'output'),
    failures: each.errors.map((error) => ({ ...error, schema: refer(error.detailsSchema, 'output') })),
  }));
  const told = [...view.events.values()].map(({ event, payloadSchema }) => ({ event, payload: refer(payloadSchema, 'output') }));
  const root = { components: { schemas: components.schemas } } as JsonObject;
  const reach = new Reach(LOCATION, []);
  const documents = new Documents(LOCATION, new Reader({ maxBytes: 0, timeoutMs: 0, headers: {} }, reach), reach);
  await documents.load(root);
  const types = new SchemaTypes(documents, findings, givenNames(root, LOCATION));
  const typeOf = (at: string, found: ReturnType<typeof refer>): Type | undefined => found && types.read(found.schema, { base: LOCATION, at, side: found.side }); // prettier-ignore
  const operations = read.map(({ operation, given, got, one, failures }): DraftOperation => {
    const { name, kind, http, idempotent, pagedBy } = operation;
    return {
      ...notesOf(operation),
      kind,
      input: typeOf(`${name}: input`, given),
      output: typeOf(`${name}: output`, got),
      item: typeOf(`${name}: item`, one),
      http: http.map(({ method, path }) => `${method} ${path}`),
      errors: Object.entries(operation.errors).map(([error, { code, description }]) => {
        const details = failures.find((failure) => failure.name === error)?.schema;
        return { name: error, code, description, details: typeOf(`${name}: ${error}`, details) };
      }),
      idempotent,
      pagedBy,
    };
  });
  const events = told.map(({ event, payload }): DraftEvent => ({
    ...notesOf(event),
    channel: event.channel,
    type: event.type,
    payload: typeOf(`${event.name}: payload`, payload) ?? { kind: 'object', fields: [] },
    writtenBy: event.writtenBy,
  }));
  const { name, version, description, namespace, securitySchemes = {} } = contract;
  return {
    findings,
    draft: {
      name,
      version,
      title: undefined,
      description,
      namespace,
      types: types.types,
      operations,
      events,
      connection: {
        adapter: { name: 'rest', from: 'multi-api-sdk/rest', options: 'RestOptions' },
        fixed: {},
        credentials: credentialsOf(securitySchemes, findings),
      },
    },
  };
}

function notesOf({
  name,
  service,
  summary,
  description,
  deprecated,
}: Operation | EventDefinition): Pick<DraftEvent, 'name' | 'service' | 'summary' | 'description' | 'deprecated'> {
  return { name, service, summary, description, deprecated: deprecated !== undefined && deprecated !== false };
}
