/** Groups after a start of the controller: the steps under way are asked for again. */
import type { ServiceName } from '../model/ids.ts';
import { groupOf } from './group.ts';
import { commandStep, commandSurvey } from './role-step.ts';
import { isRunning } from './state.ts';
import type { Turn } from './turn.ts';

/** After a start of the controller: what was commanded may never have been carried out. */
export function resumeGroups(turn: Turn): void {
  for (const service of turn.state.order) {
    const group = groupOf(turn.state, service);
    if (group === null) continue;
    for (const { step, instance, action, state } of Object.values(group.steps)) {
      const known = turn.state.instances[instance];
      const may = step === 'fence' || (known !== undefined && isRunning(known));
      if (state === 'begun' && may) commandStep(turn, step, instance, action);
    }
    resumeChange(turn, service);
    turn.pursue(service);
  }
}

function resumeChange(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (group?.change == null) return;
  const { asked, positions, quiesce, action } = group.change;
  const unanswered = asked.filter((id) => positions[id] === undefined);
  commandSurvey(turn, service, unanswered);
  const limitMs = turn.state.services[service]?.spec.failover?.switchoverLimitMs ?? 0;
  if (quiesce === 'begun')
    turn.command({ kind: 'quiesce', service, action, epoch: group.epoch, limitMs }, false);
}

/** Whoever was held for a switchover that came to nothing, or was overtaken, may still be: what
 * ends that may have been lost with the controller. To be called once its route is commanded. */
export function releaseConnections(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (group === null || (group.change !== null && group.change.quiesce !== 'no')) return;
  turn.command({ kind: 'release', service }, false);
}
