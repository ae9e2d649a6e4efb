import { ApiError, isApiError, isErrorCode, type ErrorBody, type JsonObject } from '../core/errors.ts';
import { parseRetryAfter } from '../http/message/retry-after.ts';
import { isObject } from '../peer/error-body.ts';
import { MAX_DEPTH, parseJson } from '../peer/json.ts';
import { shownUrl } from '../peer/redact/shown-url.ts';
import type { SoapOperation } from './wire/binding.ts';
import { readEnvelope, type Envelope } from './wire/envelope.ts';
import { codeOfFault, codeOfStatus, faultCode, httpStatus } from './status.ts';
import { VERSIONS, versionOf, type SoapVersion } from './version.ts';
import { childOf, textOf, type XmlElement } from '../xml/tree.ts';
import { escapeAnyText, escapeAttribute, findUnwritable, jsonText, shown, UnwritableText } from '../xml/text.ts';
import { plainXml, readXml } from '../xml/read.ts';
import { writeMembers } from '../xml/write.ts';
import { answered } from '#answered';

export { MAX_DEPTH } from '../peer/json.ts';

/** A request's envelope. Throws INVALID_ARGUMENT that names the field if a text has a character that XML cannot carry. */
export function encodeRequest(operation: SoapOperation, input: unknown, version: SoapVersion, header: string): string {
  const { request, requestElement, service } = operation;
  try {
    return envelope(version, header, element(requestElement, service.namespace, writeMembers(request, input ?? {})));
  } catch (error) {
    if (error instanceof UnwritableText) throw unwritable('INVALID_ARGUMENT', operation, error, input);
    throw error;
  }
}

/** A response's envelope. Throws INTERNAL if a text cannot be written, and a `TypeError` for an output that is nothing like its type. */
export function encodeResponse(operation: SoapOperation, output: unknown, version: SoapVersion): string {
  const { response, responseElement, service } = operation;
  try {
    return envelope(version, '', element(responseElement, service.namespace, writeMembers(response, { output })));
  } catch (error) {
    if (error instanceof UnwritableText) throw unwritable('INTERNAL', operation, error, output);
    throw error;
  }
}

/** A fault that SOAP itself has a code for; it says nothing of the body, so that it has no detail. */
export interface ProtocolFault {
  readonly code: 'VersionMismatch' | 'MustUnderstand';
  /** Header blocks of the answer. */
  readonly header: string;
}

export interface EncodedFault {
  readonly status: number;
  readonly body: string;
}

/**
 * An error as a fault. Its own members stand in the detail's `ApiFault`, in the service's namespace; before it stands the element
 * of the error that the operation declares.
 */
export function encodeFault(
  error: ErrorBody,
  version: SoapVersion,
  namespace: string,
  operation?: SoapOperation,
  protocol?: ProtocolFault,
): EncodedFault {
  const code = protocol?.code ?? faultCode(error.code, version);
  const reason = escapeAnyText(error.message);
  const detail = protocol ? '' : typedDetail(error, operation) + element('ApiFault', namespace, apiFault(error));
  const fault =
    version === '1.1'
      ? `<faultcode>soap:${code}</faultcode><faultstring>${reason}</faultstring>${wrap('detail', detail)}`
      : `<soap:Code><soap:Value>soap:${code}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">${reason}</soap:Text></soap:Reason>${wrap('soap:Detail', detail)}`;
  return { status: httpStatus(code), body: envelope(version, protocol?.header ?? '', `<soap:Fault>${fault}</soap:Fault>`) };
}

function typedDetail({ reason, details = {} }: ErrorBody, operation: SoapOperation | undefined): string {
  const fault = reason === undefined ? undefined : operation?.faults.find((each) => each.reason === reason);
  if (!fault || !operation) return '';
  try {
    return element(fault.element, operation.service.namespace, writeMembers(fault.details, details));
  } catch {
    // A text that XML cannot carry, which the ApiFault has in JSON.
    return '';
  }
}

function apiFault({ code, message, reason, details, retryAfterMs, requestId }: ErrorBody): string {
  return (
    `<Code>${code}</Code><Message>${escapeAnyText(message)}</Message>` +
    (reason === undefined ? '' : wrap('Reason', reason)) +
    (details === undefined ? '' : wrap('Details', escapeAnyText(jsonText(details)))) +
    (retryAfterMs === undefined ? '' : wrap('RetryAfterMs', String(retryAfterMs))) +
    (requestId === undefined ? '' : wrap('RequestId', escapeAnyText(requestId)))
  );
}

