import type { Contract, Operation } from '../../core/contract.ts';
import { ApiError, type JsonObject } from '../../core/errors.ts';
import { valueType } from '../../core/shape.ts';
import { isObject } from '../../peer/error-body.ts';
import { tryParseJson } from '../../peer/json.ts';
import { ERROR_META, readErrorBody, type Era } from '../wire.ts';

/** The output in the result of a tool. Throws the error that it stands for. */
export async function outputOf(contract: Contract, operation: Operation, result: unknown, era: Era): Promise<unknown> {
  if (!isObject(result)) throw new ApiError('DATA_LOSS', `${operation.name}: the result is not an object`, { remote: true });
  const { resultType = 'complete', isError, structuredContent } = result;
  if (resultType !== 'complete')
    throw new ApiError('UNIMPLEMENTED', `${operation.name}: the server asks for more input (${String(resultType).slice(0, 40)}), which this client cannot give`, { remote: true }); // prettier-ignore
  if (isError === true) throw errorOf(operation, result);
  if (!operation.output) return undefined;
  if (structuredContent === undefined) return fromText(operation, textOf(result));
  if (era === 'modern' || !isObject(structuredContent) || Object.keys(structuredContent).join() !== 'result') return structuredContent;
  // Only what is not an object has one around it, which the contract knows.
  const [{ isWrapped }, { describeContract }] = await Promise.all([import('../schema.ts'), import('../../schema/view.ts')]);
  return isWrapped(describeContract(contract), operation) ? structuredContent['result'] : structuredContent;
}

/** A server that gives no structured content says it in words: JSON, or text. */
function fromText({ output }: Operation, text: string): unknown {
  if (output && valueType(output) === 'string') return text;
  return tryParseJson(text) ?? text;
}

function textOf({ content }: JsonObject): string {
  if (!Array.isArray(content)) return '';
  return (content as readonly unknown[]).map((each) => (isObject(each) && typeof each['text'] === 'string' ? each['text'] : '')).join('\n');
}

function errorOf({ name }: Operation, result: JsonObject): ApiError {
  const { _meta: meta } = result;
  const own = isObject(meta) ? readErrorBody(meta[ERROR_META]) : undefined;
  return own ?? new ApiError('UNKNOWN', textOf(result).slice(0, 2000) || `${name}: the tool gave no reason`, { remote: true });
}
