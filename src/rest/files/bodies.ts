import type { Operation } from '../../core/contract.ts';
import type { HttpBinding } from '../../core/http-binding.ts';
import { bodyOf, shapeOf } from '../../core/shape.ts';

/** How the input of a binding travels if it is not JSON: one member is the whole body, or it is a form with files. */
export type RequestBody =
  | { readonly kind: 'raw'; readonly member: string; readonly isFile: boolean; readonly mediaType: string | undefined }
  | { readonly kind: 'form' };

/** An answer whose body is the output itself. */
export interface AnswerBody {
  readonly isFile: boolean;
  readonly mediaType: string | undefined;
}

/** The kinds of the bodies of an operation that are not JSON. */
export interface Bodies {
  readonly request: RequestBody | undefined;
  readonly answer: AnswerBody | undefined;
}

const known = new WeakMap<Operation, Bodies | null>();

/** The bodies of an operation by its first binding; `undefined` if all is JSON. */
export function bodiesOf(operation: Operation): Bodies | undefined {
  let found = known.get(operation);
  if (found === undefined) {
    const request = operation.http[0] && requestBodyOf(operation, operation.http[0]);
    const answer = answerBodyOf(operation);
    known.set(operation, (found = request || answer ? { request, answer } : null));
  }
  return found ?? undefined;
}

/** The body of a request of one binding; `undefined` for JSON, and for none. */
export function requestBodyOf({ input }: Operation, { method, body: member, params }: HttpBinding): RequestBody | undefined {
  const shape = input && shapeOf(input);
  if (shape?.kind !== 'object' || method === 'GET' || method === 'DELETE') return undefined;
  const field = member === undefined ? undefined : shape.fields[member];
  const body = field && bodyOf(field);
  if (member !== undefined && body) return { kind: 'raw', member, isFile: body.kind === 'file', mediaType: body.mediaType };
  const isForm = Object.entries(shape.fields).some(([name, each]) => {
    if (params.includes(name)) return false;
    const inner = shapeOf(each);
    return bodyOf(inner.kind === 'list' ? inner.item : each)?.kind === 'file';
  });
  return isForm ? { kind: 'form' } : undefined;
}

/** The body of an answer whose output is bytes or a file; `undefined` for JSON, and for none. */
export function answerBodyOf({ output }: Operation): AnswerBody | undefined {
  const body = output && bodyOf(output);
  return body && { isFile: body.kind === 'file', mediaType: body.mediaType };
}
