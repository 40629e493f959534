/** Programs of other houses that tests run against, from Debian. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian package → the program that shows that it is there. */
const debianPackages = new Map([
  ['supervisor', '/usr/bin/supervisord'],
  ['chromium', '/usr/bin/chromium'],
  // Recovery points must be readable without us.
  ['age', '/usr/bin/age'],
  ['zstd', '/usr/bin/zstd'],
  ['openssl', '/usr/bin/openssl'],
  // Connections are cut by it.
  ['nftables', '/usr/sbin/nft'],
  // Figures and alert rules are checked by its promtool.
  ['prometheus', '/usr/bin/promtool'],
  // Alerts are sent to the real one.
  ['prometheus-alertmanager', '/usr/bin/prometheus-alertmanager'],
]);

/** Installs what is missing when we are root; else says exactly what to install. */
export function provideDebianPackages(): void {
  const missing = [...debianPackages].filter(([, program]) => !existsSync(program));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name);
  if (process.getuid?.() !== 0) {
    throw new Error(`tests need Debian packages: sudo apt-get install -y ${names.join(' ')}`);
  }
  console.error(`Installing Debian packages that tests need: ${names.join(' ')}`);
  aptGet('update');
  aptGet('install', '-y', '--no-install-recommends', ...names);
}

function aptGet(...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}
