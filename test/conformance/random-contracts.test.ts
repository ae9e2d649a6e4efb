/** The law for contracts that nobody thought of: whatever the schema of a value is, each protocol gives the handler and the caller what the service itself does. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, mutation, type Contract, type Service } from '../../src/core.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { mcp } from '../../src/mcp/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { converterOf } from '../../src/schema/codec/codec.ts';
import { seededRandom, type Random } from '../../src/schema/sample/random.ts';
import { describeContract } from '../../src/schema/view.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { curiousSchemas } from '../support/curious-schemas.ts';
import { RandomSchema } from '../support/random-schema.ts';
import { randomValue } from '../support/random-value.ts';

/** `SEED=1000 COUNT=500 npx vitest run test/conformance/random-contracts.test.ts` tries others, and more of them. */
const SEED = Number(process.env['SEED'] ?? 1);
const COUNT = Number(process.env['COUNT'] ?? 25);
const CALLS = 5;

/** A contract whose one operation gives back a value of a schema, any if none is given; `undefined` for one that not every protocol can carry. */
function contractOf(random: Random, make?: () => z.core.$ZodType) {
  const schemas = new RandomSchema((below) => Math.floor(random() * below));
  try {
    const schema = make?.() ?? schemas.any(3);
    const contract = defineContract({
      name: 'random',
      operations: { echo: mutation({ input: z.object({ v: schema }), output: z.object({ v: schema }) }) },
    });
    describeContract(contract);
    return { schema, contract };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

type Echo = (input: { readonly v: unknown }) => Promise<{ readonly v: unknown }>;

function echoOf(contract: Contract, transport: Parameters<typeof createClient>[0]['transport']) {
  const client = createClient({ contract, transport });
  return { echo: (client as unknown as { readonly echo: Echo }).echo, close: () => client.close() };
}

/** One client of each protocol. */
function clientsOf(contract: Contract, at: Served) {
  const transports = {
    rest: rest({ url: at.http }),
    graphql: graphql({ url: at.http }),
    websocket: webSocket({ url: at.http }),
    soap: soap({ url: at.http }),
    grpc: grpc({ url: at.grpc }),
    connect: connect({ url: at.http }),
    mqtt: mqtt({ url: at.mqtt }),
    mcp: mcp({ url: at.http }),
  };
  return Object.entries(transports).map(([name, transport]) => ({ name, ...echoOf(contract, transport) }));
}

const ports = { port: 0, grpcPort: 0, mqttPort: 0, playground: false } as const;

describe(`contracts of random schemas, from seed ${SEED}`, () => {
  it(`behave over every protocol as their service does`, { timeout: 60_000 + COUNT * 10_000 }, async () => {
    let called = 0;
    const seeds = Array.from({ length: COUNT }, (_, index) => SEED + index);
    const known = Object.entries(curiousSchemas).map(([name, make]) => ({ name, seed: SEED, make }));
    for (const { name: of, seed, make } of [...known, ...seeds.map((each) => ({ name: `seed ${each}`, seed: each, make: undefined }))]) {
      const random = seededRandom(seed);
      const made = contractOf(random, make);
      if (!made) continue;
      const { contract, schema } = made;
      let seen: unknown;
      const handlers = { echo: ({ v }: { readonly v: unknown }) => ({ v: (seen = v) }) };
      const service = createService(contract, handlers as never, { onError: () => {} }) as Service;
      let at: Served;
      try {
        at = await serve(service, { ...ports, onError: () => {} });
      } catch (error) {
        // Two names that one description cannot tell apart.
        expect((error as Error).message).toMatch(/both|name/);
        await service.close();
        continue;
      }
      const direct = echoOf(contract, service);
      const clients = clientsOf(contract, at);
      const [use] = describeContract(contract).operations.get('echo')?.input?.fields ?? [];
      for (let index = 0; use && index < CALLS; index++) {
        const wire = randomValue(use, random);
        const decoded = (await converterOf(schema)?.decode(wire)) ?? { value: wire };
        if (decoded.issues) continue;
        const outcome = async (echo: Echo) => {
          seen = undefined;
          return echo({ v: decoded.value }).then(
            (output) => ({ output, seen }),
            (error: Error & { readonly code?: string }) => ({ code: error.code ?? error.message }),
          );
        };
        const wanted = await outcome(direct.echo);
        for (const { name, echo } of clients) {
          expect(await outcome(echo), `${of} over ${name}: ${JSON.stringify(wire)}`).toStrictEqual(wanted);
          called++;
        }
      }
      for (const client of [...clients, direct]) await client.close();
      await at.close();
      await service.close();
    }
    expect(called).toBeGreaterThan(COUNT * 8);
  });
});