/** The parts of a reply that are needed to read it. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  /** The parts beside the envelope, of a reply that has some. */
  readonly parts?: { putInto(elements: readonly XmlElement[]): void } | undefined;
  readonly header: (name: string) => string | null;
}

/** The output in a reply. Throws the error of a fault, and DATA_LOSS for a reply that is not an answer to the operation. */
export function decodeReply(operation: SoapOperation, reply: Reply): unknown {
  const { responseElement, response, service, view } = operation;
  const isOk = reply.status >= 200 && reply.status < 300;
  if (!reply.text.trimStart().startsWith('<')) {
    if (!isOk) throw decodeStatus(reply);
    // https://www.w3.org/TR/soap12-part2/#http-reqexch-reqstates: 202 is the answer to a message that nothing is said to.
    if (reply.text.trim() === '' && view.output === undefined) return undefined;
    throw noAnswer(operation.operation.name, reply, 'no SOAP envelope');
  }
  let message: XmlElement | undefined;
  try {
    ({ message } = envelopeOf(reply));
    if (isOk && message?.local === responseElement && message.uri === service.namespace)
      return (readXml(response, message, { namespace: service.namespace, maxDepth: MAX_DEPTH }) as { readonly output?: unknown }).output;
  } catch (cause) {
    if (!isOk) throw decodeStatus(reply);
    throw noAnswer(operation.operation.name, reply, isApiError(cause) ? cause.text : 'no SOAP envelope', cause);
  }
  if (message && isFault(message)) throw decodeFault(message, reply);
  if (!isOk) throw decodeStatus(reply);
  const found = message ? `<${shown(message.local)}> of '${shown(message.uri)}'` : 'an empty Body';
  throw noAnswer(operation.operation.name, reply, `${found}, not <${responseElement}> of '${service.namespace}'`);
}

/** The envelope of a reply, with its attachments in their places. An empty line before it is a habit of pages that are made. */
export function envelopeOf({ text, parts }: Pick<Reply, 'text' | 'parts'>): Envelope {
  const answer = readEnvelope(text.trimStart(), MAX_DEPTH);
  parts?.putInto([...answer.headers, ...answer.body]);
  return answer;
}

export function noAnswer(name: string, reply: Reply, why: string, cause?: unknown): ApiError {
  const type = reply.header('content-type') ?? 'no content type';
  const hint = /xml|^multipart\//.test(type) ? '' : ` (the server answered ${type}: is the url right?)`;
  return new ApiError('DATA_LOSS', `${name}: the reply is not the answer: ${why}${hint}`, { remote: true, cause });
}

export function isFault({ uri, local }: XmlElement): boolean {
  return local === 'Fault' && versionOf(uri) !== undefined;
}

/** HTTP statuses of a fault that say more than who is to blame. */
const STATUS_COUNTS: ReadonlySet<number> = new Set([401, 403, 429, 503, 504]);

/**
 * The error in a fault: from its `ApiFault` if it has one, else from what SOAP has, which `details` keeps: `faultcode`, `faultactor` and `detail`.
 * `readDetail` reads an element of the detail.
 */
export function decodeFault(
  fault: XmlElement,
  reply: Pick<Reply, 'header' | 'status'>,
  readDetail: (element: XmlElement) => unknown = (element) => plainXml(element),
): ApiError {
  const container = childOf(fault, 'detail') ?? childOf(fault, 'Detail');
  const detail = childOf(container, 'ApiFault');
  const code = textOf(detail, 'Code');
  const own = isErrorCode(code) ? code : undefined;
  const codes = childOf(fault, 'Code');
  const reason = textOf(fault, 'faultstring') ?? textOf(childOf(fault, 'Reason'), 'Text') ?? '';
  const requestId = textOf(detail, 'RequestId') ?? reply.header('x-request-id') ?? undefined;
  const names = [textOf(childOf(codes, 'Subcode'), 'Value'), textOf(codes, 'Value'), textOf(fault, 'faultcode')];
  const foreign = STATUS_COUNTS.has(reply.status) ? codeOfStatus(reply.status) : codeOfFault(...names);
  return new ApiError(own ?? foreign, own ? (textOf(detail, 'Message') ?? reason) : foreignReason(reason), {
    reason: textOf(detail, 'Reason'),
    details: own
      ? parseObject(textOf(detail, 'Details'))
      : foreignDetails(names, textOf(fault, 'faultactor') ?? textOf(fault, 'Role') ?? textOf(fault, 'Node'), container, readDetail),
    retryAfterMs: parseMs(textOf(detail, 'RetryAfterMs')) ?? parseRetryAfter(reply.header('retry-after')),
    requestId,
    remote: true,
  });
}

