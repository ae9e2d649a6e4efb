import type { ConformanceCase } from '../types.js';
import { callCases } from './calls.js';
import { deadlineCases } from './deadlines.js';
import { errorCases } from './errors.js';
import { eventCases } from './events.js';
import { headerCases } from './headers.js';
import { idempotencyCases } from './idempotency.js';
import { lifecycleCases } from './lifecycle.js';
import { limitCases } from './limits.js';
import { overflowCases } from './overflow.js';
import { pagingCases } from './paging.js';
import { resumingCases } from './resuming.js';
import { selectCases } from './select.js';
import { validationCases } from './validation.js';

/** All cases of the law `xClient(xServer(T))` behaves as `T`. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...callCases,
  ...validationCases,
  ...errorCases,
  ...headerCases,
  ...deadlineCases,
  ...idempotencyCases,
  ...pagingCases,
  ...selectCases,
  ...eventCases,
  ...resumingCases,
  ...overflowCases,
  ...lifecycleCases,
  ...limitCases,
];
