/** What a template does to the values that are put into it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { html } from './html.ts';

test('text is escaped for elements and for attributes', () => {
  assert.equal(
    html`<a title="${'"<&>\''}">${'<script>'}</a>`.toString(),
    '<a title="&quot;&lt;&amp;&gt;&#39;">&lt;script&gt;</a>',
  );
});

test('templates inside templates and lists are not escaped again', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
  assert.equal(html`<p>${items}</p>`.toString(), '<p><i>a</i><i>&lt;b&gt;</i></p>');
});

test('undefined, null and false leave nothing, zero and the empty string are kept', () => {
  assert.equal(html`[${undefined}${null}${false}${0}${''}]`.toString(), '[0]');
});

test('control characters are shown as their pictures, tabs and line breaks stay', () => {
  assert.equal(html`${'a\u0000b\u001b[1m\t\n'}`.toString(), 'a␀b␛[1m\t\n');
});
