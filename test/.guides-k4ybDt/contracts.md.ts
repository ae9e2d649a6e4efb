import { createClient, createService, defineContract, event, mutation, query } from 'multi-api-sdk';
import * as z from 'zod';

const Note = z.object({ id: z.int32(), room: z.string(), text: z.string().max(500) }).meta({ id: 'Note' });

export const contract = defineContract({
  name: 'notes',
  operations: {
    addNote: mutation({ input: z.object({ room: z.string(), text: z.string() }), output: Note, http: 'POST /rooms/{room}/notes' }),
    listNotes: query({
      input: z.object({ room: z.string(), limit: z.int32().min(1).max(100).default(20), after: z.int32().optional() }),
      output: z.array(Note),
      http: 'GET /rooms/{room}/notes',
      pagedBy: 'id',
    }),
    clearNotes: mutation({ idempotent: true, input: z.object({ room: z.string() }), http: 'DELETE /rooms/{room}/notes' }),
  },
  events: {
    note: event({ channel: 'rooms/{room}/live', payload: Note, writtenBy: 'addNote' }),
  },
});

let notes: z.output<typeof Note>[] = [];
const service = createService(contract, {
  addNote: ({ room, text }) => {
    const note = { id: notes.length + 1, room, text };
    notes.push(note);
    return note;
  },
  listNotes: ({ room, limit, after = 0 }) => notes.filter((note) => note.room === room && note.id > after).slice(0, limit),
  clearNotes: ({ room }) => {
    notes = notes.filter((note) => note.room !== room);
  },
});

// The service is a transport too, so a client in the same process needs no protocol.
const client = createClient({ contract, transport: service });
await client.onNote((note) => console.log('heard', note.text), { params: { room: 'kitchen' } });
await client.addNote({ room: 'kitchen', text: 'Buy milk' });
await client.addNote({ room: 'garage', text: 'Buy oil' });
console.log(await client.listNotes({ room: 'kitchen' }));
await client.close();
await service.close();
