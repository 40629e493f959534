import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownUnitsIn } from './found-by-systemd.ts';
import { formatAddress } from './listeners.ts';
import { environmentLine, execLine, seconds, unitName, unitText } from './unit-text.ts';

test('sections become the text of a unit', () => {
  const text = unitText([
    { title: 'Unit', lines: [['Description', 'x'], 'a comment'] },
    { title: 'Install', lines: [['WantedBy', 'y']] },
  ]);
  assert.equal(text, '[Unit]\nDescription=x\n# a comment\n\n[Install]\nWantedBy=y\n');
});

test('words are quoted such that systemd reads them back as they are', () => {
  const table: readonly (readonly [string, string])[] = [
    ['/usr/bin/node', '/usr/bin/node'],
    ['--port=8080', '--port=8080'],
    ['', '""'],
    ['a b', '"a b"'],
    ['50%', '50%%'],
    ['$HOME ${X}', '"$$HOME $${X}"'],
    ['say "hi" \\', '"say \\"hi\\" \\\\"'],
    ["it's", '"it\'s"'],
    ['a;b', '"a;b"'],
    ['two\nlines\tand', '"two\\nlines\\tand"'],
  ];
  for (const [word, quoted] of table) assert.equal(execLine([word]), quoted, word);
});

test('values of environment files are quoted', () => {
  assert.equal(environmentLine('A', 'x y'), 'A="x y"\n');
  assert.equal(environmentLine('A', 'a"b\\c$d`e\nf%'), 'A="a\\"b\\\\c\\$d\\`e\nf%"\n');
});

test('names and seconds', () => {
  assert.equal(unitName('shop', 'api/1', 'ä b'), 'shop-api_1-__b');
  assert.equal(seconds(1_001), '2');
});

test('addresses of the kernel’s tables are read', () => {
  assert.equal(formatAddress('00000000', 80), '80');
  assert.equal(formatAddress('0100007F', 80), '80');
  assert.equal(formatAddress('0500000A', 80), '10.0.0.5:80');
  assert.equal(formatAddress('0'.repeat(32), 80), '80');
  assert.equal(formatAddress('00000000000000000000000001000000', 80), '80');
  const global = 'B80D0120000000000000000001000000';
  assert.equal(formatAddress(global, 80), '[2001:db8:0:0:0:0:0:1]:80');
});

test('units of the administrator’s own are told from those of packages', () => {
  const shown = [
    'Id=ssh.service\nFragmentPath=/lib/systemd/system/ssh.service',
    'Id=shop.service\nFragmentPath=/etc/systemd/system/shop.service',
    'Id=daruma-x.service\nFragmentPath=/etc/systemd/system/daruma-x.service',
    'FragmentPath=/etc/systemd/system/other.service\nId=other.service\n',
  ].join('\n\n');
  assert.deepEqual(ownUnitsIn(shown), ['shop.service', 'other.service']);
});
