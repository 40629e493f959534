/** What a launcher's shell does at its gate. Descriptor 0 is the gate, 3 is open: to the FIFO of
 * the run before, or to nothing. */

export const shell = '/bin/sh';
/** The launcher's name, with which its shell begins what it has to say. */
export const launcherName = 'daruma';
/** Exit codes of the launcher itself. */
export const couldNotJoin = 124;
export const gateClosed = 125;

/** The last process of a tree leaves its cgroup some microseconds after it has closed its files;
 * each look takes twenty. When it waits for the processor that we have, more looks don't help: to
 * start a process and wait for it lets it go on. */
const looksMax = 50;
const quickLooks = 10;
const readWord = `read -r daruma_word daruma_events || exit ${gateClosed}`;
const awaitEnd = 'while read -r daruma_word; do :; done <&3; daruma_looks=';
const isEmpty = `read -r daruma_word <"$daruma_events" && [ "$daruma_word" = 'populated 0' ]`;
const countLook = 'daruma_looks=x$daruma_looks';
const isBeyond = (looks: number) => `[ \${#daruma_looks} -gt ${looks} ]`;
const lookAgain = `if ${isBeyond(looksMax)}; then ${readWord}; break; fi; ! ${isBeyond(quickLooks)} || (:)`;
const obey = `${awaitEnd}; until ${isEmpty}; do ${countLook}; ${lookAgain}; done`;
const obeyOrder = `if [ "$daruma_word" = order ]; then ${obey}; fi`;
/** Its arguments are the program and its own. In the command line of every launcher, and so the
 * sign of one. */
export const gateScript = `${readWord}; ${obeyOrder}; exec "$@" </dev/null 3<&-`;
