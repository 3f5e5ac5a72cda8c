/** The text of a key: what is made is read back, and nothing else is taken for one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hashSecret, makeKey, parseKey } from './key-text.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');

test('what is made is read back, differs from every other, and its hash is that of its secret', () => {
  const made = Array.from({ length: 1_000 }, makeKey);
  for (const { keyId, text, hash } of made) {
    const parts = parseKey(text);
    assert.equal(parts?.keyId, keyId);
    assert.deepEqual(hashSecret(parts?.secret ?? ''), hash);
    assert.match(text, /^dbk_[0-9a-f]{16}_[0-9A-Za-z]{49}$/);
  }
  assert.equal(new Set(made.map(({ keyId }) => keyId)).size, made.length);
  assert.equal(new Set(made.map(({ hash }) => hash.toString('hex'))).size, made.length);
});

test('the hash of a known secret is SHA-256', () => {
  assert.equal(
    hashSecret('abc').toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('a key that was cut is none', () => {
  const { text } = makeKey();
  for (let length = 0; length < text.length; length += 1) {
    assert.equal(parseKey(text.slice(0, length)), undefined);
    assert.equal(parseKey(text.slice(text.length - length)), undefined);
  }
  for (const wrapped of [` ${text}`, `${text} `, `${text}\n`, `${text}0`, text.toUpperCase()])
    assert.equal(parseKey(wrapped), undefined);
});

test('a typing error is recognised: one character that is another, or two that changed places', () => {
  const { text } = makeKey();
  for (let index = 0; index < text.length; index += 1) {
    const other = text[index] === '7' ? '8' : '7';
    assert.equal(parseKey(text.slice(0, index) + other + text.slice(index + 1)), undefined);
    const [a, b] = [text[index], text[index + 1] ?? ''];
    if (a !== b && b !== '')
      assert.equal(parseKey(`${text.slice(0, index)}${b}${a}${text.slice(index + 2)}`), undefined);
  }
});

test('10 000 random texts of the right shape are no keys', () => {
  const digit = fc.constantFrom(...DIGITS);
  const shaped = fc
    .tuple(
      fc.array(fc.constantFrom(...DIGITS.filter((one) => /[0-9a-f]/.test(one))), {
        minLength: 16,
        maxLength: 16,
      }),
      fc.array(digit, { minLength: 49, maxLength: 49 }),
    )
    .map(([id, secret]) => `dbk_${id.join('')}_${secret.join('')}`);
  // One in 2^32 has the right checksum by chance: the test would fail once in 400 000 runs.
  fc.assert(
    fc.property(shaped, (text) => parseKey(text) === undefined),
    { numRuns: 10_000 },
  );
});
