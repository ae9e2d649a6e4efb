/**
 * Options of a `net.Server` with which the system asks a silent peer whether it is still there. Without them, the connection of a host that vanished
 * stays open for as long as nothing is sent to it.
 */
export const TCP_KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 };
