const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

/** Whether a host is this machine's own, which no other machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether there is a playground if nobody says so: not in production, and only for this machine. */
export function isPlaygroundDefault(host: string): boolean {
  return isLoopback(host) && process.env['NODE_ENV'] !== 'production';
}
