import type { JsonObject } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import type { ListStyle } from '../../rest/foreign/mapping.ts';
import { itemsOf, membersOf, textOf, words } from '../json-schema/facts.ts';
import { DocumentReader } from '../json-schema/document-reader.ts';
import type { Location } from '../load/location.ts';

/** An operation of HTTP, whatever version of OpenAPI describes it. */
export interface HttpOperation {
  readonly method: string;
  readonly path: string;
  /** For people: `#/paths/~1pets/get`. */
  readonly at: string;
  readonly id: string | undefined;
  readonly tag: string | undefined;
  readonly summary: string | undefined;
  readonly description: string | undefined;
  readonly deprecated: boolean;
  readonly parameters: readonly HttpParameter[];
  readonly body: HttpBody | undefined;
  readonly answers: readonly HttpAnswer[];
  /** As the document says it; `undefined` for what the whole document has. */
  readonly security: unknown;
}

export interface HttpParameter {
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly name: string;
  readonly required: boolean;
  readonly deprecated: boolean;
  readonly description: string | undefined;
  readonly schema: unknown;
  readonly base: Location;
  readonly style: ListStyle;
  /** Its members are parameters of their own. */
  readonly spread: boolean;
  /** Leaves `/` as it is. */
  readonly reserved: boolean;
  /** It is a text of JSON. */
  readonly isJson: boolean;
}

export interface HttpBody {
  readonly required: boolean;
  readonly description: string | undefined;
  readonly contents: readonly HttpContent[];
}

/** A media type with the schema of what it holds. */
export interface HttpContent {
  readonly type: string;
  readonly schema: unknown;
  readonly base: Location;
  /** OpenAPI 3.2: the schema of each item of a stream. */
  readonly item: unknown;
  /** The media type object. */
  readonly media: JsonObject;
}

export interface HttpAnswer {
  /** `200`, `2XX` or `default`. */
  readonly status: string;
  readonly description: string | undefined;
  readonly contents: readonly HttpContent[];
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'options', 'head', 'trace', 'query'] as const;

/** Headers that other parts of OpenAPI describe, or that the client sends itself: https://spec.openapis.org/oas/v3.1.1.html#parameter-object */
const OWN_HEADERS = new Set(['accept', 'content-type', 'authorization']);

/** An object with the document that its references count from. */
interface Placed {
  readonly value: JsonObject;
  readonly base: Location;
}

/** Reads the operations of a document. */
export class HttpOperations extends DocumentReader {
  readonly #isTwo = this.root['swagger'] !== undefined;

