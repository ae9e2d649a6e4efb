import { foldName } from '../../xml/name.ts';
import type { Wsdl } from '../../soap/wsdl/load.ts';
import type { WsdlMessage, WsdlOperation, WsdlPart, WsdlPort } from '../../soap/wsdl/model.ts';
import type { XsdType } from '../../soap/xsd/model.ts';
import type { Choice } from '../draft/choice.ts';
import type { Connection, Draft, DraftOperation } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { contractName, memberName, MemberNames } from '../draft/names.ts';
import { readsByName } from '../draft/reads.ts';
import type { Field, Type } from '../draft/type.ts';
import { ImportError } from '../load/error.ts';
import { shown, type Location } from '../load/location.ts';
import { securedDraft } from '../openapi/requirements.ts';
import { Policies } from './policies.ts';
import { WsdlSecurity } from './security.ts';
import { XsdTypeReader } from './types.ts';

interface Bound {
  readonly name: string;
  readonly operation: WsdlOperation;
  readonly port: WsdlPort;
  /** Other services have an operation of that name. */
  readonly isShared: boolean;
}

/** Reads the SOAP operations of a WSDL. `wsdl` is how the client finds it. */
export function readWsdl({ ports, schemas, documents }: Wsdl, location: Location, wsdl: Connection['url'], choice: Choice, findings: Findings): Draft {
  if (ports.length === 0) throw new ImportError(`${shown(location)} has neither a service nor a binding for SOAP 1.1 or 1.2`);
  const security = new WsdlSecurity(new Policies(documents, findings), findings);
  const reader = new OperationReader(new XsdTypeReader(schemas, findings), schemas, security, findings);
  const chosen = choice.of(boundOf(ports), ({ name, operation, port }) => [
    name,
    operation.name,
    `${port.service}/${operation.name}`,
    `${port.name}/${operation.name}`,
  ]);
  const operations = chosen.flatMap((bound) => reader.read(bound) ?? []);
  const services = new Set(chosen.map(({ port }) => port.service));
  // Of operations of several services the first one of the description, whatever is imported.
  const title = (services.size === 1 ? chosen[0] : undefined)?.port.service ?? ports[0]?.service ?? '';
  const { fixed, credentials } = security.connection();
  const unaddressed = chosen.find(({ port: { address } }) => address === undefined || !URL.canParse(address));
  if (unaddressed) findings.add(unaddressed.port.name, 'a port without an address', 'give it as connect({ url: … })');
  return {
    name: contractName(title.replace(/(?:Web)?Service$|Soap$|(?:Soap)?Binding$/i, '') || title),
    version: '1.0.0',
    title: title === '' ? undefined : title,
    types: reader.types.types,
    ...securedDraft(security.reader, undefined, { operations, events: [] }),
    connection: {
      adapter: { name: 'soap', from: 'multi-api-sdk/soap', options: 'SoapWsdlOptions', given: 'operations' },
      url: wsdl,
      urlOption: 'wsdl',
      ...(unaddressed && { needs: { name: 'url', description: 'The address of the service, which its WSDL does not say.' } }),
      place: `that ${shown(location).replace(/^(?!https?:).*[\\/]/, '')} describes`,
      fixed,
      credentials,
    },
  };
}

/** Each operation once: of the ports of one service that have it, the first, and of those the one that the client takes, for SOAP 1.1. */
function boundOf(ports: readonly WsdlPort[]): Bound[] {
  const services = new Map<string, Map<string, { operation: WsdlOperation; port: WsdlPort }>>();
  const owners = new Map<string, Set<string>>();
  for (const port of ports) {
    const known = services.get(port.service) ?? new Map<string, { operation: WsdlOperation; port: WsdlPort }>();
    services.set(port.service, known);
    for (const operation of port.operations.values()) {
      const before = known.get(operation.name);
      if (!before || (before.port.version !== '1.1' && port.version === '1.1')) known.set(operation.name, { operation, port });
      const key = foldName(operation.name);
      owners.set(key, (owners.get(key) ?? new Set()).add(port.service));
    }
  }
  const names = new MemberNames();
  return [...services].flatMap(([service, found]) =>
    [...found.values()].map(({ operation, port }) => {
      const isShared = (owners.get(foldName(operation.name))?.size ?? 0) > 1;
      const wanted = isShared ? `${service.replace(/(?:Service|Binding)$/, '')} ${operation.name}` : operation.name;
      return { name: names.take(memberName(wanted, 'call')), operation, port, isShared };
    }),
  );
}

