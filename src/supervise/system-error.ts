/** The code of a system error (`ENOENT`, …), or null for anything else. */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** What `attempt` returns, or null when it fails with one of these system errors. */
export function unless<T>(codes: readonly string[], attempt: () => T): T | null {
  try {
    return attempt();
  } catch (error) {
    if (codes.includes(systemCode(error) ?? '')) return null;
    throw error;
  }
}
