import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseRequestTarget } from './request-target.ts';

const PATHS: Readonly<Record<string, string>> = {
  '/': '/',
  '/app': '/app',
  '/app?x=/../y': '/app?x=/../y',
  '/.env': '/.env',
  '/a.b/c..d': '/a.b/c..d',
  '//app': '//app',
  '/%61pp': '/%61pp',
  '/./app': '/app',
  '/x/../app?y=1': '/app?y=1',
  '/../../app': '/app',
  '/%2e%2E/app': '/app',
  '/app?a\\b': '/app?a\\b',
};
for (const [target, path] of Object.entries(PATHS)) {
  test(`${target} is the path ${path}`, () =>
    assert.deepEqual(parseRequestTarget(target), { pathAndQuery: path }));
}

test('an absolute target has its host with it', () => {
  assert.deepEqual(parseRequestTarget('http://EXAMPLE.org:8080/a/../b?c'), {
    pathAndQuery: '/b?c',
    host: 'example.org:8080',
  });
  assert.deepEqual(parseRequestTarget('HTTPS://user:secret@[::1]'), { pathAndQuery: '/', host: '[::1]' });
});

for (const target of [
  '*',
  '',
  'app',
  'localhost:80',
  'ftp://localhost/',
  'http://',
  'http:///app',
  'http://%/',
  '/a\\b',
  '\\app',
  '/app#x',
  '/app#/../data',
  'http://localhost#@example.org/',
  'http://x\\y/',
]) {
  test(`${JSON.stringify(target)} names no path`, () => assert.equal(parseRequestTarget(target), undefined));
}
