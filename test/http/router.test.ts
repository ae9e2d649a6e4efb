import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { createRouter } from '../../src/http/serve/router.ts';
import { matchTemplate, type Piece } from '../../src/http/serve/template.ts';
import { parseHttpBinding } from '../../src/core/http-binding/check.ts';

function router(...bindings: string[]) {
  return createRouter(bindings.map((text) => [parseHttpBinding(text), text] as const));
}

describe('router', () => {
  it('finds literals before parameters', () => {
    const routes = router('GET /users/{id}', 'GET /users/me', 'GET /users/{id}/posts', 'GET /');
    expect(routes.find('GET', '/users/7')).toEqual({ value: 'GET /users/{id}', params: { id: '7' } });
    expect(routes.find('GET', '/users/me')).toEqual({ value: 'GET /users/me', params: {} });
    expect(routes.find('GET', '/users/me/posts')).toEqual({ value: 'GET /users/{id}/posts', params: { id: 'me' } });
    expect(routes.find('GET', '/')?.value).toBe('GET /');
  });

  it('goes back from a literal that leads nowhere, also to another method', () => {
    const routes = router('GET /{a}/x/{b}', 'GET /u/{c}/y', 'DELETE /users/{id}', 'GET /users/me');
    expect(routes.find('GET', '/u/x/z')).toEqual({ value: 'GET /{a}/x/{b}', params: { a: 'u', b: 'z' } });
    expect(routes.find('GET', '/u/x/y')).toEqual({ value: 'GET /u/{c}/y', params: { c: 'x' } });
    expect(routes.find('DELETE', '/users/me')).toEqual({ value: 'DELETE /users/{id}', params: { id: 'me' } });
  });

  it.each(['/users/', '/users', '/users/7/', '//users/7', '/users//', '', '*', '/users/7/posts'])('does not find %j', (path) => {
    expect(router('GET /users/{id}', 'GET /a').find('GET', path)).toBeUndefined();
  });

  it('decodes each part by itself', () => {
    const routes = router('GET /users/{id}', 'GET /a/b');
    expect(routes.find('GET', '/users/a%2Fb%20c%C3%A9+')?.params).toEqual({ id: 'a/b cé+' });
    expect(routes.find('GET', '/us%65rs/7')?.params).toEqual({ id: '7' });
    expect(routes.find('GET', '/%61/b')?.value).toBe('GET /a/b');
    expect(routes.find('GET', '/a%2fb')).toBeUndefined();
  });

  it.each(['%', '%zz', '%C3', '%ff', 'x%2'])('refuses the encoding %j by name', (part) => {
    const routes = router('GET /users/{id}');
    expect(() => routes.find('GET', `/users/${part}`)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining(`'${part}'`) }),
    );
    expect(routes.find('GET', `/others/${part}`)).toBeUndefined();
    expect(routes.methods(`/users/${part}`)).toEqual(['GET', 'HEAD', 'OPTIONS']);
  });

  it('answers HEAD as GET and names the methods of a path', () => {
    const routes = router('GET /users/{id}', 'PUT /users/{id}', 'POST /users', 'GET /users/me');
    expect(routes.find('HEAD', '/users/7')?.value).toBe('GET /users/{id}');
    expect(routes.find('DELETE', '/users/7')).toBeUndefined();
    expect(routes.methods('/users/7')).toEqual(['GET', 'PUT', 'HEAD', 'OPTIONS']);
    expect(routes.methods('/users/me')).toEqual(['GET', 'PUT', 'HEAD', 'OPTIONS']);
    expect(routes.methods('/users')).toEqual(['POST', 'OPTIONS']);
    expect(routes.methods('/none')).toEqual([]);
  });

  it('refuses two routes that cannot be told apart', () => {
    expect(() => router('GET /users/{id}', 'GET /users/{name}')).toThrow('GET /users/{name}');
  });

  it('keeps names of Object.prototype apart', () => {
    const routes = router('GET /{constructor}');
    expect(routes.find('GET', '/__proto__')?.params).toEqual({ constructor: '__proto__' });
    expect(router('GET /a').find('GET', '/constructor')).toBeUndefined();
    expect(router('GET /a').find('constructor', '/a')).toBeUndefined();
  });
});

describe('a template', () => {
  it('finds what a regular expression would', () => {
    const piece = fc.option(fc.stringMatching(/^[ab]{1,2}$/), { nil: undefined });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), fc.stringMatching(/^[abc]{0,12}$/), (given, text) => {
        // Two literals in a row are one.
        const pieces = given.filter((each, at) => each === undefined || given[at - 1] === undefined);
        const pattern = new RegExp(`^${pieces.map((each) => each ?? '(.+?)').join('')}$`);
        expect(matchTemplate(pieces, text)).toEqual(pattern.exec(text)?.slice(1));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes no time that grows with a power of the text', () => {
    const pieces: readonly Piece[] = [undefined, '-', undefined, '-', undefined, '-', undefined, 'x'];
    expect(matchTemplate(pieces, '-'.repeat(16_000))).toBeUndefined();
  });
});
