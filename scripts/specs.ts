import { blogContract } from '../src/blog/contract.js';
import { asyncApi } from '../src/internal/asyncapi.js';
import { openApi } from '../src/rest/schema.js';

/** The published descriptions of the Blog contract by their path: each protocol adds its own. */
export async function publishedSpecs(): Promise<Readonly<Record<string, string>>> {
  return {
    'specs/openapi.json': json(openApi(blogContract)),
    'specs/asyncapi.json': json(asyncApi(blogContract)),
  };
}

function json(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
