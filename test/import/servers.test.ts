/** A contract that was imported from a description calls somebody else's server of that description, with nothing written by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importContract } from '../../src/import/index.ts';
import { ApiError } from '../../src/index.ts';
import { importing } from '../support/imported.ts';
import { missingPython, PYTHON, PYTHON_FOLDER } from '../support/python.ts';
import { SHOP_PROTOS, startShop } from '../support/shop.ts';
import { because, missing, startServer } from '../support/system-peer.ts';

const made = importing();
const noSpyne = missing('python3-spyne', PYTHON, '-c', 'import spyne');
const noGrpc = missingPython();

describe("somebody else's servers", () => {
  test.skipIf(noSpyne).each(['1.1', '1.2'])(`spyne by its WSDL, SOAP %s${because(noSpyne)}`, async (version) => {
    const spyne = await startServer(PYTHON, join(import.meta.dirname, '../peers/spyne-server.py'), version);
    try {
      const { connect } = await made.load(await importContract(`http://127.0.0.1:${spyne.port}/?wsdl`));
      const weather = connect();
      expect(await weather['getForecast']?.({ cityName: 'London', numberOfDays: 2 })).toMatchObject({ city: 'London' });
      await expect(weather['getForecast']?.({ cityName: 'Atlantis', numberOfDays: 1 })).rejects.toBeInstanceOf(ApiError);
      await weather.close();
    } finally {
      await spyne.stop();
    }
  });

  test.skipIf(noGrpc)(`grpcio by its .proto${because(noGrpc)}`, async () => {
    const url = await startShop(PYTHON, join(PYTHON_FOLDER, 'shop.py'), 'python');
    const { connect } = await made.load(await made.from(readFileSync(join(SHOP_PROTOS, 'shop.proto'), 'utf8')));
    const shop = connect({ url });
    expect(await shop['getItem']?.({ id: 7n })).toMatchObject({ id: 7n, title: 'é' });
    const seen: unknown[] = [];
    for await (const item of shop['watchItems']?.({ range: { from: 1n, to: 3n }, author: 'ada' }) as unknown as AsyncIterable<object>)
      seen.push(item);
    expect(seen).toMatchObject([1n, 2n, 3n].map((id) => ({ id, title: 'ada' })));
    await shop.close();
  });

  test('every module compiles', { timeout: 120_000 }, () => {
    expect(made.diagnostics()).toEqual([]);
  });
});
