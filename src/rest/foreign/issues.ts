import type { Issue, JsonObject } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';

const MAX_ISSUES = 100;
const MAX_DEPTH = 5;

/** Members with a list of what is wrong: FastAPI's `detail`, JSON:API's `errors`, Symfony's `violations`, RFC 9457's `invalid-params`, and others. */
const LISTS = ['detail', 'errors', 'details', 'violations', 'issues', 'fieldErrors', 'invalid-params', 'invalidParams', 'invalid_params'];
/** Members of one of them that name the input, in order. */
const NAMES = ['loc', 'field', 'path', 'target', 'propertyPath', 'property', 'param', 'name'];
/** Members that say what is wrong with it, in order. */
const WORDS = ['msg', 'detail', 'message', 'defaultMessage', 'reason', 'description', 'title', 'code'];
/** The names by which Django and Rails call mistakes of the input as a whole. */
const WHOLE = new Set(['non_field_errors', '__all__', 'base', '_errors']);

/** The faults of inputs, in the shapes in which many APIs say them. */
export function issuesOf(body: unknown): Issue[] {
  if (!isObject(body)) return [];
  const issues: Issue[] = [];
  const { error, errors } = body;
  for (const from of [body, error]) {
    if (!isObject(from)) continue;
    for (const name of LISTS) for (const item of listOf(from[name])) if (isObject(item)) addItem(item, issues);
  }
  // Stripe: `{ error: { param, message } }`.
  if (issues.length === 0 && isObject(error)) addItem(error, issues);
  if (isObject(errors) && textAt(errors, ['message', 'msg', 'detail']) === undefined) addFields(errors, [], issues);
  else if (issues.length === 0 && !LISTS.some((name) => Object.hasOwn(body, name)) && isFields(body)) addFields(body, [], issues);
  return issues.slice(0, MAX_ISSUES);
}

/** `{ field: 'title', message: 'is too short' }`; nothing if it names no input. */
function addItem(item: JsonObject, to: Issue[]): void {
  const message = textAt(item, WORDS);
  const path = pathOf(item);
  if (message !== undefined && path) to.push({ path, message });
}

function pathOf(item: JsonObject): Issue['path'] | undefined {
  const { source } = item;
  if (isObject(source)) {
    const { pointer, parameter } = source;
    if (typeof pointer === 'string') return pointer.split('/').slice(1).map(stepOf);
    if (typeof parameter === 'string') return [parameter];
  }
  for (const name of NAMES) {
    const found = item[name];
    if (Array.isArray(found)) return (name === 'loc' ? found.slice(1) : found).filter(isStep);
    if (typeof found === 'string' && found !== '') return stepsOf(found);
  }
  return undefined;
}

/** `{ name: ['is required'], profile: { age: ['is too low'] } }`: fields, and lists of what is wrong with each. */
function addFields(fields: JsonObject, above: Issue['path'], to: Issue[]): void {
  if (above.length >= MAX_DEPTH) return;
  for (const [name, found] of Object.entries(fields)) {
    const path = WHOLE.has(name) ? above : [...above, ...stepsOf(name)];
    if (isObject(found)) addFields(found, path, to);
    else if (typeof found === 'string') to.push({ path, message: found });
    for (const [at, item] of listOf(found).entries()) {
      if (typeof item === 'string') to.push({ path, message: item });
      else if (isObject(item)) {
        const message = textAt(item, WORDS);
        if (message === undefined) addFields(item, [...path, at], to);
        else to.push({ path, message });
      }
    }
  }
}

/** Whether all members are fields with lists of texts, at any depth, so that the whole body is about inputs. */
function isFields(body: JsonObject, depth = 0): boolean {
  const members = Object.values(body);
  return (
    depth < MAX_DEPTH &&
    (members.length > 0 || depth > 0) &&
    members.every((value) =>
      isObject(value)
        ? isFields(value, depth + 1)
        : Array.isArray(value) && value.every((item) => typeof item === 'string' || (isObject(item) && isFields(item, depth + 1))),
    )
  );
}

/** `items[0].name`, `items.0.name`, `$.items[0].name` and the pointer `/items/0/name` as steps. */
function stepsOf(text: string): (string | number)[] {
  return text
    .split(text.startsWith('/') ? '/' : /[.[\]]+/)
    .filter((step) => step !== '' && step !== '$')
    .map(stepOf);
}

const stepOf = (step: string): string | number => (/^\d{1,9}$/.test(step) ? Number(step) : step);

function textAt(item: JsonObject, names: readonly string[]): string | undefined {
  return names.map((name) => item[name]).find((each): each is string => typeof each === 'string' && each !== '');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function isStep(step: unknown): step is string | number {
  return typeof step === 'string' || typeof step === 'number';
}
