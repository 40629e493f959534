/** Where the console and the API are, and who may come near them. */
export interface ConsoleSpec {
  /** Numeric address. */
  readonly host: string;
  readonly port: number;
  /** Nobody asked for this port: where it is taken, one of the next will do. */
  readonly orNext: boolean;
  /** Absolute paths of PEM files; null: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Plain HTTP beyond loopback is what is wanted. */
  readonly insecure: boolean;
  /** Whoever gets there may make an account, as a viewer. */
  readonly register: boolean;
}

export const defaultConsole: ConsoleSpec = {
  host: '127.0.0.1',
  port: 7070,
  orNext: true,
  tls: null,
  insecure: false,
  register: false,
};

export function isLoopback(host: string): boolean {
  return /^127\./.test(host) || host === '::1';
}
