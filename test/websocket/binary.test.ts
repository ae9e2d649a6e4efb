/** Binary frames of feeds that someone else designed, operations that no event repeats, and heartbeats at an interval that the peer names. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bytes, createClient, defineContract, event, file, mutation } from '../../src/index.ts';
import { webSocket, type ChannelOptions, type WebSocketOptions } from '../../src/websocket/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';
import { reconnect, say, serveFeed, type Frame } from './feed-server.ts';
import { onEnd } from './support.ts';

const speech = defineContract({
  name: 'speech',
  operations: {
    sendAudio: mutation({ input: z.object({ audio: bytes() }) }),
    finish: mutation({}),
    speak: mutation({ input: z.object({ text: z.string() }) }),
    count: mutation({ input: z.object({ n: z.int() }), output: z.int() }),
  },
  events: {
    transcript: event({ channel: 'transcripts', payload: z.object({ text: z.string(), isFinal: z.boolean() }) }),
    audio: event({ channel: 'audio', payload: z.object({ audio: bytes() }) }),
  },
});
type Feed = Omit<ChannelOptions, 'protocol' | 'operations'>;

/** As Deepgram: audio and commands on the connection on which text comes back. */
function listening(options: Feed) {
  const transport = webSocket({
    ...options,
    protocol: 'channel',
    operations: {
      sendAudio: { path: '', input: (input) => (input as { audio: Uint8Array }).audio },
      finish: { path: '', input: () => ({ type: 'CloseStream' }) },
      speak: { path: '', input: (input) => ({ type: 'Speak', ...(input as object) }) },
    },
    events: {
      transcript: {
        path: '',
        read: ({ type, channel, is_final: isFinal }: Frame) => (type === 'Results' ? { text: channel.alternatives[0].transcript, isFinal } : undefined),
        ...options.events?.['transcript'],
      },
      audio: { path: '', read: (frame) => (frame instanceof Uint8Array ? { audio: frame } : undefined) },
    },
  }); // prettier-ignore
  return onEnd(createClient({ contract: speech, transport, reconnect, timeoutMs: 5000 }), (each) => each.close());
}

