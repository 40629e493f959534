/** Which page is shown: the path of the address. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

addEventListener('popstate', tell);

export function go(path: string): void {
  history.pushState(null, '', path);
  tell();
  document.getElementById('content')?.focus();
  scrollTo(0, 0);
}

/** `['incident', 'i3']` for `/incident/i3`. */
export function useRoute(): readonly string[] {
  const path = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => location.pathname,
  );
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
}

export function pathTo(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}
