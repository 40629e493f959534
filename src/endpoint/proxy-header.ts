/** PROXY protocol, version 1: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt */
import { isIPv4, type Socket } from 'node:net';

export function proxyHeader(client: Socket): string {
  const source = plain(client.remoteAddress);
  const destination = plain(client.localAddress);
  if (source === null || destination === null) return 'PROXY UNKNOWN\r\n';
  const family = isIPv4(source) ? 'TCP4' : 'TCP6';
  return `PROXY ${family} ${source} ${destination} ${client.remotePort} ${client.localPort}\r\n`;
}

/** An IPv4 address that came through a socket for both families is told as what it is. */
function plain(address: string | undefined): string | null {
  return address === undefined ? null : address.replace(/^::ffff:(?=\d+\.)/, '');
}
