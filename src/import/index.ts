/**
 * Makes a contract, and a client of its service, from an API's own description.
 *
 * @module multi-api-sdk/import
 * @group Tools
 */

export { importContract } from './import.ts';
export type { DescriptionText, Imported, ImportOptions } from './import.ts';
export { ImportError } from './load/error.ts';
export type { Finding } from './draft/findings.ts';
