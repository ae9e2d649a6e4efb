import { type ApiError, type JsonObject } from '../../core/errors.ts';
import { errorData, ERROR_META, META, type Era } from '../wire.ts';

/** Writes the results of tools, as JSON. Source: https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool-result */
export class ToolResults {
  /** The members of each result of the newest revision beside its own. */
  readonly #meta: string;

  constructor(serverInfo: { readonly name: string; readonly version: string }) {
    this.#meta = `${JSON.stringify(META.server)}:${JSON.stringify(serverInfo)}`;
  }

  /** Any result: `members` are JSON without the braces, `meta` goes beside the server's own. */
  of(era: Era, members: string, meta?: JsonObject): string {
    if (era === 'legacy') return `{${members}}`;
    const more = meta === undefined ? '' : `${JSON.stringify(meta).slice(1, -1)},`;
    return `{"resultType":"complete",${members === '' ? '' : `${members},`}"_meta":{${more}${this.#meta}}}`;
  }

  /** The output of an operation, as text and structured; `json` is `undefined` if it gives nothing. */
  output(era: Era, json: string | undefined, isWrapped = false): string {
    if (json === undefined) return this.of(era, '"content":[{"type":"text","text":"Done."}]');
    const structured = era === 'legacy' && isWrapped ? `{"result":${json}}` : json;
    return this.of(era, `"content":[{"type":"text","text":${JSON.stringify(json)}}],"structuredContent":${structured}`);
  }

  /**
   * An error, for the model as text and for programs in `_meta`: structured content must fit the tool's output schema, by which some clients
   * check errors too.
   */
  error(era: Era, error: ApiError): string {
    const { reason, details, retryAfterMs } = error;
    const more = reason ?? details ?? retryAfterMs;
    const content = [
      { type: 'text', text: error.message },
      ...(more === undefined ? [] : [{ type: 'text', text: JSON.stringify({ reason, details, retryAfterMs }) }]),
    ];
    const meta = `${JSON.stringify(ERROR_META)}:${JSON.stringify(errorData(error.toJSON()))}`;
    const members = `"content":${JSON.stringify(content)},"isError":true`;
    if (era === 'legacy') return `{${members},"_meta":{${meta}}}`;
    return `{"resultType":"complete",${members},"_meta":{${meta},${this.#meta}}}`;
  }
}
