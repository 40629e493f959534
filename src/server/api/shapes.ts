/** What requests may hold and answers do hold, for checking and for the description of the API. */
import { z } from 'zod';
import type { IncidentId, InstanceId } from '../../model/ids.ts';
import { instancePhases } from '../../model/view.ts';
import { personName, role, scope } from './roles.ts';

const pageMax = 500;

export const serviceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'expected the name of a service');

export const serviceParams = z.strictObject({ service: serviceName });

export const instanceParams = z
  .strictObject({
    service: serviceName,
    number: z.string().regex(/^[1-9]\d{0,5}$/, 'expected the number of an instance'),
  })
  .transform(({ service, number }) => ({ instance: `${service}/${Number(number)}` as InstanceId }));

export const instanceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}\/[1-9]\d{0,5}$/, 'expected an instance such as api/1')
  .transform((text) => text as InstanceId);

export const incidentName = z
  .string()
  .regex(/^i\d{1,15}$/, 'expected an incident such as i1')
  .transform((text) => text as IncidentId);

export const incidentParams = z.strictObject({ incident: incidentName });

export const errorParams = z.strictObject({ error: z.string().min(1).max(100) });
export const idParams = z.strictObject({ id: z.string().min(1).max(64) });
export const nameParams = z.strictObject({ name: personName });

/** Absent where a page is not asked for. */
export const pageLimit = z.coerce.number().int().min(1).max(pageMax).optional();
export const limit = z.coerce.number().int().min(1).max(pageMax).default(100);
export const cursor = z.string().min(1).max(200).optional();
export const page = z.strictObject({ limit, cursor });

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('The cursor of the next page; null: this is the last.'),
  });
}

const time = z.number().describe('Milliseconds since 1970.');

export const message = z.object({ message: z.string().describe('For a person.') });

const instance = z.object({
  id: z.string(),
  phase: z.enum(instancePhases),
  pid: z.number().nullable(),
  port: z.number().nullable(),
  startedAt: time.nullable(),
  restarts: z.number(),
  routed: z.enum(['serving', 'draining', 'out']),
  note: z.string(),
  needsPerson: z.boolean(),
  changed: z.boolean().optional(),
  role: z.enum(['primary', 'standby']).optional(),
  spare: z.boolean().optional(),
});

const group = z.looseObject({
  epoch: z.number(),
  primary: z.string().nullable(),
  eligible: z.array(z.string()),
  stage: z.string(),
  note: z.string(),
});

const maintenance = z
  .looseObject({ by: z.string(), since: time, until: time, untilHealthy: z.boolean() })
  .describe('Watched, and not acted on, until then at the latest.');

export const service = z.looseObject({
  name: z.string(),
  driver: z.string(),
  mode: z.enum(['act', 'observe']),
  wanted: z.enum(['up', 'down']),
  dependsOn: z.array(z.string()),
  endpoint: z.string().nullable(),
  instances: z.array(instance),
  group: group.optional(),
  maintenance: maintenance.optional(),
  hasPoints: z.literal(true).optional().describe('Recovery points are made of it.'),
  restore: z
    .looseObject({ step: z.string(), state: z.string(), to: time.nullable() })
    .optional()
    .describe('A restore that goes on, or whose data of before is still there.'),
});

export const traffic = z.object({
  service: z.string(),
  requests: z.number().nullable().describe('Per second; null: not known, or not http.'),
  connections: z.number().describe('Open to its instances.'),
});

export const stack = z.looseObject({
  name: z.string(),
  file: z.string(),
  mode: z.enum(['act', 'observe']),
  at: time,
  seq: z.number().describe('The last record in it.'),
  beganSeq: z.number().optional().describe('The last before this controller decided anything.'),
  state: z.enum(['looking', 'starting', 'running', 'stopping', 'stopped']),
  storeWritable: z.boolean(),
  services: z.array(service),
  openIncidents: z.array(z.string()),
  endpointsClosed: z.string().nullable().optional(),
});

const evidence = z.looseObject({
  symptom: z.string().nullable(),
  text: z.string(),
  supports: z.boolean(),
  bits: z.number().describe('log₂ of how much likelier it is under this cause than under others.'),
});

