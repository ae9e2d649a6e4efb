import { equal, fails, misfit } from '../assert.ts';
import { casesOf } from '../define.ts';
import { factsOf, inPieces, someBytes } from '../file-facts.ts';
import { FileBody, type FileSource } from '../../schema/codec/file-body.ts';

const define = casesOf('files', ['call']);

/** Text and other bytes, with names that headers, XML and JSON must escape. */
const NAMES = ['photo.png', 'Grüße "1" & <2>.txt', '写真 🎉 100%.jpg', "it's; a=b.bin"];

const facts = (source: FileSource) => factsOf(FileBody.from(source) ?? new FileBody({ content: new Uint8Array(0) }));

export const fileCases = [
  define('body', 'Name, media type and bytes of a file arrive as they were sent.', async (t) => {
    const { client } = await t.open();
    for (const name of NAMES) {
      const file = { content: someBytes(1000), name, type: 'image/png' };
      equal(await client.putFile({ id: 1, content: file }), await facts(file), `the file ${name}`);
    }
    const text = { content: new TextEncoder().encode('a\r\nb'), name: 'a.txt', type: 'text/plain; charset=utf-8' };
    equal(await client.putFile({ id: 1, content: text }), await facts(text), 'a file of text');
  }),

  define(
    'unnamed',
    'A file without a name has none at the other end, and is application/octet-stream unless it says otherwise.',
    async (t) => {
      const { client } = await t.open();
      equal(await client.putFile({ id: 1, content: someBytes(10) }), await facts(someBytes(10)), 'bytes');
      equal(await client.putFile({ id: 1, content: new Uint8Array(0) }), await facts(new Uint8Array(0)), 'no bytes');
      const answer = await client.sendFiles({ title: '', tags: [], others: [someBytes(3)] });
      equal(answer.files, [await facts(someBytes(3))], 'an unnamed file of several');
    },
  ),

  define('sources', 'A file may be given as bytes, as a Blob, as a stream and as an iterable.', async (t) => {
    const { client } = await t.open();
    const wanted = await facts(someBytes(50_000));
    const blob = new Blob([someBytes(50_000) as Uint8Array<ArrayBuffer>]);
    for (const source of [someBytes(50_000), blob, blob.stream(), inPieces(50_000)])
      equal(await client.putFile({ id: 1, content: source }), wanted, 'what arrived');
    const named = new File([blob], 'named.gif', { type: 'image/gif' });
    equal(await client.putFile({ id: 1, content: named }), { ...wanted, name: 'named.gif', type: 'image/gif' }, 'a File');
  }),

  define('members', 'Files stand beside other members of an input, and in lists.', async (t) => {
    const { client } = await t.open();
    const main = { content: someBytes(300), name: 'main.bin', type: 'application/x-main' };
    const others = NAMES.map((name, index) => ({ content: someBytes(index * 100), name, type: 'image/gif' }));
    const input = { title: 'ü "x"\r\n', count: 3, tags: ['a', 'b,c', ''], main, others };
    const wanted = { title: input.title, count: 3, tags: input.tags, files: await Promise.all([main, ...others].map(facts)) };
    equal(await client.sendFiles(input), wanted, 'all members');
    equal(await client.sendFiles({ title: '', tags: [], others: [] }), { title: '', tags: [], files: [] }, 'no files');
  }),

  define('output', 'An output that is a file has its name, media type and bytes.', async (t) => {
    const { client } = await t.open();
    for (const how of ['bytes', 'blob', 'stream'] as const)
      for (const name of NAMES) {
        const got = await client.getFile({ size: 2000, how, name, type: 'image/webp' });
        equal(await factsOf(got), await facts({ content: someBytes(2000), name, type: 'image/webp' }), `${name} of ${how}`);
      }
    const bare = await client.getFile({ size: 0, how: 'stream' });
    equal(await factsOf(bare), await facts(new Uint8Array(0)), 'an empty file');
  }),

  define('nested', 'Files stand within an output, however deep.', async (t) => {
    const { client } = await t.open();
    const { title, cover, pages } = await client.getAlbum({ pages: 2 });
    const read = [await factsOf(cover), ...(await Promise.all(pages.map(({ image }) => factsOf(image))))];
    const wanted = [1, 2, 3].map((size) => facts({ content: someBytes(size), name: `${size}.png`, type: 'image/png' }));
    equal([title, read], ['album', await Promise.all(wanted)], 'the album');
  }),

  define('bytes', 'An output that is bytes has those bytes.', async (t) => {
    const { client } = await t.open();
    for (const size of [0, 1, 256, 20_000]) equal(await client.rawBytes({ size }), someBytes(size), `${size} bytes`);
  }),

  define('large', 'Files of 400 KB pass in both directions.', async (t) => {
    const { client } = await t.open();
    const wanted = await facts(someBytes(400_000));
    equal(await client.putFile({ id: 1, content: inPieces(400_000) }), wanted, 'the file that was sent');
    equal(await factsOf(await client.getFile({ size: 400_000, how: 'stream' })), wanted, 'the file that came');
  }),

  define('rules', 'A file of another media type, and one that is too large, are INVALID_ARGUMENT.', async (t) => {
    const { client } = await t.open();
    const send = (main: FileSource) => client.sendSmallImage({ image: main });
    equal(await send({ content: someBytes(5), type: 'image/png' }), { size: 5 }, 'what fits');
    await fails(send({ content: someBytes(5), type: 'text/html' }), 'INVALID_ARGUMENT');
    await fails(send({ content: someBytes(1001), type: 'image/png' }), 'INVALID_ARGUMENT');
    await fails(send({ content: inPieces(30_000), type: 'image/png' }), 'INVALID_ARGUMENT');
    await fails(send(misfit('no file')), 'INVALID_ARGUMENT');
  }),

  define('broken', 'A content that fails in the middle is an error, and never a short file.', async (t) => {
    const { client } = await t.open();
    let isShort = true;
    try {
      await factsOf(await client.getFile({ size: 50_000, how: 'broken' }));
    } catch {
      isShort = false;
    }
    equal(isShort, false, 'whether a download that broke looked complete');
    // A service may report why.
    await t.takeErrors();
    const broken = (async function* () {
      yield* inPieces(50_000);
      throw new Error('SECRET-disk');
    })();
    const error = await fails(client.putFile({ id: 1, content: broken }), 'UNKNOWN');
    equal(error.message.includes('SECRET'), false, 'whether the message told the secret');
  }),
];
