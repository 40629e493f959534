import { createContext, useContext, useSyncExternalStore } from 'react';
import { type Live, LiveStack } from '../api/live.ts';

export const LiveContext = createContext(new LiveStack());

export function useLive(): Live {
  const live = useContext(LiveContext);
  return useSyncExternalStore(live.subscribe, live.get);
}
