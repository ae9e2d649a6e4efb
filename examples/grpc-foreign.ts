// A gRPC service that someone else designed, called with a contract of one's own.
// Run it: npx tsx examples/grpc-foreign.ts
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import * as z from 'zod';
import { createClient, defineContract, event, isApiError, query } from 'multi-api-sdk';
import { grpc } from 'multi-api-sdk/grpc';

// What the other side published: `readFileSync('library.proto', 'utf8')`.
const proto = `
  syntax = "proto3";
  package acme.library.v1;
  import "google/protobuf/timestamp.proto";
  import "google/protobuf/wrappers.proto";
  service Library {
    rpc FetchBook(FetchBookRequest) returns (Book);
    rpc FollowLoans(FollowLoansRequest) returns (stream Loan);
  }
  enum Genre { GENRE_UNSPECIFIED = 0; GENRE_NOVEL = 1; GENRE_POETRY = 2; }
  message FetchBookRequest { int64 id = 1; }
  message Book {
    int64 id = 1;
    string title = 2;
    Genre genre = 3;
    google.protobuf.Timestamp published_at = 4;
    google.protobuf.StringValue subtitle = 5;
    repeated string authors = 6;
  }
  message FollowLoansRequest { string branch = 1; int64 since = 2; }
  message Loan { int64 book_id = 1; string branch = 2; bool test = 3; }
`;
const { url, stop } = await startForeignService();

// What your program wants to see.
const contract = defineContract({
  name: 'books',
  operations: {
    getBook: query({
      input: z.object({ id: z.string() }),
      output: z.object({
        id: z.string(), // 64 bits do not fit a number
        title: z.string(),
        genre: z.enum(['novel', 'poetry']).optional(), // GENRE_UNSPECIFIED is absent
        publishedAt: z.iso.datetime(),
        subtitle: z.string().nullable(), // a StringValue
        authors: z.array(z.string()),
      }),
    }),
  },
  events: { loan: event({ channel: 'loans/{branch}', payload: z.object({ bookId: z.string(), branch: z.string() }) }) },
});

const client = createClient({
  contract,
  transport: grpc({
    url,
    definition: proto,
    operations: { getBook: 'acme.library.v1.Library/FetchBook' },
    events: {
      loan: {
        method: 'acme.library.v1.Library/FollowLoans',
        input: ({ branch }: { branch?: string }) => ({ branch, since: '1700000000' }),
        read: ({ bookId, branch, test }: { bookId: string; branch: string; test: boolean }) => (test ? undefined : { bookId, branch }),
      },
    },
  }),
});

console.log(await client.getBook({ id: '9007199254740993' }));
for await (const loan of client.onLoan({ params: { branch: 'north' } })) console.log(loan);
try {
  await client.getBook({ id: 'twelve' });
} catch (error) {
  if (isApiError(error)) console.log(error.code, error.details);
}
await client.close();
stop();

/** Stands for the other side: grpc-js and proto-loader. */
async function startForeignService() {
  const root = protobuf.parse(proto, { keepCase: true }).root;
  for (const name of ['timestamp', 'wrappers']) root.addJSON(protobuf.common.get(`google/protobuf/${name}.proto`)?.nested ?? {});
  const service = fromJSON(root.toJSON(), { longs: String, keepCase: true })['acme.library.v1.Library'];
  const server = new Server();
  server.addService(service as never, {
    FetchBook: ({ request }: { request: { id: string } }, done: (error: null, book: object) => void) =>
      done(null, { id: request.id, title: 'Emma', genre: 1, published_at: { seconds: -4_857_840_000 }, authors: ['Jane Austen'] }),
    FollowLoans(call: { request: { branch: string }; write(loan: object): void; end(): void }) {
      for (const test of [true, false]) call.write({ book_id: '7', branch: call.request.branch, test });
      call.end();
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { url: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}
