/**
 * The subprotocol of channels whose frames are CloudEvents.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/websockets-protocol-binding.md#15-cloudevents-subprotocols
 */
export const CLOUD_EVENTS = 'cloudevents.json';
