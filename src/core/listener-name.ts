/** The client's member that listens to an event: `temperature` is `onTemperature`. */
export function listenerName(event: string): string {
  return `on${event.charAt(0).toUpperCase()}${event.slice(1)}`;
}
