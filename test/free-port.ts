/** A port for a server of a test: drawn by chance, as other test files look for some as well. */
export { freePort } from '../src/ports/free-port.ts';
