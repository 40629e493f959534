/** `${PORT}`, `${services.NAME.FIELD}` and the like: where they may stand, and do they exist. */
import type { DriverName, ServiceSpec } from '../model/stack-spec.ts';
import { templateNames } from '../model/template.ts';
import { type Services, unknownService } from './checks.ts';
import type { StackDocument } from './document.ts';
import { nearest } from './nearest.ts';
import type { Complaint, Path } from './problem.ts';

/** What `${services.NAME.FIELD}` can ask of a service, by its driver. */
const fieldsOf: Readonly<Record<DriverName, readonly string[]>> = {
  process: ['url', 'host', 'port'],
  external: ['host', 'port'],
  postgres: ['url', 'host', 'port', 'user', 'password', 'database'],
};
const throughEndpoint = new Set(['url', 'host', 'port']);

/** Below `services.NAME`. */
const places = new RegExp(
  `^(?:${[
    'command',
    'environment',
    'env_file',
    'healthcheck\\.(?:http|tcp|test)',
    'external\\.(?:start|stop|status|logs|pid_file)',
    'actions\\.[^.]+\\.command',
    'failover\\.(?:become|cease|role|promote|demote|fence|url)',
    'recovery_points\\.(?:dump|load|paths|sqlite)',
    'restore_drill\\.verify',
  ].join('|')})(?:\\.|$)`,
);

export function checkTemplates(document: StackDocument, services: Services): void {
  walk(document.value, [], (path, text) => {
    for (const name of templateNames(text)) {
      const complaint = complaintAbout(name, path, services);
      if (complaint !== null) document.complain(path, complaint);
    }
  });
  for (const service of services.all) checkEnvironmentFiles(document, service, services);
}

function walk(value: unknown, path: Path, visit: (path: Path, text: string) => void): void {
  if (typeof value === 'string') visit(path, value);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      walk(item, [...path, Array.isArray(value) ? Number(key) : key], visit);
    }
  }
}

function complaintAbout(name: string, path: Path, services: Services): Complaint | null {
  const [root, own, ...rest] = path;
  if (root !== 'services' || !places.test(rest.join('.'))) {
    return {
      message: `\`\${${name}}\` is known only when an instance starts: it can’t be used here`,
    };
  }
  const service = services.all.find((candidate) => candidate.name === own);
  if (name === 'PORT' && service?.driver === 'external' && !hasPort(service)) {
    return { message: 'the port is not known', hint: 'say where it listens: `endpoint: 8080`' };
  }
  return name.startsWith('services.') ? reference(name, services) : null;
}

function hasPort({ endpoint, external }: ServiceSpec): boolean {
  return endpoint !== null || external?.ports !== undefined;
}

function reference(name: string, services: Services): Complaint | null {
  const [, target = '', field = '', more] = name.split('.');
  if (target === '' || field === '' || more !== undefined) {
    return { message: `\`\${${name}}\` is no reference`, hint: 'write `${services.NAME.FIELD}`' };
  }
  if (!services.names.includes(target)) return unknownService(target, services.names);
  const service = services.sound(target);
  if (service === undefined) return null;
  const fields = fieldsOf[service.driver];
  if (!fields.includes(field)) {
    const near = nearest(field, fields);
    const known = `there are: ${fields.join(', ')}`;
    return {
      message: `\`${target}\` (driver ${service.driver}) has no field \`${field}\``,
      hint: near === null ? known : `did you mean \`${near}\`?`,
    };
  }
  if (service.endpoint !== null || !throughEndpoint.has(field)) return null;
  return {
    message: `\`${target}\` has no endpoint`,
    hint: `give it one, such as \`endpoint: 8080\``,
  };
}

/** What came from files has no place of its own in the document. */
function checkEnvironmentFiles(
  document: StackDocument,
  service: ServiceSpec,
  services: Services,
): void {
  for (const [name, value] of Object.entries(service.environment)) {
    if (document.hasPlace(['services', service.name, 'environment', name]) !== undefined) continue;
    for (const template of templateNames(value)) {
      const path = ['services', service.name, 'env_file'];
      const complaint = complaintAbout(template, path, services);
      if (complaint === null) continue;
      document.complain(path, { ...complaint, message: `${name}: ${complaint.message}` });
    }
  }
}
