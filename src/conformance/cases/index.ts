import type { ConformanceCase } from '../types.ts';
import { callCases } from './calls.ts';
import { codecCases } from './codecs.ts';
import { deadlineCases } from './deadlines.ts';
import { errorCases } from './errors/plain.ts';
import { eventCases } from './events/events.ts';
import { fileCases } from './files.ts';
import { headerCases } from './headers.ts';
import { idempotencyCases } from './idempotency.ts';
import { lifecycleCases } from './lifecycle.ts';
import { limitCases } from './limits.ts';
import { overflowCases } from './events/overflow.ts';
import { pagingCases } from './paging.ts';
import { resumingCases } from './events/resuming.ts';
import { responseCases } from './response.ts';
import { streamCases } from './streams/streams.ts';
import { selectCases } from './select.ts';
import { typedErrorCases } from './errors/typed.ts';
import { validationCases } from './validation.ts';

/** All cases of the law `xClient(xServer(T))` behaves as `T`. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...callCases,
  ...codecCases,
  ...fileCases,
  ...validationCases,
  ...errorCases,
  ...typedErrorCases,
  ...headerCases,
  ...responseCases,
  ...deadlineCases,
  ...idempotencyCases,
  ...pagingCases,
  ...selectCases,
  ...eventCases,
  ...resumingCases,
  ...overflowCases,
  ...streamCases,
  ...lifecycleCases,
  ...limitCases,
];
