/** Writes numbered lines until it is told to end; the last one says how many there were. */
let count = 0;
const timer = setInterval(() => {
  let text = '';
  for (let i = 0; i < 50; i += 1) text += `line ${count++} ${'.'.repeat(count % 40)}\n`;
  process.stdout.write(text);
}, 1);
process.once('SIGTERM', () => {
  clearInterval(timer);
  process.stdout.write(`lines ${count}\n`);
});
