export { codeOfStatus, STATUS } from '../http/message/status.ts';

/** The meaning of an endpoint's answer for the sender. */
export type Verdict = 'delivered' | 'retry' | 'gone';

/** 2xx is success, 410 ends the subscription; everything else, redirects too, is tried again. Source: https://www.standardwebhooks.com */
export function verdictOf(status: number | undefined): Verdict {
  if (status === undefined) return 'retry';
  if (status >= 200 && status < 300) return 'delivered';
  return status === 410 ? 'gone' : 'retry';
}
