// Calls through the way: half of them queries, half mutations with a key of their own.
import { clearTimeout, setTimeout } from 'node:timers';
import { createClient, isApiError } from 'multi-api-sdk';
import { retry } from 'multi-api-sdk/compose';
import { onError } from './adapters.mjs';

const TIMEOUT_MS = 6000;
/** What a call may take beyond its deadline, in milliseconds, before it counts as hung. */
const SPARE_MS = 3000;

/** Makes so many calls by `adapter`, 16 at once. */
export async function tryCalls({ protocol, adapter, contract, count, told }) {
  const transport = retry(adapter, { attempts: 4, baseDelayMs: 50, maxDelayMs: 400 });
  const client = createClient({ contract, transport, timeoutMs: TIMEOUT_MS, onError });
  Object.assign(told, { answered: 0, hung: 0, wrong: 0, spoiled: 0, failed: {} });
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const id = next++;
      const ref = `${protocol}-${id}`;
      const isBump = id % 2 === 1;
      const call = isBump
        ? client.bump({ ref, pad: 'p'.repeat(id % 400) }, { idempotencyKey: ref })
        : client.getThing({ id, size: id % 3000 });
      let timer;
      try {
        const hung = new Promise((resolve) => (timer = setTimeout(resolve, TIMEOUT_MS + SPARE_MS, 'hung')));
        const answer = await Promise.race([call, hung]);
        if (answer === 'hung') told.hung++;
        else
          told[
            isBump
              ? judge([answer.ref === ref], isTurned(answer.ref, ref))
              : judge([answer.id === id, answer.text === 'x'.repeat(id % 3000)], true)
          ]++;
      } catch (error) {
        const code = isApiError(error) ? error.code : String(error);
        told.failed[code] = (told.failed[code] ?? 0) + 1;
      } finally {
        clearTimeout(timer);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  await client.close();
}

/** An answer one of whose parts is not as it was may have been spoiled on its way; the answer to another call differs in all. */
function judge(parts, isSpoiled) {
  if (parts.every(Boolean)) return 'answered';
  return isSpoiled && parts.filter((isRight) => !isRight).length === 1 ? 'spoiled' : 'wrong';
}

/** Whether a text is another in at most one character. */
function isTurned(text, original) {
  const characters = [...text];
  return characters.length === original.length && characters.filter((character, at) => character !== original[at]).length <= 1;
}
