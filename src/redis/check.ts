import { listOf, type SendCommand } from './commands.ts';

/** Reports what Redis would lose by the way it is configured. A Redis that does not tell, as hosted ones do, is taken as it is. */
export async function checkDurability(send: SendCommand, report: (error: unknown) => void): Promise<void> {
  const [appendOnly, maxMemory, policy] = await Promise.all(
    ['appendonly', 'maxmemory', 'maxmemory-policy'].map((name) => read(send, name).catch(() => undefined)),
  );
  if (appendOnly === 'no') {
    report(
      new Error(
        "redisStores: Redis keeps nothing on disk between snapshots (appendonly is 'no'): when it restarts, events, idempotency keys and nonces since the last one are lost. Set appendonly to 'yes', and appendfsync to 'always' if not even the last second may be lost",
      ),
    );
  }
  if (policy !== undefined && policy !== 'noeviction' && maxMemory !== '0') {
    report(
      new Error(
        `redisStores: Redis may drop keys to make room (maxmemory-policy is '${policy}'): a call may then run twice, and events be lost. Set it to 'noeviction'`,
      ),
    );
  }
}

/** Redis gives pairs as a list in RESP2 and as a map in RESP3, of which clients make an object or a Map. */
async function read(send: SendCommand, name: string): Promise<string | undefined> {
  const reply = await send(['CONFIG', 'GET', name]);
  const value = Array.isArray(reply)
    ? listOf(reply)[1]
    : reply instanceof Map
      ? (reply as ReadonlyMap<unknown, unknown>).get(name)
      : (reply as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof value === 'string' ? value : undefined;
}