  /** Method and path of each, without reading more of it. */
  list(): { readonly method: string; readonly path: string; readonly id: string | undefined; readonly read: () => HttpOperation }[] {
    return Object.entries(membersOf(this.root['paths'])).flatMap(([path, given]) => {
      if (!path.startsWith('/')) return [];
      const { value: item, base } = this.types.resolve(given, this.location);
      const others = Object.entries(membersOf(item['additionalOperations']));
      for (const [method] of others) this.findings.add(`#/paths/${path}`, `the method ${method}`, 'left out');
      return METHODS.flatMap((method) => {
        if (!isObject(item[method])) return [];
        // OpenAPI has no references to operations, but descriptions of many files do.
        const operation = this.types.resolve(item[method], base);
        const id = words(operation.value['operationId']);
        const shared = itemsOf(item['parameters']).map((each) => this.types.resolve(each, base));
        return [{ method: method.toUpperCase(), path, id, read: () => this.#read(method.toUpperCase(), path, id, operation, shared) }];
      });
    });
  }

  #read(
    method: string,
    path: string,
    id: string | undefined,
    { value: operation, base }: Placed,
    shared: readonly Placed[],
  ): HttpOperation {
    const at = `#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method.toLowerCase()}`;
    const given = [...shared, ...itemsOf(operation['parameters']).map((each) => this.types.resolve(each, base))];
    // One of the operation replaces that of its path.
    const byPlace = new Map(given.map((each) => [`${textOf(each.value['in'])} ${textOf(each.value['name'])}`, each]));
    const parameters = [...byPlace.values()];
    const ofBody = parameters.filter(({ value }) => value['in'] === 'body' || value['in'] === 'formData');
    return {
      method,
      path,
      at,
      id,
      tag: words(itemsOf(operation['tags'])[0]),
      summary: words(operation['summary']),
      description: words(operation['description']),
      deprecated: operation['deprecated'] === true,
      parameters: parameters
        .filter((each) => !ofBody.includes(each))
        .flatMap(({ value, base: where }) => this.#parameter(value, where, at)),
      body: this.#isTwo ? this.#bodyOfTwo(ofBody, operation) : this.#body(operation['requestBody'], base),
      answers: Object.entries(membersOf(operation['responses'])).map(([status, answer]) => this.#answer(status, answer, operation, base)),
      security: operation['security'],
    };
  }

  #parameter(parameter: JsonObject, base: Location, at: string): HttpParameter[] {
    const { in: where, name, style, explode } = parameter;
    if (typeof name !== 'string' || (where !== 'path' && where !== 'query' && where !== 'header' && where !== 'cookie')) {
      this.findings.add(at, `a parameter in '${textOf(where)}'`, 'left out');
      return [];
    }
    if (where === 'header' && OWN_HEADERS.has(name.toLowerCase())) return [];
    if (style === 'label' || style === 'matrix') this.findings.add(at, `the style '${style}' of a parameter`, 'sent in the style simple');
    const [[media, content] = []] = Object.entries(membersOf(parameter['content']));
    const schema = content === undefined ? (this.#isTwo ? parameter : parameter['schema']) : media !== undefined && /json/.test(media) ? { type: 'string', description: 'JSON' } : { type: 'string' }; // prettier-ignore
    const isExploded = explode ?? (style === undefined || style === 'form' ? where === 'query' || where === 'cookie' : false);
    return [
      {
        in: where,
        name,
        required: parameter['required'] === true || where === 'path',
        deprecated: parameter['deprecated'] === true,
        description: words(parameter['description']),
        schema,
        base,
        style: this.#style(parameter, isExploded === true, at),
        spread: where === 'query' && isExploded === true && (style === undefined || style === 'form') && !this.#isTwo,
        reserved: parameter['allowReserved'] === true,
        isJson: content !== undefined,
      },
    ];
  }

  #style({ style, collectionFormat, name }: JsonObject, isExploded: boolean, at: string): ListStyle {
    if (this.#isTwo) {
      const styles: Readonly<Record<string, ListStyle>> = { csv: 'comma', ssv: 'space', pipes: 'pipe', multi: 'repeat' };
      if (collectionFormat === 'tsv') this.findings.add(at, "lists with tabs (collectionFormat 'tsv')", 'sent with commas');
      return styles[textOf(collectionFormat)] ?? 'comma';
    }
    if (style === 'spaceDelimited') return isExploded ? 'repeat' : 'space';
    if (style === 'pipeDelimited') return isExploded ? 'repeat' : 'pipe';
    // Many APIs want brackets, and say so in the name.
    if (typeof name === 'string' && name.endsWith('[]')) return 'repeat';
    return isExploded || style === 'deepObject' ? 'repeat' : 'comma';
  }

  #body(given: unknown, from: Location): HttpBody | undefined {
    if (given === undefined) return undefined;
    const { value, base } = this.types.resolve(given, from);
    return { required: value['required'] === true, description: words(value['description']), contents: contentsOf(value['content'], base) };
  }

  #bodyOfTwo(parameters: readonly Placed[], operation: JsonObject): HttpBody | undefined {
    const [first] = parameters;
    if (!first) return undefined;
    const consumes = itemsOf(operation['consumes'] ?? this.root['consumes']).filter((type) => typeof type === 'string');
    if (first.value['in'] === 'body') {
      const { schema, required, description } = first.value;
      const contents = (consumes.length > 0 ? consumes : ['application/json']).map((type) => ({
        type,
        schema,
        base: first.base,
        item: undefined,
        media: {},
      }));
      return { required: required === true, description: words(description), contents };
    }
    const isMultipart = consumes.includes('multipart/form-data') || parameters.some(({ value }) => value['type'] === 'file');
    const schema = {
      type: 'object',
      properties: Object.fromEntries(parameters.map(({ value }) => [textOf(value['name']), value])),
      required: parameters.filter(({ value }) => value['required'] === true).map(({ value }) => value['name']),
    };
    const type = isMultipart ? 'multipart/form-data' : 'application/x-www-form-urlencoded';
    return {
      required: schema.required.length > 0,
      description: undefined,
      contents: [{ type, schema, base: first.base, item: undefined, media: {} }],
    };
  }

  #answer(status: string, given: unknown, operation: JsonObject, from: Location): HttpAnswer {
    const { value, base } = this.types.resolve(given, from);
    const description = words(value['description']);
    if (!this.#isTwo) return { status, description, contents: contentsOf(value['content'], base) };
    const produces = itemsOf(operation['produces'] ?? this.root['produces']).filter((type) => typeof type === 'string');
    const { schema } = value;
    const contents = schema === undefined ? [] : (produces.length > 0 ? produces : ['application/json']).map((type) => ({ type, schema, base, item: undefined, media: {} })); // prettier-ignore
    return { status, description, contents };
  }
}

function contentsOf(content: unknown, base: Location): HttpContent[] {
  return Object.entries(membersOf(content)).map(([type, media]) => ({
    type: type.toLowerCase().trim(),
    schema: membersOf(media)['schema'],
    base,
    item: membersOf(media)['itemSchema'],
    media: membersOf(media),
  }));
}
