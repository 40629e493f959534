/** The part of README.md that `npm run transcript` writes. */

const begin = '<!-- transcript: npm run transcript -->\n```text\n';
const end = '\n```\n<!-- /transcript -->';

/** Throws an Error when the marks are not there. */
export function readBlock(readme: string): string {
  const [from, to] = placeOf(readme);
  return readme.slice(from, to);
}

export function replaceBlock(readme: string, text: string): string {
  const [from, to] = placeOf(readme);
  return readme.slice(0, from) + text + readme.slice(to);
}

function placeOf(readme: string): readonly [number, number] {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error('README.md lacks the marks of the transcript');
  return [from + begin.length, to];
}