/** How much of a foreign detail is kept, as JSON. */
const MAX_DETAIL = 16_384;

function foreignDetails(
  names: readonly (string | undefined)[],
  actor: string | undefined,
  container: XmlElement | undefined,
  readDetail: (element: XmlElement) => unknown,
): JsonObject {
  const faultcode = names.find((name) => name !== undefined && name.trim() !== '')?.trim();
  const detail = container && detailOf(container, readDetail);
  const isLong = detail !== undefined && jsonText(detail).length > MAX_DETAIL;
  return {
    ...(faultcode !== undefined && { faultcode: shown(faultcode, 200) }),
    ...(actor !== undefined && actor.trim() !== '' && { faultactor: shown(actor.trim(), 200) }),
    ...(detail !== undefined && { detail: isLong ? shown(jsonText(detail), 1000) : detail }),
  };
}

/** A detail that cannot be read as the WSDL has it is read as it looks: an error must arrive. */
function detailOf(container: XmlElement, readDetail: (element: XmlElement) => unknown): unknown {
  if (container.children.length === 0) return container.text.trim() === '' ? undefined : container.text.trim();
  const read = (element: XmlElement): unknown => {
    try {
      return readDetail(element);
    } catch {
      return plainXml(element);
    }
  };
  const found = new Map<string, unknown>();
  for (const child of container.children.slice(0, 100)) {
    const value = read(child);
    const before = found.get(child.local);
    found.set(child.local, before === undefined ? value : Array.isArray(before) ? [...(before as unknown[]), value] : [before, value]);
  }
  return Object.fromEntries(found);
}

/** A foreign message may be anything, a page of stack trace too. */
function foreignReason(reason: string): string {
  return reason.trim().slice(0, 1000) || 'the server answered with a fault that says nothing';
}

/** The error of a reply that is not an envelope: a problem document, or the meaning of the status. */
export function decodeStatus({ status, text, header }: Reply): ApiError {
  const problem = header('content-type')?.includes('json') ? parseObject(text) : undefined;
  const { code, detail, message, details, retryAfterMs } = problem ?? {};
  const words = [detail, message].find((each) => typeof each === 'string' && each !== '') as string | undefined;
  const location = header('location');
  const redirect =
    status >= 300 && status < 400
      ? `the server redirects (${status}) to ${shownUrl(location ?? 'another address')}: use that as url`
      : undefined;
  return new ApiError(isErrorCode(code) ? code : codeOfStatus(status), words ?? redirect ?? answered(status), {
    details: isObject(details) ? details : undefined,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : parseRetryAfter(header('retry-after')),
    requestId: header('x-request-id') ?? undefined,
    remote: true,
  });
}

function parseMs(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function parseObject(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An envelope around a header's blocks and a body's content. */
export function envelope(version: SoapVersion, header: string, body: string): string {
  const { open, close } = VERSIONS[version];
  return `${open}${wrap('soap:Header', header)}<soap:Body>${body}</soap:Body>${close}`;
}

/** An element that declares its namespace as the default one. */
function element(name: string, namespace: string, content: string): string {
  const start = `<${name} xmlns="${escapeAttribute(namespace)}"`;
  return content === '' ? `${start}/>` : `${start}>${content}</${name}>`;
}

function wrap(name: string, content: string): string {
  return content === '' ? '' : `<${name}>${content}</${name}>`;
}

function unwritable(code: 'INVALID_ARGUMENT' | 'INTERNAL', { operation }: SoapOperation, error: UnwritableText, value: unknown): ApiError {
  const path = findUnwritable(value) ?? [];
  const at = path.length > 0 ? `${path.join('.')}: ` : '';
  return new ApiError(code, `${operation.name}: ${at}${error.message}`, {
    details: { issues: [{ path, message: error.message }] },
    sent: code !== 'INVALID_ARGUMENT',
  });
}
