/** Times and spans as people say them. */

export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms < 86_400_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${(ms / 86_400_000).toFixed(1)} d`;
}

export function clockTime(at: number, language: string): string {
  return new Date(at).toLocaleTimeString(language, { hour12: false });
}

/** Without the date when it is today. */
export function moment(at: number, language: string): string {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  if (today) return clockTime(at, language);
  return date.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium', hour12: false });
}
