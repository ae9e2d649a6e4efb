import { isObject } from '../../peer/error-body.ts';

/**
 * The tables of an ADO.NET DataSet, as objects with the rows by the tables' names, without the schema and the diffgram around them; an
 * empty text if there are none, and `undefined` if a value is not a DataSet.
 * Source: https://learn.microsoft.com/dotnet/framework/data/adonet/dataset-datatable-dataview/diffgrams
 */
export function tablesOf(value: unknown): unknown {
  if (!isObject(value) || !Object.hasOwn(value, 'diffgram')) return undefined;
  if (!Object.keys(value).every((name) => /^(?:diffgram|schema|@.*)$/.test(name))) return undefined;
  const { diffgram } = value;
  // Beside the rows as they are there are those that were changed (`before`), and `errors`.
  const [tables] = isObject(diffgram) ? Object.entries(diffgram).filter(([name]) => !/^@|^(?:before|errors)$/.test(name)) : [];
  return tables?.[1] ?? '';
}
