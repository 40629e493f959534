/** The cache of compiled code that `bin/daruma.js` lets all processes of Daruma use. */

/** Takes it out of an environment that programs of the user will get. */
export function withoutCompileCache(environment: NodeJS.ProcessEnv): void {
  const { DARUMA_COMPILE_CACHE: ours, NODE_COMPILE_CACHE: used } = environment;
  if (ours !== undefined && ours === used) delete environment['NODE_COMPILE_CACHE'];
}

/** With it again, for a thread of our own. */
export function withCompileCache(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DARUMA_COMPILE_CACHE: ours } = environment;
  return ours === undefined ? environment : { NODE_COMPILE_CACHE: ours, ...environment };
}
