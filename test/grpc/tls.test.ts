import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveGrpc } from '../../src/grpc/server.ts';
import { blogClient, blogService, serve } from '../support/grpc.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)(`TLS${hasOpenssl ? '' : ' (skipped: openssl is missing)'}`, () => {
  function certificates() {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const at = (name: string) => join(folder, name);
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test ca', '-days', '2'); // prettier-ignore
    writeFileSync(at('san.ext'), 'subjectAltName=DNS:localhost,DNS:api.example.com\n');
    for (const name of ['server', 'client']) {
      openssl(
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
      );
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.crt`, '-days', '2', '-extfile', 'san.ext'); // prettier-ignore
    }
    const read = (name: string) => readFileSync(at(name), 'utf8');
    return {
      ca: read('ca.crt'),
      server: { cert: read('server.crt'), key: read('server.key') },
      client: { cert: read('client.crt'), key: read('client.key') },
    };
  }

  it('a server shows its certificate, and may want to see the caller’s', async () => {
    const { ca, server, client } = certificates();
    const { port } = await serve(blogService(), { tls: server });
    expect(await blogClient({ url: `https://localhost:${port}`, tls: { ca } }).getPost({ id: 1 })).toMatchObject({ id: 1 });
    expect(
      await blogClient({ url: `https://127.0.0.1:${port}`, tls: { ca, servername: 'api.example.com' } }).getPost({ id: 1 }),
    ).toMatchObject({ id: 1 });
    for (const tls of [{ ca: [server.cert, ca] }, { rejectUnauthorized: false }])
      expect(await blogClient({ url: `https://localhost:${port}`, tls }).getPost({ id: 1 })).toMatchObject({ id: 1 });
    await expect(blogClient({ url: `https://localhost:${port}` }).getPost({ id: 1 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      sent: false,
    });
    await expect(blogClient({ url: `localhost:${port}` }).getPost({ id: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    const mutual = await serve(blogService(), { tls: { ...server, ca, requestCert: true } });
    expect(await blogClient({ url: `https://localhost:${mutual.port}`, tls: { ca, ...client } }).getPost({ id: 1 })).toMatchObject({
      id: 1,
    });
    await expect(blogClient({ url: `https://localhost:${mutual.port}`, tls: { ca } }).getPost({ id: 1 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    const open = { tls: { ...server, ca } };
    await expect(serveGrpc(blogService(), open)).rejects.toThrow(
      'serveGrpc: tls.ca is for certificates of callers: set tls.requestCert too',
    );
    const older = { tls: { ...server, clientCa: ca } as never };
    await expect(serveGrpc(blogService(), older)).rejects.toThrow("serveGrpc: tls: unknown option 'clientCa'");
  }, 30_000);
});
