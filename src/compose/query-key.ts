import type { CallRequest } from '../core/transport.ts';
import { sorted } from '../peer/json.ts';
import { hasFile } from '../schema/codec/has-file.ts';

/** The same text for equal queries; `undefined` for one whose input JSON cannot hold, such as bytes, and for those with files, which are read once. */
export function queryKey({ operation, input, headers, select, peer }: CallRequest): string | undefined {
  if ([operation.input, operation.output].some((schema) => schema && hasFile(schema))) return undefined;
  // Each call has another trace, on which no answer depends. Source: https://www.w3.org/TR/trace-context/
  const { traceparent: _, tracestate: __, ...asked } = headers;
  let isPlain = true;
  const text = JSON.stringify(
    [operation.name, input, select, asked, peer?.protocol, peer?.address],
    function (this: Record<string, unknown>, name, value: unknown) {
      if (ArrayBuffer.isView(this[name])) isPlain = false;
      return sorted(name, value);
    },
  );
  return isPlain && peer?.caller === undefined ? text : undefined;
}
