/** Statuses of proxies, which say nothing of the address. */
const OF_PROXIES = /^(?:40[37]|41[34]|429|431|5\d\d)$/;

/** As `meaningOf` of Node: a page's console shows the answer, and words for all would be half a KiB of each bundle. */
export function meaningOf(_status: number): string | undefined {
  return undefined;
}

/** As `answered` of Node, without the meaning of the status. */
export function answered(status: number, otherwise = '', who = 'the server'): string {
  return `${who} answered ${status}${OF_PROXIES.test(`${status}`) ? '' : otherwise}`;
}
