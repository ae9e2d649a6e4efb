// Publishing with 10,000 rooms of one subscriber each: an event that concerns one of them, and one that concerns none, against a loop over a Set.
import { createService, defineContract, event } from 'multi-api-sdk';
import { z } from 'zod';
import { median, printTable } from './table.ts';

const ROOMS = 10_000;
const EVENTS = 20_000;
const ROUNDS = 7;

const contract = defineContract({
  name: 'rooms',
  events: { said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }) },
});
const service = createService(contract, {});
const controller = new AbortController();
let heard = 0;
for (let room = 0; room < ROOMS; room++)
  await service.subscribe(
    { event: contract.events.said, params: { room: String(room) }, signal: controller.signal, headers: {} },
    { next: () => void heard++, gap: () => {}, end: () => {} },
  );

async function perEvent(rooms: number, first: number): Promise<number> {
  const begun = process.cpuUsage();
  for (let index = 0; index < EVENTS; index++) await service.publish('said', { room: String(first + (index % rooms)), text: 'hello' });
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / EVENTS;
}

/** A set with one listener in it, which is told: what publishing costs at least. */
const one = createService(contract, {});
await one.subscribe({ event: contract.events.said, params: {}, signal: controller.signal, headers: {} }, { next: () => void heard++, gap: () => {}, end: () => {} }); // prettier-ignore
async function perEventOfOne(): Promise<number> {
  const begun = process.cpuUsage();
  for (let index = 0; index < EVENTS; index++) await one.publish('said', { room: String(index % ROOMS), text: 'hello' });
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / EVENTS;
}

const rounds: { one: number; some: number; none: number }[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const measured = { one: await perEventOfOne(), some: await perEvent(ROOMS, 0), none: await perEvent(ROOMS, ROOMS) };
  // The first is for the compiler.
  if (round > 0) rounds.push(measured);
}
controller.abort();
const middle = (which: 'one' | 'some' | 'none') => median(rounds.map((each) => each[which]));
const row = (what: string, which: 'some' | 'none') => ({
  what,
  ours: `${middle(which).toFixed(2)} µs`,
  raw: `${middle('one').toFixed(2)} µs`,
  ratio: median(rounds.map((each) => each[which] / each.one)),
  goal: '<= 5 µs',
});
printTable(`Publishing with ${ROOMS} rooms, against one room`, [
  row('an event for one subscriber', 'some'),
  row('an event for none', 'none'),
]);
console.log(`${heard} events were heard`);
await service.close();
await one.close();
