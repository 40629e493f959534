import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findVersion, inRange } from './versions.ts';

test('versions are found in what programs print', () => {
  const table: readonly (readonly [string, string | null])[] = [
    ['v26.10.0\n', '26.10.0'],
    ['postgres (PostgreSQL) 15.8 (Debian 15.8-0)', '15.8'],
    ['git version 2.39.5', '2.39.5'],
    ['less 590 (GNU regular expressions)', '590'],
    ['no version', null],
  ];
  for (const [output, version] of table) assert.equal(findVersion(output), version, output);
});

test('ranges look at as many parts as they name', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['18.3', '>=15 <18', false],
    ['17.9', '>=15 <18', true],
    ['15', '>=15 <18', true],
    ['18.3', '<=18', true],
    ['18.3', '>18', false],
    ['19', '>18', true],
    ['20.1.2', '20', true],
    ['20.1.2', '=20.1', true],
    ['20.1.2', '20.2', false],
    ['2.10', '>=2.9', true],
    ['3', '>= 2.9.1', true],
  ];
  for (const [version, range, fits] of table) {
    assert.equal(inRange(version, range), fits, `${version} ${range}`);
  }
});
