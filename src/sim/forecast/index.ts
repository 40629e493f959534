/** Forecasts for a user's own stack, as the command line uses them. */
export { personMs, unnoticedMs } from './assumptions.ts';
export { defaultRates } from './default-rates.ts';
export { type FaultForecast, type Forecast, forecast, jobOf, yearMs } from './forecast.ts';
export { type StoryResult, tellStory } from './story.ts';
export { storyOf } from './worker.ts';
