/** All contenders by name. Each rejects, with what to do, when it can't be had here. */
import type { Contender } from './contender.ts';
import { daruma, darumaKeeper, darumaPackage } from './daruma.ts';
import { direct } from './direct.ts';
import { haproxy } from './haproxy.ts';
import { haproxyHttp, haproxyTuned } from './haproxy-http.ts';
import { monit } from './monit.ts';
import { nginx } from './nginx.ts';
import { pm2 } from './pm2.ts';
import { runit } from './runit.ts';
import { shellLoop } from './shell-loop.ts';
import { supervisord } from './supervisord.ts';

export const contenders: Readonly<Record<string, () => Promise<Contender>>> = {
  daruma,
  'daruma-keeper': darumaKeeper,
  'daruma-package': darumaPackage,
  runit,
  pm2,
  supervisord,
  monit,
  'shell-loop': shellLoop,
  haproxy,
  'haproxy-http': haproxyHttp,
  'haproxy-tuned': haproxyTuned,
  nginx,
  direct,
};
