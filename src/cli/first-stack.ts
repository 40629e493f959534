/** A first stack file, in observe mode, for what was found running. Pure. */
import { stringify } from 'yaml';

export interface FoundService {
  readonly name: string;
  /** Where it was found, for a comment. */
  readonly origin: string;
  readonly port: number | null;
  /** Null: not known, and marked so. */
  readonly start: readonly string[] | null;
  readonly stop: readonly string[] | null;
  readonly status: readonly string[] | null;
  readonly logs: readonly string[] | null;
}

const introduction = `# Written by \`daruma init\` from what runs here. In observe mode Daruma watches, works out what is
# wrong and says what it would do; it touches nothing. Lines marked TODO could not be found out.
`;

export function firstStackText(name: string, services: readonly FoundService[]): string {
  const head = `${introduction}${stringify({ name })}mode: observe\nservices:`;
  return `${head}\n${uniqueNames(services).map(serviceText).join('')}`;
}

function serviceText(service: FoundService): string {
  const { name, origin, port } = service;
  const commands = (['start', 'stop', 'status', 'logs'] as const).map((key) => {
    const argv = service[key];
    return argv === null
      ? `      # TODO ${key}: [program, argument]\n`
      : `      ${key}: ${JSON.stringify(argv)}\n`;
  });
  const known = [service.start, service.stop, service.status, service.logs].some(Boolean);
  return [
    `  ${name}:  # ${origin}\n`,
    '    driver: external\n',
    port === null
      ? '    # TODO healthcheck: { tcp: "127.0.0.1:PORT" }\n'
      : `    healthcheck: { tcp: "127.0.0.1:${port}" }\n`,
    known ? '    external:\n' : '    external: {}\n',
    ...commands,
    '    # TODO depends_on: [what it needs]\n',
  ].join('');
}

/** Names that services may have, each once. */
function uniqueNames(services: readonly FoundService[]): FoundService[] {
  const counts = new Map<string, number>();
  return services.map((service) => {
    const base = service.name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '');
    const name = /^[a-z]/.test(base) ? base : `service-${base}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return { ...service, name: count === 1 ? name : `${name}-${count}` };
  });
}
