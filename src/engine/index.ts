/** The engine, as the shell sees it. */
export { apply } from './apply.ts';
export { knowledgeAt } from './apply-knowledge.ts';
export { knowledgeView } from './knowledge-view.ts';
export { beginLook } from './look.ts';
export { type EngineState, initialState, revive } from './state.ts';
export { step } from './step.ts';
export { nextTimer } from './timers.ts';
export { incidentView, incidentViews, view } from './view.ts';
