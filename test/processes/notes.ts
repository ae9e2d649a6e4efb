import { createService, defineContract, event, mutation, type EventHub, type IdempotencyStore } from '../../src/index.ts';
import * as z from 'zod';

const Note = z.object({ room: z.string(), n: z.int32(), run: z.string() }).meta({ id: 'Note' });

/** What the processes serve. */
export const contract = defineContract({
  name: 'notes',
  operations: {
    addNote: mutation({
      input: z.object({ room: z.string(), n: z.int32(), waitMs: z.int32().optional() }),
      output: Note,
      http: 'POST /rooms/{room}/notes',
    }),
  },
  events: { noteAdded: event({ channel: 'rooms/{room}/notes', payload: Note, writtenBy: 'addNote' }) },
});

/** The service of one process; `run` names a run of the handler in any of them. */
export function notesService({ hub, idempotencyStore }: { readonly hub: EventHub; readonly idempotencyStore: IdempotencyStore }) {
  let runs = 0;
  return createService(
    contract,
    {
      async addNote({ room, n, waitMs }) {
        const run = `${process.pid}-${++runs}`;
        if (waitMs !== undefined) await new Promise((resolve) => setTimeout(resolve, waitMs));
        return { room, n, run };
      },
    },
    { hub, idempotencyStore, idempotencyLeaseMs: 2000, onError: () => {} },
  );
}
