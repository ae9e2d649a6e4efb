import { MethodOptions_IdempotencyLevel, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { Descriptors, type DescribedRpc, type ForeignField } from '../../grpc/foreign/descriptors.ts';
import { isOwnEvent } from '../../grpc/foreign/own-event.ts';
import type { Choice } from '../draft/choice.ts';
import type { Draft, DraftEvent, DraftOperation } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { contractName, memberName, MemberNames } from '../draft/names.ts';
import { Raw } from '../draft/raw.ts';
import { readsByName } from '../draft/reads.ts';
import type { Type } from '../draft/type.ts';
import { ImportError } from '../load/error.ts';
import { GRPC, shown, type Location } from '../load/location.ts';
import { commentsOf } from './comments.ts';
import { prunedSet } from './files.ts';
import { numbersOf } from './numbers.ts';
import { ProtoTypeReader, wellKnownType } from './types.ts';

interface Rpc {
  readonly rpc: DescribedRpc;
  readonly service: string;
  readonly method: string;
  readonly name: string;
  readonly level: MethodOptions_IdempotencyLevel;
  readonly deprecated: boolean;
  readonly description: string | undefined;
}

/** Reads the services of .proto files: unary rpcs as operations, server streams as streamed operations, or as events if they need no request. */
export function readProto(files: readonly FileDescriptorProto[], location: Location, choice: Choice, findings: Findings): Draft {
  try {
    const draft = new ProtoReader(files, findings).read(choice);
    return GRPC.test(location) ? { ...draft, connection: { ...draft.connection, url: location } } : draft;
  } catch (cause) {
    if (cause instanceof ImportError || !(cause instanceof TypeError)) throw cause;
    throw new ImportError(`${shown(location)} cannot be used: ${cause.message.replace(/^grpc: /, '')}`, { cause });
  }
}

class ProtoReader {
  readonly #rpcs: readonly Rpc[];
  readonly #types: ProtoTypeReader;

  private readonly files: readonly FileDescriptorProto[];
  private readonly findings: Findings;
  private readonly comments: ReadonlyMap<string, string>;

  constructor(files: readonly FileDescriptorProto[], findings: Findings) {
    this.files = files;
    this.findings = findings;
    this.comments = commentsOf(files);
    this.#rpcs = rpcsOf(files, this.comments);
    const answers = this.#rpcs.map(({ rpc }) => rpc.response);
    this.#types = new ProtoTypeReader(files.flatMap(typeNamesOf), answers, ownNames(this.#rpcs), findings, this.comments);
  }

  read(choice: Choice): Draft {
    const chosen = choice.of(this.#rpcs, ({ name, service, method, rpc }) => [name, method, `${service}/${method}`, rpc.path.slice(1)]);
    const operations: DraftOperation[] = [];
    const events: DraftEvent[] = [];
    const paths = new Set<string>();
    for (const each of chosen) {
      const { rpc } = each;
      const isEvent = rpc.responseStream && (rpc.request.fields.length === 0 || isOwnEvent(rpc));
      const operation = rpc.requestStream || isEvent ? undefined : this.#operation(each);
      const event = isEvent && !rpc.requestStream ? this.#event(each) : undefined;
      if (operation) operations.push(operation);
      if (event) events.push(event);
      if (rpc.requestStream && !isOwnChannel(rpc, this.#rpcs)) this.findings.add(rpc.path, 'a stream of requests', 'left out');
      if (operation ?? event) {
        paths.add(rpc.path);
        for (const { name } of [rpc.request, rpc.response]) this.#types.used.add(name);
      }
    }
    const scope = (this.files.find(({ service }) => service.length > 0) ?? this.files[0])?.package ?? '';
    const major = /\.v(\d+)/.exec(scope)?.[1] ?? '1';
    const set = prunedSet(this.files, this.#types.used, paths);
    return {
      name: contractName(scope === '' ? 'service' : scope.replace(/\.v\d+\w*$/, '').split('.').slice(-2).join(' ')),
      version: `${major}.0.0`,
      title: undefined,
      types: this.#types.types,
      operations,
      events,
      numbers: numbersOf(this.files, scope),
      connection: {
        adapter: { name: 'grpc', from: 'multi-api-sdk/grpc', options: 'GrpcOptions' },
        fixed: { definition: new Raw(`Uint8Array.from(atob('${set}'), (letter) => letter.charCodeAt(0))`) },
        credentials: [{ name: 'token', place: 'bearer', key: 'authorization', description: 'Sent as `Authorization: Bearer …`.' }],
      },
    };
  }

  #operation({ rpc, service, method, name, level, deprecated, description }: Rpc): DraftOperation | undefined {
    const { request, response, path } = rpc;
    if (wellKnownType(request) && request.name !== 'google.protobuf.Empty') {
      this.findings.add(path, `a request that is a ${request.name}`, 'left out');
      return undefined;
    }
    const fields = request.name === 'google.protobuf.Empty' ? [] : this.#types.fields(request, 'input');
    const input: Type | undefined = fields.length > 0 ? { kind: 'object', fields } : undefined;
    const answer = response.name === 'google.protobuf.Empty' && !rpc.responseStream ? undefined : this.#types.message(response, 'output');
    const isRead = level === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS || readsByName(method);
    return {
      name,
      service,
      description,
      kind: isRead ? 'query' : 'mutation',
      ...(level === MethodOptions_IdempotencyLevel.IDEMPOTENT && { idempotent: true }),
      deprecated,
      input,
      [rpc.responseStream ? 'item' : 'output']: answer,
      errors: [],
      mapping: path.slice(1),
    };
  }

  /** A stream that needs no request; of this library's own its data is the payload. */
  #event({ rpc, service, name, deprecated, description }: Rpc): DraftEvent | undefined {
    const { request, response, path } = rpc;
    const notes = { name, service, description, deprecated, mapping: path.slice(1) };
    const data = isOwnEvent(rpc) ? response.fields.find((field) => field.name === 'data')?.type : undefined;
    if (data?.kind === 'message') {
      const params = request.fields.slice(1).map(({ jsonName }) => `/{${jsonName}}`);
      return { ...notes, channel: `${name}${params.join('')}`, payload: this.#types.message(data.message, 'output') };
    }
    if (wellKnownType(response)) {
      this.findings.add(path, `a stream of ${response.name}`, 'left out');
      return undefined;
    }
    return { ...notes, channel: name, payload: this.#types.message(response, 'output') };
  }
}

/** The plain channel of an event of this library: its calls and its events are described by themselves. */
function isOwnChannel({ requestStream, responseStream, response }: DescribedRpc, rpcs: readonly Rpc[]): boolean {
  const isData = ({ name, type }: ForeignField) => name === 'data' && type.kind === 'message' && type.message === response;
  return requestStream && responseStream && rpcs.some(({ rpc }) => isOwnEvent(rpc) && rpc.response.fields.some(isData));
}

/** The names that this library would give to the messages of requests and events, because two types of one name are refused. */
function ownNames(rpcs: readonly Rpc[]): ReadonlySet<string> {
  return new Set(
    rpcs.flatMap(({ name }) => {
      const own = name.charAt(0).toUpperCase() + name.slice(1);
      return [`${own}Request`, `${own}Event`, `On${own}Request`];
    }),
  );
}

/** The rpcs in the order of the files, each with a name that is the same whatever is imported. */
function rpcsOf(files: readonly FileDescriptorProto[], comments: ReadonlyMap<string, string>): Rpc[] {
  const { rpcs } = new Descriptors(files);
  const names = new MemberNames();
  const seen = new Set<string>();
  const all = files.flatMap((file) =>
    file.service.flatMap((service) =>
      service.method.flatMap((method) => {
        const path = `/${file.package === '' ? '' : `${file.package}.`}${service.name}/${method.name}`;
        const rpc = rpcs.get(path);
        if (!rpc || seen.has(path)) return [];
        seen.add(path);
        return [{ rpc, service: service.name, method: method.name, options: method.options }];
      }),
    ),
  );
  const times = new Map<string, number>();
  for (const { method } of all) times.set(method, (times.get(method) ?? 0) + 1);
  return all.map(({ rpc, service, method, options }) => {
    const isStream = rpc.responseStream && !rpc.requestStream;
    const own = isStream ? method.replace(/^On(?=[A-Z])/, '') : method;
    const wanted = (times.get(method) ?? 0) > 1 ? `${service.replace(/Service$/, '')}${own}` : own;
    return {
      rpc,
      service,
      method,
      name: names.take(memberName(wanted, 'call')),
      level: options?.idempotencyLevel ?? MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
      deprecated: options?.deprecated ?? false,
      description: comments.get(rpc.path.slice(1).replace('/', '.')),
    };
  });
}

interface Nested {
  readonly name: string;
  readonly nestedType: readonly Nested[];
  readonly enumType: readonly { readonly name: string }[];
}

function typeNamesOf({ package: scope, messageType, enumType }: FileDescriptorProto): string[] {
  const join = (prefix: string, name: string) => (prefix === '' ? name : `${prefix}.${name}`);
  const namesIn = (prefix: string, { name, nestedType, enumType: enums }: Nested): string[] => {
    const full = join(prefix, name);
    return [full, ...enums.map((each) => join(full, each.name)), ...nestedType.flatMap((each) => namesIn(full, each))];
  };
  return [...messageType.flatMap((each) => namesIn(scope, each)), ...enumType.map((each) => join(scope, each.name))];
}
