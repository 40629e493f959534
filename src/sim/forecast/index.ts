/** Forecasts for a user's own stack, as the command line uses them. */
export { personMs, unnoticedMs } from './assumptions.ts';
export { type FaultForecast, type Forecast, forecast, jobOf, yearMs } from './forecast.ts';
export { knownRates } from './known-rates.ts';
export { type StoryResult, tellStory } from './story.ts';
export { storyOf } from './worker.ts';