export const incident = z.looseObject({
  id: z.string(),
  state: z.enum(['open', 'acting', 'verifying', 'needs-person', 'resolved']),
  onset: time,
  returned: time.optional(),
  detected: time,
  located: time.nullable(),
  acted: time.nullable(),
  recovered: time.nullable(),
  resolved: time.nullable(),
  symptoms: z.array(
    z.looseObject({
      id: z.string(),
      component: z.string(),
      kind: z.string(),
      name: z.string(),
      began: time,
      evidence: z.string(),
      ended: time.nullable(),
    }),
  ),
  causes: z.array(
    z.looseObject({
      component: z.string(),
      fault: z.string(),
      probability: z.number(),
      evidence: z.array(evidence),
      cases: z.number().optional(),
    }),
  ),
  unsure: z.boolean(),
  actions: z.array(
    z.looseObject({
      action: z.string(),
      kind: z.string(),
      target: z.string(),
      name: z.string().nullable(),
      reason: z.string(),
      wouldOnly: z.boolean(),
      considered: z.array(z.looseObject({ kind: z.string(), target: z.string(), why: z.string() })),
      begun: time.nullable(),
      done: time.nullable(),
      outcome: z.enum(['verified', 'failed', 'unknown']).nullable(),
      error: z.string().nullable(),
    }),
  ),
  component: z.string().nullable(),
  summary: z.string(),
});

export const record = z.object({
  seq: z.number(),
  unrecorded: z.boolean().describe('Done before it could be made durable.'),
  record: z.looseObject({ at: time, kind: z.string() }),
});

const instanceRole = z.enum(['primary', 'standby']);

export const errorRecord = z.looseObject({
  id: z.string(),
  code: z.string(),
  message: z.string(),
  origin: z.looseObject({
    service: z.string().nullable(),
    instance: z.string().nullable(),
    host: z.string(),
    role: instanceRole.optional().describe('What the instance was when it last happened.'),
  }),
  source: z.string(),
  release: z.string().nullable(),
  count: z.number(),
  firstSeen: time,
  lastSeen: time,
  trend: z
    .object({
      until: time,
      hours: z.array(z.number()).describe('Of each of the last 24 hours, the oldest first.'),
      quarters: z.array(z.number()).describe('Of each quarter of the last 7 days, likewise.'),
    })
    .describe('How often it happened lately.'),
  incidents: z
    .array(z.object({ incident: z.string(), at: time, log: z.number().nullable() }))
    .describe('That were open for its origin, the newest first.'),
  log: z.number().nullable().describe('Where the log ended when it last happened.'),
  acknowledgedBy: z.string().nullable(),
  muted: z.object({ by: z.string(), at: time, until: time.nullable() }).nullable(),
});

export const errorDetail = errorRecord.extend({
  stack: z.string().nullable(),
  occurrences: z.array(
    z.looseObject({
      at: time,
      message: z.string().describe('Cut short.'),
      role: instanceRole.optional(),
      release: z.string().optional(),
      incident: z.string().optional(),
      log: z.number().optional(),
    }),
  ),
});

export const sample = z.object({
  at: time,
  component: z.string(),
  signal: z.string(),
  value: z.number(),
});

export const series = z.object({
  component: z.string(),
  signal: z.string(),
  points: z.array(z.tuple([time, z.number()])).describe('Oldest first; of a minute, the mean.'),
});

export const logLine = z.object({
  text: z.string(),
  offset: z.number().describe('Of its first byte in the log.'),
  next: z.number().describe('Of the line after it.'),
});

export const person = z.object({
  name: z.string(),
  role,
  disabled: z.boolean(),
  created: time,
});

export const loggedIn = z.object({
  person: z.object({ name: z.string(), role }),
  expires: time.describe('Of the access token: refresh before.'),
});

export const session = z.object({
  id: z.string(),
  created: time,
  seen: time,
  expires: time,
  address: z.string(),
  agent: z.string(),
  current: z.boolean(),
});

export const token = z.object({
  id: z.string(),
  owner: z.string(),
  label: z.string(),
  scope,
  created: time,
  expires: time,
  used: time.nullable(),
});

export const invitation = z.object({
  id: z.string(),
  role,
  by: z.string(),
  created: time,
  expires: time,
});

export const drill = z.object({
  id: z.number(),
  by: z.string(),
  fault: z.string(),
  target: z.string().nullable(),
  at: time,
  ended: time.nullable(),
  result: z
    .unknown()
    .describe('As `daruma drill --json` prints it; while it runs, and when it failed: null.'),
  failure: z.string().nullable(),
});
