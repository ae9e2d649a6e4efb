import type { Contract, Operation } from '../../core/contract.ts';
import { isObject } from '../../peer/error-body.ts';
import { outlineContract, type Outline } from '../../schema/outline/outline.ts';
import { ParsedXml, parseXml } from '../../xml/parse.ts';
import { plainXml } from '../../xml/read.ts';
import { atPath, fitTo, unwrapFor } from '../../xml/plain/fit.ts';
import type { AnswerPath } from './mapping.ts';

export { decodeXml } from '../../xml/decode.ts';

const MAX_LEVELS = 64;

/**
 * The content of a document's root as a plain value: elements by their local names, those that repeat as lists, attributes as `@name`, text beside them as `#text`.
 * @throws `ApiError` INVALID_ARGUMENT for what is not XML.
 */
export function parseText(text: string): unknown {
  if (text.trim() === '') return undefined;
  return plainXml(parseXml(text, new ParsedXml({ what: 'reply', maxDepth: MAX_LEVELS, lenient: true })), { ids: true });
}

/** How the output is taken from a plain value of XML. */
export interface XmlOutput {
  /** The value at a path, or in the root. */
  take(path: AnswerPath | undefined): unknown;
  /** A plain value as the contract has it. */
  fit(value: unknown): unknown;
}

const outlines = new WeakMap<Contract, Outline>();

/** What reads the output of an operation, if it has one. */
export function xmlOutput(contract: Contract, { name }: Operation, value: unknown): XmlOutput | undefined {
  const outline = outlines.get(contract) ?? outlineContract(contract);
  outlines.set(contract, outline);
  const use = outline.operations.get(name)?.output;
  return (
    use && {
      take: (path) => (path === undefined ? unwrapFor(use, value) : valueAt(value, path)),
      fit(found) {
        const fitted = fitTo(use, found);
        // An element that is left out is what others write as nil.
        return fitted === undefined && use.nullable ? null : fitted;
      },
    }
  );
}

function valueAt(value: unknown, path: AnswerPath): unknown {
  if (path === '') return value;
  if (typeof path === 'string') return isObject(value) && Object.hasOwn(value, path) ? value[path] : atPath(value, path);
  return path.reduce((at: unknown, name) => atPath(at, name), value);
}
