import { describe } from 'vitest';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { goldenCases } from '../support/golden-http.ts';

describe('REST on the wire', () => goldenCases('rest', restHandler, (url, fetch) => rest({ url, fetch })));
