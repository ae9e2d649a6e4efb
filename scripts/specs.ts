import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blogContract } from '../src/blog/contract.ts';
import { asyncApi } from '../src/schema/asyncapi.ts';
import { lockProto, printProto, type ProtoLock } from '../src/grpc/schema.ts';
import { postgresMigrations } from '../src/postgres/migrations.ts';
import { openApi } from '../src/rest/schema.ts';
import { wsdl } from '../src/soap/schema.ts';

const PROTO_LOCK = 'proto/blog/v1/blog.lock.json';
/** The numbers that were published before. */
const protoLock = JSON.parse(readFileSync(join(import.meta.dirname, '..', PROTO_LOCK), 'utf8')) as ProtoLock;

/** What is published beside the code by its path: descriptions of the Blog contract, of which each protocol adds its own, and the tables of stores. */
export async function publishedSpecs(): Promise<Readonly<Record<string, string>>> {
  return {
    'specs/openapi.json': json(openApi(blogContract)),
    'specs/asyncapi.json': json(asyncApi(blogContract)),
    'proto/blog/v1/blog.proto': printProto(blogContract, protoLock),
    [PROTO_LOCK]: json(lockProto(blogContract, protoLock)),
    'wsdl/blog.wsdl': wsdl(blogContract, 'http://localhost:4000/soap'),
    ...Object.fromEntries(postgresMigrations.map(({ id, sql }) => [`sql/postgres/${id}.sql`, sql])),
  };
}

function json(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
