/** A program that takes memory at a steady rate, to be put into an instance's tree by a drill. */
export function drillLeakScript(bytesPerSecond: number): string {
  const chunkBytes = Math.max(1, Math.round(bytesPerSecond / 10));
  return `const kept=[];setInterval(()=>kept.push(Buffer.alloc(${chunkBytes},1)),100)`;
}
