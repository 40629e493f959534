/** What a drill can do; the last of them to Daruma's own controller. */
export const drillFaults = [
  'kill',
  'hang',
  'slow',
  'leak',
  'crash-loop',
  'controller-kill',
] as const;
export type DrillFaultName = (typeof drillFaults)[number];