class OperationReader {
  readonly types: XsdTypeReader;
  private readonly schemas: Wsdl['schemas'];
  private readonly security: WsdlSecurity;
  private readonly findings: Findings;

  constructor(types: XsdTypeReader, schemas: Wsdl['schemas'], security: WsdlSecurity, findings: Findings) {
    this.types = types;
    this.schemas = schemas;
    this.security = security;
    this.findings = findings;
  }

  read({ name, operation, port, isShared }: Bound): DraftOperation | undefined {
    const place = `${port.service}/${operation.name}`;
    const input = this.#input(operation, place);
    if (input === 'unsaid') return undefined;
    for (const { name: part, element } of operation.input.headers) {
      const key = element?.replace(/^\{.*\}/, '') ?? part;
      this.findings.add(place, `the header block '${key}'`, `give it as connect({ header: { ${key}: … } })`);
    }
    if (operation.faults.length > 0) this.findings.add(place, 'faults with a name', 'errors by their fault code; a fault is in the details of its error'); // prettier-ignore
    const { output, path } = this.#output(operation);
    const mapping = {
      ...(foldName(operation.name) !== foldName(name) && { operation: operation.name }),
      ...(isShared && { service: port.service }),
      ...(path !== undefined && { output: path }),
    };
    const said = operation.documentation?.replace(/\s+/g, ' ').trim();
    return {
      name,
      kind: readsByName(operation.name) ? 'query' : 'mutation',
      description: said === '' ? undefined : said,
      security: this.security.read({ service: port.service, port: port.name, address: port.address, operation: operation.name }),
      input: input.length > 0 ? { kind: 'object', fields: input } : undefined,
      output,
      errors: [],
      mapping,
    };
  }

  #input({ input, style, name }: WsdlOperation, place: string): readonly Field[] | 'unsaid' {
    const [only] = input.parts;
    if (!only) return [];
    if (style === 'rpc' || input.parts.length > 1) return this.#parts(input);
    const type = this.#typeOf(only);
    if (type?.kind === 'complex' && !type.isAny && !type.array) return this.types.fields(type);
    const what =
      type === undefined
        ? 'a request whose element nothing describes'
        : type.kind === 'simple'
          ? 'a request that is a text'
          : 'a request of any kind (xs:anyType), or a list';
    this.findings.add(place, what, `${memberName(name, 'call')} is left out`);
    return 'unsaid';
  }

  #parts({ parts }: WsdlMessage): Field[] {
    return parts.map((part) => {
      const name = memberName(part.name, 'part');
      return { name: foldName(name) === foldName(part.name) ? name : part.name, type: this.#partType(part), optional: false };
    });
  }

  /** The output, without the element around it if that has one member. */
  #output({ output, style }: WsdlOperation): { readonly output: Type | undefined; readonly path: string | undefined } {
    const [only, second] = output?.parts ?? [];
    if (!only || !output) return { output: undefined, path: undefined };
    if (second) return { output: { kind: 'object', fields: this.#parts(output) }, path: undefined };
    if (style === 'rpc') return { output: this.#partType(only), path: only.name };
    const type = this.#typeOf(only);
    if (type?.kind !== 'complex' || type.isAny || type.array) return { output: this.#partType(only), path: undefined };
    const fields = this.types.fields(type);
    const [member] = fields;
    if (!member) return { output: undefined, path: undefined };
    if (fields.length > 1 || type.simple || type.attributes.length > 0) return { output: this.types.type(type), path: undefined };
    return { output: { ...member.type, ...(member.optional && { nullable: true }) }, path: this.#elementName(type, member) };
  }

  #elementName({ content }: XsdType & { readonly kind: 'complex' }, { name }: Field): string {
    const find = (particle: typeof content): string | undefined => {
      if (!particle || particle.kind === 'any') return undefined;
      if (particle.kind !== 'element') return particle.particles.map(find).find((found) => found !== undefined);
      return foldName(particle.element.local) === foldName(name) ? particle.element.local : undefined;
    };
    return find(content) ?? name;
  }

  #typeOf({ element, type }: WsdlPart): XsdType | undefined {
    return element === undefined ? this.schemas.type(type ?? '') : this.schemas.element(element)?.type;
  }

  #partType(part: WsdlPart): Type {
    const type = this.#typeOf(part);
    return type ? this.types.type(type) : { kind: 'any' };
  }
}
