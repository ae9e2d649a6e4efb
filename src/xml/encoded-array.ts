import { ApiError } from '../core/errors.ts';
import type { XmlElement } from './tree.ts';

const ENCODING = 'http://schemas.xmlsoap.org/soap/encoding/';
const ENCODING_12 = 'http://www.w3.org/2003/05/soap-encoding';

/** Items that an array may leave out before one that it has. */
const MAX_ABSENT = 100_000;

/**
 * The items of an array of the SOAP encoding at their places. Items that are left out before others are null, and an array of several
 * dimensions is a list of lists.
 * Source: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383522, https://www.w3.org/TR/soap12-part2/#arraySizeattr
 * @throws `ApiError` INVALID_ARGUMENT for a place that is too far from the others.
 */
export function placeItems(array: XmlElement, read: (item: XmlElement, index: number) => unknown): unknown[] {
  const sizes = sizesOf(array);
  const list: unknown[] = [];
  let next = placeOf(array.attributes.get(`${ENCODING} offset`), sizes) ?? 0;
  for (const item of array.children) {
    const place = placeOf(item.attributes.get(`${ENCODING} position`), sizes) ?? next;
    if (place - list.length > MAX_ABSENT)
      throw new ApiError('INVALID_ARGUMENT', `an array of the SOAP encoding leaves out more than ${MAX_ABSENT} items`);
    while (list.length < place) list.push(null);
    list[place] = read(item, place);
    next = place + 1;
  }
  return sizes.slice(1).reduceRight(inRows, list);
}

/** `[2,3]` of `arrayType` in SOAP 1.1, `2 3` of `arraySize` in SOAP 1.2. Empty if a size after the first one is not known. */
function sizesOf({ attributes }: XmlElement): number[] {
  const text = /\[([\d,\s]*)\]\s*$/.exec(attributes.get(`${ENCODING} arrayType`) ?? '')?.[1] ?? attributes.get(`${ENCODING_12} arraySize`);
  const sizes = (text ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  return sizes.slice(1).every((size) => size > 0) ? sizes : [];
}

/** The place that `[1,2]` names, in the order in which items are written. */
function placeOf(text: string | undefined, sizes: readonly number[]): number | undefined {
  const [, inside] = /^\s*\[([\d,\s]+)\]\s*$/.exec(text ?? '') ?? [];
  const place = inside?.split(',').reduce((sum, index, level) => sum * (level === 0 ? 1 : (sizes[level] ?? 1)) + Number(index), 0);
  return Number.isSafeInteger(place) ? place : undefined;
}

function inRows(list: readonly unknown[], size: number): unknown[] {
  const rows: unknown[] = [];
  for (let from = 0; from < list.length; from += size) rows.push(list.slice(from, from + size));
  return rows;
}
