import type { Deprecation } from '../core/contract.ts';
import type { Headers } from '../core/transport.ts';

type Deprecated = boolean | string | Deprecation | undefined;

/** Facts about a deprecation; each part may be absent. */
export interface DeprecationInfo {
  readonly since?: Date;
  readonly sunset?: Date;
  readonly link?: string;
  readonly note?: string;
}

/** The parts of what a contract says; `undefined` if it is not deprecated. */
export function deprecationOf(deprecated: Deprecated): DeprecationInfo | undefined {
  if (deprecated === undefined || deprecated === false) return undefined;
  if (typeof deprecated !== 'object') return deprecated === true ? {} : { note: deprecated };
  const { since, sunset, ...rest } = deprecated;
  return { ...rest, ...(since !== undefined && { since: new Date(since) }), ...(sunset !== undefined && { sunset: new Date(sunset) }) };
}

/** The words of descriptions about it; empty if there is nothing more to say than that it is deprecated. */
export function deprecationNote(deprecated: Deprecated): string {
  const { note, since, sunset, link } = deprecationOf(deprecated) ?? {};
  return [note, since && `since ${dayOf(since)}`, sunset && `ends ${dayOf(sunset)}`, link !== undefined && `see ${link}`]
    .filter((part) => part !== undefined && part !== false)
    .join('; ');
}

/** `Deprecated: …` for descriptions; `undefined` if it is not. */
export function deprecationText(deprecated: Deprecated): string | undefined {
  if (!deprecationOf(deprecated)) return undefined;
  const note = deprecationNote(deprecated);
  return note === '' ? 'Deprecated.' : `Deprecated: ${note}`;
}

/** The headers of its answers. Sources: https://www.rfc-editor.org/rfc/rfc9745, https://www.rfc-editor.org/rfc/rfc8594 */
export function deprecationHeaders(deprecated: Deprecated): Headers | undefined {
  const { since, sunset, link } = deprecationOf(deprecated) ?? {};
  if (since === undefined && sunset === undefined && link === undefined) return undefined;
  return {
    ...(since && { deprecation: `@${Math.floor(since.getTime() / 1000)}` }),
    ...(sunset && { sunset: sunset.toUTCString() }),
    ...(link !== undefined && { link: `<${link}>; rel="deprecation"` }),
  };
}

/** The headers of an answer about it; `undefined` if it is not deprecated. An older draft wrote `Deprecation: true`. */
export function readDeprecation({ deprecation, sunset, link }: Headers): DeprecationInfo | undefined {
  if (deprecation === undefined && sunset === undefined) return undefined;
  const since = /^@(-?\d{1,12})/.exec(deprecation ?? '')?.[1];
  const ends = Date.parse(sunset ?? '');
  const target = /<([^<>]*)>\s*;[^<]*\brel="?(?:deprecation|sunset)\b/.exec(link ?? '')?.[1];
  return {
    ...(since !== undefined && { since: new Date(Number(since) * 1000) }),
    ...(!Number.isNaN(ends) && { sunset: new Date(ends) }),
    ...(target !== undefined && { link: target }),
  };
}

/** Headers of a handler together with those of the contract. */
export function withDeprecation(own: Headers, deprecation: Headers | undefined): Headers {
  if (!deprecation) return own;
  const link = [deprecation['link'], own['link']].filter((part) => part !== undefined).join(', ');
  return { ...deprecation, ...own, ...(link !== '' && { link }) };
}

function dayOf(date: Date): string {
  return date.toISOString().replace(/T00:00:00\.000Z$/, '');
}
