/**
 * The console's own files. All are known from the start: what is asked for is looked up, never made
 * into a path.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';

export interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  /** Its name changes with its content. */
  readonly lasting: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
};

/** By path from the root, such as `/assets/app-1a2b.js`; `/` is the page itself. */
export function readStaticFiles(directory: string | null): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (directory === null) return files;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `/${relative(directory, path)}`;
    const lasting = /[.-][\w-]{8}\.\w+$/.test(entry.name) && type !== types['.html'];
    files.set(name === '/index.html' ? '/' : name, { body: readFileSync(path), type, lasting });
  }
  return files;
}