describe('a speech service', () => {
  it('gets audio as binary frames, and commands as text', async () => {
    const got: string[] = [];
    const { url, connections } = await serveFeed(
      () => {},
      (peer) =>
        void peer.on('message', (data: Buffer, isBinary) => {
          got.push(isBinary ? `${data.length} bytes` : data.toString());
          say(peer, { type: 'Metadata' }, { type: 'Results', is_final: !isBinary, channel: { alternatives: [{ transcript: `heard ${got.length}` }] } });
        }),
    ); // prettier-ignore
    const wire: string[] = [];
    const client = listening({ url, onWire: ({ direction, body }) => void (direction === 'out' && body !== undefined && wire.push(body)) });
    const texts: string[] = [];
    await client.onTranscript(({ text, isFinal }) => void texts.push(`${text} ${isFinal}`));
    await client.sendAudio({ audio: new Uint8Array(3200) });
    await client.sendAudio({ audio: new Uint8Array(0) });
    expect(await client.finish()).toBeUndefined();
    await until(() => texts.length === 3);
    expect(texts).toEqual(['heard 1 false', 'heard 2 false', 'heard 3 true']);
    expect([got, wire, connections()]).toEqual([['3200 bytes', '0 bytes', '{"type":"CloseStream"}'], ['3200 bytes', '0 bytes', '{"type":"CloseStream"}'], 1]); // prettier-ignore
  });

  it('is refused audio over the limit before it is sent', async () => {
    const { url, said } = await serveFeed(() => {});
    const client = listening({ url, maxRequestBytes: 1000 });
    expect(await failure(client.sendAudio({ audio: new Uint8Array(1001) }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(said).toEqual([]);
  });

  it('gives audio as bytes, and text beside it', async () => {
    const pieces = [new Uint8Array([0, 255, 128]), new Uint8Array([123, 125])];
    const { url } = await serveFeed((_, peer) => {
      for (const piece of pieces) peer.send(piece);
      say(peer, { type: 'Results', is_final: true, channel: { alternatives: [{ transcript: 'done' }] } });
    });
    const reported: unknown[] = [];
    const client = listening({ url, session: { binary: true }, onError: (error) => void reported.push(error) });
    const heard: unknown[] = [];
    await client.onAudio(({ audio }) => void heard.push(Buffer.from(audio).toString('hex')));
    await client.onTranscript(({ text }) => void heard.push(text));
    await client.speak({ text: 'hello' });
    await until(() => heard.length === 3);
    expect([heard, reported]).toEqual([['00ff80', '7b7d', 'done'], []]);
  });

  it('ends a subscription by a binary frame over the limit', async () => {
    const { url } = await serveFeed((_, peer) => peer.send(new Uint8Array(1001))); // prettier-ignore
    const client = listening({ url, session: { binary: true }, maxMessageBytes: 1000 });
    const ends: unknown[] = [];
    await client.onAudio(() => {}, { onError: (error) => void ends.push(error) });
    await client.speak({ text: 'hello' });
    await until(() => ends.length === 1);
    expect(ends).toMatchObject([{ code: 'DATA_LOSS' }]);
  });

  it('may send JSON in binary frames, which are text without `binary`', async () => {
    const { url } = await serveFeed(() => {}, (peer) => peer.send(Buffer.from('{"type":"Results","is_final":true,"channel":{"alternatives":[{"transcript":"ü"}]}}'))); // prettier-ignore
    const heard: unknown[] = [];
    await listening({ url }).onTranscript(({ text }) => void heard.push(text));
    await until(() => heard.length === 1);
    expect(heard).toEqual(['ü']);
  });

  it('takes no operation that has neither a path nor an event, and says which option is missing', async () => {
    const { url } = await serveFeed(() => {});
    const client = createClient({ contract: speech, transport: webSocket({ url, protocol: 'channel', operations: { count: {} } }) });
    onEnd(client, (each) => each.close());
    expect(await failure(client.count({ n: 1 }))).toMatchObject({
      code: 'UNIMPLEMENTED',
      text: expect.stringContaining("'path'") as string,
    });
  });
});

describe('a peer of binary messages', () => {
  it('is called by frames of bytes in both directions', async () => {
    const encode = (value: unknown) => new TextEncoder().encode(Buffer.from(JSON.stringify(value)).toString('base64'));
    const decode = (frame: unknown) => JSON.parse(Buffer.from(new TextDecoder().decode(frame as Uint8Array), 'base64').toString());
    const { url } = await serveFeed(
      () => {},
      (peer) =>
        void peer.on('message', (data: Buffer, isBinary) => {
          const [id, , [{ n }]] = decode(data);
          peer.send(isBinary ? encode([id, n + 1]) : 'text');
        }),
    );
    const options: WebSocketOptions = {
      url,
      session: { binary: true },
      frames: {
        write: ({ id, method, params }) => encode([id, method, [params]]),
        read: (frame) => (frame instanceof Uint8Array ? { id: decode(frame)[0], result: decode(frame)[1] } : undefined),
      },
    };
    const client = onEnd(createClient({ contract: speech, transport: webSocket(options) }), (each) => each.close());
    expect(await client.count({ n: 41 })).toBe(42);
  });
});

describe('the interval of heartbeats', () => {
  it('is the one that the peer names, as Discord does', async () => {
    const { url, said } = await serveFeed(
      (_, peer) => say(peer, { op: 11 }),
      (peer) => say(peer, { op: 10, d: { heartbeat_interval: 10 } }),
    );
    const session = {
      heartbeatMs: ({ op, d }: Frame): number | undefined => (op === 10 ? d.heartbeat_interval : undefined),
      heartbeat: () => ({ op: 1, d: null }),
    };
    await listening({ url, session }).onTranscript(() => {});
    await until(() => said.length >= 3);
    expect(said.every(({ op }) => op === 1)).toBe(true);
  });

  it('is the longest silence of a peer that sends them itself, as engine.io does', async () => {
    let opened = 0;
    const { url, connections } = await serveFeed(
      () => {},
      (peer) => {
        say(peer, `0${JSON.stringify({ pingInterval: 10, pingTimeout: 10 })}`);
        // The first one falls silent, although it answers ping frames.
        if (opened++ === 0) return;
        const beats = setInterval(() => say(peer, '2'), 5);
        peer.on('close', () => clearInterval(beats));
      },
    );
    const answers: unknown[] = [];
    const session = {
      heartbeatMs: (frame: unknown) => {
        if (typeof frame !== 'string' || !frame.startsWith('0')) return undefined;
        const { pingInterval, pingTimeout } = JSON.parse(frame.slice(1)) as { pingInterval: number; pingTimeout: number };
        return pingInterval + pingTimeout;
      },
      answer: (frame: unknown) => (frame === 2 && answers.push(frame) > 0 ? '3' : undefined),
    };
    await listening({ url, session }).onTranscript(() => {});
    await until(() => answers.length >= 3);
    expect(connections()).toBeGreaterThanOrEqual(2);
  });

  it('is reported if it cannot be one', async () => {
    const { url } = await serveFeed(() => {}, (peer) => say(peer, { every: 'second' })); // prettier-ignore
    const reported: unknown[] = [];
    const session = { heartbeatMs: ({ every }: Frame): number => every };
    await listening({ url, session, onError: (error) => void reported.push(String(error)) }).onTranscript(() => {});
    await until(() => reported.length > 0);
    expect(reported[0]).toContain('session.heartbeatMs must give milliseconds above 0, not second');
  });
});

describe('an operation of a feed', () => {
  it('takes a file that is given as a stream, as one frame', async () => {
    const got: string[] = [];
    const { url } = await serveFeed(
      () => {},
      (peer) => void peer.on('message', (data: Buffer, isBinary) => got.push(`${isBinary} ${data.toString()}`)),
    );
    const contract = defineContract({ name: 'files', operations: { send: mutation({ input: z.object({ audio: file() }) }) } });
    const send = { path: '', input: (input: unknown) => (input as { audio: { content: Uint8Array } }).audio.content };
    const transport = webSocket({ url, protocol: 'channel', operations: { send } });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    const content = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const text of ['RI', 'FF']) controller.enqueue(Buffer.from(text));
        controller.close();
      },
    });
    await client.send({ audio: { name: 'a.wav', type: 'audio/wav', content } });
    await until(() => got.length === 1, 'it came');
    expect(got).toEqual(['true RIFF']);
  });

  it('is refused when the client is made if an operation that nothing answers has an output', () => {
    const make = (options: object) => () =>
      createClient({ contract: speech, transport: webSocket({ url: 'ws://a', ...options } as never) });
    const message = 'webSocket: operations.count: the operation has an output, but nothing answers it';
    expect(make({ protocol: 'channel', operations: { count: { path: '' } } })).toThrow(message);
    expect(make({ operations: { count: { notify: true } } })).toThrow(message);
    expect(make({ operations: { count: { method: 'count' }, finish: { notify: true } } })).not.toThrow();
  });
});
