/** The adapters that a package may have, with the options that their callers give. */
export const ADAPTERS = {
  rest: { name: 'rest', from: 'multi-api-sdk/rest', options: 'RestOptions', title: 'REST', scheme: /^https?:/, hasEvents: true },
  graphql: {
    name: 'graphql',
    from: 'multi-api-sdk/graphql',
    options: 'GraphqlOptions',
    title: 'GraphQL',
    scheme: /^https?:/,
    hasEvents: true,
  },
  websocket: {
    name: 'webSocket',
    from: 'multi-api-sdk/websocket',
    options: 'WebSocketOptions',
    title: 'WebSocket',
    scheme: /^wss?:/,
    hasEvents: true,
  },
  soap: { name: 'soap', from: 'multi-api-sdk/soap', options: 'SoapOptions', title: 'SOAP', scheme: /^https?:/, hasEvents: false },
  mqtt: { name: 'mqtt', from: 'multi-api-sdk/mqtt', options: 'MqttOptions', title: 'MQTT', scheme: /^mqtts?:/, hasEvents: true },
} as const;

/** A protocol that a package may speak. */
export type PackedProtocol = keyof typeof ADAPTERS;
